"""Which tasks of a log become skills, and by which of their metrics."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import SupportsFloat

import numpy as np

from skillphysics.errors import LogError
from skillphysics.measure.log import Log, categories, codes, labels, listed, rows_where
from skillphysics.measure.metrics import family, kind, kind_in, metric_of, normal, rank
from skillphysics.measure.names import shortened

Given = SupportsFloat | Mapping[str, SupportsFloat] | None
KINDS = ("accuracy", "loss", "level")


@dataclass(frozen=True)
class Choice:
    """The metric by which a task is read.

    Attributes:
        task: the task in the log.
        name: the name of the skill, which may be shorter.
        metric: the metric in the log, "" if it has no name.
        kind: "accuracy", "loss" or "level"; "" if unknown.
        key: the column or key that holds the metric.
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

    @property
    def zero(self) -> float | None:
        """The value that the metric alone implies for chance, or for the floor of a loss."""
        known = metric_of(self.metric)
        return None if known is None else known.zero

    @property
    def is_signed(self) -> bool:
        """Whether the metric may be negative."""
        known = metric_of(self.metric)
        return known is not None and known.signed


@dataclass
class Account:
    """Notes and what is left out, collected while a log is read."""

    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def leave_out(self, names: Iterable[str], why: str) -> None:
        """Record that some names are not read, and why."""
        self.left_out |= dict.fromkeys(names, why)


def matching(names: Sequence[str], patterns: Sequence[str], what: str) -> list[str]:
    """The names that equal or match a pattern, in the order of the patterns.

    Raises:
        LogError: a pattern matches no name. The message begins with `what` and shows similar names.
    """
    known = set(names)
    found: dict[str, None] = {}
    for pattern in patterns:
        hits = [pattern] if pattern in known else [n for n in names if fnmatchcase(n, pattern)]
        if not hits:
            near = difflib.get_close_matches(pattern, names, n=4, cutoff=0.5)
            hint = f"similar names are {listed(near)}" if near else f"the tasks are {listed(names)}"
            raise LogError(f"{what}: no task matches {pattern!r}; {hint}")
        found |= dict.fromkeys(hits)
    return list(found)


def short_names(log: Log) -> dict[str, str]:
    """The name of the skill of each task, without what all tasks of its kind share."""
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


def with_metric(log: Log, metric: str, account: Account) -> tuple[Log, str | None]:
    """The log and the metric to read, if the user names a whole key or an unknown metric."""
    named = set(labels(log.table, "metric"))
    if metric in KINDS or metric in named or not metric:
        return log, metric
    whole = {pair for pair, key in log.keys.items() if key == metric}
    if len({name for _, name in whole}) == 1:
        account.leave_out((k for k in log.keys.values() if k != metric), f"not {metric}")
        pairs = zip(log.table["task"], log.table["metric"], strict=True)
        chosen = np.array([pair in whole for pair in pairs])
        found = next(iter(whole))[1]
        table = rows_where(log.table, chosen).reset_index(drop=True)
        used = {name: table[name].cat.remove_unused_categories() for name in ("task", "metric")}
        if not found:
            # Only its name is known.
            used["metric"] = used["metric"].cat.rename_categories([metric])
            keys = {(task, metric): metric for task, _ in whole}
            return replace(log, table=table.assign(**used), keys=keys), metric
        return replace(log, table=table.assign(**used)), None
    return (log if kind(metric) else _split_off(log, metric)), metric


def _split_off(log: Log, metric: str) -> Log:
    """The log, with a metric that only the user knows removed from the names of its tasks."""
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


def selected(
    log: Log, patterns: Sequence[str] | None, short: Mapping[str, str], account: Account
) -> list[str]:
    """The requested tasks, by default all but the parts of larger families."""
    if not log.tasks:
        raise LogError(f"{log.source} must hold measurements, got none")
    nameless = [task for task in log.tasks if not task.strip()]
    if len(nameless) == len(log.tasks):
        raise LogError(
            f"{log.source} must name its tasks, got an empty name; rename the column or key"
        )
    account.leave_out(nameless, "a task without a name")
    if patterns is None:
        kept = [task for task in log.tasks if task not in log.members and task.strip()]
        left_out = [task for task in log.tasks if task in log.members]
        if not kept:
            raise LogError(
                f"{log.source} holds only parts of larger families: {listed(left_out)}; to read "
                "them, set skills=['*']"
            )
        account.leave_out(left_out, "part of a larger family; to read it, name it in skills")
        return kept
    task_of = {name: task for task, name in short.items()} | {task: task for task in short}
    chosen = list(
        dict.fromkeys(task_of[n] for n in matching(list(task_of), patterns, str(log.source)))
    )
    for group in [task for task in chosen if task in log.groups]:
        both = log.groups[group].intersection(chosen)
        if both and group in patterns:
            account.notes.append(
                f"{group} is the mean of other tasks that are also read: {listed(both)}"
            )
        elif both:
            chosen.remove(group)
            account.leave_out([group], f"the mean of {listed(sorted(both))}")
    return chosen


