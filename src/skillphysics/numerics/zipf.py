"""Sums over Zipf frequencies of any number of skills, also infinitely many.

The first ranks are added one by one, the others by Euler and Maclaurin's formula, so the cost does
not grow with the number of skills.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError
from skillphysics.numerics.quadrature import gauss

# Ranks that are added one by one. Past them a summand that varies with the logarithm of the rank
# has derivatives that fall like 1/rank each, so two terms of the formula leave about 1e-13.
_HEAD = 1024
_N_PANEL, _N_NODE, _N_CHECK_NODE = 128, 16, 11
# Spacing of differences in α times the logarithm of the rank.
_STEP = 0.05
_PLACES = np.arange(-4, 5)
# Row m turns derivatives by ln k into k^m times the m-th derivative by k (Stirling numbers).
_BY_RANK = np.array([[1, 0, 0, 0], [-1, 1, 0, 0], [2, -3, 1, 0], [-6, 11, -6, 1.0]])

Summand = Callable[[Array], Array]


class Sum(NamedTuple):
    """A sum and a bound on how far it is from the exact one.

    The bound is that of the cut Euler–Maclaurin formula, what a second quadrature differs by, and
    rounding. It is a number computed in floating point, not interval arithmetic.
    """

    value: Float[Array, "..."]
    bound: Float[Array, "..."]


class Zipf(eqx.Module):
    """Frequencies p_k = k^−α / Z of skills k = 1 … n_skill, with Z = Σ k^−α (L25 §2.2).

    Attributes:
        alpha: exponent of L25; that of N24 is smaller by one.
        n_skill: number of skills; it may be infinite if α > 1.
        log_norm: ln Z; the Riemann zeta function ζ(α) for infinitely many skills.

    Raises:
        ArgumentError: alpha is not finite, n_skill is not an integer of at least 1 or infinite, or
            the sum of the frequencies diverges.

    Example:
        >>> two = Zipf(2.0, float("inf"))  # ζ(2) = π²/6
        >>> print(f"{two.norm:.4f}, {two.frequency(jnp.array([1.0]))[0]:.4f}")
        1.6449, 0.6079
    """

    alpha: Float[Array, ""]
    n_skill: Float[Array, ""]
    log_norm: Float[Array, ""]

    def __init__(
        self, alpha: float | Float[Array, ""], n_skill: float | Float[Array, ""] = np.inf
    ) -> None:
        self.alpha = jnp.asarray(alpha, jnp.result_type(float))
        self.n_skill = jnp.asarray(n_skill, self.alpha.dtype)
        self._check()
        self.log_norm = jnp.zeros_like(self.alpha)
        self.log_norm = _log_of_sum(self)

    @property
    def norm(self) -> Float[Array, ""]:
        """Z = Σ_k k^−α."""
        return jnp.exp(self.log_norm)

    def frequency(self, rank: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """p_k at any ranks, in between too."""
        return jnp.exp(-self.alpha * jnp.log(rank) - self.log_norm)

    def rank(self, frequency: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The rank, in between too, at which the frequency is as given."""
        return jnp.exp(-(jnp.log(frequency) + self.log_norm) / self.alpha)

    def total(
        self,
        weight: Summand,
        flat: float | Float[Array, ""],
        after: float | Float[Array, ""] = 0.0,
        last: float | Float[Array, ""] = np.inf,
    ) -> Sum:
        """Σ p_k w(p_k) over the ranks after `after` up to `last`, at most n_skill.

        Ranks 1 … 1024 are added. For those from A to B after that, with f(k) = p_k w(p_k),
        Σ f = ∫_A^B f + [f/2 + f'/12 − f'''/720]_A^B + R, where R is at most ∫ abs(f'''')/720. The
        integral is taken by Gauss's rule on panels of the logarithm of the rank, and in closed form
        where w is flat.

        Args:
            weight: w, smooth in ln p; elementwise, and traceable by JAX.
            flat: a frequency below which w is the constant w(flat), up to rounding; 0 for none,
                which wants finitely many skills.
            after: a whole number of ranks to leave out.
            last: the last rank, a whole number.

        Example:
            >>> half = Zipf(2.0, 10**6).total(lambda p: jnp.where(p > 0, 0.5, 0), flat=1.0)
            >>> round(float(half.value), 5)
            0.5
        """

        def term(rank: Array) -> Array:
            frequency = self.frequency(rank)
            return frequency * weight(frequency)

        dtype = self.alpha.dtype
        after = jnp.asarray(after, dtype)
        last = jnp.minimum(jnp.asarray(last, dtype), self.n_skill)
        tail = (last > _HEAD) & (last > after)
        start = jnp.where(tail, jnp.maximum(after, _HEAD), _HEAD)
        end = jnp.where(tail, last, _HEAD)
        endless = jnp.isinf(end)
        # Where the weight becomes flat is a matter of computing: the sum does not depend on it.
        split = jax.lax.stop_gradient(self.rank(jnp.asarray(flat, dtype)))
        split = jnp.clip(split, start, end)

        # All ranks at once: a program that evaluates the weight in one place compiles sooner.
        head = jnp.arange(1, _HEAD + 1, dtype=dtype)
        fine, fine_weight = _nodes(start, split, _N_NODE)
        check, check_weight = _nodes(start, split, _N_CHECK_NODE)
        coarse, coarse_weight = _nodes(start, split, 1)
        ends = jnp.stack([start, jnp.where(endless, start, end), split])
        step = _STEP / jnp.maximum(jnp.abs(self.alpha), 1)
        around = jnp.exp(step * jnp.asarray(_PLACES, dtype))
        ranks = [head, fine, check, jnp.outer(around, coarse), jnp.outer(around, ends)]
        frequency = self.frequency(jnp.concatenate([rank.ravel() for rank in ranks]))
        cuts = np.cumsum([rank.size for rank in ranks])[:-1].tolist()
        each, at_fine, at_check, near, at_ends = jnp.split(frequency * weight(frequency), cuts)

        first = jnp.where((head > after) & (head <= last), each, 0)
        integral = at_fine @ fine_weight
        unsure = jnp.abs(
            _by_panel(at_fine * fine_weight) - _by_panel(at_check * check_weight)
        ).sum()
        below = self.frequency(split) * jnp.asarray([1, 1e-3], dtype)
        level, lower = weight(below)
        power = _power_integral(split, end, self.alpha) * jnp.exp(-self.log_norm)
        edge = at_ends.reshape(len(_PLACES), 3)
        slopes = _derivatives(edge, ends, step)
        added = edge[len(_PLACES) // 2] / 2 + slopes[0] / 12 - slopes[2] / 720
        value = first.sum() + integral + level * power
        value += jnp.where(endless, 0, added[1]) - added[0]

        curving = jnp.abs(_derivatives(near.reshape(len(_PLACES), -1), coarse, step)[3])
        # Beyond the split the integral of |f''''| is |f'''| there.
        left_out = (curving @ coarse_weight + jnp.abs(slopes[2, 2])) / 720
        rough = jnp.abs(slopes[0] - _derivatives(edge[1:-1], ends, step)[0])[:2].sum() / 12
        # A weight that varies in proportion to p has all its change within a factor of 1000.
        varied = 2 * jnp.abs(level - lower) * power
        size = jnp.abs(first).sum() + jnp.abs(integral) + jnp.abs(level * power)
        rounding = jnp.finfo(dtype).eps * (16 + 2 * jnp.abs(self.alpha) * jnp.log(split)) * size
        bound = unsure + left_out + rough + varied + rounding
        return Sum(value, jax.lax.stop_gradient(bound))

    def _check(self) -> None:
        if isinstance(self.alpha, Tracer) or isinstance(self.n_skill, Tracer):
            return
        if not np.isfinite(self.alpha):
            raise ArgumentError(f"alpha must be finite, got {self.alpha}", argument="alpha")
        if not self.n_skill >= 1 or (np.isfinite(self.n_skill) and self.n_skill % 1):
            raise ArgumentError(
                f"n_skill must be an integer of at least 1, or infinite, got {self.n_skill}",
                argument="n_skill",
            )
        if np.isinf(self.n_skill) and self.alpha <= 1:
            raise ArgumentError(
                f"alpha must be above 1 for infinitely many skills, got {self.alpha}; up to 1 the "
                "sum of the frequencies diverges, so choose a finite n_skill",
                argument="alpha",
            )


@eqx.filter_jit
def _log_of_sum(zipf: Zipf) -> Array:
    return jnp.log(zipf.total(jnp.ones_like, flat=jnp.asarray(np.inf)).value)


def _nodes(start: Array, end: Array, count: int) -> tuple[Array, Array]:
    """Ranks and weights of Gauss's rule on panels of equal width in the logarithm of the rank."""
    nodes, weights = gauss(count)
    width = jnp.log(end / start) / _N_PANEL
    panel = jnp.arange(_N_PANEL, dtype=width.dtype)[:, None]
    rank = start * jnp.exp(width * (panel + jnp.asarray(nodes, width.dtype)))
    return rank.ravel(), (rank * width * jnp.asarray(weights, width.dtype)).ravel()


def _by_panel(values: Array) -> Array:
    return values.reshape(_N_PANEL, -1).sum(1)


def _derivatives(values: Array, rank: Array, step: Array) -> Array:
    """The first four derivatives by the rank [4, n], from values [n_point, n] around it."""
    place = np.arange(values.shape[0]) - values.shape[0] // 2
    # Row m of the inverse gives the coefficient of x^m of the polynomial through all points.
    inverse = np.linalg.inv(np.vander(place.astype(float), increasing=True))[1:5]
    order = np.arange(1, 5)
    stencil = jnp.asarray(inverse * np.cumprod(order)[:, None], step.dtype)
    order = jnp.asarray(order, step.dtype)[:, None]
    by_logarithm = (stencil @ values) / step**order
    return (jnp.asarray(_BY_RANK, step.dtype) @ by_logarithm) / rank**order


def _power_integral(start: Array, end: Array, alpha: Array) -> Array:
    """∫ x^−α from start to end, which may be infinite where α > 1; right at α = 1 too."""
    infinite = jnp.isinf(end)
    growth = (1 - alpha) * jnp.log(jnp.where(infinite, start, end) / start)
    # (e^g − 1)/g, whose series leaves 1e-18 where the quotient would lose digits.
    small = jnp.abs(growth) < 1e-3
    safe = jnp.where(small, 1.0, growth)
    series = 1 + growth / 2 * (1 + growth / 3 * (1 + growth / 4 * (1 + growth / 5)))
    ratio = jnp.where(small, series, jnp.expm1(safe) / safe)
    finite = jnp.log(jnp.where(infinite, start, end) / start) * ratio
    whole = 1 / jnp.where(infinite, alpha - 1, 1)
    return jnp.exp((1 - alpha) * jnp.log(start)) * jnp.where(infinite, whole, finite)
