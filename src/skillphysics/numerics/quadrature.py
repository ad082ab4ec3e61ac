"""Integrals as weighted sums: Gauss's rule on panels, and trapezoids in the logarithm."""

from collections.abc import Callable
from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


@cache
def gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss's rule on [0, 1]; exact for polynomials of degree 2 count − 1.

    Example:
        >>> nodes, weights = gauss(3)
        >>> round(float(weights @ nodes**5), 12), round(1 / 6, 12)
        (0.166666666667, 0.166666666667)
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (1 + nodes) / 2, weights / 2


def integrals(
    density: Callable[[Array], Array],
    start: Float[Array, " n"],
    end: Float[Array, " n"],
    count: int,
) -> Float[Array, "n ..."]:
    """∫ of a density from each start to each end, by Gauss's rule with `count` nodes each.

    Args:
        density: maps [n, count] to [n, count, …].
        start: lower limits.
        end: upper limits.
        count: number of nodes.
    """
    nodes, weights = (jnp.asarray(part, start.dtype) for part in gauss(count))
    width = (end - start)[:, None]
    return jnp.einsum("nq,nq...->n...", width * weights, density(start[:, None] + width * nodes))


def cumulative(
    density: Callable[[Array], Array], knot: Float[Array, " n_knot"], count: int
) -> Float[Array, "n_knot ..."]:
    """∫ of a density from the first knot to every knot."""
    pieces = integrals(density, knot[:-1], knot[1:], count)
    return jnp.concatenate([jnp.zeros_like(pieces[:1]), jnp.cumsum(pieces, axis=0)])


def log_trapezoid(
    first: float, log_factor: float, count: int, power: int
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of ∫_0^∞ y^{power−1} f(y) dy, for f flat below `first` and 0 in the end.

    Nodes rise by a factor e^log_factor each. What lies below the first of them is a geometric
    series.

    Example:
        >>> nodes, weights = log_trapezoid(1e-3, 0.5, 30, power=2)
        >>> round(float(weights @ np.exp(-(nodes**2))), 3)
        0.5
    """
    nodes = first * np.exp(log_factor * np.arange(count))
    weights = log_factor * nodes**power
    weights[0] /= -np.expm1(-power * log_factor)
    return nodes, weights
