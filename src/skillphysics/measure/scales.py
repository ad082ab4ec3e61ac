"""The ends of a scale: the values at which a level is 0 and 1, known or given."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skillphysics.errors import ArgumentError, LogError
from skillphysics.measure.chance import known_chance, most_specific
from skillphysics.measure.choices import Account, Choice, Given, matching
from skillphysics.measure.log import Log, codes, labels, listed
from skillphysics.measure.metrics import metric_of

_FREE_TEXT = ("exact_match",)
_FOR_ALL = "*"


@dataclass(frozen=True, eq=False)
class Grid:
    """Measurements [n_run, n_step, n_skill], NaN where not measured."""

    runs: tuple[str, ...]
    steps: np.ndarray
    value: np.ndarray
    stderr: np.ndarray


def make_grid(log: Log, choices: Sequence[Choice]) -> Grid:
    """The measurements of the choices, with perplexities as their logarithms.

    Raises:
        LogError: a measurement is infinite, or a perplexity is not positive.
    """
    table, tasks, metrics = log.table, log.tasks, labels(log.table, "metric")
    place = {task: i for i, task in enumerate(tasks)}
    column = np.full((len(tasks), len(metrics)), -1)
    for i, choice in enumerate(choices):
        column[place[choice.task], metrics.index(choice.metric)] = i
    skill = column[codes(table, "task"), codes(table, "metric")]
    used = np.flatnonzero((skill >= 0) & table["value"].notna().to_numpy())
    steps, at_step = np.unique(table["step"].to_numpy()[used], return_inverse=True)
    runs, at_run = np.unique(codes(table, "run")[used], return_inverse=True)
    names = labels(table, "run")
    shape = (runs.size, steps.size, len(choices))
    value, stderr = np.full(shape, np.nan), np.full(shape, np.nan)
    measured, at_skill = table["value"].to_numpy()[used], skill[used]
    if np.isinf(measured).any():
        first = int(np.argmax(np.isinf(measured)))
        raise LogError(
            f"{log.source}: {choices[int(at_skill[first])].task!r} must be finite, got an infinite "
            f"number at step {steps[at_step[first]]}; remove the step or the task"
        )
    value[at_run, at_step, at_skill] = measured
    stderr[at_run, at_step, at_skill] = table["stderr"].to_numpy()[used]
    for i, choice in enumerate(choices):
        if choice.is_perplexity:
            value[..., i], stderr[..., i] = _logarithm(log, choice, value[..., i], stderr[..., i])
    return Grid(tuple(names[run] for run in runs), steps, value, stderr)


def _logarithm(
    log: Log, choice: Choice, value: np.ndarray, stderr: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if np.nanmin(value) <= 0:
        raise LogError(
            f"{log.source}: {choice.metric} of {choice.task!r} must be positive, as a perplexity, "
            f"got {np.nanmin(value):g}; correct the log"
        )
    return np.log(value), stderr / value


def refuse_unused(
    log: Log, choices: Sequence[Choice], short: Mapping[str, str], given: Mapping[str, Given]
) -> None:
    """Refuse numbers that would have no effect, because of a wrong name or another metric."""
    kinds = {choice.kind for choice in choices}
    every = list(dict.fromkeys([*short, *short.values()]))
    for name, value in given.items():
        needed = "accuracy" if name in ("chance", "ceiling") else "loss"
        if value is not None and needed not in kinds and kinds != {""}:
            raise LogError(
                f"{log.source}: {name} must be left out, because no task is measured by "
                f"{'an accuracy' if needed == 'accuracy' else 'a loss'}"
            )
        numbers = value if isinstance(value, Mapping) else {_FOR_ALL: value}
        if isinstance(value, Mapping):
            matching(every, list(value), f"{log.source}, {name}")
        for key, one in numbers.items():
            if one is not None and not _is_finite(one):
                of = f" of {key!r}" if isinstance(value, Mapping) else ""
                raise ArgumentError(f"{name}{of} must be finite, got {one!r}", argument=name)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value) and not isinstance(value, bool)
    except (TypeError, ValueError):
        return False


def accuracy_scales(
    log: Log,
    choices: Sequence[Choice],
    grid: Grid,
    given: Mapping[str, Given],
    account: Account,
    missing: dict[str, list[str]],
) -> dict[str, tuple[float, float]]:
    """Chance and ceiling of each accuracy; NaN and an entry in `missing` if chance is unknown.

    Raises:
        LogError: a chance level is not in 0 ≤ chance < ceiling.
    """
    scales, small, percent = {}, [], []
    kept: dict[str, float] = {}
    filled = []
    for i, choice in enumerate(choices):
        if not choice.kind:
            missing.setdefault("kind", []).append(choice.name)
        if choice.kind != "accuracy":
            continue
        top = _of(given["ceiling"], choice)
        if top is None:
            top = 1.0
            about = metric_of(choice.metric)
            if about is not None and about.percent and np.nanmax(grid.value[..., i]) > 1:
                top = 100.0
                percent.append(choice.name)
        bottom = _by_name(given["chance"], choice)
        if bottom is None:
            known = _known(log, choice, top)
            bottom = known if known is not None else _for_all(given["chance"])
            if known is not None and _for_all(given["chance"]) not in (None, known):
                kept[choice.name] = known
            elif known is None and bottom is not None:
                filled.append(choice.name)
        if bottom is not None and top > 1 and 0 < bottom < 1 and choice.name not in kept:
            small.append(choice.name)
        if bottom is None:
            missing.setdefault("chance", []).append(choice.name)
            scales[choice.task] = (math.nan, top)
        elif not bottom < top or (bottom < 0 and not choice.is_signed):
            raise LogError(
                f"{log.source}: the chance level of {choice.task!r} must be at least 0 and "
                "below its "
                f"ceiling {top:g}, got {bottom:g}"
            )
        else:
            scales[choice.task] = (bottom, top)
    if kept:
        one = next(iter(kept))
        levels = [f"{name} {value:.4g}" for name, value in kept.items()]
        use = listed(filled) if filled else "no task"
        account.notes.append(
            f"the chance level given for all, {_for_all(given['chance']):g}, is used for {use}; "
            f"known levels are kept ({', '.join(levels[:6])}{', …' if len(levels) > 6 else ''}); "
            f"to replace one, set chance={{{one!r}: {_for_all(given['chance']):g}}}"
        )
    if small:
        account.notes.append(f"the given chance level of {listed(small)} is below one percent")
    if percent:
        account.notes.append(f"{listed(percent)}: values above 1 are read as percent")
    return scales


def _known(log: Log, choice: Choice, top: float) -> float | None:
    """The chance level that the log states, that the metric implies, or of the benchmark."""
    stated = most_specific(log.chance, choice.task)
    if stated is not None:
        return stated
    # A ceiling above 1 means that accuracies are in percent.
    unit = 100.0 if top > 1 else 1.0
    zero, about = choice.zero, metric_of(choice.metric)
    if zero is not None:
        return zero * unit
    free_text = about is not None and about.family in _FREE_TEXT
    if about is not None and not (about.guesses or free_text):
        return None
    level = known_chance(choice.task, free_text=free_text)
    return None if level is None else level * unit


def loss_scales(
    log: Log,
    choices: Sequence[Choice],
    grid: Grid,
    given: Mapping[str, Given],
    missing: dict[str, list[str]],
) -> dict[str, tuple[float, float]]:
    """Start and floor of each loss; NaN and an entry in `missing` if the floor is unknown.

    Raises:
        LogError: a floor is not below the start.
    """
    scales = {}
    for i, choice in enumerate(choices):
        if choice.kind != "loss":
            continue
        bottom, top = _of(given["floor"], choice), _of(given["start"], choice)
        bottom = choice.zero if bottom is None else bottom
        if top is None:
            top = first_value(grid, i)
        if bottom is None:
            missing.setdefault("floor", []).append(choice.name)
            bottom = math.nan
        if bottom >= top:
            raise LogError(
                f"{log.source}: the floor of {choice.task!r} must be below the start of the loss, "
                f"{top:g}, got {bottom:g}; set floor={{{choice.task!r}: …}}"
            )
        scales[choice.task] = (top, bottom)
    return scales


def _by_name(given: Given, choice: Choice) -> float | None:
    """The number given for a task by name or pattern, or None."""
    if not isinstance(given, Mapping):
        return None
    named = {key: value for key, value in given.items() if key != _FOR_ALL}
    found = most_specific(named, choice.task)
    return most_specific(named, choice.name) if found is None else found


def _for_all(given: Given) -> float | None:
    if isinstance(given, Mapping):
        return float(given[_FOR_ALL]) if _FOR_ALL in given else None
    return None if given is None else float(given)


def _of(given: Given, choice: Choice) -> float | None:
    found = _by_name(given, choice)
    return _for_all(given) if found is None else found


def first_value(grid: Grid, skill: int) -> float:
    """The first measurement of a skill, averaged over runs."""
    first = int(np.argmax((~np.isnan(grid.value[..., skill])).any(axis=0)))
    return float(np.nanmean(grid.value[:, first, skill]))


def last_value(grid: Grid, skill: int) -> float:
    """The last measurement of a skill, averaged over runs."""
    measured = (~np.isnan(grid.value[..., skill])).any(axis=0)
    return float(np.nanmean(grid.value[:, int(np.flatnonzero(measured)[-1]), skill]))


def sentence_of(option: str, tasks: Sequence[str]) -> str:
    """What is missing for the scale of some tasks, and the arguments that give it.

    Args:
        option: "chance", "floor" or "kind".
        tasks: the names of the skills.
    """
    if option == "kind":
        return (
            f"the scale of {listed(tasks)} is unknown; set chance=… and ceiling=… if it rises, or "
            "floor=… if it falls"
        )
    value = "0.25" if option == "chance" else "1.7"
    what = "chance level of" if option == "chance" else "loss of a perfect model on"
    by_task = ", ".join(f"{task!r}: {value}" for task in tasks[:3])
    more = ", …" if len(tasks) > 3 else ""
    for_all = f", or {option}={value} for all" if len(tasks) > 1 or option == "floor" else ""
    free = " (0 for answers in free text)" if option == "chance" else ""
    return f"the {what} {listed(tasks)} is unknown; set {option}={{{by_task}{more}}}{for_all}{free}"
