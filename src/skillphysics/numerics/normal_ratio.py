"""Averages of a linear form of normal numbers over the root of a quadratic form."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.numerics.quadrature import log_trapezoid

# Points y of the integral over scales, in units of 1/√(largest second moment): they rise by this
# factor e^h from where the integrand is a power of y to where that of the rarest skill is done.
_LOG_FACTOR, _FIRST, _LAST = 0.7, 1e-3, 1e6


def mean_ratio(
    mean: Float[Array, " n"],
    second: Float[Array, "n n"],
    waste: Float[Array, ""],
    correlation: Float[Array, "n n"] | None,
) -> Float[Array, " n"]:
    """E[z_i (m·z)/√(zᵀM z + N0²)] for normal z of covariance C, or of independent z."""
    root = None
    if correlation is not None:
        # C may be singular: its symmetric root takes z to independent numbers.
        value, vector = jnp.linalg.eigh(correlation)
        root = (vector * jnp.sqrt(jnp.maximum(value, 0))) @ vector.T
        mean, second = root @ mean, root @ second @ root
    typical = jnp.trace(second) + waste**2
    unit = jnp.sqrt(jnp.where(typical > 0, typical, 1))
    last = min(_LAST, float(jnp.finfo(mean.dtype).eps) ** -0.5)
    count = len(np.arange(np.log(_FIRST), np.log(last), _LOG_FACTOR))
    rule = log_trapezoid(_FIRST, _LOG_FACTOR, count, power=1)
    scale, weight = (jnp.asarray(part, mean.dtype) for part in rule)
    inner = jnp.eye(mean.size) + 2 * scale[:, None, None] ** 2 * (second / unit**2)
    factor = jnp.linalg.cholesky(inner)
    log_root = jnp.log(jnp.diagonal(factor, axis1=1, axis2=2)).sum(1)
    solved = jax.vmap(lambda f: jax.scipy.linalg.cho_solve((f, True), mean))(factor)
    share = weight * jnp.exp(-log_root - (scale * waste / unit) ** 2)
    total = 2 / jnp.sqrt(jnp.pi) / unit * (share @ solved)
    return total if root is None else root @ total
