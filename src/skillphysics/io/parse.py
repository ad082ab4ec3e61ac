"""Reading files safely: every error of a file becomes a `LogError` here."""

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skillphysics.errors import LogError

_HEAD = 65536
_MISSING = frozenset(
    ("", "nan", "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "-", "--", "missing")
)
# How Git represents a large file that was not fetched.
_LFS = b"version https://git-lfs.github.com/spec/"


class NoLogError(LogError):
    """A file is readable but is not a training log, as some files in a folder of logs."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the errors of the operating system and the text decoder into a `LogError`."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise LogError(
            f"{path} must be UTF-8 text, got byte {error.object[error.start]:#04x}; save it as "
            "UTF-8, "
            "or copy it again if it is damaged"
        ) from error
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror or first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The first line of the error of a library."""
    return str(error).partition("\n")[0].rstrip(". ")


def head(path: Path) -> bytes:
    """The first bytes of a file, enough to recognize its format; none for a folder."""
    if path.is_dir():
        return b""
    with readable(path), path.open("rb") as file:
        return file.read(_HEAD)


def refuse_lfs(path: Path) -> None:
    """Refuse a file that is only Git's pointer to a large file, or a folder with one."""
    files = files_below(path) if path.is_dir() else (path,)
    pointers = [file for file in files if _is_pointer(file)]
    if pointers:
        more = f" (and {len(pointers) - 1} more)" if len(pointers) > 1 else ""
        raise LogError(
            f"{pointers[0]}{more} is a Git LFS pointer to a file that was not fetched; run "
            "'git lfs pull' in the repository"
        )


def _is_pointer(path: Path) -> bool:
    with readable(path):
        return path.stat().st_size < 1024 and head(path).startswith(_LFS)


def files_below(folder: Path, suffix: str = "", inside: str = "") -> Iterator[Path]:
    """Files below a folder whose names end with `suffix` and contain `inside`, sorted.

    Hidden files and folders are skipped, in which trackers and notebooks keep old copies.
    """

    def refuse(error: OSError) -> None:
        raise LogError(f"cannot read {error.filename}: {error.strerror}") from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent) / name
            matches = name.endswith(suffix) and inside in name and not name.startswith(".")
            # Reading a pipe would block.
            if matches and path.is_file():
                yield path


def is_json_lines(path: Path) -> bool:
    """Whether a file holds one JSON object per line, by its first two lines."""
    first, _, rest = head(path).lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip()[:1] == b"{"


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        LogError: it cannot be read or is not JSON; names line and column.
    """
    with readable(path):
        text = path.read_text(encoding="utf-8-sig")
    return parse_json(text, str(path), "create the file again, or move it out of the folder")


def parse_json(text: str, where: str, remedy: str) -> Any:
    """A JSON value from text; the message of an error goes from `where` to `remedy`."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise LogError(
            f"{where} must be JSON: {error.msg} at line {error.lineno}, column {error.colno}; "
            f"{remedy}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise LogError(f"{where} must be JSON of measurements: {error}; {remedy}") from error


def missing(text: str) -> bool:
    """Whether a text is one of the usual spellings of "not measured".

    Example:
        >>> [missing(text) for text in ("", "N/A", "null", "0")]
        [True, True, True, False]
    """
    return text.strip().lower() in _MISSING


def number_of(value: Any) -> float:
    """A number from a value in a log; NaN if the value means "not measured".

    Raises:
        ValueError: the value is not a number.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    if isinstance(value, str):
        if missing(value):
            return math.nan
        if "_" in value:
            raise ValueError(value)
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(value) from error


def number(value: Any, where: str) -> float:
    """A number from a JSON file; null is NaN, "not measured".

    Raises:
        LogError: the value is not a number; the message begins with `where`.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LogError(f"{where} must be a number, got {short(value)}; correct or remove it")
    try:
        return float(value)
    except OverflowError as error:
        raise LogError(f"{where} must be a number below 1e308; correct it") from error


def step_number(value: Any, where: str) -> float:
    """A step from a JSON file: non-negative and finite."""
    step = number(value, where)
    if not (math.isfinite(step) and step >= 0):
        raise LogError(
            f"{where} must be non-negative and finite, got {short(value)}; correct or remove it"
        )
    return step


def short(value: Any) -> str:
    """A value for a message, shortened if it is long."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
