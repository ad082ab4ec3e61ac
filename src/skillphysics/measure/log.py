"""A training log of any tool as one long table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import SupportsFloat

import numpy as np
import pandas as pd

from skillphysics.measure.metrics import STDERR, family
from skillphysics.measure.names import parse_key, without_namespace

_SERIES = ("run", "task", "metric")


@dataclass(frozen=True, eq=False)
class Log:
    """The content of a training log, before metrics become levels.

    Attributes:
        table: one row per measurement, sorted by run, task, metric and step. Columns: `run`, `task`
            and `metric` (text, stored as categories; `metric` is "" if the log does not name it,
            `run` is "" for a single run without a name), `step` (integers if all are integers),
            `value` and `stderr` (NaN where not measured).
        source: the file or folder read.
        format: the name of the reader.
        axis: what `step` counts: "steps", or "epochs", "tokens", … if the log has no steps or they
            were requested.
        keys: the column or key of the log for each task and metric.
        notes: notes on how the log was read.
        left_out: columns, keys and files that are not read, and why.
        members: tasks that are parts of a larger family, left out by default.
        groups: tasks that are the mean of other tasks, and these tasks.
        chance: chance levels in the log, by task or pattern.
        frequency: how often skills occur, by task, if the log states it.
        tokens: tokens seen at each step, if the log counts them next to steps.
        loss: training loss at each step, if the log is a single run and states it.
    """

    table: pd.DataFrame
    source: Path
    format: str
    axis: str = "steps"
    keys: Mapping[tuple[str, str], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    members: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    frequency: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[float, float] = field(default_factory=dict)
    loss: Mapping[float, float] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of all tasks, in the order of the log."""
        return labels(self.table, "task")


def make_table(
    *,
    run: Sequence[str] | pd.Categorical,
    step: Sequence[SupportsFloat] | np.ndarray,
    task: Sequence[str] | pd.Categorical,
    metric: Sequence[str] | pd.Categorical,
    value: Sequence[SupportsFloat] | np.ndarray,
    stderr: Sequence[SupportsFloat] | np.ndarray | None = None,
) -> pd.DataFrame:
    """The table of a `Log` from its columns, in the order given."""
    values = np.asarray(value, dtype=np.float64)
    return pd.DataFrame(
        {
            "run": categories(run),
            "step": whole(np.asarray(step)),
            "task": categories(task),
            "metric": categories(metric),
            "value": values,
            "stderr": np.full(values.size, np.nan) if stderr is None else np.asarray(stderr),
        }
    )


def measured(
    source: Path,
    format: str,  # noqa: A002
    *,
    run: Sequence[str] | pd.Categorical,
    step: Sequence[SupportsFloat] | np.ndarray,
    key: Sequence[str] | pd.Categorical,
    value: Sequence[SupportsFloat] | np.ndarray,
    stderr: Sequence[SupportsFloat] | np.ndarray | None = None,
    task: Sequence[str] | pd.Categorical | None = None,
    key_is_metric: bool = False,
    axis: str = "steps",
    notes: Iterable[str] = (),
    left_out: Mapping[str, str] | None = None,
) -> Log:
    """A log from measurements in the order in which they were written.

    Args:
        source: the file or folder read.
        format: the name of the reader.
        run: the run of each measurement.
        step: the step of each.
        key: the column or tag of each, which `parse_key` splits.
        value: the number.
        stderr: its standard error, if the log has it.
        task: the task of each, if rows or files name it and not the key ("" if they do not).
        key_is_metric: whether keys are names of metrics, which are not split.
        axis: what the steps count.
        notes: notes of the reader.
        left_out: what the reader left out, and why.
    """
    keys = categories(key)
    outer = categories(task if task is not None else [""]).categories
    at_key = np.asarray(keys.codes, dtype=np.int64)
    at_task = np.zeros_like(at_key)
    if task is not None:
        at_task = np.asarray(categories(task).codes, dtype=np.int64)
    pairs, place = np.unique(at_task * len(keys.categories) + at_key, return_inverse=True)
    names = [divmod(int(pair), len(keys.categories)) for pair in pairs]
    named = _named(
        [(str(outer[one]), str(keys.categories[other])) for one, other in names], key_is_metric
    )
    # Labels in the order in which the log has them.
    first = np.full(len(named), at_key.size)
    np.minimum.at(first, place, np.arange(at_key.size))
    order = np.argsort(first)
    tasks = {name: i for i, name in enumerate(dict.fromkeys(named[one][0] for one in order))}
    metrics = {name: i for i, name in enumerate(dict.fromkeys(named[one][1] for one in order))}
    task_of = np.array([tasks[one] for one, _ in named], dtype=np.int64)
    metric_of = np.array([metrics[other] for _, other in named], dtype=np.int64)
    table = make_table(
        run=run,
        step=step,
        task=pd.Categorical.from_codes(task_of[place], _index(tasks)),
        metric=pd.Categorical.from_codes(metric_of[place], _index(metrics)),
        value=value,
        stderr=stderr,
    )
    table, more = later(rows_where(table, table["value"].notna().to_numpy()))
    keyed = {
        pair: str(keys.categories[other]) for pair, (_, other) in zip(named, names, strict=True)
    }
    return Log(
        finished(table),
        source,
        format,
        axis,
        keyed,
        (*notes, *more),
        dict(left_out or {}),
    )


