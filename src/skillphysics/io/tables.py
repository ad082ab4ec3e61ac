"""Tables with one row per step: wide, long or tidy, and the CSV files of TensorBoard's page."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skillphysics.errors import LogError
from skillphysics.io.axis import (
    CHECKPOINTS,
    axis_column,
    refuse_within_epochs,
    steps_of,
    tokens_of,
    with_named_steps,
)
from skillphysics.io.columns import BY_NAME, FOLDER, Columns
from skillphysics.io.parse import NoLogError, number_of, short
from skillphysics.io.sheet import Sheet, header, is_table, read_sheet
from skillphysics.measure.log import Log, categories, listed, measured
from skillphysics.measure.names import (
    STDERR,
    axis_of,
    is_measurement,
    normal,
    parse_key,
)

FORMAT = "table"

# Common names of the columns that say what the numbers of a row are, in normal form.
_TASKS = ("skill", "task", "task_name", "skill_name", "dataset", "dataset_name", "benchmark")
_TASKS += ("benchmark_name", "eval_name", "eval_task", "subtask", "subset")
_RUNS = ("run", "run_name", "run_id", "exp", "exp_name", "experiment", "experiment_name")
_RUNS += ("experiment_id", "trial", "trial_id", "model", "model_name", "seed", "random_seed")
_VALUES = ("value", "score", "result", "metric_value")
_METRICS = ("metric", "metric_name", "measure")
_TAGS = ("tag", "key", "variable")
_ERRORS = ("stderr", "std_err", "standard_error", "value_stderr", "score_stderr", "se", "sem")
_LABELS = (*_TASKS, *_RUNS, *_METRICS, *_TAGS, *CHECKPOINTS)

_TENSORBOARD = ("wall time", "step", "value")
# TensorBoard's page shows and exports a sample of this many points.
_TENSORBOARD_SAMPLE = 1000
_UNNAMED = re.compile(r"|Unnamed: \d+")

_CLOCK = "a clock, a setting, a speed or a counter"
_BATCH = "the value of one batch; its mean over an epoch is read"
_SUMMARY = "the mean over the whole run, written at its end"


class Series(NamedTuple):
    """A column of a sheet and what it measures."""

    column: str
    key: str
    run: str = ""


@dataclass
class _Roles:
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
        named = (self.task, self.metric, self.tag, self.value, self.stderr)
        return {*self.run, *(name for name in named if name is not None)}


def detect(path: Path) -> bool:
    """Whether this is a text table (commas, semicolons or tabs) or a Parquet file."""
    return is_table(path)


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """A table with one row per step.

    Wide tables have one column per skill, whose name `parse_key` splits. Tidy tables have a column
    for the task of each row and one column per metric. Long tables have columns for the task, the
    value and optionally the metric. All may have columns for runs and seeds. Columns of text,
    clocks and counters are left out.

    Raises:
        LogError: no column or several columns could be the axis, a cell is not a number, or there
            are no measurements.
    """
    names = header(path)
    if tuple(name.lower() for name in names) == _TENSORBOARD and not columns.given:
        return _tensorboard_page(path, names)
    return from_sheet(read_sheet(path, text_columns(names, columns)), FORMAT, columns)


def text_columns(names: Sequence[str], columns: Columns) -> list[str]:
    """The columns of names, which may look like numbers."""
    chosen = {columns.task, columns.run}
    return [name for name in names if name in chosen or normal(name) in _LABELS]


def from_sheet(
    sheet: Sheet,
    format: str,  # noqa: A002
    columns: Columns = BY_NAME,
    notes: Iterable[str] = (),
    left_out: Mapping[str, str] | None = None,
) -> Log:
    """The log of a sheet, from whatever file.

    Args:
        sheet: the columns.
        format: the name of the reader.
        columns: the columns that the user chose.
        notes: notes of the reader.
        left_out: columns that the reader leaves out, and why.
    """
    account, gone = [*sheet.notes, *notes], dict(left_out or {})
    _refuse_unknown(sheet, columns)
    sheet = with_named_steps(sheet, columns)
    roles = _roles(sheet, columns)
    step, axis = axis_column(sheet, columns, account)
    if columns.step is None:
        refuse_within_epochs(sheet, step)
    _refuse_axis(sheet, roles, step)
    steps, rows = steps_of(sheet, step, account, chosen=columns.step is not None)
    _leave_out_runs_of_one_step(sheet, roles, steps, columns, account)
    taken = {*roles.used, step, *gone}
    if roles.value is not None:
        gone |= _others(sheet, taken, "another column of a table with one value per row")
        series = [Series(roles.value, _key_of(roles.value) if roles.names_rows else roles.value)]
    else:
        series = [Series(name, name) for name in _measured(sheet, taken, gone)]
        if not series:
            raise NoLogError(_nothing(sheet, step))
    for one in series:
        _refuse_infinite(sheet, one.column)
    error = None
    if roles.stderr and len(series) == 1:
        error = sheet.numbers[roles.stderr][rows]
    elif roles.stderr:
        _refuse_unclear(sheet, series, columns)
        gone[roles.stderr] = (
            f"unclear which of {listed(one.column for one in series)} it belongs to"
        )
    table = _melted(sheet, series, rows, error)
    if columns.stderr is not None and np.isnan(table["stderr"].to_numpy()).all():
        raise LogError(
            f"{sheet.path}: stderr={columns.stderr!r} is empty in all rows with a measurement "
            f"{series[0].column!r}; choose another column, or leave stderr out"
        )
    if not columns.given:
        _refuse_unknown_rows(sheet, roles, steps, rows, table, gone)
    key, task = _labels_of(sheet, roles, table)
    counter, tokens = tokens_of(sheet, step, axis, steps, rows)
    if counter is not None:
        gone.pop(counter, None)
        account.append(f"the column {counter!r} counts the tokens seen at each step")
    log = measured(
        sheet.path,
        format,
        run=_run_labels(sheet, roles.run, table["row"].to_numpy()),
        step=steps[table["place"].to_numpy()],
        key=table["key"].cat.rename_categories(str).values if key is None else key,
        value=table["value"].to_numpy(),
        stderr=table["stderr"].to_numpy(),
        task=task,
        key_is_metric=key is not None and roles.task is not None,
        axis=axis,
        notes=account,
        left_out=gone,
    )
    return replace(
        log,
        keys={pair: name or str(roles.value) for pair, name in log.keys.items()},
        tokens=tokens,
    )


def from_series(
    sheet: Sheet,
    format: str,  # noqa: A002
    series: Sequence[Series],
    step: str,
    axis: str,
    notes: Iterable[str] = (),
    left_out: Mapping[str, str] | None = None,
) -> Log:
    """The log of some columns of a sheet, each of which is a skill in a run."""
    account, gone = [*sheet.notes, *notes], dict(left_out or {})
    steps, rows = steps_of(sheet, step, account, chosen=True)
    kept = set(_measured(sheet, {step}, gone, only={one.column: one.key for one in series}))
    series = [one for one in series if one.column in kept]
    if not series:
        raise NoLogError(_nothing(sheet, step))
    for one in series:
        _refuse_infinite(sheet, one.column)
    table = _melted(sheet, series, rows, None)
    runs = categories([one.run for one in series])
    at = table["series"].to_numpy()
    return measured(
        sheet.path,
        format,
        run=pd.Categorical.from_codes(runs.codes[at], runs.categories),
        step=steps[table["place"].to_numpy()],
        key=table["key"].cat.rename_categories(str).values,
        value=table["value"].to_numpy(),
        axis=axis,
        notes=account,
        left_out=gone,
    )


# --- roles ------------------------------------------------------------------------------------


def _refuse_unknown(sheet: Sheet, columns: Columns) -> None:
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


def _refuse_axis(sheet: Sheet, roles: _Roles, step: str) -> None:
    for option, name in (("value", roles.value), ("stderr", roles.stderr)):
        if name == step:
            raise LogError(
                f"{sheet.path}: {option} must name another column than that of the steps, got "
                f"{name!r}; set step=… to the column that counts steps"
            )


def _refuse_unclear(sheet: Sheet, series: Sequence[Series], columns: Columns) -> None:
    if columns.stderr is not None:
        names = [one.column for one in series if normal(one.column) not in _ERRORS]
        raise LogError(
            f"{sheet.path}: stderr={columns.stderr!r} could belong to any of {listed(names)}; set "
            f"value={names[0]!r} or another of them, or leave stderr out"
        )


def _roles(sheet: Sheet, columns: Columns) -> _Roles:
    def first(known: Sequence[str]) -> str | None:
        by_name = {normal(name): name for name in reversed(sheet.names)}
        return next((by_name[name] for name in known if name in by_name), None)

    roles = _Roles(metric=first(_METRICS), tag=first(_TAGS), value=columns.value)
    roles.task = columns.task if columns.task not in (None, FOLDER) else _task_column(sheet)
    roles.stderr = columns.stderr or first(_ERRORS)
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


def _run_columns(sheet: Sheet, roles: _Roles) -> list[str]:
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


def _leave_out_runs_of_one_step(
    sheet: Sheet, roles: _Roles, steps: np.ndarray, columns: Columns, notes: list[str]
) -> None:
    """Leave out names that change with every step, which are those of checkpoints, not of runs."""
    if columns.run is not None or not roles.run:
        return
    labels = _run_labels(sheet, roles.run, np.arange(sheet.rows.size))
    if steps.size != len(labels):
        return
    pairs = set(zip(steps.tolist(), labels.codes.tolist(), strict=True))
    if len(pairs) == len(labels.categories) == len(set(steps.tolist())) > 1:
        notes.append(
            f"{listed(roles.run)} changes with every step and is read as the name of a checkpoint, "
            "not of a run"
        )
        roles.run = []


def _run_labels(sheet: Sheet, run: Sequence[str], rows: np.ndarray) -> pd.Categorical:
    if not run:
        return pd.Categorical.from_codes(
            np.zeros(rows.size, dtype=int), pd.Index([""], dtype=object)
        )
    columns = [sheet.texts[name] for name in run]
    labels = columns[0] if len(run) == 1 else [", ".join(one) for one in zip(*columns, strict=True)]
    by_row = categories(labels)
    return pd.Categorical.from_codes(by_row.codes[rows], by_row.categories)


def _key_of(value: str) -> str:
    """The key of a column of values: its name, if that says what it measures."""
    return value if parse_key(value).metric else ""


def _labels_of(
    sheet: Sheet, roles: _Roles, table: pd.DataFrame
) -> tuple[pd.Categorical | None, pd.Categorical | None]:
    """Key and task of each measurement, if columns give them."""

    def by_row(name: str | None) -> pd.Categorical | None:
        if name is None:
            return None
        labels = categories(sheet.texts[name])
        return pd.Categorical.from_codes(labels.codes[table["row"]], labels.categories)

    return by_row(roles.metric or roles.tag), by_row(roles.task)


def _refuse_unknown_rows(
    sheet: Sheet,
    roles: _Roles,
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
        if name not in sheet.names or _UNNAMED.fullmatch(name):
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


# --- columns ----------------------------------------------------------------------------------


def _measured(
    sheet: Sheet, taken: set[str], gone: dict[str, str], only: Mapping[str, str] | None = None
) -> list[str]:
    """The columns of measurements; the reasons against all others are added to `gone`."""
    found = []
    for name in sheet.names if only is None else only:
        if name in taken:
            continue
        key = name if only is None else only[name]
        if name in sheet.texts:
            gone[name] = "text"
        elif only is None and not is_measurement(key):
            gone[name] = "a column without a name" if _UNNAMED.fullmatch(name) else _CLOCK
        elif name in sheet.bad and _is_text(sheet, name, key):
            gone[name] = "text"
        elif _UNNAMED.fullmatch(name) or normal(name) == "index":
            gone[name] = "a column without a name"
        elif _is_summary(sheet, name):
            gone[name] = _SUMMARY
        elif name.endswith("_step") and f"{name[:-5]}_epoch" in sheet.numbers:
            gone[name] = _BATCH
        elif sheet.n_numbers(name) == 0:
            gone[name] = "no numbers"
        else:
            found.append(name)
    return found


def _is_text(sheet: Sheet, name: str, key: str) -> bool:
    """Whether a column with cells that are not numbers is text; refuse one of mostly numbers."""
    if sheet.n_numbers(name) >= len(sheet.bad[name]) or (
        parse_key(key).metric and sheet.n_numbers(name)
    ):
        sheet.refuse_bad(name)
    return True


def _is_summary(sheet: Sheet, name: str) -> bool:
    """Whether this is `train_loss` in the Trainer's last row, next to the `loss` of each step."""
    return (
        normal(name) == "train_loss"
        and sheet.n_numbers(name) == 1
        and any(normal(other) in ("loss", "train_runtime") for other in sheet.names)
    )


