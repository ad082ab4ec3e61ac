"""Known frequencies of skills, as many people have them from their data mix."""

import csv
import math
from pathlib import Path

from skillphysics.errors import LogError
from skillphysics.io.parse import number, read_json, readable

_NAMES = ("skill", "task", "name")
_VALUES = ("frequency", "share", "weight", "count", "occurrences", "tokens")


def read_frequencies(path: Path | str) -> dict[str, float]:
    r"""How often skills occur, in any unit: counts, shares or weights.

    A CSV file with a column of names (skill, task or name) and one of numbers (frequency, share,
    weight, count, occurrences or tokens), or a JSON object from names to numbers.

    Raises:
        LogError: the file cannot be read, has no such columns, names a skill twice, or holds what
            is no positive number.

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
    found = _from_json(path) if path.suffix.lower() == ".json" else _from_csv(path)
    for name, value in found.items():
        if not (math.isfinite(value) and value > 0):
            raise LogError(f"{path}: the frequency of {name!r} must be positive, got {value:g}")
    if not found:
        raise LogError(f"{path} holds no frequency")
    return found


def _from_json(path: Path) -> dict[str, float]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise LogError(f"{path} must hold a JSON object from names of skills to numbers")
    return {str(name): number(value, f"{path}: {name!r}") for name, value in content.items()}


def _from_csv(path: Path) -> dict[str, float]:
    with readable(path):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    try:
        rows = list(csv.DictReader(lines))
    except csv.Error as error:
        raise LogError(f"{path} is no CSV table: {error}") from error
    columns = [str(name) for name in (rows[0] if rows else {})]
    names = [one for one in columns if one.strip().lower() in _NAMES]
    values = [one for one in columns if one.strip().lower() in _VALUES]
    if len(names) != 1 or len(values) != 1:
        raise LogError(
            f"{path} must have one column of names ({', '.join(_NAMES)}) and one of numbers "
            f"({', '.join(_VALUES)}); it has {', '.join(columns) or 'none'}"
        )
    found: dict[str, float] = {}
    for place, row in enumerate(rows, start=2):
        name, text = str(row[names[0]] or "").strip(), str(row[values[0]] or "").strip()
        if name in found:
            raise LogError(f"{path}, row {place} names {name!r} again; keep one row for each skill")
        try:
            found[name] = float(text)
        except ValueError:
            raise LogError(
                f"{path}, row {place}: the frequency of {name!r} is {text!r}, which is no number"
            ) from None
    return found
