"""Which columns of a table say what its numbers are: tasks, runs, metrics, values and errors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from skillphysics.errors import LogError
from skillphysics.io.axis import CHECKPOINTS
from skillphysics.io.columns import FOLDER, Columns
from skillphysics.io.measurements import UNNAMED
from skillphysics.io.parse import number_of
from skillphysics.io.sheet import Sheet
from skillphysics.measure.log import categories, listed
from skillphysics.measure.metrics import STDERR, normal
from skillphysics.measure.names import axis_of, parse_key

# Common names of the columns that say what the numbers of a row are, in normal form.
_TASKS = ("skill", "task", "task_name", "skill_name", "dataset", "dataset_name", "benchmark")
_TASKS += ("benchmark_name", "eval_name", "eval_task", "subtask", "subset")
_RUNS = ("run", "run_name", "run_id", "exp", "exp_name", "experiment", "experiment_name")
_RUNS += ("experiment_id", "trial", "trial_id", "model", "model_name", "seed", "random_seed")
_VALUES = ("value", "score", "result", "metric_value")
_METRICS = ("metric", "metric_name", "measure")
_TAGS = ("tag", "key", "variable")
ERRORS = ("stderr", "std_err", "standard_error", "value_stderr", "score_stderr", "se", "sem")
_LABELS = (*_TASKS, *_RUNS, *_METRICS, *_TAGS, *CHECKPOINTS)


@dataclass
class Roles:
    """The columns of a sheet that say what its numbers are."""

    run: list[str] = field(default_factory=list)
    task: str | None = None
    metric: str | None = None
    tag: str | None = None
    value: str | None = None
    stderr: str | None = None

    @property
    def names_rows(self) -> bool:
        """Whether a column says what each row measures."""
        return bool(self.task or self.metric or self.tag)

    @property
    def used(self) -> set[str]:
        """All columns that have a role."""
        named = (self.task, self.metric, self.tag, self.value, self.stderr)
        return {*self.run, *(name for name in named if name is not None)}


def text_columns(names: Sequence[str], columns: Columns) -> list[str]:
    """The columns of names, which may look like numbers."""
    chosen = {columns.task, columns.run}
    return [name for name in names if name in chosen or normal(name) in _LABELS]


def roles_of(sheet: Sheet, columns: Columns) -> Roles:
    """The roles of columns, as the user chose them or by their names.

    Raises:
        LogError: several columns could name the tasks, or a column of names has an empty cell.
    """

    def first(known: Sequence[str]) -> str | None:
        by_name = {normal(name): name for name in reversed(sheet.names)}
        return next((by_name[name] for name in known if name in by_name), None)

    roles = Roles(metric=first(_METRICS), tag=first(_TAGS), value=columns.value)
    roles.task = columns.task if columns.task not in (None, FOLDER) else _task_column(sheet)
    roles.stderr = columns.stderr or first(ERRORS)
    if columns.run not in (None, FOLDER):
        roles.run = [str(columns.run)]
    elif columns.run is None:
        roles.run = _run_columns(sheet, roles)
    others = [n for n in sheet.numbers if parse_key(n).metric and not n.endswith(STDERR)]
    if roles.value is None and roles.names_rows and not others:
        roles.value = first(_VALUES)
    if roles.value is None and roles.stderr and len(others) == 1:
        roles.value = others[0]
    if roles.value is None:
        # Names without values mean nothing.
        roles.metric = roles.tag = None
    elif roles.metric:
        roles.tag = None
    for name in (roles.task, roles.metric, roles.tag):
        if name is not None:
            _refuse_empty(sheet, name)
    return roles


def _task_column(sheet: Sheet) -> str | None:
    found = [name for name in sheet.names if normal(name) in _TASKS and name in sheet.texts]
    # A constant next to columns that are named after tasks is a setting.
    own = any(parse_key(n).metric and not parse_key(n).generic for n in sheet.numbers)
    found = [name for name in found if not (own and len(set(sheet.texts[name])) == 1)]
    if len(found) > 1:
        raise LogError(
            f"{sheet.path} has several columns that name tasks ({listed(found)}); set "
            f"task={found[0]!r} or another of them"
        )
    return found[0] if found else None


def _run_columns(sheet: Sheet, roles: Roles) -> list[str]:
    """The columns that distinguish runs, without redundant ones."""
    found = [n for n in sheet.names if normal(n) in _RUNS and n in sheet.texts and n != roles.task]
    found.sort(key=lambda name: _RUNS.index(normal(name)))
    kept: list[str] = []
    many = 1
    for name in found:
        labels = set(zip(*(sheet.texts[one] for one in [*kept, name]), strict=True))
        if len(labels) > many:
            kept, many = [*kept, name], len(labels)
    if not kept and found and normal(found[0]) in _RUNS[:-4]:
        kept = found[:1]
    for name in kept:
        _refuse_empty(sheet, name)
    return kept


def leave_out_runs_of_one_step(
    sheet: Sheet, roles: Roles, steps: np.ndarray, columns: Columns, notes: list[str]
) -> None:
    """Leave out names that change with every step, which are those of checkpoints, not of runs."""
    if columns.run is not None or not roles.run:
        return
    labels = run_labels(sheet, roles.run, np.arange(sheet.rows.size))
    if steps.size != len(labels):
        return
    pairs = set(zip(steps.tolist(), labels.codes.tolist(), strict=True))
    if len(pairs) == len(labels.categories) == len(set(steps.tolist())) > 1:
        notes.append(
            f"{listed(roles.run)} changes with every step and is read as the name of a checkpoint, "
            "not of a run"
        )
        roles.run = []


def run_labels(sheet: Sheet, run: Sequence[str], rows: np.ndarray) -> pd.Categorical:
    """The run of each of some rows, from the columns that name it; "" without any."""
    if not run:
        return pd.Categorical.from_codes(
            np.zeros(rows.size, dtype=int), pd.Index([""], dtype=object)
        )
    columns = [sheet.texts[name] for name in run]
    labels = columns[0] if len(run) == 1 else [", ".join(one) for one in zip(*columns, strict=True)]
    by_row = categories(labels)
    return pd.Categorical.from_codes(by_row.codes[rows], by_row.categories)


def labels_of(
    sheet: Sheet, roles: Roles, table: pd.DataFrame
) -> tuple[pd.Categorical | None, pd.Categorical | None]:
    """Key and task of each measurement, if columns give them."""

    def by_row(name: str | None) -> pd.Categorical | None:
        if name is None:
            return None
        labels = categories(sheet.texts[name])
        return pd.Categorical.from_codes(labels.codes[table["row"]], labels.categories)

    return by_row(roles.metric or roles.tag), by_row(roles.task)


def refuse_unknown(sheet: Sheet, columns: Columns) -> None:
    """Refuse columns that the user chose and that cannot have the role.

    Raises:
        LogError: there is no such column, or it holds something else by its name.
    """
    for option, name in columns.given.items():
        names_rows = option in ("task", "run")
        if names_rows and name == FOLDER:
            continue
        if name not in sheet.names:
            raise LogError(
                f"{sheet.path} has no column {name!r} ({option}={name!r}); the columns are "
                f"{listed(sheet.names, 12)}"
            )
        if option == "step" and parse_key(name).metric:
            raise LogError(
                f"{sheet.path}: step must name a column that counts steps, epochs or tokens, got "
                f"{name!r}, which is a measurement by its name"
            )
        if names_rows and parse_key(name).metric and _holds_numbers(sheet.labels(name)):
            raise LogError(
                f"{sheet.path}: {option} must name a column with names of {option}s, got {name!r}, "
                "which is a measurement by its name"
            )
        if option in ("value", "stderr") and axis_of(name):
            holds = "measurements" if option == "value" else "standard errors"
            raise LogError(
                f"{sheet.path}: {option} must name a column of {holds}, got {name!r}, which counts "
                f"{axis_of(name)} by its name"
            )
        if option == "stderr":
            _refuse_no_numbers(sheet, name)


def _holds_numbers(labels: Sequence[str]) -> bool:
    try:
        return not any(math.isnan(number_of(label)) for label in labels)
    except ValueError:
        return False


def _refuse_no_numbers(sheet: Sheet, stderr: str) -> None:
    if stderr in sheet.texts or sheet.n_numbers(stderr) == 0:
        raise LogError(
            f"{sheet.path}: stderr must name a column of standard errors, got {stderr!r}, which "
            "holds no numbers"
        )
    sheet.refuse_bad(stderr)


def refuse_axis(sheet: Sheet, roles: Roles, step: str) -> None:
    """Refuse values or errors from the column of the steps.

    Raises:
        LogError: names the role.
    """
    for option, name in (("value", roles.value), ("stderr", roles.stderr)):
        if name == step:
            raise LogError(
                f"{sheet.path}: {option} must name another column than that of the steps, got "
                f"{name!r}; set step=… to the column that counts steps"
            )


def refuse_unknown_rows(
    sheet: Sheet,
    roles: Roles,
    steps: np.ndarray,
    rows: np.ndarray,
    table: pd.DataFrame,
    gone: Mapping[str, str],
) -> None:
    """Refuse rows of the same step that differ in a column that could name their tasks or runs."""
    names = [*roles.run, *(n for n in (roles.task, roles.metric, roles.tag) if n is not None)]
    group = _groups([steps, *(np.array(sheet.texts[name])[rows] for name in names)])
    sizes = np.bincount(group)
    again = sizes[group] > 1
    cell = _groups([group[table["place"].to_numpy()], table["series"].to_numpy()])
    order = np.argsort(cell, kind="stable")
    value = table["value"].to_numpy()[order]
    same_cell = cell[order][1:] == cell[order][:-1]
    if not again.any() or not np.any(same_cell & (value[1:] != value[:-1])):
        return
    for name in gone:
        if name not in sheet.names or UNNAMED.fullmatch(name):
            continue
        labels = np.array(sheet.labels(name))[rows]
        distinct = list(dict.fromkeys(labels.tolist()))
        if 2 <= len(distinct) <= sizes.max() and np.bincount(_groups([group, labels])).max() == 1:
            first = sheet.rows[rows][again][:2]
            raise LogError(
                f"{sheet.path}: rows {first[0]} and {first[1]} have the same step and differ in "
                f"{name!r} ({listed(distinct, 4)}); set task={name!r} if it names tasks, or "
                f"run={name!r} if it names runs"
            )


def _groups(columns: Sequence[np.ndarray]) -> np.ndarray:
    """For each row, the number of its combination of labels."""
    group = np.zeros(len(columns[0]), dtype=np.int64)
    for labels in columns:
        _, code = np.unique(labels, return_inverse=True)
        _, group = np.unique(group * (code.max(initial=0) + 1) + code, return_inverse=True)
    return group


def _refuse_empty(sheet: Sheet, name: str) -> None:
    empty = next((i for i, cell in enumerate(sheet.texts[name]) if not cell.strip()), None)
    if empty is not None:
        row = sheet.rows[empty]
        raise LogError(
            f"{sheet.path}, row {row}, column {name!r} must hold a name, got an empty cell"
        )
