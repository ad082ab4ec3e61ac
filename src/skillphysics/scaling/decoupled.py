"""The exact loss of the linear and multilinear models in training time, data and parameters."""

from typing import Annotated, Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from skillphysics.domains import NON_NEGATIVE, Domain, check_fields, one_of
from skillphysics.errors import ArgumentError
from skillphysics.numerics.binomial import binomial_mean
from skillphysics.numerics.logistic import log_odds, log_unlearned
from skillphysics.numerics.zipf import Sum, Zipf

Layers = Annotated[Literal["linear", "multilinear"], one_of("linear", "multilinear")]
"""The model: one layer of parameters, or a product of two."""

# A skill whose exponent η S P_k T is below this has not moved at all.
_UNMOVED = 1e-18
# Squares and products of two numbers of this range are finite floats.
_SCALE = Domain("positive, from 1e-100 to 1e100", float, lambda x: (x > 1e-100) & (x < 1e100))
_AMOUNT = Domain("non-negative", float, lambda x: x >= 0)
_WHOLE = Domain("integers or infinite", float, lambda x: np.isinf(x) | (x % 1 == 0))
_SAMPLES = Domain(
    "an integer of at least 1, or infinite",
    float,
    lambda x: (x >= 1) & (np.isinf(x) | (x % 1 == 0)),
)


