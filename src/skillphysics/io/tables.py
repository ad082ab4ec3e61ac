"""Tables with one row per step: wide, long or tidy, and the CSV files of TensorBoard's page."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skillphysics.errors import LogError
from skillphysics.io.axis import (
    axis_column,
    refuse_within_epochs,
    steps_of,
    tokens_of,
    with_named_steps,
)
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.measurements import measured_columns, nothing, others, refuse_infinite
from skillphysics.io.parse import NoLogError
from skillphysics.io.roles import (
    ERRORS,
    labels_of,
    leave_out_runs_of_one_step,
    refuse_axis,
    refuse_unknown,
    refuse_unknown_rows,
    roles_of,
    run_labels,
    text_columns,
)
from skillphysics.io.sheet import Sheet, header, is_table, read_sheet
from skillphysics.measure.log import Log, categories, listed, measured
from skillphysics.measure.metrics import normal
from skillphysics.measure.names import parse_key

FORMAT = "table"

_TENSORBOARD = ("wall time", "step", "value")
# TensorBoard's page shows and exports a sample of this many points.
_TENSORBOARD_SAMPLE = 1000


class Series(NamedTuple):
    """A column of a sheet and what it measures."""

    column: str
    key: str
    run: str = ""


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
    refuse_unknown(sheet, columns)
    sheet = with_named_steps(sheet, columns)
    roles = roles_of(sheet, columns)
    step, axis = axis_column(sheet, columns, account)
    if columns.step is None:
        refuse_within_epochs(sheet, step)
    refuse_axis(sheet, roles, step)
    steps, rows = steps_of(sheet, step, account, chosen=columns.step is not None)
    leave_out_runs_of_one_step(sheet, roles, steps, columns, account)
    taken = {*roles.used, step, *gone}
    if roles.value is not None:
        gone |= others(sheet, taken, "another column of a table with one value per row")
        series = [Series(roles.value, _key_of(roles.value) if roles.names_rows else roles.value)]
    else:
        series = [Series(name, name) for name in measured_columns(sheet, taken, gone)]
        if not series:
            raise NoLogError(nothing(sheet, step))
    for one in series:
        refuse_infinite(sheet, one.column)
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
        refuse_unknown_rows(sheet, roles, steps, rows, table, gone)
    key, task = labels_of(sheet, roles, table)
    counter, tokens = tokens_of(sheet, step, axis, steps, rows)
    if counter is not None:
        gone.pop(counter, None)
        account.append(f"the column {counter!r} counts the tokens seen at each step")
    log = measured(
        sheet.path,
        format,
        run=run_labels(sheet, roles.run, table["row"].to_numpy()),
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
    kept = set(measured_columns(sheet, {step}, gone, only={one.column: one.key for one in series}))
    series = [one for one in series if one.column in kept]
    if not series:
        raise NoLogError(nothing(sheet, step))
    for one in series:
        refuse_infinite(sheet, one.column)
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


def _refuse_unclear(sheet: Sheet, series: Sequence[Series], columns: Columns) -> None:
    if columns.stderr is not None:
        names = [one.column for one in series if normal(one.column) not in ERRORS]
        raise LogError(
            f"{sheet.path}: stderr={columns.stderr!r} could belong to any of {listed(names)}; set "
            f"value={names[0]!r} or another of them, or leave stderr out"
        )


def _key_of(value: str) -> str:
    """The key of a column of values: its name, if that says what it measures."""
    return value if parse_key(value).metric else ""


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
