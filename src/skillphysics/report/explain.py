"""From skill curves to an explanation: which theory, what is learned when, what is unreliable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, PRNGKeyArray

from skillphysics.curves import Curves
from skillphysics.errors import FitError
from skillphysics.inference import Comparison, Fit, bootstrap, compare
from skillphysics.inference.data import Data, data_of
from skillphysics.steps import dense
from skillphysics.theories import Theory

# More skills than this are not fitted together: the cost grows with their number squared.
MOST_FITTED = 24
# A rise is a rise from this many standard errors on.
_SIGNIFICANT = 3.0
# From fewer measurements than this noise cannot be told from learning: every rise counts.
_FEW = 6
# Below this final level a skill is not mastered, and its ceiling is fitted.
_MASTERED = 0.9


@dataclass(frozen=True)
class Explanation:
    """What the theories say about a set of curves.

    Attributes:
        curves: everything that was measured.
        comparison: the theories fitted to the skills that show learning, ranked.
        intervals: bootstrap intervals of the winner's parameters.
        skills: one row per measured skill, in order of learning: `final_level` (mean of the last
            tenth of its measurements), `ceiling` of the winner (1 where it has none), `half`
            (step at which the measured level first crosses half of the ceiling), `emergence` and
            `saturation` (steps at which the winner's curve crosses 5 % and 95 % of the ceiling,
            which noise cannot trigger), `learned` (step at which the measured level first crosses
            0.9), `frequency` with `frequency_low` and `frequency_high`, `fitted`. Steps are
            infinite where never, NaN where unknown.
        unreliable: sentences on what not to trust.
    """

    curves: Curves
    comparison: Comparison
    intervals: pd.DataFrame
    skills: pd.DataFrame
    unreliable: tuple[str, ...]

    @property
    def fitted(self) -> tuple[str, ...]:
        """The skills that the theories were fitted to, in order of learning."""
        return tuple(self.skills.query("fitted").index)

    @property
    def resource(self) -> Fit | None:
        """The best fit whose skills share one clock, for the collapse of u^{1/p}."""
        names = [n for n in self.comparison.fits if n in ("resource l1", "resource l2", "linear")]
        return self.comparison.fits[names[0]] if names else None


def explain(
    curves: Curves,
    theories: Mapping[str, Callable[[Array], Theory]] | None = None,
    *,
    key: PRNGKeyArray,
    done: Callable[[str], object] = id,
) -> Explanation:
    """Fit the theories to the skills that show learning, and say what follows.

    Every skill gets a ceiling of its own unless all of them end above 0.9. Skills that show no
    sign of learning (a rise of less than three standard errors) carry no information on a theory
    and are left out, as are all but 24 of many, spread over the order of learning.

    Args:
        curves: the data; several runs are fitted together.
        theories: by name, what makes a theory from frequencies, as in `compare`.
        key: source of the random starts and resamples.
        done: called with the name of each piece of work once it is finished.

    Raises:
        FitError: fewer than three steps, or no skill shows learning.
    """
    names = np.array(curves.names)
    measured = curves.level.notnull().any([d for d in curves.level.dims if d != "skill"]).values
    if not measured.any():
        raise FitError("no skill was ever measured; the log holds no numbers")
    data = data_of(curves.select(names[measured]))
    rise, error = _rise(data)
    rising = np.zeros(names.size, bool)
    rising[measured] = (rise > 0) & (rise > _SIGNIFICANT * error)
    if not rising.any():
        raise FitError(
            f"no skill of {curves.dataset.attrs.get('source', 'these curves')} rises by more than "
            f"{_SIGNIFICANT:g} standard errors of its measurement, so there is no learning to "
            "explain; give a longer log or other skills"
        )
    order = _order(curves)
    candidates = [int(i) for i in order if rising[i]]
    chosen = _spread(candidates, MOST_FITTED)
    part = curves.select(names[chosen])
    final = _final_level(part)
    comparison_key, bootstrap_key = jax.random.split(key)
    comparison = compare(
        part,
        theories,
        key=comparison_key,
        ceiling=bool((final < _MASTERED).any()),
        done=done,
    )
    intervals = bootstrap(comparison.best, part, key=bootstrap_key)
    done("intervals")
    skills = _skills(curves, comparison.best, intervals, names[order])
    reasons = (
        *_on_skills(curves, names[measured & ~rising], names[~measured], len(candidates)),
        *_on_theories(comparison),
    )
    return Explanation(curves, comparison, intervals, skills, reasons)


def _rise(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """How much each skill rises from its first measurements to its last quarter, and the error."""
    weight = data.weight.sum(0)
    level = (data.weight * data.level).sum(0) / np.where(weight > 0, weight, 1)
    n_run = (data.weight > 0).sum(0)
    rise, error = np.empty(level.shape[1]), np.empty(level.shape[1])
    for i in range(rise.size):
        seen = np.flatnonzero(weight[:, i] > 0)
        late = seen[-max(len(seen) // 4, 1) :]
        noise = _noise(data, level[seen, i], seen, i)
        rise[i] = level[late, i].mean() - level[seen[0], i]
        error[i] = noise * np.sqrt(1 / n_run[late, i].sum() + 1 / n_run[seen[0], i])
        if len(seen) < 2:
            rise[i], error[i] = 0, 1
    return rise, error


def _noise(data: Data, level: np.ndarray, seen: np.ndarray, skill: int) -> float:
    """Standard error of one measurement: as given, else from the jumps between neighbours."""
    if data.known_noise:
        return float(np.median(1 / data.weight[:, seen, skill][data.weight[:, seen, skill] > 0]))
    if level.size < _FEW:
        return 0.0
    jumps = np.diff(level)
    # Most jumps of a learning curve are noise; the few large ones are learning.
    return float(np.median(np.abs(jumps)) / (0.6745 * np.sqrt(2))) if jumps.size else 1.0


def _final_level(curves: Curves) -> np.ndarray:
    mean = curves.mean_run().level.values
    final = np.full(mean.shape[1], np.nan)
    for i in range(final.size):
        seen = mean[~np.isnan(mean[:, i]), i]
        if seen.size:
            final[i] = seen[-max(len(seen) // 10, 1) :].mean()
    return final


def _order(curves: Curves) -> np.ndarray:
    """Skills in the order in which they reach half of their own final level."""
    mean = curves.mean_run()
    final = _final_level(curves)
    relative = mean.level / np.where(final > 0, final, np.inf)
    half = Curves(relative.to_dataset(name="level")).learning_time(0.5).values
    return np.lexsort((np.arange(half.size), -np.nan_to_num(final), np.nan_to_num(half, nan=-1)))


def _spread(candidates: list[int], most: int) -> list[int]:
    if len(candidates) <= most:
        return candidates
    return [candidates[i] for i in np.linspace(0, len(candidates) - 1, most).round().astype(int)]


def _skills(curves: Curves, best: Fit, intervals: pd.DataFrame, names: np.ndarray) -> pd.DataFrame:
    mean = curves.mean_run()
    values = best.parameters["value"]
    by_name = {
        kind: values.xs(kind)
        if kind in values.index.get_level_values(0)
        else pd.Series(dtype=float)
        for kind in ("frequency", "ceiling")
    }
    frame = pd.DataFrame(index=pd.Index(curves.names, name="skill"))
    frame["final_level"] = _final_level(curves)
    frame["ceiling"] = by_name["ceiling"].reindex(frame.index).fillna(1.0)
    frame["half"] = _crossing(mean.level, frame["ceiling"].to_numpy(), 0.5)
    smooth = best.levels(dense(curves.steps))
    for column, share in (("emergence", 0.05), ("saturation", 0.95)):
        fitted = list(smooth["skill"].values)
        crossing = _crossing(smooth, frame["ceiling"].reindex(fitted).to_numpy(), share)
        frame[column] = pd.Series(crossing, index=fitted).reindex(frame.index)
    frame["learned"] = mean.learning_time(0.9).values
    frame["frequency"] = by_name["frequency"].reindex(frame.index)
    if len(by_name["frequency"]):
        drawn = intervals.xs("frequency").reindex(frame.index)
        frame["frequency_low"], frame["frequency_high"] = drawn["low"], drawn["high"]
    else:
        frame["frequency_low"] = frame["frequency_high"] = np.nan
    frame["fitted"] = frame.index.isin(list(best.predicted["skill"].values))
    return frame.reindex(list(names))


def _crossing(level: xr.DataArray, ceiling: np.ndarray, share: float) -> np.ndarray:
    relative = level / xr.DataArray(ceiling, dims="skill")
    return Curves(relative.to_dataset(name="level")).learning_time(share).values


def _on_skills(
    curves: Curves, flat: np.ndarray, unmeasured: np.ndarray, n_rising: int
) -> list[str]:
    reasons = []
    if unmeasured.size:
        reasons.append(f"Never measured, so left out: {_listed(unmeasured)}.")
    if flat.size:
        reasons.append(
            f"No sign of learning (a rise below {_SIGNIFICANT:g} standard errors), so left out of "
            f"the fits: {_listed(flat)}."
        )
    if n_rising > MOST_FITTED:
        reasons.append(
            f"The theories were fitted to {MOST_FITTED} of the {n_rising} skills that show "
            "learning, spread over the order of learning; choose others by name."
        )
    if "level_stderr" not in curves.dataset:
        reasons.append(
            "The log gives no standard errors: all measurements weigh the same, and the size of "
            "the noise is taken from the residuals."
        )
    return reasons


def _on_theories(comparison: Comparison) -> list[str]:
    best, name = comparison.best, comparison.winner
    reasons = []
    if not best.converged:
        reasons.append(f"The fit of {name} had not converged when it was stopped.")
    if best.agreement < 0.5:
        reasons.append(
            f"Only one of the four most promising starts of {name} reached its best fit: there may "
            "be a better one."
        )
    known = best.parameters
    status = known["status"]
    for which, meaning in (
        ("unidentifiable", "are not determined by these curves"),
        ("at bound", "sit at the edge of what they may be"),
    ):
        rows = known[status == which].reset_index()
        labels = [
            f"{name} of {skill}" if skill else str(name)
            for name, skill in zip(rows["parameter"], rows["skill"], strict=True)
        ]
        if labels:
            reasons.append(f"These parameters of {name} {meaning}: {_listed(labels)}.")
    return reasons


def _listed(names: np.ndarray | list[str], most: int = 12) -> str:
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