class Decoupled(eqx.Module):
    """Independent skills with Zipf frequencies (N24), under all limits at once.

    The target is S Σ_k g_k, the loss ½E(f* − f)² = ½ Σ_k P_k (S − R_k)². After T steps of gradient
    flow on D samples, of which d_k show skill k, a model of N basis functions has for k ≤ N

    - multilinear: R_k/S = 1/(1 + (S/r − 1) e^{−2η (d_k/D) S T}),
    - linear: R_k/S = 1 − e^{−η (d_k/D) T},

    and R_k = 0 for k > N. The authors' code trains on twice this loss: its η is half of this one.

    Attributes:
        alpha: Zipf exponent of L25; that of N24 is smaller by one.
        n_skill: number of skills, an integer or infinite.
        rate: learning rate η, per step.
        target_scale: S.
        initial_strength: r = R_k(0), between 0 and S. The linear model starts at 0.
        layers: "linear" or "multilinear".

    Raises:
        ArgumentError: a parameter is outside its domain.

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
        alpha: float | Float[Array, ""],
        n_skill: float | Float[Array, ""] = np.inf,
        *,
        rate: float | Float[Array, ""] = 1.0,
        target_scale: float | Float[Array, ""] = 1.0,
        initial_strength: float | Float[Array, ""] = 0.01,
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
        """The exponent per step of a skill of frequency 1: η S, or η if linear."""
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
        """Φ(u) = ½(S − R)² of a skill with exponent u = η S (d_k/D) T, without S if linear.

        Multilinear: (S²/2)/(1 + (S/r − 1)^{−1} e^{2u})². Linear: (S²/2) e^{−2u}.
        """
        left = log_left(self.layers, self.half_way, exponent)
        return self.target_scale**2 / 2 * jnp.exp(2 * left)

    def loss(
        self,
        steps: "ArrayLike" = np.inf,
        n_data: float = np.inf,
        n_basis: "ArrayLike" = np.inf,
    ) -> Sum:
        """The loss after `steps`, with its expectation over the samples (N24 eq. 12, SCIENCE §4).

        (S²/2) [Σ_{k≤N} P_k E_d (1 − R_k/S)² + Σ_{k>N} P_k], d ~ Binomial(D, P_k). With infinitely
        many samples d_k/D is P_k. Infinitely many steps give the limit of data or parameters.

        Args:
            steps: T, the steps of training: a scalar or an array of any shape.
            n_data: D, an integer number of samples, or infinite.
            n_basis: N, an integer number of basis functions, or infinite. It broadcasts with steps.

        Returns:
            The loss with a bound on its error, shaped like `steps` and `n_basis` broadcast.

        Raises:
            ArgumentError: an argument is outside its domain.

        Example:
            >>> print(f"{Decoupled(2.0, n_skill=10).loss(n_basis=5).value:.4f}")
            0.0278
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
        """The loss of one data set that contains skill k `counts[k − 1]` times.

        Skills beyond the counts do not occur in the data.

        Args:
            counts: d_k, [n_skill].
            steps: T, the steps of training.
            n_data: D, by default the sum of the counts.
            n_basis: N.

        Raises:
            ArgumentError: a count is negative.

        Example:
            >>> print(f"{Decoupled(2.0).loss_given(np.array([3, 1, 0])):.4f}")
            0.1177
        """
        if not isinstance(counts, Tracer):
            NON_NEGATIVE.check_entries("counts", counts)
        counts = jnp.asarray(counts, self.rate.dtype)
        samples = counts.sum() if n_data is None else jnp.asarray(n_data, counts.dtype)
        limits = (jnp.asarray(limit, counts.dtype) for limit in (steps, n_basis))
        return _loss_given(self, counts, samples, *limits)

    def data_limit(self, n_data: "ArrayLike", start: bool = True) -> Sum:
        """The loss after infinite training on D samples: ((S − r)²/2) Σ P_k (1 − P_k)^D (N24).

        Args:
            n_data: D, a scalar or an array of any shape.
            start: whether skills that never occur keep their initial strength r. The plot of the
                paper has S²/2 in front.

        Raises:
            ArgumentError: `n_data` is negative.

        Example:
            >>> print(f"{Decoupled(2.0).data_limit(100).value:.4f}")
            0.0337
        """
        strength = self.target_scale - (self.start if start else 0.0)
        if not isinstance(n_data, Tracer):
            _AMOUNT.check_entries("n_data", n_data)
        return _data_limits(self, jnp.asarray(n_data, self.rate.dtype), strength)

    def parameter_limit(self, n_basis: "ArrayLike") -> Sum:
        """The loss of N basis functions after infinite training: (S²/2) Σ_{k>N} P_k.

        Args:
            n_basis: N, a scalar or an array of any shape.

        Raises:
            ArgumentError: `n_basis` is negative.

        Example:
            >>> print(f"{Decoupled(2.0).parameter_limit(100).value:.5f}")
            0.00302
        """
        if not isinstance(n_basis, Tracer):
            _AMOUNT.check_entries("n_basis", n_basis)
        return _parameter_limits(self, jnp.asarray(n_basis, self.rate.dtype))

    def _left(self, share: Array, steps: Array) -> Array:
        """Φ of skills by their share of the samples; 0 after infinite training on any."""
        endless = jnp.isinf(steps)
        exponent = self.pace * share * jnp.where(endless, 0, steps)
        never = self.unlearned(jnp.zeros_like(exponent))
        return jnp.where(endless, jnp.where(share > 0, 0, never), self.unlearned(exponent))

    def _check(self) -> None:
        check_fields(self)
        if any(isinstance(value, Tracer) for value in jax.tree.leaves(self)):
            return
        Zipf(self.alpha, self.n_skill)
        for name in ("rate", "target_scale"):
            _SCALE.check(name, getattr(self, name))
        start, scale = float(self.initial_strength), float(self.target_scale)
        if self.layers == "multilinear" and not 0 < start < scale:
            raise ArgumentError(
                f"initial_strength must be between 0 and target_scale ({scale:g}), both excluded, "
                f"got {start:g}; a skill that starts at 0 is never learned",
                argument="initial_strength",
            )


def log_left(layers: Layers, half_way: Any, exponent: Any) -> Any:
    """ln(1 − R/S) of a skill at its exponent u, in NumPy or in JAX."""
    return -exponent if layers == "linear" else log_unlearned(-half_way, exponent)


def _check_limits(steps: Array, n_data: float, n_basis: Array) -> None:
    for name, value in (("steps", steps), ("n_basis", n_basis)):
        if not isinstance(value, Tracer):
            _AMOUNT.check_entries(name, value)
    _SAMPLES.check("n_data", n_data)
    if not isinstance(n_basis, Tracer):
        with np.errstate(invalid="ignore"):
            _WHOLE.check_entries("n_basis", n_basis)


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
