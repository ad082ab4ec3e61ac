"""From skill curves to an explanation: the best theory, times of learning, caveats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, PRNGKeyArray

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.inference import Comparison, Fit, compare
from skillphysics.inference.drift import Drift, drift
from skillphysics.inference.half_times import half_times, half_times_by_run
from skillphysics.inference.occurrence import (
    FrequencyLaw,
    frequency_law,
    infer_frequencies,
    relative_times,
)
from skillphysics.measure.describe import reading_paragraph
from skillphysics.measure.learning import SIGNIFICANT, learning
from skillphysics.measure.thinning import thinned
from skillphysics.steps import dense
from skillphysics.theories import Theory

Batches = Literal["fresh", "full"]

# At most this many skills are fitted together.
MOST_FITTED = 60
# Below this final level a skill is not mastered, and its ceiling is fitted.
_MASTERED = 0.9
# The fewest known frequencies for a law.
_FEWEST_KNOWN = 3


@dataclass(frozen=True)
class Explanation:
    """What the theories say about a set of curves.

    Attributes:
        curves: all measurements, averaged over bins if there are many steps.
        reading: how the log was read (`measure.describe.reading_paragraph`).
        comparison: the theories fitted to the skills that show learning, ranked.
        skills: one row per measured skill, in order of learning. Steps are infinite where never,
            NaN where unknown; `_low` and `_high` are ends of 90 % intervals.

            - `final_level`: mean of the last tenth of its measurements; `ceiling` of the winner (1
              if it has none); `fitted`: whether it shows learning and was fitted.
            - `half`: step at which the measured level, made monotone, reaches half of the ceiling.
            - `time_ratio`, `time_ratio_low`, `time_ratio_high`: t_i/t_1 of the half-times, with
              intervals for the average over seeds.
            - `emergence`, `saturation`: steps at which the winner's curve crosses 5 % and 95 % of
              the ceiling; `learned`: step at which the measured level first crosses 0.9.
            - `rate`, `rate_low`, `rate_high`: relative rate p_i/p_1 under the winning theory. It is
              not a frequency.
            - `frequency`: the known frequency, NaN if unknown.
            - `inferred`, `inferred_low`, `inferred_high`: relative frequency p_i/p_1 inferred from
              the half-times; NaN unless requested or some frequencies are known.
        drift: test of the theories with one clock.
        law: the law of half-times and known frequencies, None with fewer than three of these.
        unreliable: sentences on what not to trust.
    """

    curves: Curves
    reading: str
    comparison: Comparison
    skills: pd.DataFrame
    drift: Drift
    law: FrequencyLaw | None
    unreliable: tuple[str, ...]

    def save(self, folder: Path | str) -> Path:
        """Write `report.html`, `report.json`, `curves.nc` and each figure as PNG and SVG.

        Args:
            folder: where to write; created if it does not exist.

        Returns:
            The path of `report.html`.

        Raises:
            ArgumentError: the folder cannot be written.
        """
        # Drawing needs matplotlib, which takes long to import.
        from skillphysics.report.write import write

        return write(self, Path(folder))

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
    frequencies: Mapping[str, float] | None = None,
    infer: Batches | None = None,
    done: Callable[[str], object] | None = None,
) -> Explanation:
    """Fit the theories to the skills that show learning, and explain the curves.

    Each skill has a ceiling to be fitted, unless all skills end above 0.9. Skills that show no
    learning (they rise by less than three standard errors, or never exceed chance) contain no
    information on a theory and are left out. Of more than 60 skills, 60 are fitted, spread over the
    order of learning. More than 500 steps are averaged over bins.

    Args:
        curves: the data; several runs are fitted together.
        theories: by name, what makes a theory from frequencies, as in `compare`.
        key: source of the random starts.
        frequencies: known relative frequencies of three or more skills, in any unit; by default
            those that the curves carry.
        infer: infer relative frequencies of the others from the half-times, by the prior for
            "fresh" batches or for repeated passes over a "full" data set; "fresh" where this is
            not given and frequencies are known, beside which the inferred ones then stand.
        done: called with the name of each piece of work once it is finished.

    Raises:
        FitError: fewer than three steps, or no skill shows learning.
        ArgumentError: a frequency is not positive, or fewer than three are those of skills.

    Example:
        >>> import jax
        >>> from skillphysics.theories import SIMPLE
        >>> steps = np.arange(0.0, 200.0, 20.0)
        >>> curves = Curves.from_arrays(steps, -np.expm1(-np.outer(steps, [0.1, 0.02])))
        >>> theories = {name: SIMPLE[name] for name in ("linear", "domino")}
        >>> explanation = explain(curves, theories, key=jax.random.key(0))
        >>> explanation.comparison.winner, list(explanation.fitted)
        ('linear', ['1', '2'])
    """
    n_step, reading = curves.steps.size, reading_paragraph(curves)
    curves = thinned(curves)
    known = _known(curves, frequencies)
    names = np.array(curves.names)
    measured, rising, above = learning(curves)
    order = _order(curves)
    candidates = [int(i) for i in order if rising[i] and above[i]]
    part = curves.select(names[_spread(candidates, MOST_FITTED)])
    comparison = compare(
        part,
        theories,
        key=key,
        ceiling=bool((_final_level(part) < _MASTERED).any()),
        done=done,
    )
    skills = _skills(curves, comparison.best, names[order], names[candidates])
    skills, law = _with_frequencies(skills, known, infer)
    fitted = skills.query("fitted")
    change = drift(curves.select(fitted.index), fitted["ceiling"].to_numpy())
    if done is not None:
        done("half-times")
    reasons = (
        *_on_steps(n_step, curves),
        *_on_frequencies(curves, frequencies),
        *_on_skills(
            curves,
            flat=names[measured & ~rising],
            below=names[measured & rising & ~above],
            unmeasured=names[~measured],
            n_rising=len(candidates),
        ),
        *_on_clock(change),
        *_on_theories(comparison),
        *_on_noise(curves, comparison),
    )
    return Explanation(curves, reading, comparison, skills, change, law, reasons)


def _known(curves: Curves, given: Mapping[str, float] | None) -> pd.Series:
    """Known frequencies of every skill, NaN where there is none."""
    known = pd.Series(np.nan, index=pd.Index(curves.names, name="skill"))
    if given is None:
        own = curves.skills.frequency
        return known if own is None else pd.Series(own, index=known.index)
    for name, value in given.items():
        if not (np.isfinite(value) and value > 0):
            raise ArgumentError(f"the frequency of {name!r} must be positive, got {value}")
        if name in known.index:
            known[name] = float(value)
    if known.notna().sum() < _FEWEST_KNOWN:
        raise ArgumentError(
            f"frequencies must name at least {_FEWEST_KNOWN} skills of these curves "
            f"({_listed(list(known.index))}), got {known.notna().sum()} of them; the names must be "
            "those of the skills"
        )
    return known


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


def _skills(curves: Curves, best: Fit, names: np.ndarray, learned: np.ndarray) -> pd.DataFrame:
    """The table of all skills by `names`; those `learned` have half-times, fitted or not."""
    values = best.parameters["value"]
    has_ceiling = "ceiling" in values.index.get_level_values(0)
    frame = pd.DataFrame(index=pd.Index(curves.names, name="skill"))
    frame["final_level"] = _final_level(curves)
    frame["fitted"] = frame.index.isin(list(best.predicted["skill"].values))
    ceiling = values.xs("ceiling") if has_ceiling else pd.Series(dtype=float)
    frame["ceiling"] = ceiling.reindex(frame.index).fillna(1.0)
    frame = frame.reindex(list(names))
    fitted = frame.query("fitted")
    part = curves.select(learned)
    # The ceiling of a skill that is learned but not fitted is its final level.
    top = frame["ceiling"].where(frame["fitted"] | ~has_ceiling, frame["final_level"])
    top = top.reindex(list(learned)).to_numpy()
    measured = half_times(part, top)
    frame["half"] = measured["half"].reindex(frame.index)
    frame["half_log_stderr"] = measured["log_stderr"].reindex(frame.index)
    ratios = _time_ratios(part, top).reindex(frame.index)
    frame[["time_ratio", "time_ratio_low", "time_ratio_high"]] = ratios
    top = fitted["ceiling"].to_numpy()
    smooth = best.levels(dense(curves.steps)).sel(skill=list(fitted.index))
    for column, share in (("emergence", 0.05), ("saturation", 0.95)):
        crossing = _crossing(smooth, top, share)
        frame[column] = pd.Series(crossing, index=fitted.index).reindex(frame.index)
    learned = curves.mean_run().learning_time(0.9).values
    frame["learned"] = pd.Series(learned, index=curves.names).reindex(frame.index)
    frame[["rate", "rate_low", "rate_high"]] = _rates(best, fitted.index[0]).reindex(frame.index)
    return frame


def _time_ratios(curves: Curves, ceiling: np.ndarray) -> pd.DataFrame:
    """t_i/t_1 of the half-times with intervals; NaN where no skill has one in every run."""
    time, stderr = half_times_by_run(curves, ceiling)
    time = np.where(np.isfinite(time) & (time > 0), time, np.nan)
    frame = pd.DataFrame(np.nan, index=list(curves.names), columns=range(3))
    if np.isfinite(time).all(0).any():
        ratio = relative_times(time, np.where(np.isfinite(stderr), stderr, 0)).log_ratio
        frame[:] = np.exp(np.stack([ratio.median, ratio.low, ratio.high], axis=1))
    return frame.set_axis(["time_ratio", "time_ratio_low", "time_ratio_high"], axis=1)


def _rates(best: Fit, first: str) -> pd.DataFrame:
    """The winner's frequencies relative to that of the first skill: rates under its name."""
    columns = ["rate", "rate_low", "rate_high"]
    if "frequency" not in best.parameters.index.get_level_values(0):
        return pd.DataFrame(columns=columns, dtype=float)
    ratios = best.ratios("frequency", to=first).set_axis(columns, axis=1)
    status = best.parameters.xs("frequency")["status"].to_dict()
    unknown = [name for name, one in status.items() if one == "unidentifiable"]
    return ratios * np.nan if first in unknown else ratios.drop(unknown).reindex(ratios.index)


