"""Tables as columns of numbers, with the place of every cell that is not a number.

Cells are read here and not by pandas, because a broken cell must be named with its row in the file.
`pandas.read_csv` turns a column with a broken cell into text, fills rows that are too short without
a word, renames repeated columns, and does not know the lines of rows. As text, so that cells can be
checked, it takes about as long (`benchmarks/tables.py`).
"""

import csv
import math
import re
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from skillphysics.errors import LogError
from skillphysics.io.parse import first_line, head, missing, number_of, readable, short
from skillphysics.measure.names import axis_of

PARQUET = b"PAR1"
_SUFFIXES = (".csv", ".tsv", ".tab")
_TEXT = (".txt", ".dat")
_PAIRED = re.compile(r"[=:]\s*[-+.\d]")


class Cell(NamedTuple):
    """The row of a cell in the file, and its content."""

    row: int
    text: str


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table file in memory.

    Attributes:
        path: the file.
        names: distinct names of the columns.
        rows: the number of each row in the file, from 1, where the header is row 1 of a CSV file.
        texts: the columns that were requested as text.
        numbers: all other columns, NaN where a cell is empty, means "not measured" or is not a
            number.
        bad: for each column with cells that are not numbers, these cells by the position of their
            row.
        notes: what was skipped.
        is_history: whether rows are in the order in which they were logged, so that a row without
            a step belongs to the step before it.
    """

    path: Path
    names: tuple[str, ...]
    rows: np.ndarray
    texts: dict[str, list[str]]
    numbers: dict[str, np.ndarray]
    bad: dict[str, dict[int, str]]
    notes: tuple[str, ...] = ()
    is_history: bool = False

    def n_numbers(self, name: str) -> int:
        """How many cells of a column are numbers."""
        return int((~np.isnan(self.numbers[name])).sum())

    def first_bad(self, name: str) -> Cell:
        """The first cell of a column that is not a number."""
        place = min(self.bad[name])
        return Cell(int(self.rows[place]), self.bad[name][place])

    def labels(self, name: str) -> list[str]:
        """The cells of a column as labels, from text or numbers."""
        if name in self.texts:
            return self.texts[name]
        text = self.bad.get(name, {})
        return [text.get(i, f"{value:g}") for i, value in enumerate(self.numbers[name])]

    def refuse_bad(self, name: str) -> None:
        """Refuse a column with a cell that is not a number."""
        if name in self.bad:
            cell = self.first_bad(name)
            raise LogError(
                f"{self.path}, row {cell.row}, column {name!r} must be a number, got "
                f"{short(cell.text)}; correct it, or leave the cell empty if nothing was measured"
            )


def is_csv(path: Path) -> bool:
    """Whether this looks like a text table with commas, semicolons or tabs between cells."""
    if not path.is_file():
        return False
    suffix = path.suffix.lower()
    if suffix in _TEXT:
        line = head(path).decode("utf-8", errors="replace").partition("\n")[0]
        # Other text has commas too; the header of a table names its axis.
        return (
            any(axis_of(cell) for cell in re.split("[\t,;]", line)) and _PAIRED.search(line) is None
        )
    return suffix in _SUFFIXES


def is_parquet(path: Path) -> bool:
    """Whether this is a Parquet file."""
    return head(path)[:4] == PARQUET


def is_table(path: Path) -> bool:
    """Whether this is a text table or a Parquet file."""
    return is_csv(path) or is_parquet(path)


def header(path: Path) -> tuple[str, ...]:
    """The column names of a CSV or Parquet file, without reading its rows.

    Raises:
        LogError: the file is damaged, or a column name is repeated.
    """
    if is_parquet(path):
        with _parquet(path):
            names = pq.read_schema(path).names
    else:
        with readable(path), _opened(path) as file:
            try:
                names = _stripped(
                    next(csv.reader(file, delimiter=_delimiter(path), strict=True), [])
                )
            except csv.Error as error:
                raise LogError(
                    f"{path}, row 1: {error}; correct the line of column names"
                ) from error
    _refuse_repeated(names, path)
    return tuple(names)


def read_sheet(path: Path, text: Sequence[str] = ()) -> Sheet:
    """A CSV or Parquet file, with the columns `text` as text and all others as numbers.

    Raises:
        LogError: the file is damaged, has no rows, or a row has too many or too few cells.
    """
    sheet = _read_parquet(path, text) if is_parquet(path) else _read_csv(path, text)
    if sheet.rows.size == 0:
        raise LogError(f"{path} must have rows below its column names, got none")
    return sheet


def sheet_of(
    path: Path,
    records: Sequence[tuple[int, Mapping[str, Any]]],
    text: Collection[str] = (),
) -> Sheet:
    """Rows of keys and values as a sheet: JSON lines, histories, text logs.

    Args:
        path: the file.
        records: the number in the file and the values of each row.
        text: keys to keep as text.
    """
    names = list(dict.fromkeys(key for _, record in records for key in record))
    texts = {name: [""] * len(records) for name in names if name in text}
    numbers = {name: np.full(len(records), np.nan) for name in names if name not in text}
    bad: dict[str, dict[int, str]] = {}
    for i, (_, record) in enumerate(records):
        for name, value in record.items():
            if name in texts:
                texts[name][i] = "" if value is None else str(value)
                continue
            try:
                numbers[name][i] = number_of(value)
            except ValueError:
                bad.setdefault(name, {})[i] = str(value)
    rows = np.array([row for row, _ in records], dtype=np.int64)
    return Sheet(path, tuple(names), rows, texts, numbers, bad, is_history=True)


def _stripped(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _delimiter(path: Path) -> str:
    line = head(path).decode("utf-8", errors="replace").lstrip("\ufeff").partition("\n")[0]
    if "\t" in line:
        return "\t"
    return ";" if line.count(";") > line.count(",") else ","


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _read_csv(path: Path, text: Sequence[str]) -> Sheet:
    names: list[str] = []
    rows: list[int] = []
    texts: dict[str, list[str]] = {}
    bad: dict[str, dict[int, str]] = {}
    headers = 0
    flat = array("d")
    delimiter = _delimiter(path)
    with readable(path), _opened(path) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            names = _stripped(next(reader, []))
            _refuse_repeated(names, path)
            texts = {name: [] for name in names if name in set(text)}
            as_text = [(i, texts[name]) for i, name in enumerate(names) if name in texts]
            as_number = [i for i, name in enumerate(names) if name not in texts]
            for cells in reader:
                if not cells:
                    continue
                if _stripped(cells) == names:
                    headers += 1
                    continue
                if len(cells) != len(names):
                    raise LogError(
                        f"{path}, row {reader.line_num} must have {len(names)} cells, as the "
                        "header "
                        f"has, got {len(cells)}; correct or remove the row"
                    )
                rows.append(reader.line_num)
                for i, column in as_text:
                    column.append(cells[i])
                try:
                    flat.extend([_number(cells[i]) for i in as_number])
                except ValueError:
                    for i in as_number:
                        try:
                            flat.append(_tolerant(cells[i], decimal_comma=delimiter == ";"))
                        except ValueError:
                            flat.append(math.nan)
                            bad.setdefault(names[i], {})[len(rows) - 1] = cells[i]
        except csv.Error as error:
            raise LogError(f"{path}, row {reader.line_num}: {error}; correct the row") from error
    numeric = [name for name in names if name not in texts]
    values = np.frombuffer(flat, dtype=np.float64).reshape(len(rows), len(numeric))
    numbers = {name: values[:, i] for i, name in enumerate(numeric)}
    notes = (f"{headers} repeated headers are skipped",) if headers else ()
    places = np.array(rows, dtype=np.int64)
    return Sheet(path, tuple(names), places, texts, numbers, bad, notes)


def _number(cell: str) -> float:
    if not cell:
        return math.nan
    # Python reads 1_000 as a thousand; in a table it is a mistake.
    if "_" in cell:
        raise ValueError(cell)
    return float(cell)


def _tolerant(cell: str, *, decimal_comma: bool) -> float:
    plain = cell.strip()
    if missing(plain):
        return math.nan
    if decimal_comma and plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if plain.endswith("%"):
        plain = plain[:-1].rstrip()
    return _number(plain)


@contextmanager
def _parquet(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
        raise LogError(
            f"{path} is a damaged Parquet file: {first_line(error)}; create it again"
        ) from error


def _read_parquet(path: Path, text: Sequence[str]) -> Sheet:
    texts: dict[str, list[str]] = {}
    numbers: dict[str, np.ndarray] = {}
    bad: dict[str, dict[int, str]] = {}
    with _parquet(path):
        # A thread pool does not pay for tables of this size, and memory mapping crashes if the
        # file is cut off while it is read.
        table = pq.read_table(path, use_threads=False, memory_map=False)
    names = [str(name) for name in table.column_names]
    _refuse_repeated(names, path)
    with _parquet(path):
        for name, column in zip(names, table.columns, strict=True):
            if name in set(text):
                texts[name] = [str(label or "") for label in column.cast(pa.string()).to_pylist()]
            elif _is_numeric(column.type):
                plain = column.cast(pa.float64(), safe=False)
                numbers[name] = plain.to_numpy().astype(np.float64)
            else:
                numbers[name] = np.full(len(column), np.nan)
                for row, cell in enumerate(column.to_pylist()):
                    try:
                        numbers[name][row] = number_of(cell)
                    except ValueError:
                        bad.setdefault(name, {})[row] = str(cell)
    rows = np.arange(1, table.num_rows + 1)
    return Sheet(path, tuple(names), rows, texts, numbers, bad)


def _is_numeric(kind: pa.DataType) -> bool:
    return (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )


def _refuse_repeated(names: Sequence[str], path: Path) -> None:
    if len(set(names)) < len(names):
        repeated = next(name for i, name in enumerate(names) if name in names[:i])
        raise LogError(
            f"{path}: column names must be distinct, got {repeated!r} more than once; rename or "
            "remove one of the columns"
        )
