"""Reading files safely: every error of a file becomes a `LogError` here, and only here."""

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
# What Git has in the place of a large file that was not fetched.
_LFS = b"version https://git-lfs.github.com/spec/"


class NoLogError(LogError):
    """A file is sound, but no training log: a folder of logs may hold such."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what the operating system and the text decoder refuse into a `LogError`."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise LogError(
            f"{path} holds byte {error.object[error.start]:#04x}, which is no UTF-8 text: is it "
            "damaged, or saved in another encoding? save it as UTF-8"
        ) from error
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror or first_line(error)}") from error


def first_line(error: Exception) -> str:
    """What a library says, in one line: an error message is one sentence."""
    return str(error).partition("\n")[0].rstrip(". ")


def head(path: Path) -> bytes:
    """The first bytes of a file, enough to recognise its format; none for a folder."""
    if path.is_dir():
        return b""
    with readable(path), path.open("rb") as file:
        return file.read(_HEAD)


def refuse_lfs(path: Path) -> None:
    """An error if a file, or one in a folder, is only Git's pointer to a large file."""
    files = files_below(path) if path.is_dir() else (path,)
    pointers = [file for file in files if _is_pointer(file)]
    if pointers:
        more = f" (and {len(pointers) - 1} more)" if len(pointers) > 1 else ""
        raise LogError(
            f"{pointers[0]}{more} is a Git LFS pointer, which stands for a file that was not "
            "fetched; run 'git lfs pull' in the repository"
        )


def _is_pointer(path: Path) -> bool:
    with readable(path):
        return path.stat().st_size < 1024 and head(path).startswith(_LFS)


def files_below(folder: Path, suffix: str = "", inside: str = "") -> Iterator[Path]:
    """Files below a folder whose names end with `suffix` and hold `inside`, in sorted order.

    Hidden files and folders are skipped: trackers and notebooks keep old copies there.
    """

    def refuse(error: OSError) -> None:
        raise LogError(f"cannot read {error.filename}: {error.strerror}") from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent) / name
            wanted = name.endswith(suffix) and inside in name and not name.startswith(".")
            # A pipe would be waited for, for ever.
            if wanted and path.is_file():
                yield path


def is_json_lines(path: Path) -> bool:
    """Whether a file holds one JSON object a line, by its first two lines."""
    first, _, rest = head(path).lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip()[:1] == b"{"


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        LogError: it cannot be read or is no JSON; names line and column.
    """
    with readable(path):
        text = path.read_text(encoding="utf-8-sig")
    return parse_json(text, str(path), "write the file again, or move it out of the folder")


def parse_json(text: str, where: str, remedy: str) -> Any:
    """A JSON value from text; `where` begins the message of an error, `remedy` ends it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise LogError(
            f"{where} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}; "
            f"{remedy}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise LogError(f"{where} is no JSON of measurements: {error}; {remedy}") from error


def missing(text: str) -> bool:
    """Whether a text is one of the usual spellings of "not measured".

    Example:
        >>> [missing(text) for text in ("", "N/A", "null", "0")]
        [True, True, True, False]
    """
    return text.strip().lower() in _MISSING


def number_of(value: Any) -> float:
    """A number from whatever a log holds in its place; NaN where that says "not measured".

    Raises:
        ValueError: it is no number.
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
    """A number of a JSON file; null is NaN, "not measured".

    Raises:
        LogError: the value is something else; `where` begins the message.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LogError(f"{where} is {short(value)}, which is no number: correct or remove it")
    try:
        return float(value)
    except OverflowError as error:
        raise LogError(f"{where} has over 300 digits; correct it") from error


def step_number(value: Any, where: str) -> float:
    """A step of a JSON file: finite and not negative."""
    step = number(value, where)
    if not (math.isfinite(step) and step >= 0):
        raise LogError(
            f"{where} is {short(value)}; a step must be a number from 0 on: correct or remove it"
        )
    return step


def short(value: Any) -> str:
    """A value as it stands in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
