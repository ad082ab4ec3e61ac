"""Known frequencies of skills, for example from a data mix."""

import csv
import json
import math
from pathlib import Path

from skillphysics.errors import LogError
from skillphysics.io.parse import number, read_json, readable

_NAMES = ("skill", "task", "name")
_VALUES = ("frequency", "share", "weight", "count", "occurrences", "tokens")


def read_frequencies(path: Path | str) -> dict[str, float]:
    r"""The frequencies of skills from a file, in any unit: counts, shares or weights.

    Args:
        path: a CSV file with a column of names (skill, task or name) and a column of numbers
            (frequency, share, weight, count, occurrences or tokens), or a JSON object that maps
            names to numbers.

    Raises:
        LogError: the file cannot be read, has no such columns, repeats a skill, or holds a number
            that is not positive and finite.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "mix.csv"
        ...     _ = path.write_text("skill,count\nadd,900\ncarry,100\n")
        ...     read_frequencies(path)
        {'add': 900.0, 'carry': 100.0}
    """
    path = Path(path)
    if path.is_dir():
        raise LogError(f"{path} is a folder; give a CSV or JSON file of frequencies")
    if not path.exists():
        raise LogError(f"{path} does not exist; give the path of a CSV or JSON file of frequencies")
    pairs = _from_json(path) if path.suffix.lower() == ".json" else _from_csv(path)
    found: dict[str, float] = {}
    for where, name, value in pairs:
        if not name:
            raise LogError(f"{where} must name a skill; fill it in or remove the row")
        if name in found:
            raise LogError(f"{where} repeats {name!r}; keep one frequency per skill")
        if not (math.isfinite(value) and value > 0):
            raise LogError(
                f"{where}: the frequency of {name!r} must be positive and finite, got {value:g}; "
                "correct or remove it"
            )
        found[name] = value
    if not found:
        raise LogError(f"{path} must hold at least one frequency: a name and a number per skill")
    return found


def _from_json(path: Path) -> list[tuple[str, str, float]]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise LogError(f"{path} must hold a JSON object that maps names of skills to numbers")
    # As pairs, because an object keeps only the last of repeated names.
    pairs = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=list)
    return [(str(path), str(name), number(value, f"{path}: {name!r}")) for name, value in pairs]


def _from_csv(path: Path) -> list[tuple[str, str, float]]:
    with readable(path):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    reader = csv.reader(lines)
    try:
        columns = [cell.strip() for cell in next(reader, [])]
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except csv.Error as error:
        raise LogError(f"{path} must be a CSV table: {error}; correct it") from error
    names = [i for i, column in enumerate(columns) if column.lower() in _NAMES]
    values = [i for i, column in enumerate(columns) if column.lower() in _VALUES]
    if len(names) != 1 or len(values) != 1:
        has = ", ".join(repr(column) for column in columns)
        raise LogError(
            f"{path} must have one column of names ({', '.join(_NAMES)}) and one of numbers "
            f"({', '.join(_VALUES)}), got {has or 'none'}"
        )
    found = []
    for line, cells in rows:
        where = f"{path}, row {line}"
        if len(cells) != len(columns):
            raise LogError(f"{where} must have {len(columns)} cells, got {len(cells)}; correct it")
        name, text = cells[names[0]], cells[values[0]]
        try:
            found.append((where, name, float(text)))
        except ValueError:
            raise LogError(
                f"{where}: the frequency of {name!r} must be a number, got {text!r}; correct it"
            ) from None
    return found
