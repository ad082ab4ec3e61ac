"""SOAP: Adam in the eigenbasis of Shampoo's statistics."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from skillphysics.domains import Count, Decay, NonNegative
from skillphysics.optimizers.per_array import along, gram, per_array


def soap(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Decay = 0.95,
    b2: Decay = 0.95,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.01,
    interval: Count = 10,
    max_size: Count = 10_000,
) -> optax.GradientTransformation:
    """SOAP: W ← W − η (P (PᵀMQ / (√V + ε)) Qᵀ + λ W), P and Q near the eigenvectors of L and R.

    Vyas et al. (arXiv 2409.11321), Algorithm 3, as in their code: M is the mean of G, V that of
    (PᵀGQ)², both corrected for bias as in Adam; L ← b2 L + (1 − b2) G Gᵀ, and R likewise with Gᵀ G.
    The first step only initializes L, R and their eigenvectors. Every `interval` steps thereafter,
    after the parameters have moved, P becomes the Q-factor of L P, with columns in decreasing order
    of the eigenvalues. Arrays with more axes have one basis per axis. Axes longer than `max_size`
    have none, and neither have vectors and scalars, which follow Adam from the second step on.
    """

    def init(parameter: Array) -> _State:
        has = [parameter.ndim > 1 and n <= max_size for n in parameter.shape]
        moments = tuple(
            jnp.zeros((n, n), parameter.dtype) if basis else None
            for n, basis in zip(parameter.shape, has, strict=True)
        )
        zeros = jnp.zeros_like(parameter)
        return _State(zeros, zeros, moments, moments)

    def step(g: Array, state: _State, count: Array) -> tuple[Array, _State]:
        moments = tuple(
            None if m is None else b2 * m + (1 - b2) * gram(g, i)
            for i, m in enumerate(state.moments)
        )

        def first() -> tuple[Array, _State]:
            bases = tuple(None if m is None else _eigenvectors(m) for m in moments)
            return jnp.zeros_like(g), state._replace(moments=moments, bases=bases)

        def later() -> tuple[Array, _State]:
            mean = b1 * state.mean + (1 - b1) * g
            square = b2 * state.square + (1 - b2) * _into(state.bases, g) ** 2
            # Where both branches are computed, the result for count 0 is not used.
            step = jnp.maximum(count, 1)
            scale = jnp.sqrt(optax.tree.bias_correction(square, b2, step)) + eps
            mean_hat = optax.tree.bias_correction(mean, b1, step)
            direction = _out_of(state.bases, _into(state.bases, mean_hat) / scale)
            square, bases = jax.lax.cond(
                count % interval == 0,
                lambda: _refreshed(square, moments, state.bases),
                lambda: (square, state.bases),
            )
            return direction, _State(mean, square, moments, bases)

        return jax.lax.cond(count == 0, first, later)

    return optax.chain(
        per_array(init, step),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_learning_rate(learning_rate),
    )


_Matrices = tuple[Array | None, ...]


class _State(NamedTuple):
    """State of one array.

    Attributes:
        mean: of the gradient.
        square: mean of the squared gradient in the bases.
        moments: L, R, …: one matrix per axis, None for an axis without a basis.
        bases: P, Q, … of the same axes.
    """

    mean: Array
    square: Array
    moments: _Matrices
    bases: _Matrices


def _into(bases: _Matrices, array: Array) -> Array:
    for i, basis in enumerate(bases):
        if basis is not None:
            array = along(basis.T, array, i)
    return array


def _out_of(bases: _Matrices, array: Array) -> Array:
    for i, basis in enumerate(bases):
        if basis is not None:
            array = along(basis, array, i)
    return array


def _eigenvectors(moment: Float[Array, "n n"]) -> Float[Array, "n n"]:
    return jnp.linalg.eigh(moment)[1][:, ::-1]


def _refreshed(square: Array, moments: _Matrices, bases: _Matrices) -> tuple[Array, _Matrices]:
    """One step of power iteration per basis, and `square` in the new order of the columns."""
    fresh = []
    for i, (moment, basis) in enumerate(zip(moments, bases, strict=True)):
        if moment is None or basis is None:
            fresh.append(None)
            continue
        power = jnp.matmul(moment, basis, precision="highest")
        order = jnp.argsort(-(basis * power).sum(0))
        square = jnp.take(square, order, axis=i)
        fresh.append(jnp.linalg.qr(power[:, order])[0])
    return square, tuple(fresh)