def _others(sheet: Sheet, taken: set[str], why: str) -> dict[str, str]:
    return {name: why for name in sheet.names if name not in taken}


def _nothing(sheet: Sheet, step: str) -> str:
    text = next(
        (n for n in sheet.names if n in sheet.bad and n != step and is_measurement(n)), None
    )
    found = ""
    if text is not None:
        cell = sheet.first_bad(text)
        found = f" (row {cell.row}, column {text!r} holds {short(cell.text)})"
    return (
        f"{sheet.path} must have columns of measurements besides {step!r}{found}: one column per "
        "skill, or columns 'skill' and 'value'"
    )


def _melted(
    sheet: Sheet, series: Sequence[Series], rows: np.ndarray, stderr: np.ndarray | None
) -> pd.DataFrame:
    """One row per measured cell, in the order of the rows: its series, row and value."""
    shape = (len(series), rows.size)
    values = np.array([sheet.numbers[one.column][rows] for one in series]).reshape(shape).T
    place, column = np.nonzero(~np.isnan(values))
    keys = categories([one.key for one in series])
    return pd.DataFrame(
        {
            "place": place,
            "row": rows[place],
            "series": column,
            "key": pd.Categorical.from_codes(keys.codes[column], keys.categories),
            "value": values[place, column],
            "stderr": np.full(place.size, np.nan) if stderr is None else stderr[place],
        }
    )


