"""Which columns of a table are measurements, and why the others are left out."""

import re
from collections.abc import Mapping

import numpy as np

from skillphysics.errors import LogError
from skillphysics.io.parse import short
from skillphysics.io.sheet import Sheet
from skillphysics.measure.metrics import normal
from skillphysics.measure.names import is_measurement, parse_key

UNNAMED = re.compile(r"|Unnamed: \d+")

_CLOCK = "a clock, a setting, a speed or a counter"
_BATCH = "the value of one batch; its mean over an epoch is read"
_SUMMARY = "the mean over the whole run, written at its end"


def measured_columns(
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
            gone[name] = "a column without a name" if UNNAMED.fullmatch(name) else _CLOCK
        elif name in sheet.bad and _is_text(sheet, name, key):
            gone[name] = "text"
        elif UNNAMED.fullmatch(name) or normal(name) == "index":
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


def others(sheet: Sheet, taken: set[str], why: str) -> dict[str, str]:
    """All columns that are not taken, with one reason to leave them out."""
    return {name: why for name in sheet.names if name not in taken}


def nothing(sheet: Sheet, step: str) -> str:
    """What is wrong with a table that has no column of measurements, as a message."""
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


def refuse_infinite(sheet: Sheet, name: str) -> None:
    """Refuse a column with a cell that is infinite or not a number.

    Raises:
        LogError: names the first such cell.
    """
    sheet.refuse_bad(name)
    infinite = np.isinf(sheet.numbers[name])
    if infinite.any():
        raise LogError(
            f"{sheet.path}, row {sheet.rows[int(np.argmax(infinite))]}, column {name!r} must be "
            "finite, got an infinite number; leave the cell empty if nothing was measured"
        )
