"""When both settings cross equal levels: the order of skills, and one clock by the other."""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from skillphysics.comparison.align import Side
from skillphysics.comparison.scatter import Spread
from skillphysics.comparison.track import Track, crossing

# Shares of the final level at which the two clocks are read.
_SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)


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


def half_time(tracks: list[Track], own: bool) -> float:
    """The time (ln t) of half the final level, averaged over both curves."""
    if not all(track.rises() for track in tracks):
        return np.nan
    middle = float(np.mean(_crossings(tracks, own, 0.5)))
    return middle if np.isfinite(middle) else np.nan


def reversed_pairs(
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


def clock_map(names: tuple[str, ...], tracks: list[list[Track]], own: list[bool]) -> pd.DataFrame:
    """Crossings of equal levels, as in `Change.clock`."""
    rows = [
        {"skill": name, "share": share, "baseline": np.exp(a), "other": np.exp(b)}
        for name, both, separate in zip(names, tracks, own, strict=True)
        if all(track.rises() for track in both)
        for share in _SHARES
        for a, b in [_crossings(both, separate, share)]
        if np.isfinite(a) and np.isfinite(b)
    ]
    return pd.DataFrame(rows, columns=["skill", "share", "baseline", "other"])
