"""Where the solver starts: many random theories, of which the nearest to the data are kept."""

from collections.abc import Collection

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from skillphysics.inference.coordinates import moved
from skillphysics.inference.data import Data
from skillphysics.theories.base import Parameter, Theory
from skillphysics.theories.constraints import Simplex

# One theory is tried at this many time scales, from far slower to far faster than the data.
N_SCALE = 12
_SLOWEST, _FASTEST = 0.03, 30.0
# Spread of the random starts in free (logarithmic) coordinates: what all entries of a parameter
# share, and what each has of its own.
_SHARED, _OWN = 2.0, 0.3


def plateau(data: Data) -> np.ndarray:
    """A rough final level of each skill, [n_skill], between 0.05 and 0.999."""
    level = np.where(data.weight > 0, data.level, np.nan)
    return np.clip(np.nanquantile(level, 0.9, axis=(0, 1)), 0.05, 0.999)


def duration(data: Data, ceiling: np.ndarray | float = 1.0) -> np.ndarray:
    """Rough steps that each skill takes, ∫ (1 − level/ceiling) dt over the training, [n_skill]."""
    total = data.weight.sum(0)
    mean = (data.weight * data.level).sum(0) / np.where(total > 0, total, 1)
    missing = np.clip(1 - mean / ceiling, 0, 1)
    area = np.empty(missing.shape[1])
    for skill in range(area.size):
        seen = total[:, skill] > 0
        area[skill] = np.trapezoid(missing[seen, skill], data.steps[seen])
    return np.maximum(area, 1e-3 * np.ptp(data.steps))


def candidates(
    template: Theory, data: Data, held: Collection[str], count: int, key: PRNGKeyArray
) -> Float[Array, "count n_scale n_free"]:
    """Free coordinates of random theories around the template, each at `N_SCALE` time scales."""
    positive = data.steps[data.steps > 0]
    n_skill = data.level.shape[-1]
    slow = np.log(_SLOWEST * n_skill / positive[-1])
    fast = np.log(_FASTEST * n_skill / positive[0])
    scale = jnp.linspace(slow, fast, N_SCALE)
    parts = [
        _spread(p, scale, positive, count, jax.random.fold_in(key, i))
        for i, p in enumerate(moved(template, held))
    ]
    return jnp.concatenate(parts, axis=-1)


def _spread(
    p: Parameter, scale: Float[Array, " n_scale"], steps: np.ndarray, count: int, key: PRNGKeyArray
) -> Float[Array, "count n_scale n"]:
    shared_key, own_key, size_key = jax.random.split(key, 3)
    centre = p.constraint.to_free(p.value).reshape(-1)
    shared = _SHARED * jax.random.normal(shared_key, (count, 1, 1))
    # Most starts keep the pattern of the template over skills, which the data have set.
    size = _OWN * jax.random.uniform(size_key, (count, 1, 1)) ** 3
    own = size * jax.random.normal(own_key, (count, 1, centre.size))
    # The first start has no scatter: it is the template, seen at every time scale.
    shared, own = (x.at[0].set(0) for x in (shared, own))
    if p.unit == "1/steps":
        # Every start has a grid of its own, so that together they try all time scales.
        shift = jax.random.uniform(shared_key, (count, 1, 1)) * (scale[1] - scale[0])
        free = scale[None, :, None] + shift + own
    elif p.unit == "steps":
        low, high = np.log(steps[0] / 10), np.log(steps[-1] / 3)
        share = jax.random.uniform(shared_key, (count, 1, 1))
        free = low + (high - low) * share + own
    elif isinstance(p.constraint, Simplex):
        # More or less hierarchy than the template has.
        free = centre * jnp.exp(shared / 3) + own
    elif p.value.ndim == 0:
        free = centre + shared + jnp.zeros((count, 1, 1))
    else:
        free = centre + shared / 2 + own
    return jnp.broadcast_to(free, (count, scale.size, centre.size))
