"""JSON logs: one object per line, a list of objects, a history of lists, or results by step."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skillphysics.errors import LogError
from skillphysics.io.checkpoints import step_in
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import NoLogError, head, is_json_lines, number_of, parse_json, readable
from skillphysics.io.roles import text_columns
from skillphysics.io.sheet import sheet_of
from skillphysics.io.tables import from_sheet
from skillphysics.measure.log import Log
from skillphysics.measure.names import axis_of

FORMAT = "json"

# Keys under which a document with a description holds its rows.
_WITHIN = ("history", "log_history", "logs", "metrics", "results", "checkpoints")
_CHECKPOINTS = ("checkpoints", "checkpoint", "revisions")
_SUFFIXES = (".json", ".jsonl", ".ndjson")
Record = Mapping[str, Any]


def detect(path: Path) -> bool:
    """Whether this is a JSON file, by its name and its first character."""
    if path.is_dir() or path.suffix.lower() not in _SUFFIXES:
        return False
    return head(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """Rows of keys and values from JSON; nested objects give keys with slashes.

    Each line, or each object of a list, is a row. An object of lists is a history: positions in
    the lists count epochs, unless one of the lists is a counter. In an object whose keys are
    steps, each value is the row of its step.

    Raises:
        LogError: the file is not JSON or has none of these forms; or as for a table.
    """
    records, notes = _records(path)
    return from_records(path, FORMAT, records, columns, notes)


def from_records(
    path: Path,
    format: str,  # noqa: A002
    records: Sequence[tuple[int, Record]],
    columns: Columns,
    notes: Iterable[str] = (),
) -> Log:
    """The log of rows of keys and values, each with its row number in the file."""
    flat = [(row, dict(_flat(record))) for row, record in records]
    names = list(dict.fromkeys(key for _, record in flat for key in record))
    if not names:
        raise NoLogError(f"{path} holds no measurements")
    return from_sheet(sheet_of(path, flat, text_columns(names, columns)), format, columns, notes)


def _records(path: Path) -> tuple[list[tuple[int, Record]], list[str]]:
    with readable(path):
        text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".json" and not is_json_lines(path):
        content = parse_json(text, str(path), "create the file again")
        return _from_document(content, path), []
    return _from_lines(text, path)


def _from_lines(text: str, path: Path) -> tuple[list[tuple[int, Record]], list[str]]:
    lines = [(i, line) for i, line in enumerate(text.split("\n"), start=1) if line.strip()]
    records: list[tuple[int, Record]] = []
    for place, (row, line) in enumerate(lines):
        try:
            value = parse_json(line, f"{path}, row {row}", "correct or remove the row")
        except LogError:
            # A process that still writes to the file has not finished the last line.
            if place == len(lines) - 1 and place and not text.endswith("\n"):
                return records, [f"{path.name} ends in the middle of a line, which is ignored"]
            raise
        if not isinstance(value, dict):
            raise LogError(f"{path}, row {row} must be a JSON object; correct or remove the row")
        records.append((row, value))
    return records, []


def _from_document(content: Any, path: Path) -> list[tuple[int, Record]]:
    if isinstance(content, dict):
        inner = [content[key] for key in _WITHIN if _holds_rows(content.get(key))]
        if len(inner) == 1:
            content = inner[0]
    if isinstance(content, list) and content and all(isinstance(one, dict) for one in content):
        return list(enumerate(content, start=1))
    if isinstance(content, dict) and content:
        if any(isinstance(value, list) for _, value in _flat(content)):
            return _from_lists(content, path)
        by_step = _by_step(content)
        if by_step:
            return by_step
        if any(axis_of(key) for key in content):
            return [(1, content)]
    raise NoLogError(
        f"{path} must hold rows with a step and values (one object per line, or a list of "
        "objects), one list of values per metric, or results by step"
    )


def _holds_rows(value: Any) -> bool:
    """Whether a value may hold all rows, rather than one column."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and bool(value)


def _by_step(content: Mapping[str, Any]) -> list[tuple[int, Record]]:
    """The rows of an object in which one level of nested keys, whichever it is, holds steps."""
    paths = [
        (key.split("/"), value)
        for key, value in _flat(content)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    depth = min((len(parts) for parts, _ in paths), default=0)
    for place in range(depth):
        steps = [step_in(parts[place]) for parts, _ in paths]
        if None not in steps and depth > 1:
            rows: dict[float, dict[str, Any]] = {}
            for (parts, value), step in zip(paths, steps, strict=True):
                name = "/".join(parts[:place] + parts[place + 1 :])
                rows.setdefault(float(step or 0), {})[name] = value
            return [(i, {"step": step, **row}) for i, (step, row) in enumerate(rows.items(), 1)]
    return []


def _from_lists(content: Mapping[str, Any], path: Path) -> list[tuple[int, Record]]:
    """The rows of `{"loss": [...], "val_loss": [...]}`, which are epochs without a counter."""
    lists = {key: value for key, value in _flat(content) if isinstance(value, list)}
    lists = {key: value for key, value in lists.items() if all(map(_is_plain, value))}
    for key in [key for key in lists if key in _CHECKPOINTS]:
        lists["step"] = [step_in(str(name)) for name in lists.pop(key)]
    lengths = {len(value) for value in lists.values()}
    if not lists or (len(lengths) > 1 and not any(axis_of(key) for key in lists)):
        found = ", ".join(f"{key} {len(value)}" for key, value in list(lists.items())[:4])
        raise NoLogError(
            f"{path} holds lists of different lengths ({found or 'none of numbers'}); write one "
            "row per step, with the step in it"
        )
    counters = [key for key in lists if axis_of(key)]
    length = len(lists[counters[0]]) if counters else lengths.pop()
    used = {key: value for key, value in lists.items() if len(value) == length}
    rows = [{key: value[i] for key, value in used.items()} for i in range(length)]
    # Keras counts epochs from 0, and its histories have no other counter.
    return [(i + 1, row if counters else {"epoch": i, **row}) for i, row in enumerate(rows)]


def _is_plain(value: Any) -> bool:
    try:
        number_of(value)
    except ValueError:
        return isinstance(value, str)
    return True


def _flat(record: Record, before: str = "") -> Iterable[tuple[str, Any]]:
    ahead: list[tuple[str, Record]] = [(before, record)]
    while ahead:
        prefix, inner = ahead.pop(0)
        for key, value in inner.items():
            if isinstance(value, dict):
                ahead.append((f"{prefix}{key}/", value))
            else:
                yield f"{prefix}{key}", value
