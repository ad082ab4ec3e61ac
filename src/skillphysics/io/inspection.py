"""How a log is read, shown before any theory is fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skillphysics.errors import FitError, LogError
from skillphysics.io import read_log
from skillphysics.measure.choices import Choice, Given
from skillphysics.measure.data import FEWEST_STEPS
from skillphysics.measure.describe import Measured, paragraph
from skillphysics.measure.learning import learning
from skillphysics.measure.levels import Reading, curves_of, understand
from skillphysics.measure.log import Log, labels
from skillphysics.measure.metrics import family, kind
from skillphysics.measure.names import axis_of, is_call_count
from skillphysics.measure.scales import first_value, last_value, sentence_of
from skillphysics.measure.thinning import thinned

_WITH_COLUMNS = ("table", "json", "text", "wandb", "folder")
# With this many tasks, one number for all is easier to give than one per task.
_MANY = 4


@dataclass(frozen=True)
class InspectedSkill:
    """How one skill is measured.

    Attributes:
        name: the name of the skill.
        key: the column or key of the log that holds it.
        metric: its metric, "" if the log does not name it.
        kind: "accuracy", "loss" or "level"; "" if unknown.
        direction: "rises" or "falls" with learning; "" if unknown.
        zero: the chance level, or the loss of level 0; None if unknown.
        one: the ceiling, or the floor of a loss; None if unknown.
        measurements: their number in all runs.
        first: the first measurement, averaged over runs.
        last: the last measurement, averaged over runs.
    """

    name: str
    key: str
    metric: str
    kind: str
    direction: str
    zero: float | None
    one: float | None
    measurements: int
    first: float
    last: float


@dataclass(frozen=True)
class Inspection:
    """How a log is read.

    Attributes:
        source: the name of the file or folder.
        format: a name in `FORMATS`.
        axis: what the steps count: "steps", "epochs", "tokens", ….
        steps: the steps, over all runs and skills.
        runs: names of the runs; none for a single run without a name.
        skills: how each skill is measured.
        left_out: columns, keys and tasks that are not read, and why.
        notes: notes on how the log is read, and what is missing for levels.
        arguments: arguments with which `read_curves` reads the log, or reads it in another way;
            None stands for a number that only the user knows, "*" for all tasks.
    """

    source: str
    format: str
    axis: str
    steps: tuple[float, ...]
    runs: tuple[str, ...]
    skills: tuple[InspectedSkill, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]
    arguments: tuple[Mapping[str, Any], ...]

    @property
    def paragraph(self) -> str:
        """Two to four sentences; see `reading_paragraph`."""
        return paragraph(
            source=self.source,
            format=self.format,
            axis=self.axis,
            steps=self.steps,
            runs=self.runs,
            skills=[Measured(s.name, s.metric, s.kind, s.zero, s.one) for s in self.skills],
            left_out=self.left_out,
        )

    def to_json(self) -> dict[str, Any]:
        """The inspection as JSON values."""
        return {
            "format": self.format,
            "axis": self.axis,
            "steps": {
                "number": len(self.steps),
                "first": self.steps[0] if self.steps else None,
                "last": self.steps[-1] if self.steps else None,
            },
            "runs": list(self.runs),
            "skills": [_skill_json(skill) for skill in self.skills],
            "left_out": [{"name": name, "why": why} for name, why in self.left_out.items()],
            "notes": list(self.notes),
            "arguments": [dict(given) for given in self.arguments],
        }


def inspect_log(
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002
    skills: Sequence[str] | str | None = None,
    metric: str | None = None,
    chance: Given = None,
    ceiling: Given = None,
    floor: Given = None,
    start: Given = None,
    step: str | None = None,
    task: str | None = None,
    run: str | None = None,
    value: str | None = None,
    stderr: str | None = None,
) -> Inspection:
    """How a log is read, even if it cannot be turned into levels yet.

    The arguments are those of `read_curves`.

    Raises:
        ArgumentError: as in `read_log`.
        LogError: the log cannot be read, or has no such task or metric.

    Example:
        >>> from skillphysics.sample import sample_log
        >>> inspect_log(sample_log()).axis
        'steps'
    """
    columns = {"step": step, "task": task, "run": run, "value": value, "stderr": stderr}
    log = read_log(path, format, **columns)
    scales = {"chance": chance, "ceiling": ceiling, "floor": floor, "start": start}
    patterns = [skills] if isinstance(skills, str) else skills
    arguments = _but({"format": format, "skills": patterns, "metric": metric, **columns, **scales})
    try:
        reading = understand(log, skills=skills, metric=metric, **scales)
    except LogError as error:
        # Without a choice of what is measured, the log can still be described.
        if metric is not None or skills is not None or not log.tasks:
            raise
        return _undecided(log, str(error), arguments)
    return _decided(reading, arguments)


def _but(arguments: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """Arguments with some of them changed; mappings are joined, and None leaves one out."""
    found = dict(arguments)
    for name, value in changed.items():
        given = found.get(name)
        if isinstance(value, Mapping) and given is not None:
            found[name] = {**(given if isinstance(given, Mapping) else {"*": given}), **value}
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value is not None and value != {}}


def _decided(reading: Reading, arguments: Mapping[str, Any]) -> Inspection:
    log, grid = reading.log, reading.grid
    skills = [_inspected(reading, i, choice) for i, choice in enumerate(reading.choices)]
    missing = [sentence_of(option, tasks) for option, tasks in reading.missing.items()]
    # Numbers that only the user knows.
    needed = {
        name: dict.fromkeys(tasks if len(tasks) < _MANY else ["*"])
        for name, tasks in reading.missing.items()
        if name != "kind"
    }
    return Inspection(
        log.source.resolve().name,
        log.format,
        log.axis,
        tuple(grid.steps.tolist()),
        grid.runs if grid.runs != ("",) else (),
        tuple(skills),
        dict(reading.left_out),
        (*reading.notes, *missing, *_too_short(grid.steps.size), *_nothing_learned(reading)),
        (_but(arguments, **needed), *_otherwise(reading, arguments)),
    )


def _too_short(n_step: int) -> list[str]:
    if n_step >= FEWEST_STEPS:
        return []
    return [
        f"a report needs at least {FEWEST_STEPS} steps, got {n_step}; give a log with more "
        "checkpoints"
    ]


def _nothing_learned(reading: Reading) -> list[str]:
    """Why known levels cannot be fitted."""
    if reading.missing or reading.grid.steps.size < FEWEST_STEPS:
        return []
    try:
        learning(thinned(curves_of(reading)))
    except (LogError, FitError) as error:
        return [f"no theory can be fitted to this log: {error}"]
    return []


def _inspected(reading: Reading, i: int, choice: Choice) -> InspectedSkill:
    zero, one = (
        None if np.isnan(end) else end for end in reading.scale.get(choice.task, (np.nan, np.nan))
    )
    return InspectedSkill(
        name=choice.name,
        key=choice.key,
        metric=choice.metric,
        kind=choice.kind,
        direction=choice.direction if choice.kind else "",
        zero=zero,
        one=one,
        measurements=int((~np.isnan(reading.grid.value[..., i])).sum()),
        first=first_value(reading.grid, i),
        last=last_value(reading.grid, i),
    )


def _otherwise(reading: Reading, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Other ways to read the log: another axis or another metric."""
    found = []
    axes = [name for name in reading.left_out if axis_of(name) and not is_call_count(name)]
    if axes and reading.log.format in _WITH_COLUMNS and "step" not in arguments:
        found.append(_but(arguments, step=axes[0]))
    metrics: dict[str, int] = {}
    chosen = {(choice.task, choice.metric) for choice in reading.choices}
    for task, metric in set(
        zip(reading.log.table["task"], reading.log.table["metric"], strict=True)
    ):
        if (task, metric) not in chosen and kind(metric):
            metrics[family(metric)] = metrics.get(family(metric), 0) + 1
    if metrics and "metric" not in arguments:
        most = max(metrics, key=lambda name: (metrics[name], name))
        falls = kind(most) in ("loss", "perplexity")
        if falls:
            ends = {"chance": None, "ceiling": None, "floor": arguments.get("floor", 0)}
        else:
            ends = {"floor": None, "start": None}
        found.append(_but(arguments, metric=most, **ends))
    return found


