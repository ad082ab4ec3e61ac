"""Random data sets of known origin: what a fit must recover and a comparison must recognise."""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from skillphysics.curves import Curves
from skillphysics.inference.coordinates import moved, replaced
from skillphysics.skills import Skills
from skillphysics.theories import Theory
from skillphysics.theories.constraints import Positive, Share

N_SKILL, N_STEP = 8, 60
NOISE = 0.02
# Times in units of 1/rate at which a level can be reached, wide enough for every draw below.
_GRID = np.geomspace(1e-3, 1e6, 6000)


@dataclass(frozen=True)
class Draw:
    """A theory, its levels at 60 steps, and the same with noise."""

    theory: Theory
    exact: Curves
    noisy: Curves

    @property
    def truth(self) -> np.ndarray:
        """The parameters that a fit moves, one after the other."""
        return np.concatenate([np.ravel(p.value) for p in moved(self.theory)])


def draw(make: Callable[[jax.Array], Theory], seed: int) -> Draw:
    """A random theory, measured while its skills are learned.

    Frequencies are a power law with exponent U(1, 3). Scalars that may be 0, such as a waste, are
    U(0, 0.3), and shares, such as an initial level, are log-uniform in [1e-3, 0.1]. The steps are 0
    and 59 log-spaced ones, from a third of the first skill's half-time to where the mean level
    reaches U(0.7, 0.98); the last one is log-uniform in [10, 10⁴]. The noise has standard
    deviation 0.02.
    """
    rng = np.random.default_rng(seed)
    frequency = Skills.power_law(N_SKILL, rng.uniform(1, 3)).frequency
    waste, share = rng.uniform(0, 0.3), 10 ** rng.uniform(-3, -1)
    with jax.enable_x64(True):
        slow = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, jnp.float64), make(jnp.asarray(frequency))
        )
        for p in moved(slow):
            if p.value.ndim == 0 and not isinstance(p.constraint, Positive):
                value = share if isinstance(p.constraint, Share) else waste
                slow = replaced(slow, p.path, jnp.asarray(value))
        level = np.asarray(_levels(slow, _GRID))
        half = _GRID[np.argmax(level[:, 0] > 0.5)]
        end = _GRID[np.argmax(level.mean(1) > rng.uniform(0.7, 0.98))]
        last = 10 ** rng.uniform(1, 4)
        theory = eqx.tree_at(lambda t: t.rate, slow, jnp.asarray(end / last))
        steps = np.concatenate([[0], np.geomspace(half / 3 * last / end, last, N_STEP - 1)])
        exact = np.asarray(_levels(theory, steps))
    noisy = exact + NOISE * rng.normal(size=exact.shape)
    return Draw(theory, Curves.from_arrays(steps, exact), Curves.from_arrays(steps, noisy))


@eqx.filter_jit
def _levels(theory: Theory, steps: np.ndarray) -> jax.Array:
    return theory.levels(steps)
