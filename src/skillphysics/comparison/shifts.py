"""How much later each skill is learned in one setting than in the other, in ln t."""

from dataclasses import dataclass

import numpy as np

from skillphysics.comparison.align import Pair
from skillphysics.comparison.register import Shift, register
from skillphysics.comparison.track import Track

# The largest correlation of noise along checkpoints, which is estimated from all skills.
_MOST_CORRELATION = 0.8


@dataclass(frozen=True, eq=False)
class SideShift:
    """The shift of one side against the other, over all pairs of runs."""

    value: float
    low: float
    high: float
    within: float
    freedom: float

    @property
    def error(self) -> float:
        """The standard error of the value."""
        return (self.high - self.low) / (2 * 1.6449)


def own_ceilings(a: Track, b: Track, last: float) -> bool:
    """Whether the curves may have different ceilings.

    They may if both have levelled off, or if they end at different levels and the lower one is not
    known to be rising: its delay may be a lower ceiling.
    """
    (end_a, error_a), (end_b, error_b) = a.end(last), b.end(last)
    lower = a if end_a < end_b else b
    if abs(end_a - end_b) > 2 * np.hypot(error_a, error_b):
        return not lower.still_rises()
    return a.levelled_off() and b.levelled_off()


def all_shifts(pair: Pair, own: list[bool], learned: list[bool]) -> tuple[list[SideShift], float]:
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


def _over_runs(pairs: list[list[Shift | None]]) -> SideShift:
    """The mean over pairs of runs; the shifts of single runs give the spread between seeds."""
    value = np.array([[np.nan if s is None else s.value for s in row] for row in pairs])
    if np.isnan(value).all():
        return SideShift(np.nan, np.nan, np.nan, 0.0, 0.0)
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
    return SideShift(
        centre,
        centre - float(below),
        centre + float(above),
        float(squares) / freedom if freedom else 0.0,
        float(freedom),
    )
