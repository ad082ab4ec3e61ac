"""Half-times of skills, from the measured levels alone, with their uncertainties."""

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import optimize

from skillphysics.curves import Curves
from skillphysics.domains import POSITIVE
from skillphysics.inference.arguments import check_curves

_DRAWS = 100
# Standard deviation of a uniform distribution between two checkpoints, in units of their distance.
_ANYWHERE = 1 / np.sqrt(12)


def half_times(
    curves: Curves, ceiling: Float[np.ndarray, " n_skill"] | None = None, *, seed: int = 0
) -> pd.DataFrame:
    """The step at which each skill first reaches half of its ceiling, with its uncertainty.

    Each run is made monotone by isotonic regression, so that noise cannot trigger a crossing, and
    interpolated linearly. The standard error of ln t combines 100 redraws of the noise, the
    position within a large jump between two checkpoints, and the scatter over runs.

    Args:
        curves: levels. Without standard errors, the noise is taken from the residuals of the
            isotonic regression.
        ceiling: level of each skill once it is learned, [n_skill], by default 1.
        seed: of the redraws.

    Returns:
        One row per skill: `half`, in steps, the geometric mean over runs (infinite if a run ends
        before the crossing, NaN if a run begins above it), and `log_stderr` of ln half (NaN if
        `half` is not finite).

    Raises:
        ArgumentError: `curves` are not Curves, or a ceiling is not positive.

    Example:
        >>> import numpy as np
        >>> steps = np.arange(0, 101, 10)
        >>> rising = Curves.from_arrays(steps, np.outer(steps, [0.01, 0.005]))
        >>> half_times(rising).half.round(6).tolist()
        [50.0, 100.0]
    """
    check_curves(curves)
    top = np.ones(len(curves.names)) if ceiling is None else np.asarray(ceiling, dtype=float)
    POSITIVE.check_entries("ceiling", top)
    time, stderr = half_times_by_run(curves, top, seed=seed)
    with np.errstate(invalid="ignore"):
        log_time = np.log(time)
        half = np.exp(log_time.mean(0))
        within = np.sqrt((stderr**2).sum(0)) / len(time)
        between = log_time.std(0, ddof=1) / np.sqrt(len(time)) if len(time) > 1 else 0.0
        total = np.where(np.isfinite(half), np.hypot(within, between), np.nan)
    half = np.where(np.isinf(time).any(0), np.inf, half)
    return pd.DataFrame(
        {"half": half, "log_stderr": total}, index=pd.Index(curves.names, name="skill")
    )


def half_times_by_run(
    curves: Curves, ceiling: Float[np.ndarray, " n_skill"], *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Half-times of every run and the standard errors of their logarithms, [n_run, n_skill]."""
    level = curves.level.values.astype(float)
    known = "level_stderr" in curves.dataset
    stderr = curves.dataset["level_stderr"].values if known else np.full_like(level, np.nan)
    if level.ndim == 2:
        level, stderr = level[None], stderr[None]
    time, error = np.full((2, len(level), level.shape[2]), np.nan)
    rng = np.random.default_rng(seed)
    for run in range(len(level)):
        for skill in range(level.shape[2]):
            measured = np.isfinite(level[run, :, skill])
            if measured.any():
                time[run, skill], error[run, skill] = _half_time(
                    curves.steps[measured].astype(float),
                    level[run, measured, skill],
                    stderr[run, measured, skill],
                    ceiling[skill],
                    rng,
                )
    return time, error


def _half_time(
    steps: np.ndarray,
    level: np.ndarray,
    stderr: np.ndarray,
    ceiling: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    rising = optimize.isotonic_regression(level).x
    noise = np.where(np.isfinite(stderr), stderr, np.sqrt(np.mean((level - rising) ** 2)))
    crossed = _crossing(steps, rising, ceiling / 2)
    if not np.isfinite(crossed) or crossed <= 0:
        return crossed, np.nan
    drawn = rising + noise * rng.normal(size=(_DRAWS, level.size))
    times = [_crossing(steps, optimize.isotonic_regression(row).x, ceiling / 2) for row in drawn]
    logs = np.log([t for t in times if np.isfinite(t) and t > 0] or [crossed])
    after = int(np.searchsorted(steps, crossed))
    before = max(after - 1, 0)
    jump = min((rising[after] - rising[before]) / ceiling, 1.0)
    gap = np.log(steps[after] / max(steps[before], steps[after] / 100)) if after > before else 0.0
    return crossed, float(np.hypot(logs.std(), jump * gap * _ANYWHERE))


def _crossing(steps: np.ndarray, rising: np.ndarray, level: float) -> float:
    """The step at which a rising curve reaches a level; NaN if it begins above it."""
    if rising[-1] < level:
        return np.inf
    after = int(np.searchsorted(rising, level))
    if after == 0:
        return 0.0 if steps[0] == 0 else np.nan
    share = (level - rising[after - 1]) / (rising[after] - rising[after - 1])
    return float(steps[after - 1] + share * (steps[after] - steps[after - 1]))
