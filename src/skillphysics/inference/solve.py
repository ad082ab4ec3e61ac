"""The least squares problem of a theory and curves, solved from many starts at once."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from skillphysics.errors import FitError
from skillphysics.inference.coordinates import at_free, to_free
from skillphysics.inference.data import Data
from skillphysics.inference.solver import Optimum, least_squares
from skillphysics.inference.starts import candidates
from skillphysics.theories.base import Theory

_CANDIDATES = 40
# Starts are solved in batches of this size, so that one compiled program serves every batch: first
# all of them for a few steps, then the best batch to the end.
BATCH = 4
_FIRST_STEPS, MOST_STEPS = 25, 100
# Optima whose squared errors differ by less than this factor count as one.
_SAME_OPTIMUM = 1.001


def solve(
    template: Theory, data: Data, held: tuple[str, ...], starts: int, key: PRNGKeyArray
) -> tuple[Optimum, float]:
    """The best optimum found from random starts, and the share of the finalists that reached it.

    Raises:
        FitError: there are not more measurements than parameters, or the theory is finite nowhere.
    """
    n_free = to_free(template, held).size
    if n_free >= data.n_point:
        raise FitError(
            f"{n_free} parameters cannot be fitted to {data.n_point} measurements; "
            "give more checkpoints, fewer skills or no free ceiling"
        )
    starts = -(-starts // BATCH) * BATCH
    tried = candidates(template, data, held, max(_CANDIDATES, starts), key)
    first = _nearest(template, data, tried, held, starts)
    level = np.broadcast_to(data.level, (BATCH, *data.level.shape))
    begun = [
        polish(template, data, level, batch, held, jnp.asarray(_FIRST_STEPS))
        for batch in first.reshape(-1, BATCH, n_free)
    ]
    cost = np.concatenate([optima.cost for optima in begun])
    nearest = np.argsort(np.where(np.isfinite(cost), cost, np.inf))[:BATCH]
    free = jnp.concatenate([optima.free for optima in begun])[nearest]
    optima = polish(template, data, level, free, held, jnp.asarray(MOST_STEPS))
    cost = np.where(np.isfinite(optima.cost), optima.cost, np.inf)
    best = int(cost.argmin())
    if not np.isfinite(cost[best]):
        raise FitError("the theory gives no finite levels for these curves from any start")
    agreement = float((cost <= _SAME_OPTIMUM * cost[best] + 1e-12).mean())
    return jax.tree.map(lambda leaf: leaf[best], optima), agreement


@eqx.filter_jit
def polish(
    template: Theory,
    data: Data,
    level: Float[Array, "n_start n_run n_step n_skill"] | np.ndarray,
    starts: Float[Array, "n_start n_free"],
    held: tuple[str, ...],
    most_steps: Int[Array, ""],
) -> Optimum:
    """Least squares from several starts, each to levels of its own and to its own optimum."""

    def one(level: Float[Array, "n_run n_step n_skill"], start: Float[Array, " n_free"]) -> Optimum:
        own = data._replace(level=level)
        return least_squares(
            lambda free: residuals(at_free(template, free, held), own).reshape(-1),
            start,
            most_steps,
        )

    return jax.vmap(one)(jnp.asarray(level), starts)


@eqx.filter_jit
def _nearest(
    template: Theory,
    data: Data,
    tried: Float[Array, "n_tried n_scale n_free"],
    held: tuple[str, ...],
    count: int,
) -> Float[Array, "count n_free"]:
    """The tried theories nearest to the data, each at its best time scale."""

    def cost_at(free: Float[Array, " n_free"]) -> Float[Array, ""]:
        return (residuals(at_free(template, free, held), data) ** 2).sum()

    cost = jax.vmap(jax.vmap(cost_at))(tried)
    cost = jnp.where(jnp.isfinite(cost), cost, jnp.inf)
    best = tried[jnp.arange(tried.shape[0]), cost.argmin(1)]
    return best[jnp.argsort(cost.min(1))[:count]]


def residuals(theory: Theory, data: Data) -> Float[Array, "n_run n_step n_skill"]:
    """Theory less measurement, in standard errors; 0 where nothing was measured."""
    return jnp.asarray(data.weight) * (theory.levels(data.steps) - data.level)
