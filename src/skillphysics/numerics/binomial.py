"""Expectations over how often a skill occurs in a data set."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

# Counts within twelve standard deviations, and forty more for the longer tail of rare events. All
# of them while the deviation is at most sixteen, then every n-th, which for a smooth summand is as
# good (trapezoids: an error of e^−2π²·64).
_REACH, _MORE, _FINE = 12.0, 40.0, 16.0
_N_COUNT = 480
_TINY = 1e-300


def binomial_mean(
    value: Callable[[Array], Array], n_data: Float[Array, ""], frequency: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """E f(d) for d ~ Binomial(n_data, frequency), exact up to rounding at any n_data.

    Args:
        value: f, elementwise; smooth on the scale of a sixteenth of d's standard deviation.
        n_data: D, a whole number of samples.
        frequency: probability of the skill in one sample.

    Example:
        >>> mean = binomial_mean(lambda d: d, jnp.asarray(50.0), jnp.asarray([0.3]))
        >>> print(f"{mean[0]:.3f}")
        15.000
    """

    def one(frequency: Array) -> Array:
        mean = n_data * frequency
        spread = jax.lax.stop_gradient(jnp.sqrt(mean * (1 - frequency)))
        stride = jnp.maximum(jnp.ceil(spread / _FINE), 1)
        lowest = jnp.maximum(jnp.floor(jax.lax.stop_gradient(mean) - _REACH * spread - _MORE), 0)
        count = lowest + stride * jnp.arange(_N_COUNT, dtype=frequency.dtype)
        inside = count <= n_data
        chance = jnp.exp(_log_chance(jnp.where(inside, count, 0), n_data, frequency))
        return stride * jnp.where(inside, chance * value(count), 0).sum()

    return jax.vmap(one)(frequency.reshape(-1)).reshape(frequency.shape)


def _log_chance(count: Array, n_data: Array, frequency: Array) -> Array:
    """Logarithm of the binomial probability, by Loader's saddle point.

    Factorials as such would lose the digits of large counts: their logarithms are huge and cancel.
    """
    other = n_data - count
    return (
        _stirling(n_data)
        - _stirling(count)
        - _stirling(other)
        - _deviance(count, n_data * frequency)
        - _deviance(other, n_data * jnp.maximum(1 - frequency, _TINY))
    )


def _stirling(n: Array) -> Array:
    """What Stirling leaves of a factorial: ln n! − n ln n + n."""
    few = jnp.minimum(n, 32.0)
    exact = jax.lax.lgamma(few + 1) - few * jnp.log(jnp.where(few > 0, few, 1)) + few
    many = jnp.maximum(n, 32.0)
    square = many**-2
    series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / many
    return jnp.where(n < 32, exact, series + jnp.log(2 * jnp.pi * many) / 2)


def _deviance(count: Array, mean: Array) -> Array:
    """Deviance x ln(x/m) + m − x, without loss of digits at x near m."""
    share = count / mean - 1
    near = jnp.abs(share) < 0.5
    close = mean * ((1 + share) * jnp.log1p(jnp.where(near, share, 0)) - share)
    logs = jnp.log(jnp.where(count > 0, count, 1)) - jnp.log(mean)
    return jnp.where(near, close, count * logs + mean - count)
