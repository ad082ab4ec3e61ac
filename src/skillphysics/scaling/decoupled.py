"""The exact loss of the linear and multilinear models in training time, data and parameters."""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError
from skillphysics.numerics.binomial import binomial_mean
from skillphysics.numerics.logistic import log_odds, log_unlearned
from skillphysics.numerics.zipf import Sum, Zipf

Layers = Literal["linear", "multilinear"]
# In units of the exponent η S P_k T a skill that far from its start has not moved at all.
_UNMOVED = 1e-18
# Beyond it, squares and products of two such numbers are no floats.
_LARGEST = 1e100


class Decoupled(eqx.Module):
    """Skills with Zipf frequencies that do not see each other (N24), with every limit at once.

    The target is S Σ_k g_k, the loss ½E(f* − f)² = ½ Σ_k P_k (S − R_k)². After T steps of gradient
    flow on D samples, of which d_k show skill k, a model of N basis functions has for k ≤ N

    - multilinear: R_k/S = 1/(1 + (S/r − 1) e^{−2η (d_k/D) S T}),
    - linear: R_k/S = 1 − e^{−η (d_k/D) T},

    and R_k = 0 for k > N. The authors' code trains on twice this loss: its η is half of this one.

    Attributes:
        alpha: Zipf exponent of L25; N24's is smaller by one.
        n_skill: number of skills, whole or infinite.
        rate: learning rate η, per step.
        target_scale: S.
        initial_strength: r = R_k(0), between 0 and S; the linear model starts at 0 whatever it is.
        layers: "linear" or "multilinear".

    Raises:
        ArgumentError: a parameter is out of range.

    Example:
        >>> model = Decoupled(1.6, n_skill=10**12, rate=1.0)
        >>> print(f"{model.loss(1e4).value:.5f}")  # S²/2 = 0.5 before training
        0.01898
    """

    alpha: Float[Array, ""]
    n_skill: Float[Array, ""]
    rate: Float[Array, ""]
    target_scale: Float[Array, ""]
    initial_strength: Float[Array, ""]
    layers: Layers = eqx.field(static=True)

    def __init__(
        self,
        alpha: float | Array,
        n_skill: float | Array = np.inf,
        *,
        rate: float | Array = 1.0,
        target_scale: float | Array = 1.0,
        initial_strength: float | Array = 0.01,
        layers: Layers = "multilinear",
    ) -> None:
        dtype = jnp.result_type(float)
        self.alpha = jnp.asarray(alpha, dtype)
        self.n_skill = jnp.asarray(n_skill, dtype)
        self.rate = jnp.asarray(rate, dtype)
        self.target_scale = jnp.asarray(target_scale, dtype)
        self.initial_strength = jnp.asarray(initial_strength, dtype)
        self.layers = layers
        self._check()

    @property
    def pace(self) -> Float[Array, ""]:
        """What turns steps into the exponent of a skill of frequency 1: η S, or η if linear."""
        return self.rate * (self.target_scale if self.layers == "multilinear" else 1.0)

    @property
    def half_way(self) -> Float[Array, ""]:
        """ln(S/r − 1), twice the exponent at which a skill is half learned; 0 if linear."""
        if self.layers == "linear":
            return jnp.zeros_like(self.rate)
        return -log_odds(self.initial_strength / self.target_scale)

    @property
    def start(self) -> Float[Array, ""]:
        """Strength of every skill before training: r, or 0 if linear."""
        return self.initial_strength if self.layers == "multilinear" else jnp.zeros_like(self.rate)

    def unlearned(self, exponent: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Φ(u) = ½(S − R)² of a skill whose exponent is u = η S (d_k/D) T, or without S if linear.

        Multilinear: (S²/2)/(1 + (S/r − 1)^{−1} e^{2u})². Linear: (S²/2) e^{−2u}.
        """
        left = log_left(self.layers, self.half_way, exponent)
        return self.target_scale**2 / 2 * jnp.exp(2 * left)

    def loss(
        self,
        steps: ArrayLike = np.inf,
        n_data: float = np.inf,
        n_basis: ArrayLike = np.inf,
    ) -> Sum:
        """The loss after `steps`, with its expectation over the samples (N24 eq. 12, SCIENCE §4).

        (S²/2) [Σ_{k≤N} P_k E_d (1 − R_k/S)² + Σ_{k>N} P_k], d ~ Binomial(D, P_k). With infinitely
        many samples d_k/D is P_k. Infinitely many steps leave the limit of data or parameters.

        Args:
            steps: T, one or many.
            n_data: D, a whole number of samples.
            n_basis: N, a whole number of basis functions; one, or as many as steps.

        Raises:
            ArgumentError: a number is negative or not whole.
        """
        steps, n_basis = jnp.broadcast_arrays(
            jnp.asarray(steps, self.rate.dtype), jnp.asarray(n_basis, self.rate.dtype)
        )
        _check_limits(steps, n_data, n_basis)
        samples, all_data = jnp.asarray(n_data, self.rate.dtype), bool(np.isinf(n_data))
        flat = _losses(self, steps.reshape(-1), samples, n_basis.reshape(-1), all_data)
        return Sum(flat.value.reshape(steps.shape), flat.bound.reshape(steps.shape))

    def loss_given(
        self,
        counts: Float[Array, " n_skill"] | np.ndarray,
        steps: float = np.inf,
        n_data: float | None = None,
        n_basis: float = np.inf,
    ) -> Float[Array, ""]:
        """The loss of one data set, that shows skill k `counts[k − 1]` times.

        Skills beyond the counts are taken as never seen.

        Args:
            counts: d_k.
            steps: T.
            n_data: D; the sum of the counts where not given.
            n_basis: N.
        """
        counts = jnp.asarray(counts, self.rate.dtype)
        samples = counts.sum() if n_data is None else jnp.asarray(n_data, counts.dtype)
        limits = (jnp.asarray(limit, counts.dtype) for limit in (steps, n_basis))
        return _loss_given(self, counts, samples, *limits)

    def data_limit(self, n_data: ArrayLike, start: bool = True) -> Sum:
        """What D samples leave after endless training: ((S − r)²/2) Σ P_k (1 − P_k)^D (N24).

        Args:
            n_data: D, one or many.
            start: whether skills that are never seen keep their initial strength r; the plot of the
                paper takes S²/2 in front.
        """
        strength = self.target_scale - (self.start if start else 0.0)
        if not isinstance(n_data, Tracer) and not bool((np.asarray(n_data) >= 0).all()):
            raise ArgumentError("n_data is negative or no number; at least 0 is wanted")
        return _data_limits(self, jnp.asarray(n_data, self.rate.dtype), strength)

    def parameter_limit(self, n_basis: ArrayLike) -> Sum:
        """What N basis functions leave after endless training on all data: (S²/2) Σ_{k>N} P_k."""
        return _parameter_limits(self, jnp.asarray(n_basis, self.rate.dtype))

    def _left(self, share: Array, steps: Array) -> Array:
        """Φ of skills that make a share of the samples; of those seen nothing stays in the end."""
        endless = jnp.isinf(steps)
        exponent = self.pace * share * jnp.where(endless, 0, steps)
        never = self.unlearned(jnp.zeros_like(exponent))
        return jnp.where(endless, jnp.where(share > 0, 0, never), self.unlearned(exponent))

    def _check(self) -> None:
        if self.layers not in ("linear", "multilinear"):
            raise ArgumentError(f"layers is {self.layers!r}; 'linear' or 'multilinear' is wanted")
        if any(isinstance(value, Tracer) for value in jax.tree.leaves(self)):
            return
        Zipf(self.alpha, self.n_skill)
        for name in ("rate", "target_scale"):
            value = float(getattr(self, name))
            if not 1 / _LARGEST < value < _LARGEST:
                raise ArgumentError(
                    f"{name} is {value}; a positive number is wanted, from {1 / _LARGEST:g} to "
                    f"{_LARGEST:g}"
                )
        start, scale = float(self.initial_strength), float(self.target_scale)
        if self.layers == "multilinear" and not 0 < start < scale:
            raise ArgumentError(
                f"initial_strength is {start}; a number between 0 and target_scale, {scale}, is "
                "wanted: a skill that starts at 0 is never learned"
            )


def log_left(layers: Layers, half_way: Any, exponent: Any) -> Any:
    """ln(1 − R/S) of a skill at its exponent u; NumPy gives NumPy and JAX gives JAX."""
    return -exponent if layers == "linear" else log_unlearned(-half_way, exponent)


def _check_limits(steps: Array, n_data: float, n_basis: Array) -> None:
    for name, value in (("steps", steps), ("n_basis", n_basis)):
        if not isinstance(value, Tracer) and not bool((value >= 0).all()):
            raise ArgumentError(f"{name} is negative or no number; at least 0 is wanted")
    if not (n_data >= 1 and (np.isinf(n_data) or n_data % 1 == 0)):
        raise ArgumentError(f"n_data is {n_data}; a whole number of samples is wanted")
    if isinstance(n_basis, Tracer):
        return
    finite = np.asarray(n_basis)[np.isfinite(n_basis)]
    if (finite % 1).any():
        raise ArgumentError(f"n_basis is {finite[finite % 1 > 0][0]}; whole numbers are wanted")


@eqx.filter_jit
def _losses(model: Decoupled, steps: Array, n_data: Array, n_basis: Array, all_data: bool) -> Sum:
    zipf = Zipf(model.alpha, model.n_skill)
    full = model.target_scale**2 / 2

    def one(both: tuple[Array, Array]) -> Sum:
        steps, n_basis = both

        def left(frequency: Array) -> Array:
            if all_data:
                return model._left(frequency, steps)
            return binomial_mean(lambda d: model._left(d / n_data, steps), n_data, frequency)

        finite = jnp.where(jnp.isinf(steps), 1.0, steps)
        scale = model.pace * finite if all_data else jnp.maximum(model.pace * finite, n_data)
        learned = zipf.total(left, _UNMOVED / scale, last=n_basis)
        beyond = zipf.total(jnp.ones_like, np.inf, after=n_basis)
        return Sum(learned.value + full * beyond.value, learned.bound + full * beyond.bound)

    return jax.lax.map(one, (steps, n_basis))


@eqx.filter_jit
def _data_limits(model: Decoupled, n_data: Array, strength: Array) -> Sum:
    zipf = Zipf(model.alpha, model.n_skill)

    def one(n_data: Array) -> Sum:
        def unseen(frequency: Array) -> Array:
            return strength**2 / 2 * jnp.exp(n_data * jnp.log1p(-jnp.minimum(frequency, 1)))

        return zipf.total(unseen, _UNMOVED / n_data)

    flat = jax.lax.map(one, n_data.reshape(-1))
    return Sum(flat.value.reshape(n_data.shape), flat.bound.reshape(n_data.shape))


@eqx.filter_jit
def _parameter_limits(model: Decoupled, n_basis: Array) -> Sum:
    zipf = Zipf(model.alpha, model.n_skill)
    full = model.target_scale**2 / 2

    def one(n_basis: Array) -> Sum:
        beyond = zipf.total(jnp.ones_like, np.inf, after=n_basis)
        return Sum(full * beyond.value, full * beyond.bound)

    flat = jax.lax.map(one, n_basis.reshape(-1))
    return Sum(flat.value.reshape(n_basis.shape), flat.bound.reshape(n_basis.shape))


@eqx.filter_jit
def _loss_given(
    model: Decoupled, counts: Array, samples: Array, steps: Array, n_basis: Array
) -> Array:
    zipf = Zipf(model.alpha, model.n_skill)
    rank = jnp.arange(1, counts.size + 1, dtype=counts.dtype)
    full, never = model.target_scale**2 / 2, model.unlearned(jnp.zeros_like(model.rate))
    seen = jnp.where(rank <= n_basis, model._left(counts / samples, steps), full)
    seen = jnp.where(rank <= model.n_skill, seen, 0)
    unseen = zipf.total(jnp.ones_like, np.inf, counts.size, n_basis).value * never
    last = jnp.maximum(counts.size, n_basis)
    beyond = zipf.total(jnp.ones_like, np.inf, last).value * full
    return (zipf.frequency(rank) * seen).sum() + unseen + beyond