def _refuse_infinite(sheet: Sheet, name: str) -> None:
    sheet.refuse_bad(name)
    infinite = np.isinf(sheet.numbers[name])
    if infinite.any():
        raise LogError(
            f"{sheet.path}, row {sheet.rows[int(np.argmax(infinite))]}, column {name!r} must be "
            "finite, got an infinite number; leave the cell empty if nothing was measured"
        )


def _refuse_empty(sheet: Sheet, name: str) -> None:
    empty = next((i for i, cell in enumerate(sheet.texts[name]) if not cell.strip()), None)
    if empty is not None:
        row = sheet.rows[empty]
        raise LogError(
            f"{sheet.path}, row {row}, column {name!r} must hold a name, got an empty cell"
        )


# --- TensorBoard's page -----------------------------------------------------------------------


def _tensorboard_page(path: Path, names: Sequence[str]) -> Log:
    sheet = read_sheet(path)
    named = re.fullmatch(r"run-(?P<run>.*?)-tag-(?P<tag>.+)", path.stem)
    tag, run = (named["tag"], named["run"]) if named else (path.stem, "")
    notes: tuple[str, ...] = ()
    if sheet.rows.size == _TENSORBOARD_SAMPLE:
        notes = (
            f"{path.name} has exactly {_TENSORBOARD_SAMPLE} rows, the sample that TensorBoard's "
            "page exports; read the event files instead to get all points",
        )
    return from_series(sheet, FORMAT, [Series(names[2], tag, run)], names[1], "steps", notes)
