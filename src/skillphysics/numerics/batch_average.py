"""Averages over the skills that a batch happens to hold."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from skillphysics.numerics.quadrature import log_trapezoid

# Counts of one skill are summed at this many points, within six standard deviations.
_N_COUNT, _SPREAD = 28, 6.0
# The points y of the integral over scales: the first is at 0.05 of the smallest scale, where the
# integrand is a power, and each is by this factor e^h above the one before. They reach ten decades.
_N_SCALE, _FIRST_SCALE, _LOG_FACTOR = 48, 0.05, 0.55
# Angles are kept up to this over √B; draws that are rare need more of them than common ones.
_LAST_ANGLE = 7.0


class BatchAverage(eqx.Module):
    """Averages of a draw's share of its own norm, over batches of B draws from p.

    With w the share of the draws that fell on each skill and D_w² = Σ_j w_j² q_j + N0², these are
    E[w_i/D_w] and E[w_i²/D_w²] (ours; docs/mean-field.md eq. 5–7). A root in the denominator is an
    integral of Gaussians over scales y, 1/D = (2/√π) ∫ e^{−y² D²} dy, so the average is one of a
    product of functions of one count each. Counts would be independent if their total were free
    (Poisson); a Fourier sum over the angle of the total holds it at B. All sums are trapezoid rules
    of smooth functions.

    Attributes:
        frequency: p, [n_skill], of sum 1.
        size: B.
        share: points of the sum over w_j, [n_skill, n_count].
        weight: Poisson weights of these points times 1, w_j, w_j², times cosine and sine of every
            angle, [n_skill, n_count, 3 · n_angle · 2].
        total: weights of the angles, [n_angle].
    """

    frequency: Float[Array, " n_skill"]
    size: int = eqx.field(static=True)
    share: Float[Array, "n_skill n_count"]
    weight: Float[Array, "n_skill n_count n_column"]
    total: Float[Array, " n_angle"]

    def __init__(self, frequency: Float[Array, " n_skill"], size: int) -> None:
        self.frequency, self.size = frequency, size
        mean = size * frequency
        low = jnp.maximum(jnp.floor(mean - _SPREAD * jnp.sqrt(mean)), 0)
        # Every integer where they are few; else a sum over spaced points does as well.
        stride = jnp.maximum((mean + _SPREAD * jnp.sqrt(mean) - low) / (_N_COUNT - 1), 1)
        count = low[:, None] + stride[:, None] * jnp.arange(_N_COUNT)
        chance = jax.nn.softmax(count * jnp.log(mean)[:, None] - gammaln(count + 1), axis=1)
        self.share = count / size

        n_angle = math.ceil(6 * math.sqrt(size)) | 1
        kept = min(n_angle // 2, math.ceil(_LAST_ANGLE * n_angle / (2 * math.pi * math.sqrt(size))))
        angle = 2 * math.pi / n_angle * jnp.arange(kept + 1, dtype=frequency.dtype)
        log_poisson = size * math.log(size) - size - math.lgamma(size + 1)
        self.total = jnp.where(angle == 0, 1, 2) / (n_angle * math.exp(log_poisson))
        phase = angle * (count - mean[:, None])[..., None]
        turned = chance[..., None, None] * jnp.stack([jnp.cos(phase), jnp.sin(phase)], axis=-1)
        power = self.share[..., None] ** jnp.arange(3)
        columns = power[..., None, None] * turned[:, :, None]
        self.weight = columns.reshape(*count.shape, -1)

    def __call__(
        self, square: Float[Array, " n_skill"], waste: Float[Array, ""]
    ) -> tuple[Float[Array, " n_skill"], Float[Array, " n_skill"]]:
        """E[w_i/D_w] and E[w_i²/D_w²].

        Args:
            square: q, [n_skill].
            waste: N0.
        """
        p = self.frequency
        typical = jnp.sum((p**2 + p / self.size) * square) + waste**2
        unit = jnp.sqrt(typical)
        nodes, by_one = log_trapezoid(_FIRST_SCALE, _LOG_FACTOR, _N_SCALE, power=1)
        _, by_two = log_trapezoid(_FIRST_SCALE, _LOG_FACTOR, _N_SCALE, power=2)
        scale = jnp.asarray(nodes, p.dtype) / unit
        first = jnp.asarray(by_one, p.dtype) / unit
        second = 2 * jnp.asarray(by_two, p.dtype) / unit**2

        # The smallest share is taken out of each factor, so that no factor vanishes.
        least = self.share[:, :1]
        excess = square[:, None] * (self.share**2 - least**2)
        gauss = jnp.exp(-excess[:, None] * scale[:, None] ** 2)
        shape = (p.size, _N_SCALE, 3, self.total.size, 2)
        parts = jnp.matmul(gauss, self.weight).reshape(shape)
        factor = jax.lax.complex(parts[..., 0], parts[..., 1])
        common = jnp.exp(-(scale**2) * (jnp.sum(square * least[:, 0] ** 2) + waste**2))
        product = jnp.prod(factor[:, :, 0], axis=0) * common[:, None] * self.total
        moment = factor[:, :, 1:] / factor[:, :, :1]
        one, two = jnp.einsum("yt,jymt->mjy", product, moment).real
        return one @ first * (2 / math.sqrt(math.pi)), two @ second
