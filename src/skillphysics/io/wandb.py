"""Exports of Weights & Biases: the CSV of a chart, and whole histories as CSV or Parquet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skillphysics.errors import LogError
from skillphysics.io.kinds import is_measurement, kind, split_key
from skillphysics.io.log import Log, finished, listed
from skillphysics.io.sheet import Series, Sheet, header, is_csv, is_parquet, melted, read_sheet

FORMAT = "wandb"

_SPREAD = ("__MIN", "__MAX")
_HISTORY = ("_runtime", "_timestamp")
# The Trainer and Lightning count optimizer steps here; `_step` counts calls of wandb.log.
_OPTIMIZER_STEPS = ("train/global_step", "trainer/global_step")
# run.history() gives a sample of this many rows.
_SAMPLE = 500


def detect(path: Path) -> bool:
    """Whether the columns are those of a chart or of a history."""
    if not (is_csv(path) or is_parquet(path)):
        return False
    names = header(path)
    return _is_history(names) or _is_chart(names)


def read(path: Path) -> Log:
    """The runs of a chart (`<run> - <metric>`), or the history of one run (`_step`).

    Raises:
        LogError: the chart is drawn over time, a cell of a known metric is no number, or
            something is measured twice.
    """
    names = header(path)
    if _is_history(names):
        return _history(path, names)
    if _is_chart(names):
        return _chart(path, names)
    raise LogError(
        f"{path} is no export of Weights & Biases: neither columns '<run> - <metric>' nor '_step' "
        "with '_timestamp'; for other tables say format 'table'"
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
    if "time" in names[0].lower():
        raise LogError(
            f"{path} is drawn over {names[0]!r}; choose the x axis 'Step' in the chart and export "
            "it again"
        )
    sheet = read_sheet(path)
    series = []
    for name in names[1:]:
        run, _, key = name.rpartition(" - ")
        if not name.endswith(_SPREAD) and not key.startswith("_") and is_measurement(key):
            series.append(Series(name, run, *split_key(key)))
    notes = []
    if any(_differs(sheet, one.column) for one in series):
        notes.append(
            "the chart shows means over several steps (__MIN and __MAX differ): export the whole "
            "history to have every point"
        )
    return _log(path, sheet, series, names[0], notes)


def _history(path: Path, names: Sequence[str]) -> Log:
    sheet = read_sheet(path)
    notes = []
    step = "_step"
    for name in _OPTIMIZER_STEPS:
        if name in names and name not in sheet.bad and not np.isnan(sheet.numbers[name]).any():
            step = name
            notes.append(f"steps are those of {name!r}; '_step' counts calls of wandb.log")
            break
    if sheet.rows.size == _SAMPLE:
        notes.append(
            f"{path.name} has exactly {_SAMPLE} rows, the sample that run.history() gives: use "
            "run.scan_history() to have every row"
        )
    series = [
        Series(name, "", *split_key(name))
        for name in names
        if not name.startswith("_") and name not in _OPTIMIZER_STEPS and is_measurement(name)
    ]
    return _log(path, sheet, series, step, notes)


def _log(path: Path, sheet: Sheet, series: list[Series], step: str, notes: list[str]) -> Log:
    text = [one for one in series if one.column in sheet.bad]
    for one in text:
        if kind(one.metric):
            sheet.refuse_bad(one.column)
    if text:
        notes.append(f"columns that hold text are left out: {listed(one.column for one in text)}")
    numeric = [one for one in series if one.column not in sheet.bad]
    table = melted(sheet, numeric, sheet.steps(step))
    return Log(finished(table), path, FORMAT, tuple(notes))


def _differs(sheet: Sheet, name: str) -> bool:
    value = sheet.numbers[name]
    return any(
        bool(np.any(~np.isnan(sheet.numbers[other]) & (sheet.numbers[other] != value)))
        for other in (name + end for end in _SPREAD)
        if other in sheet.numbers
    )