def choose(
    log: Log,
    tasks: Sequence[str],
    metric: str | None,
    account: Account,
    *,
    short: Mapping[str, str],
    patterns: Sequence[str] | None,
    given: Mapping[str, Given],
) -> list[Choice]:
    """The metric of each task; tasks that are requested by name may not be left out."""
    metrics = _metrics_of(log)
    if metric is not None:
        _refuse_unknown(log, metric, sorted({m for found in metrics.values() for m in found if m}))
    named = {task for task in tasks if {task, short[task]} & set(patterns or ())}
    found: dict[str, Choice] = {}
    unusable = []
    # Next to columns named after the metric, a column without a metric could be anything.
    some_named = any(kind(m) == metric for one in metrics.values() for m in one)
    for task in tasks:
        usable = [m for m in metrics.get(task, []) if m or not some_named or task in named]
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
        "the log does not name its metric; to read it, set metric=…"
        if metric is None
        else f"not named as {metric}, unlike others; to read it, name it in skills",
    )
    for task in [task for task in unusable if task not in nameless]:
        why = "no usable metric" if metric is None else f"not measured by {metric}"
        if metric is None and any(kind(m) == "perplexity" for m in metrics.get(task, [])):
            why = "a perplexity; to read its logarithm, name it in metric"
        known = [log.keys[task, m] for m in metrics.get(task, []) if (task, m) in log.keys]
        account.leave_out(known or [task], why)
    return list(found.values())


def _leave_losses_out(found: dict[str, Choice], named: set[str], account: Account) -> None:
    """Leave out losses next to accuracies, unless a floor is given."""
    losses = [t for t, choice in found.items() if choice.kind == "loss" and choice.zero is None]
    if len(losses) == len(found):
        return
    waiting = [task for task in losses if task not in named]
    account.leave_out(
        [found.pop(task).key for task in waiting],
        "a loss; to read it, give that of a perfect model as floor",
    )


def _refuse_unknown(log: Log, metric: str, every: Sequence[str]) -> None:
    known = {*every, *map(family, every), *(name.partition(",")[0].lower() for name in every)}
    if metric in KINDS or metric in known or family(metric) in known or normal(metric) in known:
        return
    hint = "it names no metric: set metric to 'accuracy', 'loss' or 'level'"
    hint = f"the metrics are {listed(every)}" if every else hint
    raise LogError(f"{log.source} has no metric {metric!r}; {hint}")


def _metrics_of(log: Log) -> dict[str, list[str]]:
    """The metrics of each task that have measurements."""
    tasks, metrics = log.tasks, labels(log.table, "metric")
    measured = rows_where(log.table, log.table["value"].notna().to_numpy())
    found: dict[str, list[str]] = {}
    for pair in np.unique(codes(measured, "task") * len(metrics) + codes(measured, "metric")):
        task, metric = divmod(int(pair), len(metrics))
        found.setdefault(tasks[task], []).append(metrics[metric])
    return found


def _best(task: str, metrics: Sequence[str], requested: str | None) -> str | None:
    """The metric of a task to read: the requested one, else the first in order of preference."""
    if requested is None:
        usable = [m for m in metrics if kind(m) in KINDS]
    else:
        usable = (
            [m for m in metrics if m == requested and m]
            or [m for m in metrics if m.partition(",")[0].lower() == requested and m]
            or [
                m
                for m in metrics
                if m and requested not in KINDS and family(m) == family(requested)
            ]
            or [m for m in metrics if kind(m) == requested]
            or [
                m
                for m in metrics
                if m == "" and requested in KINDS and kind_in(task) in (None, requested)
            ]
        )
    return min(usable, key=rank) if usable else None


def _kind(metric: str, requested: str | None, given: Mapping[str, Given]) -> str:
    known = kind(metric)
    if known is not None:
        return "loss" if known == "perplexity" else known
    if requested in KINDS:
        return str(requested)
    falls = given["floor"] is not None or given["start"] is not None
    rises = given["chance"] is not None or given["ceiling"] is not None
    return "" if falls == rises else "loss" if falls else "accuracy"


def _refuse_unusable(
    log: Log, tasks: Sequence[str], metrics: Mapping[str, Sequence[str]], requested: str | None
) -> None:
    named = sorted({m for task in tasks for m in metrics.get(task, []) if m})
    nameless = [task for task in tasks if "" in metrics.get(task, [])]
    if nameless and requested is None:
        raise LogError(
            f"{log.source} does not name the metric of {listed(nameless)}; set metric='accuracy', "
            "metric='loss' or metric='level', or rename a column to <task>/acc"
        )
    if requested is not None:
        kinds = sorted({str(kind(m)) for m in named if kind(m) not in (None, requested)})
        hint = f", of kind {kinds[0]}; set metric={kinds[0]!r}" if kinds else ""
        raise LogError(
            f"{log.source} has no metric {requested!r} of {listed(tasks)}; the metrics are "
            f"{listed(named) or 'none'}{hint if requested in KINDS else ''}"
        )
    exponentials = [m for m in named if kind(m) == "perplexity"]
    if exponentials:
        raise LogError(
            f"{log.source} measures {listed(tasks)} by {exponentials[0]}, the exponential of a "
            f"loss; to read its logarithm, set metric={exponentials[0]!r}"
        )
    raise LogError(
        f"{log.source} measures {listed(tasks)} only by {listed(named) or 'nothing'}, of unknown "
        "kind; to read it, set metric=… to its name"
    )
