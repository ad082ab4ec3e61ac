"""Metrics as levels: 0 is chance or the start, 1 is mastery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import CurvesError, LogError
from skillphysics.measure.choices import (
    Account,
    Choice,
    Given,
    choose,
    selected,
    short_names,
    with_metric,
)
from skillphysics.measure.log import Log, listed
from skillphysics.measure.scales import (
    Grid,
    accuracy_scales,
    first_value,
    last_value,
    loss_scales,
    make_grid,
    refuse_unused,
    sentence_of,
)

# An accuracy of 1 may come back from single precision as a little more.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Reading:
    """How a log is read, whether or not that is enough for levels.

    Attributes:
        log: the log.
        choices: what becomes a skill.
        grid: the measurements of the choices.
        scale: the values of level 0 and level 1 of each task of known kind, NaN if missing.
        missing: arguments that would complete the scales, and the tasks that need them.
        notes: notes on how the log is read.
        left_out: tasks, columns and keys that are not read, and why.
    """

    log: Log
    choices: tuple[Choice, ...]
    grid: Grid
    scale: Mapping[str, tuple[float, float]]
    missing: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]
    left_out: Mapping[str, str]


def levels(
    log: Log,
    *,
    skills: Sequence[str] | str | None = None,
    metric: str | None = None,
    chance: Given = None,
    ceiling: Given = None,
    floor: Given = None,
    start: Given = None,
) -> Curves:
    """The skill curves of a log.

    An accuracy a becomes (a − chance)/(ceiling − chance), a loss ℓ becomes
    (start − ℓ)/(start − floor), and a level is kept. Nothing is clipped. Of several metrics of a
    task, the first in the order of `measure.metrics` is read. The attributes `source`, `format`,
    `axis`, `tasks`, `left_out` and `notes` of the curves record how the log was read.

    Chance, ceiling, floor and start are one number for all tasks, or a mapping from names or
    patterns to numbers, of which the most specific is used. A chance level for all tasks is used
    only for tasks without a known one; a chance level by name or pattern replaces a known one.

    Args:
        log: the result of `read_log`.
        skills: names or patterns (`arc_*`) of tasks; by default all that have a usable metric and
            are not members of a larger family.
        metric: a metric of the log, or a kind ("accuracy", "loss", "level"), instead of the
            preferred one. If the log names no metric, the kind of its values. Columns whose names
            imply another kind are not read.
        chance: accuracy of guessing; by default that of well-known benchmarks.
        ceiling: accuracy of a perfect model, 1 by default; 100 for percent.
        floor: loss of a perfect model; by default 0 for errors and unknown for other losses.
        start: loss at level 0; by default the first measured loss of the task, averaged over runs.

    Returns:
        Curves over the union of all steps, with runs if the log has several.

    Raises:
        LogError: a pattern matches nothing, no task is usable, a required chance level or floor is
            unknown, or a value is outside of its scale.

    Example:
        >>> from skillphysics.measure.log import make_table
        >>> from pathlib import Path
        >>> table = make_table(
        ...     run=["", ""], step=[0, 10], task=["piqa"] * 2, metric=["acc"] * 2, value=[0.5, 0.8]
        ... )
        >>> levels(Log(table, Path("log.csv"), "table")).level.values.round(6).tolist()
        [[0.0], [0.6]]
    """
    reading = understand(
        log,
        skills=skills,
        metric=metric,
        chance=chance,
        ceiling=ceiling,
        floor=floor,
        start=start,
    )
    _refuse_missing(reading)
    return curves_of(reading)


def understand(
    log: Log,
    *,
    skills: Sequence[str] | str | None = None,
    metric: str | None = None,
    chance: Given = None,
    ceiling: Given = None,
    floor: Given = None,
    start: Given = None,
) -> Reading:
    """How a log is read, even if a scale is unknown.

    The arguments are those of `levels`.

    Raises:
        LogError: as in `levels`, except for an unknown scale.
    """
    account = Account(list(log.notes), dict(log.left_out))
    if metric is not None:
        log, metric = with_metric(log, metric, account)
    patterns = [skills] if isinstance(skills, str) else skills
    short = short_names(log)
    tasks = selected(log, patterns, short, account)
    given = {"chance": chance, "ceiling": ceiling, "floor": floor, "start": start}
    choices = choose(log, tasks, metric, account, short=short, patterns=patterns, given=given)
    refuse_unused(log, choices, short, given)
    grid = make_grid(log, choices)
    missing: dict[str, list[str]] = {}
    scale = accuracy_scales(log, choices, grid, given, account, missing)
    scale |= loss_scales(log, choices, grid, given, missing)
    return Reading(
        log,
        tuple(choices),
        grid,
        scale,
        {name: tuple(found) for name, found in missing.items()},
        tuple(account.notes),
        account.left_out,
    )


def _refuse_missing(reading: Reading) -> None:
    for option, tasks in reading.missing.items():
        raise LogError(f"{reading.log.source}: {sentence_of(option, tasks)}")


def curves_of(reading: Reading) -> Curves:
    """The skill curves, if no scale is missing.

    Raises:
        LogError: a value is outside of its scale.
    """
    log, choices, grid, scale = reading.log, reading.choices, reading.grid, reading.scale
    _refuse_outside(log, choices, grid, scale)
    ends = np.array([scale.get(choice.task, (0.0, 1.0)) for choice in choices])
    zero, one = ends[:, 0], ends[:, 1]
    # Levels that overflow are refused below, by name.
    with np.errstate(over="ignore"):
        level, stderr = (grid.value - zero) / (one - zero), grid.stderr / np.abs(one - zero)
    attrs: dict[str, Any] = {
        "source": log.source.resolve().name,
        "format": log.format,
        "axis": log.axis,
        "tasks": {choice.name: _record(choice, scale) for choice in choices},
        "left_out": dict(reading.left_out),
        "notes": [*reading.notes, *_taken_as_logarithm(choices), *left_out(reading.left_out)],
    }
    frequency = [log.frequency.get(choice.task) for choice in choices]
    tokens = [log.tokens.get(step) for step in grid.steps.tolist()]
    several = len(grid.runs) > 1
    loss = None if several or not log.loss else [log.loss.get(s, np.nan) for s in grid.steps]
    if not several and grid.runs[0]:
        attrs["run"] = grid.runs[0]
    try:
        return Curves.from_arrays(
            grid.steps,
            level if several else level[0],
            skill=[choice.name for choice in choices],
            run=grid.runs if several else None,
            level_stderr=None if np.isnan(stderr).all() else stderr if several else stderr[0],
            loss=loss,
            frequency=None if None in frequency else np.array(frequency, dtype=float),
            tokens=None if None in tokens else np.array(tokens, dtype=float),
            attrs=attrs,
        )
    except CurvesError as error:
        raise LogError(f"{log.source}: {error}") from error


def left_out(reasons: Mapping[str, str]) -> list[str]:
    """What is left out as sentences, one per reason."""
    groups: dict[str, list[str]] = {}
    for name, why in reasons.items():
        groups.setdefault(why, []).append(name or "''")
    return [f"left out: {listed(names)} ({why})" for why, names in groups.items()]


def _record(choice: Choice, scale: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    about: dict[str, Any] = {"key": choice.key, "metric": choice.metric, "kind": choice.kind}
    if choice.kind == "level":
        return about
    zero, one = scale[choice.task]
    names = ("chance", "ceiling") if choice.kind == "accuracy" else ("start", "floor")
    return about | dict(zip(names, (zero, one), strict=True))


def _taken_as_logarithm(choices: Sequence[Choice]) -> list[str]:
    tasks = [choice.name for choice in choices if choice.is_perplexity]
    return [f"the loss of {listed(tasks)} is the logarithm of the perplexity"] if tasks else []


def _refuse_outside(
    log: Log, choices: Sequence[Choice], grid: Grid, scale: Mapping[str, tuple[float, float]]
) -> None:
    """Refuse accuracies outside of 0 and the ceiling: another unit, or not accuracies."""
    for i, choice in enumerate(choices):
        if choice.kind != "accuracy":
            continue
        values, top = grid.value[..., i], scale[choice.task][1]
        low = -top if choice.is_signed else 0.0
        if np.nanmin(values) >= low and np.nanmax(values) <= top * (1 + _ROUNDING):
            continue
        worst = np.nanmin(values) if np.nanmin(values) < low else np.nanmax(values)
        falls = last_value(grid, i) < first_value(grid, i)
        if top <= 1 < worst <= 100 and not falls:
            remedy = "set ceiling=100 if it is in percent"
        elif falls:
            remedy = "its values fall; set metric='loss' if it is a loss"
        else:
            remedy = "set metric='loss' if it is a loss, or correct the log"
        raise LogError(
            f"{log.source}: the accuracy of {choice.key!r} must be between {low:g} and {top:g}, "
            "got "
            f"{worst:g}; {remedy}"
        )