def _undecided(log: Log, why: str, arguments: Mapping[str, Any]) -> Inspection:
    """What a log holds whose numbers are of unknown kind."""
    table = log.table
    skills = []
    for pair, rows in table.groupby(["task", "metric"], observed=True, sort=False):
        task, metric = (str(part) for part in pair)  # pyright: ignore[reportGeneralTypeIssues]
        values = rows["value"].to_numpy()
        steps = rows["step"].to_numpy()
        skills.append(
            InspectedSkill(
                name=task,
                key=log.keys.get((task, metric), task),
                metric=metric,
                kind=kind(metric) or "",
                direction="",
                zero=None,
                one=None,
                measurements=len(rows),
                first=float(values[steps == steps.min()].mean()),
                last=float(values[steps == steps.max()].mean()),
            )
        )
    nameless = [skill for skill in skills if not skill.kind]
    are_shares = all(0 <= skill.first <= 1 and 0 <= skill.last <= 1 for skill in nameless)
    runs, every = labels(table, "run"), np.unique(table["step"].to_numpy())
    return Inspection(
        log.source.resolve().name,
        log.format,
        log.axis,
        tuple(every.tolist()),
        runs if runs != ("",) else (),
        tuple(skills),
        dict(log.left_out),
        (*log.notes, why, *_too_short(every.size)),
        (_but(arguments, metric="accuracy" if are_shares else "loss"),) if nameless else (),
    )


def _skill_json(skill: InspectedSkill) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": skill.name,
        "key": skill.key,
        "metric": skill.metric or None,
        "kind": skill.kind or None,
        "direction": skill.direction or None,
    }
    loss = skill.kind == "loss"
    about |= {"chance": None if loss else skill.zero, "ceiling": None if loss else skill.one}
    about |= {"start": skill.zero if loss else None, "floor": skill.one if loss else None}
    values = {"measurements": skill.measurements, "first": skill.first, "last": skill.last}
    return about | values
