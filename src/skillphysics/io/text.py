"""Text logs of training scripts, like Megatron's and nanoGPT's: lines of counters and numbers."""

import ast
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import NoLogError, head, readable
from skillphysics.io.records import from_records
from skillphysics.measure.log import Log
from skillphysics.measure.names import axis_of, is_measurement, is_split, parse_key

FORMAT = "text"

_SUFFIXES = (".log", ".txt", ".out", ".stdout", ".err", "")
# A name of a few words, then a number: `lm loss: 2.3E+00 |`, `step 250: train loss 2.4,`,
# `Epoch: [3]`. Words like INFO and time stamps before the name do not belong to it.
_PAIR = re.compile(
    r"(?<!\w)(?P<name>[A-Za-z_][\w@./()%+-]{0,60}(?: [A-Za-z_(][\w@./()%+-]{0,60}){0,5})"
    r"\s{0,9}[:=]?\s{0,9}\[?\s{0,9}"
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf|NaN)(?![\w.])"
)
_OBJECT = re.compile(r"\{[^{}]*\}")
# `validation loss at iteration 200 | lm loss value: 7.9E+00 |`
_SPLIT = re.compile(r"\W*(?P<split>validation|valid|val|evaluation|eval|test)\b", re.IGNORECASE)
_BEFORE_COUNTERS = ("at", "after", "on", "in")
_LEVELS = re.compile(r"^(?:(?:INFO|DEBUG|WARNING|root|rank\d*)[ :|-]+)+", re.IGNORECASE)


def detect(path: Path) -> bool:
    """Whether at least two of the first lines have a counter and a metric."""
    if not path.is_file() or path.suffix.lower() not in _SUFFIXES:
        return False
    lines = head(path).decode("utf-8", errors="replace").split("\n")
    return sum(_is_measurement_line(_pairs(line)) for line in lines[:400]) >= 2


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The numbers of a text log whose names are those of metrics, at the counter of their line.

    Raises:
        LogError: no line has a counter and a metric.
    """
    with readable(path):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    records = [(row, pairs) for row, line in enumerate(lines, start=1) if (pairs := _pairs(line))]
    if not any(_is_measurement_line(pairs) for _, pairs in records):
        raise NoLogError(
            f"{path} must have lines with a counter and a metric, like 'step 100: loss 2.3'; or "
            "write a CSV file with a column 'step' and one column per skill"
        )
    return from_records(path, FORMAT, records, columns)


def _is_measurement_line(pairs: dict[str, Any]) -> bool:
    return any(axis_of(name) for name in pairs) and any(parse_key(n).metric for n in pairs)


def _pairs(line: str) -> dict[str, Any]:
    """The counters and metrics of a line, without other numbers."""
    objects = dict(_object(line))
    if objects:
        return {name: value for name, value in objects.items() if _is_known(name)}
    split = _SPLIT.match(line)
    found: dict[str, Any] = {}
    for one in _PAIR.finditer(line):
        name = _counter(one["name"])
        if name is None:
            name = _LEVELS.sub("", one["name"]).removesuffix(" value")
            own = any(is_split(word) for word in name.split())
            name = f"{split['split']} {name}" if split and not own else name
        if _is_known(name):
            found[name] = one["number"]
    return found


def _counter(name: str) -> str | None:
    """The counter that a name ends with, always "step" for steps; or None."""
    words = name.split()
    for start in range(len(words)):
        axis = axis_of(" ".join(words[start:]))
        # `number of skipped iterations` is not a counter.
        before = words[start - 1] if start else "at"
        if axis is not None and (before.lower() in _BEFORE_COUNTERS or before.isupper()):
            return "step" if axis == "steps" else " ".join(words[start:])
    return None


def _is_known(name: str) -> bool:
    return bool(axis_of(name) or (parse_key(name).metric and is_measurement(name)))


def _object(line: str) -> Iterator[tuple[str, Any]]:
    """The values of an object within a line, as printed by the Trainer and fairseq."""
    for found in _OBJECT.finditer(line):
        for load in (json.loads, ast.literal_eval):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SyntaxWarning)
                    value = load(found[0])
            except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
                continue
            if isinstance(value, dict):
                yield from ((str(key), one) for key, one in value.items())
                break
