"""Final levels of both settings, and whether seeds and delays explain their difference."""

import numpy as np
import pandas as pd

from skillphysics.comparison.align import Pair, Side
from skillphysics.comparison.effect import Effect
from skillphysics.comparison.scatter import SEED_END, SEED_END_COMMON, SEED_LATE, Spread, moderated
from skillphysics.comparison.track import Track


def end_of_skill(
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


def mean_end(skills: pd.DataFrame, per_run: float, freedom: float) -> Effect | None:
    """The mean difference of final levels, over skills that have levelled off in both."""
    kept = skills.query("levelled_off and learned != 'in neither'").dropna(subset="end_difference")
    if len(kept) < 2:
        return None
    error = np.sqrt((kept["end_error"] ** 2).sum()) / len(kept)
    error = np.sqrt(error**2 + per_run * SEED_END_COMMON**2)
    return Effect.of(
        float(np.mean(kept["end_difference"].to_numpy(float))), float(error), min(freedom, 1e6)
    )
