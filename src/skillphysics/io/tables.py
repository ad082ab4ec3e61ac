"""Plain CSV and Parquet tables, wide or long, and the CSV of TensorBoard's page."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skillphysics.errors import LogError
from skillphysics.io.kinds import is_measurement, split_key
from skillphysics.io.log import Log, duplicate, finished, listed, make_table
from skillphysics.io.sheet import Series, Sheet, header, is_csv, is_parquet, melted, read_sheet

FORMAT = "table"

# What people call the column of optimizer steps, compared without regard to case.
STEPS = (
    "step",
    "_step",
    "steps",
    "global_step",
    "train/global_step",
    "trainer/global_step",
    "train_step",
    "training_step",
    "iteration",
    "iterations",
    "iter",
)
_TASKS = ("skill", "task")
_TENSORBOARD = ("wall time", "step", "value")
# TensorBoard's page shows, and so exports, a sample of this many points.
_TENSORBOARD_SAMPLE = 1000


def detect(path: Path) -> bool:
    """Whether this is any CSV or Parquet file."""
    return is_csv(path) or is_parquet(path)


def read(path: Path) -> Log:
    """A table with a step column, wide (one column a skill) or long (one row a measurement).

    A long table has columns `step`, `skill` or `task`, and `value`, and may have `stderr`, `run`
    and `metric`. A wide table may have `run`; its other columns are named as `split_key` says.

    Raises:
        LogError: there is no step column, a cell is no number, or something is measured twice.
    """
    names = header(path)
    if tuple(name.lower() for name in names) == _TENSORBOARD:
        return _tensorboard_page(path, names)
    if _find(names, _TASKS):
        return _long(path, names)
    return _wide(path, names)


def _long(path: Path, names: Sequence[str]) -> Log:
    task, value = _one(path, names, _TASKS), _find(names, ("value",))
    if len(value) != 1:
        raise LogError(
            f"{path} has a column {task[0]!r} and {len(value) or 'no'} columns 'value'; call the "
            "column of measurements 'value'"
        )
    run, metric = _find(names, ("run",)), _find(names, ("metric",))
    sheet = read_sheet(path, [*task, *run, *metric])
    steps = sheet.steps(_step_column(path, names))
    numbers = [*value, *_find(names, ("stderr",))]
    for name in numbers:
        _refuse_no_number(sheet, name)
    for name in [*task, *run]:
        _refuse_empty(sheet, name)
    nameless = [""] * steps.size
    table = make_table(
        run=sheet.texts[run[0]] if run else nameless,
        step=steps,
        task=sheet.texts[task[0]],
        metric=sheet.texts[metric[0]] if metric else nameless,
        value=sheet.numbers[value[0]],
        stderr=sheet.numbers[numbers[1]] if len(numbers) > 1 else None,
    )
    twice = duplicate(table)
    if twice is not None:
        first, second = twice
        raise LogError(
            f"{path} measures {sheet.texts[task[0]][second]!r} at step "
            f"{table['step'].iloc[second]} twice: rows {sheet.rows[first]} and "
            f"{sheet.rows[second]}; remove one of them"
        )
    used = {*task, *run, *metric, *numbers, _step_column(path, names)}
    return Log(finished(table), path, FORMAT, _ignored([n for n in names if n not in used]))


def _wide(path: Path, names: Sequence[str]) -> Log:
    step, run = _step_column(path, names), _find(names, ("run",))
    skills = [name for name in names if name not in (step, *run) and is_measurement(name)]
    if not skills:
        raise LogError(
            f"{path} has no column beside the step column {step!r}; one column a skill is wanted, "
            "or columns skill and value"
        )
    sheet = read_sheet(path, run)
    steps = sheet.steps(step)
    for name in skills:
        if not name:
            raise LogError(f"{path} has a column without a name; name it or remove it")
        _refuse_no_number(sheet, name)
    for name in run:
        _refuse_empty(sheet, name)
    series = [Series(name, "", *split_key(name)) for name in skills]
    table = melted(sheet, series, steps, sheet.texts[run[0]] if run else None)
    empty = [name for name in skills if np.isnan(sheet.numbers[name]).all()]
    notes = _ignored([n for n in names if n not in (step, *run, *skills)])
    if empty:
        notes += (f"columns without a number are left out: {listed(empty)}",)
    return Log(finished(table), path, FORMAT, notes)


def _tensorboard_page(path: Path, names: Sequence[str]) -> Log:
    sheet = read_sheet(path)
    steps = sheet.steps(names[1])
    _refuse_no_number(sheet, names[2])
    named = re.fullmatch(r"run-(?P<run>.*?)-tag-(?P<tag>.+)", path.stem)
    tag = named["tag"] if named else path.stem
    table = melted(sheet, [Series(names[2], "", *split_key(tag))], steps)
    notes: tuple[str, ...] = ()
    if sheet.rows.size == _TENSORBOARD_SAMPLE:
        notes = (
            f"{path.name} has exactly {_TENSORBOARD_SAMPLE} rows, the sample that TensorBoard's "
            "page exports: read the event files instead to have every point",
        )
    return Log(finished(table), path, FORMAT, notes)


def _find(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [name for name in names if name.strip().lower() in wanted]


def _one(path: Path, names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    found = _find(names, wanted)
    if len(found) > 1:
        raise LogError(f"{path} has columns {listed(found)}; rename or remove all but one")
    return found


def _step_column(path: Path, names: Sequence[str]) -> str:
    found = _one(path, names, STEPS)
    if not found:
        raise LogError(
            f"{path} has no step column among {listed(names) or 'its columns (it has none)'}; name "
            "the column of optimizer steps 'step', and separate columns by commas"
        )
    return found[0]


def _refuse_no_number(sheet: Sheet, name: str) -> None:
    sheet.refuse_bad(name)
    infinite = np.isinf(sheet.numbers[name])
    if infinite.any():
        raise LogError(
            f"{sheet.path}, row {sheet.rows[int(np.argmax(infinite))]}, column {name!r} is "
            "infinite; a finite number is wanted: leave the cell empty where nothing was measured"
        )


def _refuse_empty(sheet: Sheet, name: str) -> None:
    if "" in sheet.texts[name]:
        row = sheet.rows[sheet.texts[name].index("")]
        raise LogError(f"{sheet.path}, row {row}, column {name!r} is empty; a name is wanted")


def _ignored(names: Sequence[str]) -> tuple[str, ...]:
    return (f"columns that measure no skill are left out: {listed(names)}",) if names else ()