def _with_frequencies(
    skills: pd.DataFrame, known: pd.Series, infer: Batches | None
) -> tuple[pd.DataFrame, FrequencyLaw | None]:
    """The table with known and inferred frequencies, and the law of the known ones."""
    columns = ["inferred", "inferred_low", "inferred_high"]
    skills = skills.assign(frequency=known.reindex(skills.index), **dict.fromkeys(columns, np.nan))
    half = skills["half"].where(np.isfinite(skills["half"]) & (skills["half"] > 0))
    error = skills["half_log_stderr"].fillna(0.0).to_numpy()
    usable = half.notna().to_numpy()
    law = None
    batches: Batches = infer or "fresh"
    if (usable & skills["frequency"].notna().to_numpy()).sum() >= _FEWEST_KNOWN:
        law = frequency_law(half.to_numpy(), skills["frequency"].to_numpy(), error, batches=batches)
    some_known = bool(skills["frequency"].notna().to_numpy().any())
    if usable.any() and (infer is not None or some_known):
        ratio = infer_frequencies(half.to_numpy(), error, batches=batches).log_ratio
        skills[columns] = np.exp(np.stack([ratio.median, ratio.low, ratio.high], axis=1))
    return skills.drop(columns="half_log_stderr"), law


def _crossing(level: xr.DataArray, ceiling: np.ndarray, share: float) -> np.ndarray:
    relative = level / xr.DataArray(ceiling, dims="skill")
    return Curves(relative.to_dataset(name="level")).learning_time(share).values


