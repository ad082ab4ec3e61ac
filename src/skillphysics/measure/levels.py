"""Where metrics become levels: 0 is chance or the start, 1 is mastered."""

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
    """What was understood of a log, whether or not it is enough for levels.

    Attributes:
        log: the log.
        choices: what becomes a skill.
        grid: the measurements of the choices.
        scale: for each task of a known kind, the values of level 0 and level 1, NaN where missing.
        missing: options that would complete the scales, and the tasks that need them.
        notes: what a user must know.
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
    (start − ℓ)/(start − floor), and a level stays as it is. Nothing is clipped. A task with
    several metrics is read by the first of `names` that it has. Choices are kept in the
    attributes `source`, `format`, `axis`, `tasks`, `left_out` and `notes` of the curves.

    Chance, ceiling, floor and start are one number for all tasks, or a mapping from names or
    patterns to numbers, of which the most specific counts. A chance level given for all is used
    only where none is known: one given by name or pattern replaces a known one.

    Args:
        log: what `read_log` gives.
        skills: names or patterns (`arc_*`) of tasks, by default all that have a usable metric
            and are no members of a larger family.
        metric: a metric of the log, or any of a kind ("accuracy", "loss", "level"), instead of
            the preferred one; where the log names no metric, what its values are, by kind. A
            column whose name says another kind is not read.
        chance: accuracy of guessing, by default what is known of well-known benchmarks.
        ceiling: accuracy of a perfect model, by default 1; 100 for percent.
        floor: loss of a perfect model; by default 0 for errors, unknown for other losses.
        start: loss at level 0, by default the first measured loss of the task, averaged over
            runs.

    Returns:
        Curves over the union of all steps, with runs where the log has several.

    Raises:
        LogError: a pattern matches nothing, no task is usable, a chance level or a floor is
            needed and unknown, or a value lies outside its scale.

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
    """What can be said of a log before it is known whether that is enough for levels.

    The arguments are those of `levels`.

    Raises:
        LogError: as `levels`, but not for a scale that is unknown.
    """
    account = Account(list(log.notes), dict(log.left_out))
    if metric is not None:
        log, metric = with_metric(log, metric, account)
    wanted = [skills] if isinstance(skills, str) else skills
    short = short_names(log)
    tasks = selected(log, wanted, short, account)
    given = {"chance": chance, "ceiling": ceiling, "floor": floor, "start": start}
    choices = choose(log, tasks, metric, account, short=short, wanted=wanted, given=given)
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
    """The skill curves, once no scale is missing.

    Raises:
        LogError: a value lies outside its scale.
    """
    log, choices, grid, scale = reading.log, reading.choices, reading.grid, reading.scale
    _refuse_outside(log, choices, grid, scale)
    ends = np.array([scale.get(choice.task, (0.0, 1.0)) for choice in choices])
    zero, one = ends[:, 0], ends[:, 1]
    # A level beyond all bounds is refused below, by name.
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
    """What is left out as sentences, one a reason."""
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
    return [f"the loss of {listed(tasks)} is the logarithm of its perplexity"] if tasks else []


def _refuse_outside(
    log: Log, choices: Sequence[Choice], grid: Grid, scale: Mapping[str, tuple[float, float]]
) -> None:
    """An accuracy below 0 or above its ceiling is in another unit, or no accuracy."""
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
            remedy = "is it in percent? give --ceiling 100 (ceiling=100 in Python)"
        elif falls:
            remedy = "its values fall as those of a loss do: say --metric loss (metric='loss')"
        else:
            remedy = "is it a loss? say --metric loss (metric='loss'); else correct the log"
        raise LogError(
            f"{log.source}: the accuracy of {choice.key!r} is {worst:g}, outside {low:g} to "
            f"{top:g}; {remedy}"
        )
