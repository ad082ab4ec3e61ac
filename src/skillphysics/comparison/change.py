"""What a setting changes against a baseline, for each skill and for all together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import f as fisher

from skillphysics.comparison.align import Pair
from skillphysics.comparison.crossings import clock_map, half_time, reversed_pairs
from skillphysics.comparison.effect import Effect
from skillphysics.comparison.ends import end_of_skill, mean_end
from skillphysics.comparison.scatter import (
    SEED_COMMON,
    SEED_SCATTER,
    SEED_WEIGHT,
    Spread,
    excess,
    moderated,
    own_spread,
    quantile,
    two_sided,
    weighted,
)
from skillphysics.comparison.shifts import SideShift, all_shifts, own_ceilings
from skillphysics.comparison.track import Track

# Skills must spread over at least this much in ln t to tell early from late effects.
_SPREAD = float(np.log(2))


@dataclass(frozen=True, eq=False)
class Change:
    """The differences between a baseline and another setting.

    Attributes:
        pair: both, on common axes.
        skills: one row per common skill: `half_baseline` and `half` (times of half the final
            level), `factor` (t/t_baseline) with `factor_low` and `factor_high` (90 %, including
            seeds) and `noise_low`, `noise_high` (90 %, evaluation noise alone), `factor_p`;
            `end_baseline`, `end`, `end_difference`, `end_low`, `end_high`, `end_p`;
            `own_ceilings` (whether each is relative to its own final level); `levelled_off`
            (whether both have); `learned`: "in both" (with a factor), "in the baseline only", "in
            the other only", "in neither", or "too flat" (in both, but without a common rise that
            would give a factor).
        common: ln of the factor of all skills together; None for fewer than two skills.
        late: slope of ln of the factor over ln of the learning time.
        mixed: probability that seeds alone make the factors differ as much between skills; NaN for
            fewer than three skills.
        ends: mean difference of the final levels of skills that have levelled off.
        order: pairs of skills whose order is reversed: `first` and `second` as in the baseline,
            `p`.
        clock: crossings of equal levels: `skill`, `share`, `baseline`, `other` (times).
        seed_scatter: standard deviation of ln t of a skill between seeds, as used.
        correlation: estimated correlation of the noise of neighbouring checkpoints.
    """

    pair: Pair
    skills: pd.DataFrame
    common: Effect | None
    late: Effect | None
    mixed: float
    ends: Effect | None
    order: pd.DataFrame
    clock: pd.DataFrame
    seed_scatter: float
    correlation: float

    @property
    def name(self) -> str:
        """The name of the other setting."""
        return self.pair.other.name


def change(pair: Pair, seed_scatter: float | None = None) -> Change:
    """Compare the two sides of a pair.

    Args:
        pair: the result of `align`.
        seed_scatter: standard deviation of ln t of a skill between seeds, if it is known;
            otherwise a prior is updated by the data.
    """
    sides = pair.baseline, pair.other
    tracks = [[side.mean_track(i) for side in sides] for i in range(len(pair.skills))]
    own = [own_ceilings(a, b, pair.last) for a, b in tracks]
    learned = [all(track.rises() for track in both) for both in tracks]
    shifts, correlation = all_shifts(pair, own, learned)
    prior = Spread(seed_scatter or SEED_SCATTER, SEED_WEIGHT if seed_scatter is None else np.inf)
    per_run = sum(1 / side.n_run for side in sides)
    several = sides[0].n_run + sides[1].n_run > 2

    value = np.array([s.value for s in shifts])
    error = np.array([s.error for s in shifts])
    usable = np.isfinite(value) & np.isfinite(error)
    late_by = np.array([half_time(both, o) for both, o in zip(tracks, own, strict=True)])
    within = np.array([s.within for s in shifts])
    freedom = np.array([s.freedom for s in shifts])

    seeds, seeds_freedom = _seeds(
        value, error, usable, within, freedom, prior, per_run, several=several
    )
    skills = _table(pair, tracks, own, shifts, seeds, seeds_freedom, per_run, correlation, late_by)
    spread = _everywhere(value, error, usable, within, freedom, prior, per_run, several=several)
    if several:
        # The spread between runs includes the noise, and each skill has its own spread.
        total = np.sqrt(per_run) * seeds
        usual, usual_freedom = total, float(np.min(seeds_freedom, initial=1e6))
        noise = np.zeros_like(error)
    else:
        total = np.sqrt(error**2 + per_run * spread.value**2)
        usual, usual_freedom = np.sqrt(error**2 + per_run * prior.value**2), prior.freedom
        noise = error
    common, late = _together(
        value[usable], total[usable], late_by[usable], spread, per_run, noise[usable], prior
    )
    mixed = _mixed(value[usable], usual[usable], min(usual_freedom, 1e6))
    return Change(
        pair=pair,
        skills=skills,
        common=common,
        late=late,
        mixed=mixed,
        ends=mean_end(skills, per_run, spread.freedom),
        order=reversed_pairs(pair.skills, value, error, late_by, usable, spread, sides),
        clock=clock_map(pair.skills, tracks, own),
        seed_scatter=spread.value,
        correlation=correlation,
    )


def _everywhere(
    value: np.ndarray,
    error: np.ndarray,
    usable: np.ndarray,
    within: np.ndarray,
    freedom: np.ndarray,
    prior: Spread,
    per_run: float,
    *,
    several: bool,
) -> Spread:
    """The spread between seeds of a skill, from all skills together."""
    n = int(usable.sum())
    if several:
        total = float(freedom[usable].sum())
        mean = float((freedom * within)[usable].sum() / total) if total else 0.0
        return moderated(prior, np.sqrt(mean), total)
    scatter = excess(value[usable], error[usable], np.ones((n, 1)), per_run)
    return moderated(prior, scatter, n - 1)


def _seeds(
    value: np.ndarray,
    error: np.ndarray,
    usable: np.ndarray,
    within: np.ndarray,
    freedom: np.ndarray,
    prior: Spread,
    per_run: float,
    *,
    several: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The spread between seeds for each skill, and its degrees of freedom."""
    if several:
        return own_spread(np.where(usable, within, 0), np.where(usable, freedom, 0), prior)
    spread, known = np.empty(value.size), np.empty(value.size)
    for i in range(value.size):
        # From the other skills, so that a skill that differs does not widen its own interval.
        others = usable & (np.arange(value.size) != i)
        rest = _everywhere(value, error, others, within, freedom, prior, per_run, several=False)
        spread[i], known[i] = rest.value, min(rest.freedom, 1e6)
    return spread, known