def _on_steps(n_step: int, curves: Curves) -> list[str]:
    if n_step == curves.steps.size:
        return []
    return [f"The {n_step:,} measured checkpoints are averaged over {curves.steps.size} bins."]


def _on_frequencies(curves: Curves, given: Mapping[str, float] | None) -> list[str]:
    others = [name for name in given or {} if name not in curves.names]
    if not others:
        return []
    return [f"Frequencies are given for skills that these curves do not have: {_listed(others)}."]


def _on_skills(
    curves: Curves, *, flat: np.ndarray, below: np.ndarray, unmeasured: np.ndarray, n_rising: int
) -> list[str]:
    reasons = []
    if unmeasured.size:
        reasons.append(f"Left out without measurements: {_listed(unmeasured)}.")
    if flat.size:
        reasons.append(
            f"Left out of the fits without learning (a rise below {SIGNIFICANT:g} standard "
            "errors): "
            f"{_listed(flat)}."
        )
    if below.size:
        reasons.append(f"Left out of the fits, never above chance: {_listed(below)}.")
    if n_rising > MOST_FITTED:
        reasons.append(
            f"The theories were fitted to {MOST_FITTED} of the {n_rising} skills that show "
            "learning, spread over the order of learning; to fit others, select them by name."
        )
    if "level_stderr" not in curves.dataset:
        reasons.append(
            "The log has no standard errors: all measurements have the same weight, and the size "
            "of the noise is estimated from the residuals."
        )
    return reasons


def _on_clock(change: Drift) -> list[str]:
    if not change.n_pair:
        return [
            "It cannot be tested whether skills share one clock, as in the Resource theory: no two "
            "consecutive skills are partly learned at three common checkpoints."
        ]
    pairs = "1 pair" if change.n_pair == 1 else f"{change.n_pair} pairs"
    return [
        f"In the Resource theory, ln u_i/ln u_j is constant while two skills are learned; here it "
        f"changes by a factor of {change.factor:.2f} (median of {pairs} of neighbours)."
    ]


def _on_noise(curves: Curves, comparison: Comparison) -> list[str]:
    several = curves.level.sizes.get("run", 1) > 1
    noise = comparison.best.noise[""]
    reasons = []
    if noise.correlation > 0.3 and not several:
        reasons.append(
            f"Errors of neighbouring checkpoints are correlated ({noise.correlation:.2f}), "
            "which the "
            "intervals include; an error that all checkpoints share, for example from the choice "
            "of test questions or the seed, cannot be seen in one run."
        )
    return reasons


def _on_theories(comparison: Comparison) -> list[str]:
    best, name = comparison.best, comparison.winner
    reasons = []
    if not best.converged:
        reasons.append(f"The fit of {name} had not converged when it was stopped.")
    if best.agreement < 0.5:
        reasons.append(
            f"Only one of the four most promising starts of {name} reached the best fit, so a "
            "better "
            "one may exist."
        )
    known = best.parameters
    status = known["status"]
    for which, meaning in (
        ("unidentifiable", "are not determined by these curves"),
        ("at bound", "are at the edge of their range"),
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
