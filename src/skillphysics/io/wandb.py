"""Exports of Weights & Biases: the CSV of a chart, and whole histories as CSV or Parquet."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from skillphysics.errors import LogError
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import files_below
from skillphysics.io.roles import text_columns
from skillphysics.io.sheet import Sheet, header, is_table, read_sheet
from skillphysics.io.tables import Series, from_series, from_sheet
from skillphysics.measure.log import Log
from skillphysics.measure.names import axis_of, is_call_count, is_measurement

FORMAT = "wandb"

_SPREAD = ("__MIN", "__MAX")
_HISTORY = ("_runtime", "_timestamp")
# The binary record of a run, which only wandb itself reads.
_LOCAL = ".wandb"
# run.history() returns a sample of this many rows.
_SAMPLE = 500


def detect(path: Path) -> bool:
    """Whether this is the export of a chart or of a history, or the local folder."""
    if path.is_dir():
        return next(files_below(path, _LOCAL), None) is not None
    if path.suffix == _LOCAL:
        return True
    if not is_table(path):
        return False
    names = header(path)
    return _is_history(names) or _is_chart(names)


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The runs of a chart (`<run> - <metric>`), or the history of one run (`_step`).

    The step of a history is that of the optimizer if it was logged, even in other rows.

    Raises:
        LogError: the x axis of the chart is time, a cell of a known metric is not a number, or
            this is the local folder of wandb.
    """
    if path.is_dir() or path.suffix == _LOCAL:
        raise LogError(
            f"{path} is the local folder of Weights & Biases, which only wandb itself reads; "
            "export "
            "the history: pandas.DataFrame(wandb.Api().run('entity/project/run')"
            ".scan_history()).to_csv('history.csv')"
        )
    names = header(path)
    if _is_history(names):
        return _history(path, names, columns)
    if _is_chart(names):
        columns.allow(FORMAT)
        return _chart(path, names)
    raise LogError(
        f"{path} must be an export of Weights & Biases, with columns '<run> - <metric>' or '_step' "
        "and '_timestamp'; for other tables set format='table'"
    )


def _is_history(names: Sequence[str]) -> bool:
    return "_step" in names and any(name in names for name in _HISTORY)


def _is_chart(names: Sequence[str]) -> bool:
    axis, columns = names[0] if names else "", names[1:]
    if not columns or " - " in axis or not all(" - " in name for name in columns):
        return False
    # A plain table may have skills called "add - easy".
    ranges = any(name.endswith(_SPREAD) for name in columns)
    return ranges or axis == "Step" or "/" in axis or "Time" in axis


def _chart(path: Path, names: Sequence[str]) -> Log:
    step = names[0]
    if "time" in step.lower() and axis_of(step) is None:
        raise LogError(
            f"the x axis of {path} must be steps, got {step!r}; choose the x axis 'Step' in the "
            "chart and export it again"
        )
    sheet = read_sheet(path)
    series, gone = [], {}
    for name in names[1:]:
        run, _, key = name.rpartition(" - ")
        if name.endswith(_SPREAD):
            continue
        if key.startswith("_") or not is_measurement(key):
            gone[name] = "a clock, a setting, a speed or a counter"
        else:
            series.append(Series(name, key, run))
    notes = []
    if any(_differs(sheet, one.column) for one in series):
        notes.append(
            "the chart shows means over several steps (__MIN and __MAX differ); export the whole "
            "history to get all points"
        )
    axis = axis_of(step) or step
    if axis != "steps":
        notes.append(f"the x axis of the chart is {axis}, column {step!r}")
    return from_series(sheet, FORMAT, series, step, axis, notes, gone)


def _history(path: Path, names: Sequence[str], columns: Columns) -> Log:
    sheet = _in_order(read_sheet(path, text_columns(names, columns)))
    notes = []
    if sheet.rows.size == _SAMPLE:
        notes.append(
            f"{path.name} has exactly {_SAMPLE} rows, the sample that run.history() returns; use "
            "run.scan_history() to get all rows"
        )
    own = {name: "a column of wandb itself" for name in names if name.startswith("_")}
    own = {name: why for name, why in own.items() if name != columns.step}
    return from_sheet(sheet, FORMAT, columns, notes, own)


def _in_order(sheet: Sheet) -> Sheet:
    """The rows in the order in which they were logged."""
    call = next(name for name in sheet.names if is_call_count(name))
    order = np.argsort(sheet.numbers.get(call, sheet.rows), kind="stable")
    place = {int(before): after for after, before in enumerate(order)}
    return replace(
        sheet,
        rows=sheet.rows[order],
        texts={name: [cells[i] for i in order] for name, cells in sheet.texts.items()},
        numbers={name: cells[order] for name, cells in sheet.numbers.items()},
        bad={n: {place[i]: text for i, text in cells.items()} for n, cells in sheet.bad.items()},
        is_history=True,
    )


def _differs(sheet: Sheet, name: str) -> bool:
    value = sheet.numbers[name]
    return any(
        bool(np.any(~np.isnan(sheet.numbers[other]) & (sheet.numbers[other] != value)))
        for other in (name + end for end in _SPREAD)
        if other in sheet.numbers
    )