def _together(
    value: Float[np.ndarray, " n"],
    total: Float[np.ndarray, " n"],
    late_by: Float[np.ndarray, " n"],
    spread: Spread,
    per_run: float,
    noise: Float[np.ndarray, " n"],
    prior: Spread,
) -> tuple[Effect | None, Effect | None]:
    """The common factor, and its slope over the learning time."""
    if value.size < 2:
        return None, None
    total = np.maximum(total, 1e-9)
    ones = np.ones((value.size, 1))
    mean, covariance = weighted(value, total**-2.0, ones)
    error = np.sqrt(covariance[0, 0] + per_run * SEED_COMMON**2)
    common = Effect.of(float(mean[0]), float(error), min(spread.freedom, 1e6))
    placed = np.isfinite(late_by)
    if placed.sum() < 4 or np.ptp(late_by[placed]) <= _SPREAD:
        return common, None
    design = np.column_stack([ones, late_by - late_by[placed].mean()])[placed]
    if noise.any():
        scatter = excess(value[placed], noise[placed], design, per_run)
        spread = moderated(prior, scatter, int(placed.sum()) - 2)
        total = np.sqrt(noise**2 + per_run * spread.value**2)
    slope, covariance = weighted(value[placed], total[placed] ** -2.0, design)
    error = float(np.sqrt(covariance[1, 1]))
    return common, Effect.of(float(slope[1]), error, min(spread.freedom, 1e6))


def _mixed(value: Float[np.ndarray, " n"], usual: Float[np.ndarray, " n"], freedom: float) -> float:
    """The probability that seeds alone make the factors differ as much between skills."""
    if value.size < 3:
        return np.nan
    weight = np.maximum(usual, 1e-9) ** -2.0
    rest = value - weighted(value, weight, np.ones((value.size, 1)))[0]
    ratio = float((weight * rest**2).sum()) / (value.size - 1)
    return float(fisher.sf(ratio, value.size - 1, freedom))


def _table(
    pair: Pair,
    tracks: list[list[Track]],
    own: list[bool],
    shifts: list[SideShift],
    seeds: np.ndarray,
    seeds_freedom: np.ndarray,
    per_run: float,
    correlation: float,
    late_by: np.ndarray,
) -> pd.DataFrame:
    rows = []
    several = pair.baseline.n_run + pair.other.n_run > 2
    for i in range(len(pair.skills)):
        shift, freedom = shifts[i], float(seeds_freedom[i])
        by_seed = float(np.sqrt(per_run * (seeds[i] ** 2 + SEED_COMMON**2)))
        reach = quantile(freedom)
        sides = [
            np.hypot(0 if several else end / 1.6449, by_seed) * reach
            for end in (shift.value - shift.low, shift.high - shift.value)
        ]
        # The side towards no change determines the p-value.
        towards = sides[0] if shift.value > 0 else sides[1]
        factor_p = two_sided(shift.value * reach / towards, freedom) if towards > 0 else np.nan
        half = np.exp(late_by[i] + np.array([-0.5, 0.5]) * shift.value)
        rows.append(
            {
                "half_baseline": half[0],
                "half": half[1],
                "factor": np.exp(shift.value),
                "factor_low": np.exp(shift.value - sides[0]),
                "factor_high": np.exp(shift.value + sides[1]),
                "noise_low": np.exp(shift.low),
                "noise_high": np.exp(shift.high),
                "factor_p": factor_p,
                **end_of_skill(pair, i, tracks[i], by_seed, freedom, per_run, correlation),
                "own_ceilings": own[i],
                "levelled_off": all(t.levelled_off() for t in tracks[i]),
                "learned": _learned(*tracks[i], measured=bool(np.isfinite(shift.value))),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(pair.skills, name="skill"))


def _learned(a: Track, b: Track, *, measured: bool) -> str:
    if measured:
        return "in both"
    known = a.learned() or a.rises(), b.learned() or b.rises()
    return {
        (True, True): "too flat",
        (True, False): "in the baseline only",
        (False, True): "in the other only",
        (False, False): "in neither",
    }[known]
