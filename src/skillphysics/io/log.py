"""A training log as one long table, whatever tool wrote it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import SupportsFloat

import numpy as np
import pandas as pd

KEY = ["run", "step", "task", "metric"]
_STDERR = "_stderr"


@dataclass(frozen=True, eq=False)
class Log:
    """What a training log holds, before any metric becomes a level.

    Attributes:
        table: one row a measurement, sorted by run, task, metric and step. Columns `run`, `task`
            and `metric` (text, stored as categories; `metric` is "" where the log does not name
            it, `run` is "" where there is one run without a name), `step` (whole numbers where
            all are whole), `value` and `stderr` (NaN where not measured).
        source: the file or folder read.
        format: the name of the reader.
        notes: what a user must be told: what was left out, and doubts about the log.
        members: tasks that are parts of a larger family, left out unless asked for.
        groups: tasks that are the mean of other tasks, and of which.
        chance: chance levels that the log itself states, by task or pattern.
    """

    table: pd.DataFrame
    source: Path
    format: str
    notes: tuple[str, ...] = ()
    members: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)

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


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """The table sorted, without unmeasured rows, and with `<metric>_stderr` rows as `stderr`."""
    table = rows_where(table, table["value"].notna().to_numpy())
    metrics = labels(table, "metric")
    if any(name.endswith(_STDERR) for name in metrics):
        table = _with_errors(table, metrics)
    by = (table["step"].to_numpy(), *(codes(table, name) for name in ("metric", "task", "run")))
    table = table.take(np.lexsort(by)).reset_index(drop=True)
    used = {name: table[name].cat.remove_unused_categories() for name in ("run", "task", "metric")}
    return table.assign(**used)


def rows_where(table: pd.DataFrame, chosen: np.ndarray) -> pd.DataFrame:
    """Some rows of a table."""
    return table.take(np.flatnonzero(chosen))


def codes(table: pd.DataFrame, column: str) -> np.ndarray:
    """For each row the position of its label among `labels(table, column)`."""
    return table[column].cat.codes.to_numpy().astype(np.int64)


def duplicate(table: pd.DataFrame) -> tuple[int, int] | None:
    """Positions of two rows that measure one metric of one task twice at one step, if any do."""
    twice = table.duplicated(KEY).to_numpy()
    if not twice.any():
        return None
    second = int(np.argmax(twice))
    same = np.ones(len(table), dtype=bool)
    for name in KEY:
        same &= (table[name] == table[name].iloc[second]).to_numpy()
    return int(np.argmax(same)), second


def categories(labels: Sequence[str] | pd.Categorical) -> pd.Categorical:
    """Labels as categories in the order in which they first appear."""
    if isinstance(labels, pd.Categorical):
        return labels
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    codes, unique = pd.factorize(objects)
    # Plain objects: Arrow text refuses the lone surrogates that JSON can hold.
    return pd.Categorical.from_codes(codes, pd.Index(unique, dtype=object))


def labels(table: pd.DataFrame, column: str) -> tuple[str, ...]:
    """All labels that a column of a `Log.table` can take, in order."""
    return tuple(str(label) for label in table[column].cat.categories)


def whole(steps: np.ndarray) -> np.ndarray:
    """Steps as whole numbers where all of them are whole."""
    if np.issubdtype(steps.dtype, np.integer):
        return steps.astype(np.int64)
    steps = steps.astype(np.float64)
    if np.all(np.abs(steps) < 2**53) and np.all(steps == np.round(steps)):
        return steps.astype(np.int64)
    return steps


def listed(names: Iterable[str], most: int = 6) -> str:
    """Names for a message; where they are many, grouped by what they begin with.

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
    """The table with each row `<metric>_stderr` moved beside that of its metric."""
    place = {name: i for i, name in enumerate(metrics)}
    measured = np.array(
        [place.get(n.removesuffix(_STDERR), -1) if n.endswith(_STDERR) else -1 for n in metrics]
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
