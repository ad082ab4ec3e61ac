"""What a setting changes against a baseline, for each skill and for all together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import f as fisher
from scipy.stats import t as student

from skillphysics.comparison.align import Pair, Side
from skillphysics.comparison.register import Shift, register
from skillphysics.comparison.scatter import (
    SEED_COMMON,
    SEED_END,
    SEED_END_COMMON,
    SEED_LATE,
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
from skillphysics.comparison.track import Track, crossing

# The largest correlation of noise along checkpoints, which is estimated from all skills.
_MOST_CORRELATION = 0.8
# Shares of the final level at which the two clocks are read.
_SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)
# Skills must spread over at least this much in ln t to tell early from late effects.
_SPREAD = float(np.log(2))


@dataclass(frozen=True)
class Effect:
    """A number with its 90 % interval and the p-value of no effect.

    Attributes:
        value: the estimate.
        low: lower end.
        high: upper end.
        p: probability that chance alone gives as much.
    """

    value: float
    low: float
    high: float
    p: float

    @classmethod
    def of(cls, value: float, error: float, freedom: float) -> "Effect":
        """An effect from an estimate, its standard error and the degrees of freedom."""
        reach = quantile(freedom) * error
        p = two_sided(value / error, freedom) if error > 0 else 1.0
        return cls(value, value - reach, value + reach, p)


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
    own = [_own_ceilings(a, b, pair.last) for a, b in tracks]
    learned = [all(track.rises() for track in both) for both in tracks]
    shifts, correlation = _all_shifts(pair, own, learned)
    prior = Spread(seed_scatter or SEED_SCATTER, SEED_WEIGHT if seed_scatter is None else np.inf)
    per_run = sum(1 / side.n_run for side in sides)
    several = sides[0].n_run + sides[1].n_run > 2

    value = np.array([s.value for s in shifts])
    error = np.array([s.error for s in shifts])
    usable = np.isfinite(value) & np.isfinite(error)
    late_by = np.array([_middle(both, o) for both, o in zip(tracks, own, strict=True)])
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
        ends=_ends(skills, per_run, spread.freedom),
        order=_order(pair.skills, value, error, late_by, usable, spread, sides),
        clock=_clock(pair.skills, tracks, own),
        seed_scatter=spread.value,
        correlation=correlation,
    )


@dataclass(frozen=True, eq=False)
class _SideShift:
    """The shift of one side against the other, over all pairs of runs."""

    value: float
    low: float
    high: float
    within: float
    freedom: float

    @property
    def error(self) -> float:
        return (self.high - self.low) / (2 * 1.6449)


def _own_ceilings(a: Track, b: Track, last: float) -> bool:
    """Whether the curves may have different ceilings.

    They may if both have levelled off, or if they end at different levels and the lower one is not
    known to be rising: its delay may be a lower ceiling.
    """
    (end_a, error_a), (end_b, error_b) = a.end(last), b.end(last)
    lower = a if end_a < end_b else b
    if abs(end_a - end_b) > 2 * np.hypot(error_a, error_b):
        return not lower.still_rises()
    return a.levelled_off() and b.levelled_off()


def _all_shifts(pair: Pair, own: list[bool], learned: list[bool]) -> tuple[list[_SideShift], float]:
    """The shift of every skill learned in both, and the correlation of the noise along runs."""
    a, b = pair.baseline, pair.other

    def every(correlation: float, interval: bool) -> list[list[list[Shift | None]]]:
        return [
            [
                [
                    _shift(a.track(i, k), b.track(j, k), own[k], correlation, interval)
                    if learned[k]
                    else None
                    for j in range(b.n_run)
                ]
                for i in range(a.n_run)
            ]
            for k in range(len(pair.skills))
        ]

    first = every(0.0, False)
    correlation = _correlation(
        [s for skill in first for row in skill for s in row if s is not None]
    )
    return [_over_runs(skill) for skill in every(correlation, True)], correlation


def _shift(a: Track, b: Track, own: bool, correlation: float, interval: bool) -> Shift | None:
    if not (a.rises() and b.rises()):
        return None
    return register(a, b, own_ceilings=own, correlation=correlation, interval=interval)


def _correlation(shifts: list[Shift]) -> float:
    """The correlation of neighbouring residuals, corrected for what the fit absorbs."""
    products, squares, taken = 0.0, 0.0, []
    for shift in shifts:
        n = sum(r.size for r in shift.residuals)
        taken.append(shift.n_parameter / n)
        for r in shift.residuals:
            # Each skill has the same weight.
            size = max(float((r**2).mean()), 1e-12)
            products += float((r[1:] * r[:-1]).sum()) / size
            squares += r.size
    if not shifts:
        return 0.0
    correlation = products / squares + float(np.mean(taken))
    # Below two standard errors it counts as none.
    if correlation <= 2 / np.sqrt(squares):
        return 0.0
    return float(np.clip(correlation, 0, _MOST_CORRELATION))


def _over_runs(pairs: list[list[Shift | None]]) -> _SideShift:
    """The mean over pairs of runs; the shifts of single runs give the spread between seeds."""
    value = np.array([[np.nan if s is None else s.value for s in row] for row in pairs])
    if np.isnan(value).all():
        return _SideShift(np.nan, np.nan, np.nan, 0.0, 0.0)
    reach = np.array(
        [[(np.nan, np.nan) if s is None else (s.value - s.low, s.high - s.value) for s in row]
         for row in pairs]
    )  # fmt: skip
    known = ~np.isnan(value)
    rows, columns = known.any(1), known.any(0)
    n_a, n_b = int(rows.sum()), int(columns.sum())
    of_a = -np.nanmean(value[rows], axis=1)
    of_b = np.nanmean(value[:, columns], axis=0)
    squares = ((of_a - of_a.mean()) ** 2).sum() + ((of_b - of_b.mean()) ** 2).sum()
    freedom = n_a + n_b - 2
    # Pairs that share a run share its noise.
    shared = (1 / n_a + 1 / n_b) / 2
    below, above = np.nanmean(reach, axis=(0, 1)) * np.sqrt(shared)
    centre = float(np.nanmean(value))
    return _SideShift(
        centre,
        centre - float(below),
        centre + float(above),
        float(squares) / freedom if freedom else 0.0,
        float(freedom),
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
    shifts: list[_SideShift],
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
                **_end(pair, i, tracks[i], by_seed, freedom, per_run, correlation),
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


def _end(
    pair: Pair,
    skill: int,
    tracks: list[Track],
    by_seed: float,
    freedom: float,
    per_run: float,
    correlation: float,
) -> dict[str, float]:
    """The levels at the last common time, and whether seeds explain their difference.

    A curve that is late and still rising ends lower. The difference therefore counts only as far as
    no shift between seeds explains it: by the least of (shift/its error)² + (rest/its error)².
    """
    levels, noise, within, runs = [], 0.0, 0.0, 0
    for side in (pair.baseline, pair.other):
        ends = [_end_of(side, run, skill, pair.last) for run in range(side.n_run)]
        known = np.array([end for end in ends if np.isfinite(end[0])]).reshape(-1, 2)
        levels.append(float(known[:, 0].mean()) if known.size else np.nan)
        noise += float((known[:, 1] ** 2).sum()) / max(len(known), 1) ** 2
        within += float(((known[:, 0] - levels[-1]) ** 2).sum()) if known.size else 0.0
        runs += max(len(known) - 1, 0)
    noise *= (1 + correlation) / (1 - correlation)
    difference = levels[1] - levels[0]
    error = float(np.sqrt(noise + per_run * SEED_END**2))
    high, low = (tracks[1], max(levels)) if difference > 0 else (tracks[0], max(levels))
    smooth, last = high.smooth, np.log(pair.last)
    by_seed = SEED_LATE * by_seed
    delay = np.linspace(0, 6 * by_seed, 61)
    top = np.interp(last, high.x, smooth)
    later = np.interp(last - delay, high.x, smooth) + low - top
    unexplained = np.maximum(later - min(levels), 0)
    distance = np.sqrt(np.min((delay / by_seed) ** 2 + (unexplained / error) ** 2))
    effective = max(abs(difference) / max(distance, 1e-9), error) if difference else error
    spread = moderated(
        Spread(float(effective), 4.0 if runs else freedom),
        float(np.sqrt(per_run * within / runs)) if runs else 0.0,
        runs,
    )
    effect = Effect.of(difference, spread.value, spread.freedom)
    return {
        "end_baseline": levels[0],
        "end": levels[1],
        "end_difference": difference,
        "end_low": effect.low,
        "end_high": effect.high,
        "end_error": spread.value,
        "end_p": effect.p,
    }


def _end_of(side: Side, run: int, skill: int, last: float) -> tuple[float, float]:
    track = side.track(run, skill)
    return track.end(last) if track.x.size else (np.nan, np.nan)


def _ends(skills: pd.DataFrame, per_run: float, freedom: float) -> Effect | None:
    """The mean difference of final levels, over skills that have levelled off in both."""
    kept = skills.query("levelled_off and learned != 'in neither'").dropna(subset="end_difference")
    if len(kept) < 2:
        return None
    error = np.sqrt((kept["end_error"] ** 2).sum()) / len(kept)
    error = np.sqrt(error**2 + per_run * SEED_END_COMMON**2)
    return Effect.of(
        float(np.mean(kept["end_difference"].to_numpy(float))), float(error), min(freedom, 1e6)
    )


def _top(tracks: list[Track], own: bool) -> list[float]:
    """The reference level of each curve: its own final level, or the lower of both."""
    tops = [float(track.smooth[-1]) for track in tracks]
    return tops if own else [min(tops)] * 2


def _crossings(tracks: list[Track], own: bool, share: float) -> list[float]:
    """Times (ln t) at which each curve reaches a share of its end; NaN if it starts above."""
    times = []
    for track, top in zip(tracks, _top(tracks, own), strict=True):
        smooth, level = track.smooth, share * top
        times.append(np.nan if smooth[0] >= level else crossing(track.x, smooth, level))
    return times


def _middle(tracks: list[Track], own: bool) -> float:
    """The time (ln t) of half the final level, averaged over both curves."""
    if not all(track.rises() for track in tracks):
        return np.nan
    middle = float(np.mean(_crossings(tracks, own, 0.5)))
    return middle if np.isfinite(middle) else np.nan


def _order(
    names: tuple[str, ...],
    value: np.ndarray,
    error: np.ndarray,
    late_by: np.ndarray,
    usable: np.ndarray,
    spread: Spread,
    sides: tuple[Side, Side],
) -> pd.DataFrame:
    """Pairs of skills whose order differs between the two."""
    rows = []
    places = [i for i in np.argsort(late_by - value / 2) if usable[i] and np.isfinite(late_by[i])]
    for k, i in enumerate(places):
        for j in places[k + 1 :]:
            before = (late_by[j] - value[j] / 2) - (late_by[i] - value[i] / 2)
            after = (late_by[j] + value[j] / 2) - (late_by[i] + value[i] / 2)
            if after >= 0:
                continue
            noise = (error[i] ** 2 + error[j] ** 2) / 2
            wrong = [
                float(student.sf(gap / np.sqrt(noise + 2 * spread.value**2 / side.n_run),
                                 min(spread.freedom, 1e6)))
                for gap, side in zip((before, -after), sides, strict=True)
            ]  # fmt: skip
            rows.append({"first": names[i], "second": names[j], "p": max(wrong)})
    return pd.DataFrame(rows, columns=["first", "second", "p"])


def _clock(names: tuple[str, ...], tracks: list[list[Track]], own: list[bool]) -> pd.DataFrame:
    rows = [
        {"skill": name, "share": share, "baseline": np.exp(a), "other": np.exp(b)}
        for name, both, separate in zip(names, tracks, own, strict=True)
        if all(track.rises() for track in both)
        for share in _SHARES
        for a, b in [_crossings(both, separate, share)]
        if np.isfinite(a) and np.isfinite(b)
    ]
    return pd.DataFrame(rows, columns=["skill", "share", "baseline", "other"])
