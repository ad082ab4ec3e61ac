"""Two sets of runs on a common axis of time and a common scale of levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from skillphysics.comparison.track import Track
from skillphysics.curves import Curves
from skillphysics.domains import POSITIVE
from skillphysics.errors import ArgumentError, CurvesError

AXES = ("steps", "tokens", "FLOP")
# With fewer checkpoints after the start, the shapes of two curves cannot be compared.
_FEWEST = 4


@dataclass(frozen=True, eq=False)
class Side:
    """The runs of one setting, which differ only in their seed.

    Attributes:
        name: of the setting, in tables and figures.
        time: [n_step], in units of the common axis.
        level: [n_run, n_step, n_skill], NaN where not measured.
        stderr: shaped like `level`, or None if the log has none.
    """

    name: str
    time: Float[np.ndarray, " n_step"]
    level: Float[np.ndarray, "n_run n_step n_skill"]
    stderr: Float[np.ndarray, "n_run n_step n_skill"] | None

    @property
    def n_run(self) -> int:
        """The number of runs."""
        return self.level.shape[0]

    def track(self, run: int, skill: int) -> Track:
        """One skill in one run."""
        error = None if self.stderr is None else self.stderr[run, :, skill]
        return Track.of(self.time, self.level[run, :, skill], error)

    def mean_track(self, skill: int) -> Track:
        """One skill in the mean of the runs."""
        level = self.level[:, :, skill]
        measured = ~np.isnan(level)
        count = np.maximum(measured.sum(0), 1)
        mean = np.where(measured.any(0), np.nansum(level, 0) / count, np.nan)
        if self.stderr is None:
            return Track.of(self.time, mean, None)
        variance = np.where(measured, self.stderr[:, :, skill], np.nan) ** 2
        known = np.maximum((~np.isnan(variance)).sum(0), 1)
        return Track.of(self.time, mean, np.sqrt(np.nansum(variance, 0) / known / count))


@dataclass(frozen=True, eq=False)
class Pair:
    """The runs of a baseline and of another setting, on common axes.

    Attributes:
        axis: the unit of time: "steps", "epochs", "tokens" or "FLOP".
        skills: names of the common skills.
        baseline: the runs of the baseline.
        other: the runs of the other setting.
        last: the last common time.
        notes: sentences on what was left out or rescaled.
    """

    axis: str
    skills: tuple[str, ...]
    baseline: Side
    other: Side
    last: float
    notes: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether both sides have the same numbers."""
        baseline, other = self.baseline, self.other
        return np.array_equal(baseline.time, other.time) and np.array_equal(
            baseline.level, other.level, equal_nan=True
        )


def align(
    baseline: Curves,
    other: Curves,
    names: tuple[str, str],
    *,
    axis: str | None = None,
    per_step: tuple[float, float] | None = None,
) -> Pair:
    """Two curves as a pair.

    Args:
        baseline: the baseline; its runs are seeds.
        other: the other setting.
        names: of both.
        axis: "steps", "tokens" or "FLOP"; by default the one of both logs.
        per_step: tokens or FLOP per step of both, required for these axes unless the curves have
            the coordinate `tokens`.

    Raises:
        ArgumentError: the axis is unknown, or a number per step is missing or not positive.
        CurvesError: the two have no axis, skill or time in common, or too few checkpoints.
    """
    both = (baseline, other)
    common_axis = _common_axis(both, names, axis, per_step)
    numbers = per_step or (1.0, 1.0)
    times = [
        _time(c, n, common_axis, number) for c, n, number in zip(both, names, numbers, strict=True)
    ]
    notes: list[str] = []
    skills = _common_skills(both, names, notes)
    scales = [_scale(curves, skills) for curves in both]
    first, second = (
        _side(curves, name, time, skills)
        for curves, name, time in zip(both, names, times, strict=True)
    )
    second = _on_scale_of(scales[0], scales[1], second, skills, notes)
    for side in (first, second):
        _refuse_few(side)
    last = min(side.time[-1] for side in (first, second))
    if last <= max(side.time[side.time > 0][0] for side in (first, second)):
        spans = " and ".join(
            f"{side.name} {_number(side.time[0])} to {_number(side.time[-1])}"
            for side in (first, second)
        )
        raise CurvesError(
            f"the runs must overlap in {common_axis}, got {spans}; compare runs that overlap, or "
            "choose another axis, tokens or FLOP, on which they do"
        )
    return Pair(common_axis, skills, first, second, float(last), tuple(notes))


def _common_axis(
    both: tuple[Curves, Curves],
    names: tuple[str, str],
    axis: str | None,
    per_step: tuple[float, float] | None,
) -> str:
    if axis is not None and axis.lower() not in [known.lower() for known in AXES]:
        raise ArgumentError(f"axis must be one of {', '.join(AXES)}, got {axis!r}", argument="axis")
    axes = [curves.axis for curves in both]
    if axis is None or axis.lower() == axes[0].lower() == axes[1].lower():
        if axes[0] != axes[1]:
            raise CurvesError(
                f"the runs must have the same axis, but {names[0]} counts {axes[0]} and {names[1]} "
                f"counts {axes[1]}"
            )
        return axes[0]
    axis = next(known for known in AXES if known.lower() == axis.lower())
    if per_step is not None:
        for name, counted, number in zip(names, axes, per_step, strict=True):
            if counted != "steps":
                raise CurvesError(
                    f"a number of {axis} per step does not apply to {name}, which counts "
                    f"{counted}; leave it out"
                )
            POSITIVE.check("per_step", number)
        return axis
    if axis == "tokens":
        without = [n for n, c in zip(names, both, strict=True) if "tokens" not in c.dataset.coords]
        if not without:
            return axis
        raise ArgumentError(
            f"per_step must be given, since {without[0]} does not record tokens; pass the "
            "number of tokens per step",
            argument="per_step",
        )
    if axis == "FLOP":
        raise ArgumentError(
            f"per_step must be given, since {names[0]} does not record FLOP; pass the FLOP "
            "per step",
            argument="per_step",
        )
    odd = 0 if axes[0] != axis else 1
    raise CurvesError(f"{names[odd]} counts {axes[odd]}, not {axis}; choose another axis")