def _named(pairs: Sequence[tuple[str, str]], key_is_metric: bool) -> list[tuple[str, str]]:
    """Task and metric of each pair (task of the row, key).

    If two keys name the same metric of a task, it is unclear which keys of this task belong
    together, and all of them keep their whole names.
    """
    found = [_pair(outer, key, key_is_metric) for outer, key in pairs]
    seen: dict[tuple[str, str], int] = {}
    for task, metric in found:
        same = (task, family(metric))
        seen[same] = seen.get(same, 0) + 1
    unclear = {task for (task, _), count in seen.items() if count > 1}
    whole = [
        "/".join(
            part for part in (outer, "" if key_is_metric else key.removesuffix(STDERR)) if part
        )
        for outer, key in pairs
    ]
    return [
        (name, metric) if task in unclear and name else (task, metric)
        for name, (task, metric) in zip(whole, found, strict=True)
    ]


def _pair(outer: str, key: str, key_is_metric: bool) -> tuple[str, str]:
    if key_is_metric:
        return outer, key
    task, metric, generic = parse_key(key)
    if not outer:
        return task, metric
    return (outer if generic else without_namespace(f"{outer}/{task}")), metric


def later(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table in the order of writing without measurements that were repeated later, and notes.

    Of two measurements at a step the later is kept. A training that was resumed from a checkpoint
    appears as a series that jumps back to an earlier step, repeats it, and goes on to the old end
    or beyond: then the first attempt is dropped from that step on. Points that are only out of
    order, for example with the newest checkpoint first, are all kept.
    """
    steps, step = np.unique(table["step"].to_numpy(), return_inverse=True)
    series = np.zeros(len(table), dtype=np.int64)
    for name in _SERIES:
        series = series * len(labels(table, name)) + codes(table, name)
    place = series * steps.size + step
    order = np.argsort(place, kind="stable")
    again = place[order[1:]] == place[order[:-1]]
    if not again.any():
        return table, []
    kept = np.ones(len(table), dtype=bool)
    kept[order[:-1][again]] = False
    values = table["value"].to_numpy()
    is_error = np.array([name.endswith(STDERR) for name in labels(table, "metric")], dtype=bool)
    counted = again & ~is_error[codes(table, "metric")[order[1:]]]
    changed = again & (values[order[1:]] != values[order[:-1]])
    old = 0
    for one in np.unique(series[order[:-1][again]]):
        rows = np.flatnonzero(series == one)
        forgotten = rows[_forgotten(step[rows])]
        old += int(kept[forgotten].sum())
        kept[forgotten] = False
    names = labels(table, "task")
    tasks = dict.fromkeys(names[i] for i in codes(table, "task")[order[1:][again]])
    notes = [
        f"{int(counted.sum())} measurements repeat a step ({listed(tasks)}), "
        + ("all with the same values" if not changed.any() else "and the later ones are kept")
    ]
    if old:
        notes.append(f"{old} more from before the training was resumed are dropped")
    return rows_where(table, kept), notes


def _forgotten(step: np.ndarray) -> np.ndarray:
    """Positions in a series that a resumed attempt replaces."""
    starts = [0, *(np.flatnonzero(np.diff(step) < 0) + 1), step.size]
    gone = np.zeros(step.size, dtype=bool)
    for start, end in pairwise(starts[1:]):
        before = step[:start][~gone[:start]]
        first, last = step[start], step[end - 1]
        if before.min() < first and first in before and last >= before.max():
            gone[:start] |= step[:start] >= first
    return np.flatnonzero(gone)


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """The table, sorted, without empty rows, and with `<metric>_stderr` rows as `stderr`."""
    table = rows_where(table, table["value"].notna().to_numpy())
    metrics = labels(table, "metric")
    if any(name.endswith(STDERR) for name in metrics):
        table = _with_errors(table, metrics)
    by = (table["step"].to_numpy(), *(codes(table, name) for name in ("metric", "task", "run")))
    table = table.take(np.lexsort(by)).reset_index(drop=True)
    used = {name: table[name].cat.remove_unused_categories() for name in ("run", "task", "metric")}
    return table.assign(**used)


def rows_where(table: pd.DataFrame, chosen: np.ndarray) -> pd.DataFrame:
    """Some rows of a table."""
    return table.take(np.flatnonzero(chosen))


def codes(table: pd.DataFrame, column: str) -> np.ndarray:
    """The position of the label of each row among `labels(table, column)`."""
    return table[column].cat.codes.to_numpy().astype(np.int64)


def categories(labels: Sequence[str] | pd.Categorical) -> pd.Categorical:
    """Labels as categories in the order in which they first appear."""
    if isinstance(labels, pd.Categorical):
        return labels
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    codes, unique = pd.factorize(objects)
    # Objects, because Arrow text refuses the lone surrogates that JSON can hold.
    return pd.Categorical.from_codes(codes, _index(unique))


def _index(labels: Iterable[str]) -> pd.Index:
    return pd.Index(list(labels), dtype=object)


def labels(table: pd.DataFrame, column: str) -> tuple[str, ...]:
    """All labels of a column of a `Log.table`, in order."""
    return tuple(str(label) for label in table[column].cat.categories)


def whole(steps: np.ndarray) -> np.ndarray:
    """Steps as integers, if all of them are integers."""
    if np.issubdtype(steps.dtype, np.integer):
        return steps.astype(np.int64)
    steps = steps.astype(np.float64)
    if np.all(np.abs(steps) < 2**53) and np.all(steps == np.round(steps)):
        return steps.astype(np.int64)
    return steps


def listed(names: Iterable[str], most: int = 6) -> str:
    """Names for a message; many names are grouped by how they begin.

    Example:
        >>> listed(["a", "b"])
        'a, b'
        >>> listed([f"crows_pairs_{i}" for i in range(40)] + ["piqa"])
        'crows_pairs_* (40), piqa'
    """
    families: dict[str, list[str]] = {}
    every = list(names)
    if len(every) <= most:
        return ", ".join(every)
    for name in every:
        start = next((i for i, letter in enumerate(name) if letter in "_-/."), len(name))
        families.setdefault(name[:start], []).append(name)
    shown = [_family(members) for members in families.values()]
    more = f", … ({len(every)} in all)" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def _family(members: list[str]) -> str:
    if len(members) == 1:
        return members[0]
    first, last = min(members), max(members)
    same = next((i for i, letter in enumerate(first) if last[i] != letter), len(first))
    return f"{first[:same]}* ({len(members)})"


def _with_errors(table: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """The table with the rows `<metric>_stderr` moved to the column `stderr` of their metric."""
    place = {name: i for i, name in enumerate(metrics)}
    measured = np.array(
        [place.get(n.removesuffix(STDERR), -1) if n.endswith(STDERR) else -1 for n in metrics]
    )
    metric = codes(table, "metric")
    is_error = measured[metric] >= 0
    if not is_error.any():
        return table
    metric[is_error] = measured[metric[is_error]]
    steps, at = np.unique(table["step"].to_numpy(), return_inverse=True)
    key = (codes(table, "run") * steps.size + at) * len(labels(table, "task"))
    key = (key + codes(table, "task")) * len(metrics) + metric
    errors = rows_where(table, is_error)["value"].to_numpy()
    order = np.argsort(key[is_error])
    nearest = np.searchsorted(key[is_error], key[~is_error], sorter=order)
    found = order[np.minimum(nearest, order.size - 1)]
    same = key[is_error][found] == key[~is_error]
    values = rows_where(table, ~is_error)
    return values.assign(stderr=np.where(same, errors[found], values["stderr"]))
