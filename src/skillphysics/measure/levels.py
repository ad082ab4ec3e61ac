"""Where metrics become levels: 0 is chance or the start, 1 is mastered."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, SupportsFloat

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, CurvesError, LogError
from skillphysics.measure.chance import known_chance, most_specific
from skillphysics.measure.log import Log, categories, codes, labels, listed, rows_where
from skillphysics.measure.names import family, kind, kind_in, metric_of, normal, rank, shortened

Given = SupportsFloat | Mapping[str, SupportsFloat] | None
KINDS = ("accuracy", "loss", "level")

# An accuracy of 1 may come back from single precision as a little more.
_ROUNDING = 1e-6
_FREE_TEXT = ("exact_match",)
_FOR_ALL = "*"


@dataclass(frozen=True)
class Choice:
    """What is measured of a task, and how it is read.

    Attributes:
        task: the task in the log.
        name: the name of the skill, which may be shorter.
        metric: the metric in the log, "" where it names none.
        kind: "accuracy", "loss" or "level"; "" where nobody has said.
        key: the column or key that holds it.
    """

    task: str
    name: str
    metric: str
    kind: str
    key: str

    @property
    def is_perplexity(self) -> bool:
        """Whether the logarithm of the metric is the loss."""
        return kind(self.metric) == "perplexity"

    @property
    def direction(self) -> str:
        """Whether learning makes the metric rise or fall."""
        return "falls" if self.kind == "loss" else "rises"


@dataclass(frozen=True, eq=False)
class Grid:
    """Measurements [n_run, n_step, n_skill], NaN where not measured."""

    runs: tuple[str, ...]
    steps: np.ndarray
    value: np.ndarray
    stderr: np.ndarray


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


@dataclass
class _Account:
    """Notes and what is left out, gathered along the way."""

    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def leave_out(self, names: Iterable[str], why: str) -> None:
        self.left_out |= dict.fromkeys(names, why)


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
    return _curves(reading)


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
    account = _Account(list(log.notes), dict(log.left_out))
    if metric is not None:
        log, metric = _with_metric(log, metric, account)
    wanted = [skills] if isinstance(skills, str) else skills
    short = _short_names(log)
    tasks = _selected(log, wanted, short, account)
    given = {"chance": chance, "ceiling": ceiling, "floor": floor, "start": start}
    choices = _choices(log, tasks, metric, account, short=short, wanted=wanted, given=given)
    _refuse_unused(log, choices, short, given)
    grid = _grid(log, choices)
    missing: dict[str, list[str]] = {}
    scale = _accuracy_scales(log, choices, grid, given, account, missing)
    scale |= _loss_scales(log, choices, grid, given, missing)
    return Reading(
        log,
        tuple(choices),
        grid,
        scale,
        {name: tuple(found) for name, found in missing.items()},
        tuple(account.notes),
        account.left_out,
    )


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


def _short_names(log: Log) -> dict[str, str]:
    """For each task the name of its skill: without what all tasks measured alike share."""
    metrics = _metrics_of(log)
    groups: dict[str, list[str]] = {}
    for task in log.tasks:
        if task not in log.members:
            best = min(metrics.get(task, [""]), key=rank)
            groups.setdefault(kind(best) or "", []).append(task)
    short = {task: task for task in log.tasks}
    for tasks in groups.values():
        short |= shortened(tasks)
    taken: dict[str, int] = {}
    for task, name in short.items():
        for one in {task, name}:
            taken[one] = taken.get(one, 0) + 1
    return {task: name if taken[name] == 1 else task for task, name in short.items()}


def _with_metric(log: Log, metric: str, account: _Account) -> tuple[Log, str | None]:
    """The log and the metric to look for, where a user names a whole key or an unknown metric."""
    named = set(labels(log.table, "metric"))
    if metric in KINDS or metric in named or not metric:
        return log, metric
    whole = {pair for pair, key in log.keys.items() if key == metric}
    if whole:
        account.leave_out((k for k in log.keys.values() if k != metric), f"not {metric}")
        pairs = zip(log.table["task"], log.table["metric"], strict=True)
        chosen = np.array([pair in whole for pair in pairs])
        found = next(iter(whole))[1]
        table = rows_where(log.table, chosen).reset_index(drop=True)
        used = {name: table[name].cat.remove_unused_categories() for name in ("task", "metric")}
        if not found:
            # Its own name is all that is known of it.
            used["metric"] = used["metric"].cat.rename_categories([metric])
            keys = {(task, metric): metric for task, _ in whole}
            return replace(log, table=table.assign(**used), keys=keys), metric
        return replace(log, table=table.assign(**used)), None
    return (log if kind(metric) else _split_off(log, metric)), metric


def _split_off(log: Log, metric: str) -> Log:
    """The log, with a metric that only the user knows taken off the names of its tasks."""
    pattern = re.compile(
        rf"(?:(?P<a>.*)[_\s.\-/])?{re.escape(metric)}(?:[_\s.\-/](?P<b>.*))?", re.DOTALL
    )
    renamed: dict[str, str] = {}
    for task in log.tasks:
        found = pattern.fullmatch(task)
        if found and (task, "") in log.keys:
            renamed[task] = "/".join(part for part in (found["a"], found["b"]) if part) or task
    if not renamed or len(set(renamed.values())) < len(renamed):
        return log
    table = log.table.copy()
    tasks, metrics = table["task"].astype(object), table["metric"].astype(object)
    chosen = tasks.isin(list(renamed)) & (metrics == "")
    metrics = metrics.where(~chosen, metric)
    tasks = tasks.where(~chosen, tasks.map(lambda task: renamed.get(task, task)))
    keys = {
        (renamed[task], metric) if task in renamed and not name else (task, name): key
        for (task, name), key in log.keys.items()
    }
    table = table.assign(task=categories(list(tasks)), metric=categories(list(metrics)))
    return replace(log, table=table, keys=keys)


def _selected(
    log: Log, wanted: Sequence[str] | None, short: Mapping[str, str], account: _Account
) -> list[str]:
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
        account.leave_out(left_out, "part of a larger family; ask for it by name or pattern")
        return kept
    task_of = {name: task for task, name in short.items()} | {task: task for task in short}
    chosen = list(
        dict.fromkeys(task_of[n] for n in matching(list(task_of), wanted, str(log.source)))
    )
    for group in [task for task in chosen if task in log.groups]:
        both = log.groups[group].intersection(chosen)
        if both and group in wanted:
            account.notes.append(
                f"{group} is the mean of other tasks that are read too: {listed(both)}"
            )
        elif both:
            chosen.remove(group)
            account.leave_out([group], f"the mean of {listed(sorted(both))}")
    return chosen


def _choices(
    log: Log,
    tasks: Sequence[str],
    metric: str | None,
    account: _Account,
    *,
    short: Mapping[str, str],
    wanted: Sequence[str] | None,
    given: Mapping[str, Given],
) -> list[Choice]:
    """What is measured of each task; those asked for by name may not be left out."""
    metrics = _metrics_of(log)
    if metric is not None:
        _refuse_unknown(log, metric, sorted({m for found in metrics.values() for m in found if m}))
    named = {task for task in tasks if {task, short[task]} & set(wanted or ())}
    found: dict[str, Choice] = {}
    unusable = []
    # Beside columns whose names say so, one without a name could be anything.
    some_say = any(kind(m) == metric for one in metrics.values() for m in one)
    for task in tasks:
        usable = [m for m in metrics.get(task, []) if m or not some_say or task in named]
        best = _best(task, usable, metric)
        if best is None:
            unusable.append(task)
            continue
        key = log.keys.get((task, best), f"{task}/{best}" if best else task)
        found[task] = Choice(task, short[task], best, _kind(best, metric, given), key)
    if not found or named.intersection(unusable):
        refused = [task for task in unusable if task in named] or unusable
        _refuse_unusable(log, refused, metrics, metric)
    if metric is None and given["floor"] is None:
        _leave_losses_out(found, named, account)
    for task, choice in found.items():
        others = [m for m in metrics[task] if m != choice.metric and m]
        account.leave_out(
            (log.keys.get((task, m), f"{task}/{m}") for m in others),
            "another metric of a task that is read",
        )
    nameless = [task for task in unusable if "" in metrics.get(task, [])]
    account.leave_out(
        (log.keys.get((task, ""), task) for task in nameless),
        "the log does not name its metric; say what it measures (--metric, metric=…)"
        if metric is None
        else f"no {metric} by its name, as others are; ask for it by name (--skills, skills=…)",
    )
    for task in [task for task in unusable if task not in nameless]:
        why = "without a usable metric" if metric is None else f"not measured by {metric}"
        if metric is None and any(kind(m) == "perplexity" for m in metrics.get(task, [])):
            why = "a perplexity; ask for its logarithm by its name (--metric, metric=…)"
        known = [log.keys[task, m] for m in metrics.get(task, []) if (task, m) in log.keys]
        account.leave_out(known or [task], why)
    return list(found.values())


def _leave_losses_out(found: dict[str, Choice], named: set[str], account: _Account) -> None:
    """Beside accuracies, losses wait until somebody says where they end."""
    losses = [t for t, choice in found.items() if choice.kind == "loss" and _zero(choice) is None]
    if len(losses) == len(found):
        return
    waiting = [task for task in losses if task not in named]
    account.leave_out(
        [found.pop(task).key for task in waiting],
        "a loss; give that of a perfect model (--floor, floor=…) to have it",
    )


def _refuse_unknown(log: Log, metric: str, every: Sequence[str]) -> None:
    known = {*every, *map(family, every), *(name.partition(",")[0].lower() for name in every)}
    if metric in KINDS or metric in known or family(metric) in known or normal(metric) in known:
        return
    hint = "it names none: say what its values are, metric 'accuracy', 'loss' or 'level'"
    hint = f"it has {listed(every)}" if every else hint
    raise LogError(f"{log.source} has no metric {metric!r}; {hint}")


def _metrics_of(log: Log) -> dict[str, list[str]]:
    """The metrics of each task that are measured at all."""
    tasks, metrics = log.tasks, labels(log.table, "metric")
    measured = rows_where(log.table, log.table["value"].notna().to_numpy())
    found: dict[str, list[str]] = {}
    for pair in np.unique(codes(measured, "task") * len(metrics) + codes(measured, "metric")):
        task, metric = divmod(int(pair), len(metrics))
        found.setdefault(tasks[task], []).append(metrics[metric])
    return found


def _best(task: str, metrics: Sequence[str], wanted: str | None) -> str | None:
    """The metric of a task to read: what was asked for, else the first in order of preference."""
    if wanted is None:
        usable = [m for m in metrics if kind(m) in KINDS]
    else:
        usable = (
            [m for m in metrics if m == wanted and m]
            or [m for m in metrics if m.partition(",")[0].lower() == wanted and m]
            or [m for m in metrics if m and wanted not in KINDS and family(m) == family(wanted)]
            or [m for m in metrics if kind(m) == wanted]
            or [
                m
                for m in metrics
                if m == "" and wanted in KINDS and kind_in(task) in (None, wanted)
            ]
        )
    return min(usable, key=rank) if usable else None


def _kind(metric: str, wanted: str | None, given: Mapping[str, Given]) -> str:
    known = kind(metric)
    if known is not None:
        return "loss" if known == "perplexity" else known
    if wanted in KINDS:
        return str(wanted)
    falls = given["floor"] is not None or given["start"] is not None
    rises = given["chance"] is not None or given["ceiling"] is not None
    return "" if falls == rises else "loss" if falls else "accuracy"


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
        kinds = sorted({str(kind(m)) for m in named if kind(m) not in (None, wanted)})
        hint = f", which is no {wanted} but a {kinds[0]}: say --metric {kinds[0]}" if kinds else ""
        raise LogError(
            f"{log.source} has no metric {wanted!r} of {listed(tasks)}; "
            f"there are {listed(named) or 'none'}{hint if wanted in KINDS else ''}"
        )
    exponentials = [m for m in named if kind(m) == "perplexity"]
    if exponentials:
        raise LogError(
            f"{log.source} measures {listed(tasks)} by {exponentials[0]}, which is no loss but "
            f"its exponential; ask for its logarithm with --metric {exponentials[0]} "
            f"(metric={exponentials[0]!r})"
        )
    raise LogError(
        f"{log.source} measures {listed(tasks)} only by {listed(named) or 'nothing'}, which is not "
        "known to be an accuracy or a loss; ask for it by name with --metric (metric=…)"
    )


def _refuse_unused(
    log: Log, choices: Sequence[Choice], short: Mapping[str, str], given: Mapping[str, Given]
) -> None:
    """Refuses numbers that would change nothing: a mistake in a name or in what is measured."""
    kinds = {choice.kind for choice in choices}
    every = list(dict.fromkeys([*short, *short.values()]))
    for name, value in given.items():
        needed = "accuracy" if name in ("chance", "ceiling") else "loss"
        if value is not None and needed not in kinds and kinds != {""}:
            raise LogError(
                f"{log.source}: {name} is given, but no chosen task is measured by "
                f"{'an accuracy' if needed == 'accuracy' else 'a loss'}; leave it out"
            )
        numbers = value if isinstance(value, Mapping) else {_FOR_ALL: value}
        if isinstance(value, Mapping):
            matching(every, list(value), f"{log.source}, {name}")
        for key, one in numbers.items():
            if one is not None and not _is_finite(one):
                raise ArgumentError(f"{name} of {key!r} must be a finite number, got {one!r}")


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value) and not isinstance(value, bool)
    except (TypeError, ValueError):
        return False


def _by_name(given: Given, choice: Choice) -> float | None:
    """The number given for a task by its name or by a pattern of names, if any."""
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


def _zero(choice: Choice) -> float | None:
    """The value of a model that can do nothing (or everything, of a loss), by the metric."""
    known = metric_of(choice.metric)
    return None if known is None else known.zero


def _grid(log: Log, choices: Sequence[Choice]) -> Grid:
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
    return Grid(tuple(names[run] for run in runs), steps, value, stderr)


def _logarithm(
    log: Log, choice: Choice, value: np.ndarray, stderr: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if np.nanmin(value) <= 0:
        raise LogError(
            f"{log.source}: {choice.metric} of {choice.task!r} is {np.nanmin(value):g}, and a "
            "perplexity is positive: correct the log"
        )
    return np.log(value), stderr / value


def _accuracy_scales(
    log: Log,
    choices: Sequence[Choice],
    grid: Grid,
    given: Mapping[str, Given],
    account: _Account,
    missing: dict[str, list[str]],
) -> dict[str, tuple[float, float]]:
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
        elif not bottom < top or (bottom < 0 and not _signed(choice)):
            raise LogError(
                f"{log.source}: the chance level of {choice.task!r} is {bottom:g} and its ceiling "
                f"{top:g}; 0 ≤ chance < ceiling must hold"
            )
        else:
            scales[choice.task] = (bottom, top)
    if kept:
        one = next(iter(kept))
        levels = [f"{name} {value:.4g}" for name, value in kept.items()]
        use = f"is used for {listed(filled)}; " if filled else "is used for no task: "
        account.notes.append(
            f"the chance level given for all, {_for_all(given['chance']):g}, {use}known levels are "
            f"kept ({', '.join(levels[:6])}{', …' if len(levels) > 6 else ''}); give one by name, "
            f"such as --chance {one}={_for_all(given['chance']):g}, to replace it"
        )
    if small:
        account.notes.append(f"the chance level of {listed(small)} is below one percent, as given")
    if percent:
        account.notes.append(f"{listed(percent)} exceed 1 and are read as percent")
    return scales


def _known(log: Log, choice: Choice, top: float) -> float | None:
    """The chance level that the log states, the metric implies, or the benchmark has."""
    stated = most_specific(log.chance, choice.task)
    if stated is not None:
        return stated
    # A ceiling above 1 says that the accuracies are in percent.
    unit = 100.0 if top > 1 else 1.0
    zero, about = _zero(choice), metric_of(choice.metric)
    if zero is not None:
        return zero * unit
    free_text = about is not None and about.family in _FREE_TEXT
    if about is not None and not (about.guesses or free_text):
        return None
    level = known_chance(choice.task, free_text=free_text)
    return None if level is None else level * unit


def _signed(choice: Choice) -> bool:
    about = metric_of(choice.metric)
    return about is not None and about.signed


def _loss_scales(
    log: Log,
    choices: Sequence[Choice],
    grid: Grid,
    given: Mapping[str, Given],
    missing: dict[str, list[str]],
) -> dict[str, tuple[float, float]]:
    scales = {}
    for i, choice in enumerate(choices):
        if choice.kind != "loss":
            continue
        bottom, top = _of(given["floor"], choice), _of(given["start"], choice)
        bottom = _zero(choice) if bottom is None else bottom
        if top is None:
            top = first_value(grid, i)
        if bottom is None:
            missing.setdefault("floor", []).append(choice.name)
            bottom = math.nan
        if bottom >= top:
            raise LogError(
                f"{log.source}: the loss of {choice.task!r} starts at {top:g} and its floor is "
                f"{bottom:g}; the floor must lie below the start: give it with --floor (floor=…)"
            )
        scales[choice.task] = (top, bottom)
    return scales


def first_value(grid: Grid, skill: int) -> float:
    """The first measurement of a skill, averaged over runs."""
    first = int(np.argmax((~np.isnan(grid.value[..., skill])).any(axis=0)))
    return float(np.nanmean(grid.value[:, first, skill]))


def last_value(grid: Grid, skill: int) -> float:
    """The last measurement of a skill, averaged over runs."""
    measured = (~np.isnan(grid.value[..., skill])).any(axis=0)
    return float(np.nanmean(grid.value[:, int(np.flatnonzero(measured)[-1]), skill]))


def sentence_of(option: str, tasks: Sequence[str]) -> str:
    """What is missing of the scale of some tasks, and the options that give it.

    Args:
        option: "chance", "floor", or "kind".
        tasks: the names of the skills.
    """
    if option == "kind":
        return (
            f"the scale of {listed(tasks)} is not known; if it rises give --chance and --ceiling, "
            "if it falls give --floor (chance=…, ceiling=… or floor=… in Python)"
        )
    value = "0.25" if option == "chance" else "1.7"
    what = "the chance level of" if option == "chance" else "the loss that a perfect model has on"
    each = " ".join(f"--{option} {_quoted(task)}={value}" for task in tasks[:3])
    python = ", ".join(f"{task!r}: {value}" for task in tasks[:3])
    if len(tasks) > 3:
        each, python = f"{each} …", f"{python}, …"
    several = len(tasks) > 1 or option == "floor"
    for_all = f" or for all with --{option} {value}" if several else ""
    in_python = f" or {option}={value}" if several else ""
    free = " (0 for answers in free text)" if option == "chance" else ""
    return (
        f"{what} {listed(tasks)} is not known; give it with {each}{for_all} on the command line, "
        f"{option}={{{python}}}{in_python} in Python{free}"
    )


def _quoted(task: str) -> str:
    return task if re.fullmatch(r"[\w@.:/+-]+", task) else f"'{task}'"


def _refuse_missing(reading: Reading) -> None:
    for option, tasks in reading.missing.items():
        raise LogError(f"{reading.log.source}: {sentence_of(option, tasks)}")


def _curves(reading: Reading) -> Curves:
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
    several = len(grid.runs) > 1
    if not several and grid.runs[0]:
        attrs["run"] = grid.runs[0]
    try:
        return Curves.from_arrays(
            grid.steps,
            level if several else level[0],
            skill=[choice.name for choice in choices],
            run=grid.runs if several else None,
            level_stderr=None if np.isnan(stderr).all() else stderr if several else stderr[0],
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
        low = -top if _signed(choice) else 0.0
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