def _time(curves: Curves, name: str, axis: str, per_step: float) -> Float[np.ndarray, " n_step"]:
    if axis == "tokens" and "tokens" in curves.dataset.coords and per_step == 1.0:
        time = curves.dataset["tokens"].values.astype(np.float64)
        if (np.diff(time) <= 0).any():
            raise CurvesError(f"the tokens of {name} must increase from checkpoint to checkpoint")
        return time
    return curves.steps.astype(np.float64) * per_step


def _common_skills(
    both: tuple[Curves, Curves], names: tuple[str, str], notes: list[str]
) -> tuple[str, ...]:
    known = set(both[1].names)
    common = [name for name in both[0].names if name in known]
    if not common:
        raise CurvesError(
            f"{names[0]} and {names[1]} must have a skill in common, got {_listed(both[0].names)} "
            f"and {_listed(both[1].names)}"
        )
    for curves, name, shared in zip(both, names, (both[1], both[0]), strict=True):
        alone = [skill for skill in curves.names if skill not in set(shared.names)]
        if alone:
            notes.append(f"only {name} has {_listed(alone)}")
    kept = []
    for skill in common:
        metrics = [_task(curves, skill).get("metric") for curves in both]
        if metrics[0] == metrics[1]:
            kept.append(skill)
        else:
            notes.append(
                f"{skill} is left out: its metric is {metrics[0] or 'level'} in {names[0]} and "
                f"{metrics[1] or 'level'} in {names[1]}"
            )
    if not kept:
        raise CurvesError(f"no skill can be compared: {notes[-1]}; choose the same metric for both")
    measured = [
        skill
        for skill in kept
        if all(curves.level.sel(skill=skill).notnull().any() for curves in both)
    ]
    if not measured:
        raise CurvesError(
            f"no skill is measured in both {names[0]} and {names[1]}: their levels are all NaN"
        )
    if len(measured) < len(kept):
        missing = [skill for skill in kept if skill not in measured]
        notes.append(f"left out, since not measured in both: {_listed(missing)}")
    return tuple(measured)


def _task(curves: Curves, skill: str) -> Mapping[str, Any]:
    return curves.dataset.attrs.get("tasks", {}).get(skill, {})


def _scale(curves: Curves, skills: tuple[str, ...]) -> Float[np.ndarray, "n_skill 2"]:
    """Level 0 and level 1 in the units of the log; NaN where unknown."""
    ends = [
        (
            task.get("chance", task.get("start", np.nan)),
            task.get("ceiling", task.get("floor", np.nan)),
        )
        for task in (_task(curves, skill) for skill in skills)
    ]
    return np.array(ends, np.float64)


def _side(
    curves: Curves, name: str, time: Float[np.ndarray, " n_step"], skills: tuple[str, ...]
) -> Side:
    chosen = curves.dataset.sel(skill=list(skills))

    def with_runs(variable: str) -> Float[np.ndarray, "n_run n_step n_skill"]:
        values = chosen[variable].values.astype(np.float64)
        return values if values.ndim == 3 else values[None]

    stderr = with_runs("level_stderr") if "level_stderr" in chosen else None
    return Side(name, time, with_runs("level"), stderr)


def _on_scale_of(
    target: Float[np.ndarray, "n_skill 2"],
    own: Float[np.ndarray, "n_skill 2"],
    side: Side,
    skills: tuple[str, ...],
    notes: list[str],
) -> Side:
    """The levels of a side, converted to the level 0 and level 1 of the baseline."""
    differs = np.isfinite(target).all(1) & np.isfinite(own).all(1) & (target != own).any(1)
    if not differs.any():
        return side
    notes.append(
        f"level 0 and level 1 of {_listed([s for s, d in zip(skills, differs, strict=True) if d])} "
        f"are those of the baseline in both runs"
    )
    zero = np.where(differs, target[:, 0], 0.0)
    span = np.where(differs, target[:, 1] - target[:, 0], 1.0)
    own_zero = np.where(differs, own[:, 0], 0.0)
    own_span = np.where(differs, own[:, 1] - own[:, 0], 1.0)
    level = (own_zero + side.level * own_span - zero) / span
    stderr = None if side.stderr is None else side.stderr * np.abs(own_span / span)
    return Side(side.name, side.time, level, stderr)


def _refuse_few(side: Side) -> None:
    n = int((side.time > 0).sum())
    if n < _FEWEST:
        raise CurvesError(
            f"{side.name} must have at least {_FEWEST} checkpoints after the start, got {n}"
        )


def _listed(names: tuple[str, ...] | list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value < 1e7 else f"{value:.3g}"
