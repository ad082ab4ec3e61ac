"""Where metrics become levels: 0 is chance or the start, 1 is mastered."""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, SupportsFloat

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, CurvesError, LogError
from skillphysics.io.chance import known_chance, most_specific
from skillphysics.io.kinds import PREFERENCE, base, kind
from skillphysics.io.log import Log, codes, labels, listed, rows_where

Given = SupportsFloat | Mapping[str, SupportsFloat] | None
KINDS = ("accuracy", "loss", "level")

# An accuracy of 1 may come back from single precision as a little more.
_ROUNDING = 1e-6
_FREE_TEXT = ("exact_match", "em")


@dataclass(frozen=True)
class _Choice:
    """What is measured of a task: a metric as the log names it, and how to read it."""

    task: str
    metric: str
    kind: str

    @property
    def is_perplexity(self) -> bool:
        return kind(self.metric) == "perplexity"


@dataclass(frozen=True, eq=False)
class _Grid:
    """Measurements [n_run, n_step, n_skill], NaN where not measured."""

    runs: tuple[str, ...]
    steps: np.ndarray
    value: np.ndarray
    stderr: np.ndarray


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
    several metrics is read by the first of `kinds.PREFERENCE` that it has. Choices are kept in
    the attributes `source`, `format`, `tasks` and `notes` of the curves.

    Chance, ceiling, floor and start are one number for all tasks, or a mapping from names or
    patterns to numbers, of which the most specific counts.

    Args:
        log: what `read_log` gives.
        skills: names or patterns (`arc_*`) of tasks, by default all that have a usable metric
            and are no members of a larger family.
        metric: a metric of the log, or any of a kind ("accuracy", "loss", "level"), instead of
            the preferred one; where the log names no metric, what its values are, by kind.
        chance: accuracy of guessing, by default what is known of well-known benchmarks.
        ceiling: accuracy of a perfect model, by default 1; 100 for percent.
        floor: loss of a perfect model.
        start: loss at level 0, by default the first measured loss of the task, averaged over
            runs.

    Returns:
        Curves over the union of all steps, with runs where the log has several.

    Raises:
        LogError: a pattern matches nothing, no task is usable, a chance level or a floor is
            wanted and unknown, or a value lies outside its scale.

    Example:
        >>> from skillphysics.io.log import make_table
        >>> from pathlib import Path
        >>> table = make_table(
        ...     run=["", ""], step=[0, 10], task=["piqa"] * 2, metric=["acc"] * 2, value=[0.5, 0.8]
        ... )
        >>> levels(Log(table, Path("log.csv"), "table")).level.values.round(6).tolist()
        [[0.0], [0.6]]
    """
    notes = list(log.notes)
    wanted = [skills] if isinstance(skills, str) else skills
    tasks = _selected(log, wanted, notes)
    choices = _choices(log, tasks, metric, notes, named=frozenset(wanted or ()), floor=floor)
    _refuse_unused(log, choices, chance=chance, ceiling=ceiling, floor=floor, start=start)
    grid = _grid(log, choices)
    scale = _accuracy_scales(log, choices, chance, ceiling, notes)
    scale |= _loss_scales(log, choices, grid, floor, start)
    return _curves(log, choices, grid, scale, notes)


def matching(names: Sequence[str], patterns: Sequence[str], what: str) -> list[str]:
    """Names that are given, or that fit a pattern, in the order of the patterns.

    Raises:
        LogError: a pattern fits no name; `what` begins the message, which shows near names.
    """
    known = set(names)
    found: dict[str, None] = {}
    for pattern in patterns:
        hits = [pattern] if pattern in known else [n for n in names if fnmatchcase(n, pattern)]
        if not hits:
            near = difflib.get_close_matches(pattern, names, n=4, cutoff=0.5)
            hint = f"near it are {listed(near)}" if near else f"there are {listed(names)}"
            raise LogError(f"{what}: no task is called {pattern!r}; {hint}")
        found |= dict.fromkeys(hits)
    return list(found)


def _selected(log: Log, wanted: Sequence[str] | None, notes: list[str]) -> list[str]:
    if not log.tasks:
        raise LogError(f"{log.source} holds no measurement")
    if wanted is None:
        kept = [task for task in log.tasks if task not in log.members]
        left_out = [task for task in log.tasks if task in log.members]
        if not kept:
            raise LogError(
                f"{log.source} holds only parts of larger families: {listed(left_out)}; ask for "
                "them by name or pattern, --skills '*' on the command line or skills=['*']"
            )
        if left_out:
            notes.append(
                f"parts of larger families are left out: {listed(left_out)}; ask for them by name "
                "or pattern"
            )
        return kept
    chosen = matching(log.tasks, wanted, str(log.source))
    for group in [task for task in chosen if task in log.groups]:
        both = log.groups[group].intersection(chosen)
        if both and group in wanted:
            notes.append(f"{group} is the mean of other tasks that are taken too: {listed(both)}")
        elif both:
            chosen.remove(group)
            notes.append(f"{group} is the mean of {listed(sorted(both))} and is left out")
    return chosen


def _choices(
    log: Log,
    tasks: Sequence[str],
    metric: str | None,
    notes: list[str],
    *,
    named: frozenset[str],
    floor: Given,
) -> list[_Choice]:
    """What is measured of each task; those in `named` may not be left out."""
    metrics = _metrics_of(log)
    if metric is not None and metric not in KINDS:
        _refuse_unknown(log, metric, sorted({m for found in metrics.values() for m in found if m}))
    found = {task: _choice(task, metrics.get(task, []), metric) for task in tasks}
    unusable = [task for task, choice in found.items() if choice is None]
    choices = [choice for choice in found.values() if choice is not None]
    if not choices or named.intersection(unusable):
        refused = [task for task in unusable if task in named] or unusable
        _refuse_unusable(log, refused, metrics, metric)
    losses = [choice.task for choice in choices if choice.kind == "loss"]
    if floor is None and metric is None and len(losses) < len(choices):
        losses = [task for task in losses if task not in named]
        choices = [choice for choice in choices if choice.task not in losses]
        if losses:
            notes.append(
                f"tasks measured by a loss are left out: {listed(losses)}; give the loss of a "
                "perfect model (--floor, floor=…) to have them"
            )
    nameless = [task for task in unusable if "" in metrics.get(task, [])]
    others = [task for task in unusable if task not in nameless]
    if nameless:
        notes.append(
            f"tasks whose metric the log does not name are left out: {listed(nameless)}; say what "
            "they measure (--metric, metric=…) to have them"
        )
    if others:
        notes.append(f"tasks without a usable metric are left out: {listed(others)}")
    return choices


def _refuse_unknown(log: Log, metric: str, every: Sequence[str]) -> None:
    if metric not in every and metric not in {base(name) for name in every}:
        hint = "it names none: say what its values are, metric 'accuracy', 'loss' or 'level'"
        hint = f"it has {listed(every)}" if every else hint
        raise LogError(f"{log.source} has no metric {metric!r}; {hint}")
    if kind(metric) is None:
        raise LogError(
            f"{log.source}: {metric!r} is not known to be an accuracy or a loss; write it to a "
            "table with columns step, skill and value, and say metric 'accuracy', 'loss' or 'level'"
        )


def _metrics_of(log: Log) -> dict[str, list[str]]:
    """The metrics of each task that are measured at all."""
    tasks, metrics = log.tasks, labels(log.table, "metric")
    measured = rows_where(log.table, log.table["value"].notna().to_numpy())
    found: dict[str, list[str]] = {}
    for pair in np.unique(codes(measured, "task") * len(metrics) + codes(measured, "metric")):
        task, metric = divmod(int(pair), len(metrics))
        found.setdefault(tasks[task], []).append(metrics[metric])
    return found


def _choice(task: str, metrics: Sequence[str], wanted: str | None) -> _Choice | None:
    def rank(metric: str) -> tuple[int, bool, str]:
        return (*PREFERENCE, base(metric)).index(base(metric)), "," in metric, metric

    if wanted is not None:
        usable = (
            [m for m in metrics if m == wanted and kind(m)]
            or [m for m in metrics if base(m) == wanted and kind(m)]
            or [m for m in metrics if kind(m) == wanted]
        )
        if not usable and "" in metrics and wanted in KINDS:
            return _Choice(task, "", wanted)
    else:
        usable = [m for m in metrics if kind(m) in KINDS]
    if not usable:
        return None
    best = min(usable, key=rank)
    return _Choice(task, best, "loss" if kind(best) == "perplexity" else str(kind(best)))


def _refuse_unusable(
    log: Log, tasks: Sequence[str], metrics: Mapping[str, Sequence[str]], wanted: str | None
) -> None:
    named = sorted({m for task in tasks for m in metrics.get(task, []) if m})
    nameless = [task for task in tasks if "" in metrics.get(task, [])]
    if nameless and wanted is None:
        raise LogError(
            f"{log.source} does not say what it measures of {listed(nameless)}; say it with "
            "--metric accuracy, --metric loss or --metric level (metric='accuracy' in Python), or "
            "rename a column to <task>/acc"
        )
    if wanted is not None:
        raise LogError(
            f"{log.source} has no metric {wanted!r} of {listed(tasks)}; "
            f"there are {listed(named) or 'none'}"
        )
    exponentials = [m for m in named if kind(m) == "perplexity"]
    if exponentials:
        raise LogError(
            f"{log.source} measures {listed(tasks)} by {exponentials[0]}, which is no loss but "
            f"its exponential; ask for its logarithm with --metric {exponentials[0]} "
            f"(metric={exponentials[0]!r})"
        )
    raise LogError(
        f"{log.source} measures {listed(tasks)} only by {listed(named) or 'nothing'}; an accuracy, "
        "a loss or a level is wanted"
    )


def _refuse_unused(log: Log, choices: Sequence[_Choice], **given: Given) -> None:
    """Refuses numbers that would change nothing: a mistake in a name or in what is measured."""
    kinds = {choice.kind for choice in choices}
    for name, value in given.items():
        wanted = "accuracy" if name in ("chance", "ceiling") else "loss"
        if value is not None and wanted not in kinds:
            raise LogError(
                f"{log.source}: {name} is given, but no chosen task is measured by "
                f"{'an accuracy' if wanted == 'accuracy' else 'a loss'}; leave it out"
            )
        numbers = value if isinstance(value, Mapping) else {"*": value}
        if isinstance(value, Mapping):
            matching(log.tasks, list(value), f"{log.source}, {name}")
        for key, one in numbers.items():
            if one is not None and not _is_finite(one):
                raise ArgumentError(f"{name} of {key!r} is {one!r}; a finite number is wanted")


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value) and not isinstance(value, bool)
    except (TypeError, ValueError):
        return False


def _of(given: Given, task: str) -> float | None:
    if isinstance(given, Mapping):
        return most_specific(given, task)
    return None if given is None else float(given)


def _grid(log: Log, choices: Sequence[_Choice]) -> _Grid:
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
            f"{log.source}: {choices[int(at_skill[first])].task!r} is infinite at step "
            f"{steps[at_step[first]]}; leave this step out of the log, or leave the task out"
        )
    value[at_run, at_step, at_skill] = measured
    stderr[at_run, at_step, at_skill] = table["stderr"].to_numpy()[used]
    for i, choice in enumerate(choices):
        if choice.is_perplexity:
            value[..., i], stderr[..., i] = _logarithm(log, choice, value[..., i], stderr[..., i])
    return _Grid(tuple(names[run] for run in runs), steps, value, stderr)


def _logarithm(
    log: Log, choice: _Choice, value: np.ndarray, stderr: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if np.nanmin(value) <= 0:
        raise LogError(
            f"{log.source}: {choice.metric} of {choice.task!r} is {np.nanmin(value):g}; a "
            "perplexity is positive: mend the log"
        )
    return np.log(value), stderr / value


def _accuracy_scales(
    log: Log, choices: Sequence[_Choice], chance: Given, ceiling: Given, notes: list[str]
) -> dict[str, tuple[float, float]]:
    scales, unknown, small = {}, [], []
    for choice in choices:
        if choice.kind != "accuracy":
            continue
        task, top = choice.task, _of(ceiling, choice.task)
        top = 1.0 if top is None else top
        bottom = _of(chance, task)
        if bottom is None:
            bottom = _of(log.chance, task)
        if bottom is None:
            known = known_chance(task, free_text=base(choice.metric) in _FREE_TEXT)
            # A ceiling above 1 says that the accuracies are in percent.
            bottom = None if known is None else known * (100 if top > 1 else 1)
        elif top > 1 and 0 < bottom < 1:
            small.append(task)
        if bottom is None:
            unknown.append(task)
        elif not 0 <= bottom < top:
            raise LogError(
                f"{log.source}: the chance level of {task!r} is {bottom:g} and its ceiling "
                f"{top:g}; 0 ≤ chance < ceiling is wanted"
            )
        else:
            scales[task] = (bottom, top)
    if unknown:
        first = unknown[0]
        raise LogError(
            f"{log.source}: the chance level of {listed(unknown)} is not known; give it for one "
            f"with --chance {first}=0.25 or for all with --chance 0.25 on the command line, "
            f"chance={{{first!r}: 0.25}} or chance=0.25 in Python (0 for answers in free text)"
        )
    if small:
        notes.append(f"the chance level of {listed(small)} is below one percent, as given")
    return scales


def _loss_scales(
    log: Log, choices: Sequence[_Choice], grid: _Grid, floor: Given, start: Given
) -> dict[str, tuple[float, float]]:
    scales, unknown = {}, []
    for i, choice in enumerate(choices):
        if choice.kind != "loss":
            continue
        bottom, top = _of(floor, choice.task), _of(start, choice.task)
        if bottom is None:
            unknown.append(choice.task)
            continue
        if top is None:
            measured = ~np.isnan(grid.value[..., i])
            first = int(np.argmax(measured.any(axis=0)))
            top = float(np.nanmean(grid.value[:, first, i]))
        if bottom >= top:
            raise LogError(
                f"{log.source}: the loss of {choice.task!r} starts at {top:g} and its floor is "
                f"{bottom:g}; a floor below the start is wanted"
            )
        scales[choice.task] = (top, bottom)
    if unknown:
        first = unknown[0]
        raise LogError(
            f"{log.source}: the loss that a perfect model has on {listed(unknown)} is not known; "
            f"give it for one with --floor {first}=1.7 or for all with --floor 1.7 on the command "
            f"line, floor={{{first!r}: 1.7}} or floor=1.7 in Python"
        )
    return scales


def _curves(
    log: Log,
    choices: Sequence[_Choice],
    grid: _Grid,
    scale: Mapping[str, tuple[float, float]],
    notes: Sequence[str],
) -> Curves:
    _refuse_outside(log, choices, grid, scale)
    ends = np.array([scale.get(choice.task, (0.0, 1.0)) for choice in choices])
    zero, one = ends[:, 0], ends[:, 1]
    # A level beyond all bounds is refused below, by name.
    with np.errstate(over="ignore"):
        level, stderr = (grid.value - zero) / (one - zero), grid.stderr / np.abs(one - zero)
    attrs: dict[str, Any] = {
        "source": log.source.resolve().name,
        "format": log.format,
        "tasks": {choice.task: _record(choice, scale) for choice in choices},
        "notes": [*notes, *_taken_as_logarithm(choices)],
    }
    several = len(grid.runs) > 1
    if not several and grid.runs[0]:
        attrs["run"] = grid.runs[0]
    try:
        return Curves.from_arrays(
            grid.steps,
            level if several else level[0],
            skill=[choice.task for choice in choices],
            run=grid.runs if several else None,
            level_stderr=None if np.isnan(stderr).all() else stderr if several else stderr[0],
            attrs=attrs,
        )
    except CurvesError as error:
        raise LogError(f"{log.source}: {error}") from error


def _record(choice: _Choice, scale: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    about: dict[str, Any] = {"metric": choice.metric, "kind": choice.kind}
    if choice.kind == "level":
        return about
    zero, one = scale[choice.task]
    names = ("chance", "ceiling") if choice.kind == "accuracy" else ("start", "floor")
    return about | dict(zip(names, (zero, one), strict=True))


def _taken_as_logarithm(choices: Sequence[_Choice]) -> list[str]:
    tasks = [choice.task for choice in choices if choice.is_perplexity]
    return [f"the loss of {listed(tasks)} is the logarithm of its perplexity"] if tasks else []


def _refuse_outside(
    log: Log, choices: Sequence[_Choice], grid: _Grid, scale: Mapping[str, tuple[float, float]]
) -> None:
    """An accuracy below 0 or above its ceiling is in another unit, or no accuracy."""
    for i, choice in enumerate(choices):
        if choice.kind != "accuracy":
            continue
        values, top = grid.value[..., i], scale[choice.task][1]
        if np.nanmin(values) < 0 or np.nanmax(values) > top * (1 + _ROUNDING):
            worst = np.nanmin(values) if np.nanmin(values) < 0 else np.nanmax(values)
            percent = top <= 1 < worst <= 100
            remedy = "is it in percent? give --ceiling 100 (ceiling=100 in Python)"
            if not percent:
                remedy = "is it a loss? say --metric loss (metric='loss'); else mend the log"
            raise LogError(
                f"{log.source}: the accuracy of {choice.task!r} is {worst:g}, outside 0 to "
                f"{top:g}; {remedy}"
            )
