"""The axis of a table: the column that counts steps, epochs or tokens, and the step of each row."""

import re
from dataclasses import replace

import numpy as np

from skillphysics.errors import LogError
from skillphysics.io.checkpoints import step_in
from skillphysics.io.columns import Columns
from skillphysics.io.parse import NoLogError
from skillphysics.io.sheet import Sheet
from skillphysics.measure.log import listed
from skillphysics.measure.metrics import normal
from skillphysics.measure.names import axis_of, is_call_count, is_measurement

# Columns with names of checkpoints, which give the steps if no column of numbers does.
CHECKPOINTS = ("checkpoint", "checkpoint_name", "ckpt", "revision", "model_revision")
# The length of a training if there are other counters; a counter if there are none.
_TOTAL = re.compile(r"(?:total|num_total)_(?:steps|iterations|iters|updates|env_steps)")

# Counters of tokens outside of training.
_OTHER_TOKENS = re.compile(r"(?:^|_)(?:eval|val|valid|validation|test|max|pad|padding)_")


def axis_column(sheet: Sheet, columns: Columns, notes: list[str]) -> tuple[str, str]:
    """The column of steps, or else of epochs or tokens, and what it counts."""
    if columns.step is not None:
        counts = re.search(r"step|iter|update", normal(columns.step))
        return columns.step, axis_of(columns.step) or ("steps" if counts else columns.step)
    counted = {name: axis_of(name) for name in sheet.numbers}
    counted |= {name: "steps" for name in counted if normal(name) in CHECKPOINTS}
    counted = {name: axis for name, axis in counted.items() if axis}
    there = {n: axis for n, axis in counted.items() if n in sheet.bad or sheet.n_numbers(n)}
    counted = there or counted
    steps = [name for name, axis in counted.items() if axis == "steps" and not is_call_count(name)]
    steps = _optimizer_steps(sheet, steps) or [n for n in counted if is_call_count(n)]
    if len(steps) == 1:
        calls = [name for name in counted if is_call_count(name) and name != steps[0]]
        if calls:
            notes.append(
                f"steps are read from {steps[0]!r}; {calls[0]!r} counts calls of the tracker"
            )
        if is_call_count(steps[0]):
            notes.append(
                f"steps are read from {steps[0]!r}, in which trackers may count their own "
                "calls; to "
                "choose another column, set step=…"
            )
        return steps[0], "steps"
    others = steps or list(counted)
    if len(others) == 1:
        axis = str(counted[others[0]])
        notes.append(
            f"the log has no optimizer steps; its axis is {axis}, from column {others[0]!r}"
        )
        return others[0], axis
    if others:
        raise LogError(
            f"{sheet.path} has several columns that count ({listed(others)}); set "
            f"step={others[0]!r} "
            "or another of them"
        )
    totals = [name for name in sheet.numbers if _TOTAL.fullmatch(normal(name))]
    if len(totals) == 1 and sheet.n_numbers(totals[0]):
        return totals[0], "steps"
    raise NoLogError(
        f"{sheet.path} must have a column of steps, got {listed(sheet.names) or 'no columns'}; set "
        "step=… to one of them, or rename it to 'step'"
    )


def with_named_steps(sheet: Sheet, columns: Columns) -> Sheet:
    """The sheet, with names of checkpoints turned into steps if no column counts steps."""
    if columns.step is None and any(axis_of(name) == "steps" for name in sheet.numbers):
        return sheet
    for name, cells in sheet.texts.items():
        is_axis = name == columns.step or (columns.step is None and normal(name) in CHECKPOINTS)
        steps = [step_in(cell) for cell in cells] if is_axis else [None]
        if None not in steps:
            texts = {other: cell for other, cell in sheet.texts.items() if other != name}
            numbers = sheet.numbers | {name: np.array(steps, dtype=np.float64)}
            return replace(sheet, texts=texts, numbers=numbers)
    return sheet


def _optimizer_steps(sheet: Sheet, steps: list[str]) -> list[str]:
    """The optimizer's among several columns of steps; the first if all are equal."""
    if len(steps) < 2:
        return steps
    first = sheet.numbers[steps[0]]
    if all(np.array_equal(sheet.numbers[name], first, equal_nan=True) for name in steps[1:]):
        return steps[:1]
    named = [name for name in steps if normal(name).endswith(("global_step", "global_steps"))]
    return named[:1] if len(named) == 1 else steps


