"""The best fit of a theory to curves, from many starts."""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from skillphysics.errors import FitError
from skillphysics.inference.coordinates import Layout, at_free, to_free
from skillphysics.inference.jacobian import Linearised, linearised
from skillphysics.inference.solver import Optimum, least_squares
from skillphysics.inference.starts import candidates
from skillphysics.measure.data import Data
from skillphysics.theories.base import Theory
from skillphysics.theories.composite import Composite
from skillphysics.theories.measured import Measured

# Random theories to evaluate, each at several time scales; fewer if a good one is known.
_CANDIDATES = 12
# Starts are solved in batches of this size, so that one compiled program serves all: first every
# batch for a few steps, then the best batch to the end.
BATCH = 4
_FIRST_STEPS, _MOST_STEPS = 10, 50
# The errors expected at the fitted levels change the fit, and vice versa: twice is enough.
_REFITS = 2
# Optima whose squared errors differ by less than this factor count as the same.
_SAME_OPTIMUM = 1.001
# Exponents from which a composite theory starts: many latent skills, and nearly one.
_EXPONENTS = (1.5, 5.0)
# Range of the ceilings of starting points.
_LOWEST, _HIGHEST = 0.02, 0.999


def solve(
    template: Theory,
    data: Data,
    held: tuple[str, ...],
    starts: int,
    key: PRNGKeyArray,
    also: np.ndarray | None = None,
) -> tuple[Optimum, float]:
    """The optima of the most promising starts, and the share of them that reached the best.

    Args:
        template: the theory, with the values around which starts are drawn.
        data: the data.
        held: names of parameters that do not move.
        starts: number of starts that are solved for a few steps; the best `BATCH` continue.
        key: random key of the starts.
        also: free coordinates of one more start.

    Raises:
        FitError: there are too few measurements, or the theory is not finite at any start.
    """
    check_count(template, data, held)
    layout = Layout.of(template, held)
    count = -(-starts // BATCH) * BATCH
    level, weight = data.mean()
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    tried = _CANDIDATES if also is None else _CANDIDATES // 3
    free = _nearest(template, data, held, count, rng, tried)
    known = [*_from_base(template, data, held, key), *([] if also is None else [also])]
    free = np.concatenate([np.reshape(known, (-1, layout.n_free)), free])[:count]
    if count > BATCH:
        begun = [
            descend(template, batch, held, data.steps, level, weight, _FIRST_STEPS)
            for batch in free.reshape(-1, BATCH, layout.n_free)
        ]
        free = np.concatenate([optima.free for optima in begun])
        cost = np.concatenate([optima.cost for optima in begun])
        # Half of the places are for random starts, which are worse at first.
        order = [int(i) for i in np.argsort(cost)]
        early = [i for i in order if i < len(known)][: BATCH // 2]
        free = free[[*early, *(i for i in order if i not in early)][:BATCH]]
    optima = descend(template, free, held, data.steps, level, weight)
    least = optima.cost.min()
    if not np.isfinite(least):
        raise FitError(
            f"{type(template).__name__} gives no finite level for these curves from any start; "
            "leave it out of the comparison"
        )
    return optima, float((optima.cost <= _SAME_OPTIMUM * least + 1e-12).mean())


def check_count(template: Theory, data: Data, held: tuple[str, ...]) -> None:
    """Refuse a theory with as many parameters as there are measurements, or more.

    Raises:
        FitError: gives both numbers.
    """
    layout = Layout.of(template, held)
    n_parameter = layout.n_free - len(layout.gauge)
    if n_parameter >= data.n_point:
        raise FitError(
            f"{n_parameter} parameters cannot be fitted to {data.n_point} measurements; "
            "use more checkpoints, fewer skills or no free ceiling"
        )


def refitted(
    template: Theory, data: Data, held: tuple[str, ...], optima: Optimum
) -> tuple[Data, Optimum]:
    """The best optimum under the errors expected at its levels, and the data with these errors.

    Each optimum is solved again twice with the errors expected at its own levels. The deviance,
    which does not depend on these errors, decides.
    """
    if not np.isfinite(data.variance).any():
        return data, optima.best()

    def levels_of(optima: Optimum) -> np.ndarray:
        return np.asarray(linearised(template, optima.free, held, data.steps).level)

    tried = [optima]
    for _ in range(_REFITS):
        means = [data.expecting(level).mean() for level in levels_of(tried[-1])]
        level, weight = (np.array(part) for part in zip(*means, strict=True))
        tried.append(descend(template, tried[-1].free, held, data.steps, level, weight))
    deviance = np.array([[data.deviance(level) for level in levels_of(stage)] for stage in tried])
    deviance = np.where(np.isfinite(deviance), deviance, np.inf)
    stage, place = np.unravel_index(int(deviance.argmin()), deviance.shape)
    chosen = tried[stage]
    optimum = Optimum(chosen.free[place], chosen.cost[place], chosen.converged[place])
    return data.expecting(levels_at(template, data, held, optimum.free)), optimum


def levels_at(template: Theory, data: Data, held: tuple[str, ...], free: np.ndarray) -> np.ndarray:
    """Levels at free coordinates, [n_step, n_skill]."""
    return near(template, data, held, free).level


def near(template: Theory, data: Data, held: tuple[str, ...], free: np.ndarray) -> Linearised:
    """The theory near one point, by the compiled program of the solves."""
    batch = linearised(template, np.broadcast_to(free, (BATCH, free.size)), held, data.steps)
    return Linearised(*(np.asarray(part)[0] for part in batch))


def descend(
    template: Theory,
    starts: np.ndarray,
    held: tuple[str, ...],
    steps: np.ndarray,
    level: np.ndarray,
    weight: np.ndarray,
    most_steps: int = _MOST_STEPS,
) -> Optimum:
    """The optima near a batch of starts; call it within `enable_x64`."""
    return least_squares(
        lambda free: linearised(template, free, held, steps),
        Layout.of(template, held), starts, level, weight, most_steps,
    )  # fmt: skip


def _from_base(
    template: Theory, data: Data, held: tuple[str, ...], key: PRNGKeyArray
) -> list[np.ndarray]:
    """Starts of a composite theory: the fit of its base alone, with two values of the exponents.

    The base is the limit of large exponents, and closer to a mixture than random starts are.
    """
    inner = template.theory if isinstance(template, Measured) else template
    if not isinstance(inner, Composite) or "exponent" in held:
        return []

    def wrapped(theory: Theory, template: Theory) -> Theory:
        if isinstance(template, Measured):
            return eqx.tree_at(lambda measured: measured.theory, template, theory)
        return theory

    alone = wrapped(inner.base, template)
    fitted = at_free(alone, solve(alone, data, held, BATCH, key)[0].best().free, held)
    base = fitted.theory if isinstance(fitted, Measured) else fitted
    starts = []
    for exponent in _EXPONENTS:
        mixed = eqx.tree_at(
            lambda composite: (composite.base, composite.exponent),
            inner,
            (base, np.full_like(inner.exponent, exponent)),
        )
        starts.append(to_free(wrapped(mixed, fitted), held))
    return starts


def _nearest(
    template: Theory,
    data: Data,
    held: tuple[str, ...],
    count: int,
    rng: np.random.Generator,
    tried: int,
) -> np.ndarray:
    """The random theories closest to the data, each at its best time scale, [count, n_free].

    Levels are linear in the ceilings, so the best ceilings have a closed form.
    """
    free = candidates(template, data, held, max(tried, count), rng)
    level, weight = data.mean()
    place = _ceilings(template, held)
    if place is not None:
        free[..., place] = 0
    flat = free.reshape(-1, BATCH, free.shape[-1])
    cost = np.empty(flat.shape[:2])
    with np.errstate(all="ignore"):
        for i, batch in enumerate(flat):
            levels = np.asarray(linearised(template, batch, held, data.steps).level)
            if place is not None:
                # At free coordinate 0 a ceiling is 1/2.
                bare = 2 * levels
                best = (weight**2 * bare * level).sum(1) / (weight**2 * bare**2).sum(1)
                best = np.clip(np.where(np.isfinite(best), best, 1), _LOWEST, _HIGHEST)
                flat[i][:, place] = np.log(best) - np.log1p(-best)
                levels = best[:, None, :] * bare
            cost[i] = ((weight * (levels - level)) ** 2).sum((1, 2))
    cost = np.where(np.isfinite(cost), cost, np.inf).reshape(free.shape[:2])
    at_best = flat.reshape(free.shape)[np.arange(len(free)), cost.argmin(1)]
    return at_best[np.argsort(cost.min(1), kind="stable")[:count]]


def _ceilings(template: Theory, held: tuple[str, ...]) -> np.ndarray | None:
    """Indices of the ceilings in the free coordinates, None if they are not fitted."""
    layout = Layout.of(template, held)
    for p, place in zip(layout.own, layout.at_own, strict=True):
        if p.path == ("ceiling",) and isinstance(template, Measured):
            return place
    return None
