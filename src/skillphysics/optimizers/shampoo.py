"""Shampoo: one preconditioner for each axis of an array."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from skillphysics.domains import Count, Positive
from skillphysics.optimizers.per_array import along, gram, per_array


def shampoo(
    learning_rate: optax.ScalarOrSchedule,
    *,
    eps: Positive = 1e-4,
    interval: Count = 1,
    max_size: Count = 768,
) -> optax.GradientTransformation:
    """Shampoo: L ← L + G Gᵀ, R ← R + Gᵀ G, W ← W − η L^(−1/4) G R^(−1/4), from L = R = ε I.

    Gupta, Koren & Singer (arXiv 1802.09568), Algorithms 1 and 2: k axes have k such statistics,
    with powers −1/(2k). A vector follows full-matrix Adagrad, (ε I + Σ g gᵀ)^(−1/2) g, and a
    scalar is a vector of one entry. An axis longer than `max_size` keeps only the diagonal of its
    statistic, which bounds the cost n³ of a root: a long vector follows g / √(ε + Σ g²). Roots are
    computed every `interval` steps. The defaults are those of their code
    (tf.contrib.opt.ShampooOptimizer).
    """

    def init(parameter: Array) -> _State:
        shape = parameter.shape or (1,)
        full = [size <= max_size for size in shape]
        statistics = tuple(
            eps * (jnp.eye(n, dtype=parameter.dtype) if f else jnp.ones(n, parameter.dtype))
            for n, f in zip(shape, full, strict=True)
        )
        return _State(statistics, statistics)

    def step(gradient: Array, state: _State, count: Array) -> tuple[Array, _State]:
        g = jnp.atleast_1d(gradient)
        statistics = tuple(s + _second_moment(g, i, s) for i, s in enumerate(state.statistics))
        roots = jax.lax.cond(
            count % interval == 0,
            lambda: tuple(_inverse_root(s, 2 * g.ndim, eps) for s in statistics),
            lambda: state.roots,
        )
        for i, root in enumerate(roots):
            g = along(root, g, i) if root.ndim == 2 else g * _on_axis(root, i, g.ndim)
        return g.reshape(gradient.shape), _State(statistics, roots)

    return optax.chain(per_array(init, step), optax.scale_by_learning_rate(learning_rate))


class _State(NamedTuple):
    """For one array: a matrix per axis, or a vector where only the diagonal is kept."""

    statistics: tuple[Array, ...]
    roots: tuple[Array, ...]


def _second_moment(g: Float[Array, "..."], axis: int, like: Array) -> Array:
    if like.ndim == 2:
        return gram(g, axis)
    return (g**2).sum([i for i in range(g.ndim) if i != axis])


def _inverse_root(statistic: Array, power: int, eps: float) -> Array:
    """The statistic to the power −1/power."""
    if statistic.ndim == 1:
        return statistic ** (-1 / power)
    values, vectors = jnp.linalg.eigh(statistic)
    # Exactly, no eigenvalue is below ε, that of the start; rounding can make it so.
    values = jnp.maximum(values, eps) ** (-1 / power)
    return jnp.matmul(vectors * values, vectors.T, precision="highest")


def _on_axis(vector: Float[Array, " n"], axis: int, ndim: int) -> Float[Array, "..."]:
    return vector.reshape([-1 if i == axis else 1 for i in range(ndim)])