def refuse_within_epochs(sheet: Sheet, step: str) -> None:
    """Refuse a counter that restarts in each epoch."""
    count = sheet.numbers[step] if step in sheet.numbers else np.array([])
    for name, epoch in sheet.numbers.items():
        if axis_of(name) != "epochs" or name == step:
            continue
        both = ~(np.isnan(count) | np.isnan(epoch))
        again = (np.diff(epoch[both]) > 0) & (np.diff(count[both]) < 0)
        if again.any() and np.all(np.diff(epoch[both]) >= 0):
            row = sheet.rows[both][int(np.argmax(again)) + 1]
            raise LogError(
                f"{sheet.path}, row {row}: {step!r} restarts in each epoch and cannot be the axis; "
                f"set step={name!r}, which keeps the last row of each epoch"
            )


def steps_of(
    sheet: Sheet, name: str, notes: list[str], *, chosen: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The step of each row that has one, and the positions of these rows."""
    if name not in sheet.numbers:
        raise LogError(f"{sheet.path}: step must name a column of numbers, got {name!r}")
    sheet.refuse_bad(name)
    steps = sheet.numbers[name].copy()
    unknown = np.isnan(steps)
    if unknown.any() and sheet.is_history:
        steps = _carried(sheet, name, steps, notes, chosen=chosen)
    wrong = ~np.isnan(steps) & ~(np.isfinite(steps) & (steps >= 0))
    if not sheet.is_history:
        wrong |= unknown
    if wrong.any():
        row = int(np.argmax(wrong))
        found = "an empty cell" if np.isnan(steps[row]) else f"{steps[row]:g}"
        raise LogError(
            f"{sheet.path}, row {sheet.rows[row]}: steps (column {name!r}) must be non-negative "
            f"and finite, got {found}; correct or remove the row, or set step=… to another column"
        )
    rows = np.flatnonzero(~np.isnan(steps))
    return steps[rows], rows


def _carried(
    sheet: Sheet, name: str, steps: np.ndarray, notes: list[str], *, chosen: bool
) -> np.ndarray:
    """Steps of a history, in which rows without a step belong to the one logged before."""
    known = np.flatnonzero(~np.isnan(steps))
    if known.size == 0:
        raise LogError(
            f"{sheet.path}: the column of steps {name!r} is empty; set step=… to another"
        )
    last = np.searchsorted(known, np.arange(steps.size), side="right") - 1
    filled = np.where(last < 0, np.nan, steps[known[np.maximum(last, 0)]])
    lacking = np.isnan(steps)
    used = np.zeros(steps.size, dtype=bool)
    for key, values in sheet.numbers.items():
        if axis_of(key) or not is_measurement(key):
            continue
        there = ~np.isnan(values)
        used |= there & lacking
        # Several values of a column between two steps: the step was logged too rarely.
        block = last[there & lacking & (last >= 0)]
        if not chosen and block.size > np.unique(block).size:
            raise LogError(
                f"{sheet.path}: {name!r} is missing in rows of {key!r}, of which several lie "
                f"between two steps; set step={name!r} to accept this, or step=… to another column"
            )
    if used.any():
        early = int((used & np.isnan(filled)).sum())
        notes.append(
            f"{int(used.sum()) - early} rows without {name!r} belong to the step logged before them"
            + (f"; {early} before the first step are ignored" if early else "")
        )
    return filled


def tokens_of(
    sheet: Sheet, step: str, axis: str, steps: np.ndarray, rows: np.ndarray
) -> tuple[str | None, dict[float, float]]:
    """The column that counts tokens next to a column of steps, and the tokens at each step.

    There is none if two columns disagree, or if tokens are not an increasing function of the step,
    as in a table of runs with different batch sizes.
    """
    found: dict[str, dict[float, float]] = {}
    for name, values in sheet.numbers.items():
        plain = normal(name)
        if axis != "steps" or name == step or axis_of(name) != "tokens":
            continue
        known = np.isfinite(values[rows])
        pairs = np.unique(np.stack([steps[known], values[rows][known]]), axis=1)
        rises = pairs.shape[1] > 1 and bool((np.diff(pairs) > 0).all()) and pairs[1, 0] >= 0
        if rises and name not in sheet.bad and not _OTHER_TOKENS.search(plain):
            found[name] = dict(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))
    if not found or any(one != next(iter(found.values())) for one in found.values()):
        return None, {}
    return next(iter(found.items()))
