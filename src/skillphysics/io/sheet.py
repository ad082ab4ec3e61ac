"""CSV and Parquet files as columns of numbers, with the place of everything that is no number."""

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from skillphysics.errors import LogError
from skillphysics.io.log import categories, duplicate, make_table
from skillphysics.io.parse import first_line, head, readable, short

PARQUET = b"PAR1"


class Cell(NamedTuple):
    """A place in a sheet and what stands there."""

    row: int
    text: str


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table file in memory.

    Attributes:
        path: the file.
        names: the column names, distinct.
        rows: the number of each row as in the file, counted from 1 with the header (CSV), or
            from 1 (Parquet).
        texts: the columns asked for as text.
        numbers: all other columns, NaN where a cell is empty, "nan" or no number.
        bad: for each column that holds something else than numbers, the first such cell.
    """

    path: Path
    names: tuple[str, ...]
    rows: np.ndarray
    texts: dict[str, list[str]]
    numbers: dict[str, np.ndarray]
    bad: dict[str, Cell]

    def refuse_bad(self, name: str) -> None:
        """An error if a column holds something that is no number."""
        if name in self.bad:
            cell = self.bad[name]
            raise LogError(
                f"{self.path}, row {cell.row}, column {name!r} holds {short(cell.text)}; a number "
                "is wanted: mend it, or leave the cell empty where nothing was measured"
            )

    def steps(self, name: str) -> np.ndarray:
        """A column as steps: every cell holds a finite number that is not negative."""
        self.refuse_bad(name)
        steps = self.numbers[name]
        wrong = ~(np.isfinite(steps) & (steps >= 0))
        if wrong.any():
            row = int(np.argmax(wrong))
            found = "is empty" if np.isnan(steps[row]) else f"is {steps[row]}"
            raise LogError(
                f"{self.path}, row {self.rows[row]}: the step (column {name!r}) {found}; a number "
                "counted from 0 is wanted: fill it in or remove the row"
            )
        return steps


class Series(NamedTuple):
    """One column of a wide sheet and what it measures."""

    column: str
    run: str
    task: str
    metric: str


def is_csv(path: Path) -> bool:
    """Whether this looks like a CSV file."""
    return path.suffix.lower() == ".csv" and path.is_file()


def is_parquet(path: Path) -> bool:
    """Whether this is a Parquet file."""
    return head(path)[:4] == PARQUET


def header(path: Path) -> tuple[str, ...]:
    """The column names of a CSV or Parquet file; nothing more is read.

    Raises:
        LogError: the file is damaged, or two columns have one name.
    """
    if is_parquet(path):
        with _parquet(path):
            names = pq.read_schema(path).names
    else:
        with readable(path), _opened(path) as file:
            try:
                names = next(csv.reader(file, strict=True), [])
            except csv.Error as error:
                raise LogError(f"{path}, row 1: {error}; mend the line of column names") from error
    _refuse_repeated(names, path)
    return tuple(names)


def read_sheet(path: Path, text: Sequence[str] = ()) -> Sheet:
    """A CSV or Parquet file, with the columns `text` as text and all others as numbers.

    Raises:
        LogError: the file is damaged, has no rows, or a row has too many or too few cells.
    """
    sheet = _read_parquet(path, text) if is_parquet(path) else _read_csv(path, text)
    if sheet.rows.size == 0:
        raise LogError(f"{path} has column names and no rows: nothing was measured")
    return sheet


def melted(
    sheet: Sheet, series: Sequence[Series], step: np.ndarray, run: Sequence[str] | None = None
) -> pd.DataFrame:
    """The long table of some columns of a wide sheet, one row a measured cell.

    Args:
        sheet: the wide sheet.
        series: the columns to take, and what each measures.
        step: the step of each row.
        run: the run of each row, where rows and not columns tell it.

    Raises:
        LogError: two cells measure one metric of one task at one step.
    """
    values = np.array([sheet.numbers[one.column] for one in series]).reshape(len(series), step.size)
    column, row = np.nonzero(~np.isnan(values))

    def per_column(labels: list[str]) -> pd.Categorical:
        whole = categories(labels)
        return pd.Categorical.from_codes(whole.codes[column], whole.categories)

    runs = per_column([one.run for one in series])
    if run is not None:
        by_row = categories(run)
        runs = pd.Categorical.from_codes(by_row.codes[row], by_row.categories)
    table = make_table(
        run=runs,
        step=step[row],
        task=per_column([one.task for one in series]),
        metric=per_column([one.metric for one in series]),
        value=values[column, row],
    )
    twice = duplicate(table)
    if twice is not None:
        (first, second), names = twice, [one.column for one in series]
        raise LogError(
            f"{sheet.path} measures {names[column[second]]!r} at step {table['step'].iloc[second]} "
            f"twice: row {sheet.rows[row[first]]}, column {names[column[first]]!r} and row "
            f"{sheet.rows[row[second]]}, column {names[column[second]]!r}; remove one of them"
        )
    return table


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _read_csv(path: Path, text: Sequence[str]) -> Sheet:
    names: list[str] = []
    rows: list[int] = []
    texts: dict[str, list[str]] = {}
    bad: dict[str, Cell] = {}
    flat = array("d")
    with readable(path), _opened(path) as file:
        reader = csv.reader(file, strict=True)
        try:
            names = next(reader, [])
            _refuse_repeated(names, path)
            texts = {name: [] for name in names if name in set(text)}
            as_text = [(i, texts[name]) for i, name in enumerate(names) if name in texts]
            as_number = [i for i, name in enumerate(names) if name not in texts]
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(names):
                    raise LogError(
                        f"{path}, row {reader.line_num} has {len(cells)} cells; the header has "
                        f"{len(names)}: was the file cut off? mend or remove the row"
                    )
                rows.append(reader.line_num)
                for i, column in as_text:
                    column.append(cells[i])
                try:
                    flat.extend([_number(cells[i]) for i in as_number])
                except ValueError:
                    flat.extend(_numbers_and_bad(cells, as_number, names, reader.line_num, bad))
        except csv.Error as error:
            raise LogError(f"{path}, row {reader.line_num}: {error}; mend the row") from error
    numeric = [name for name in names if name not in texts]
    values = np.frombuffer(flat, dtype=np.float64).reshape(len(rows), len(numeric))
    numbers = {name: values[:, i] for i, name in enumerate(numeric)}
    return Sheet(path, tuple(names), np.array(rows, dtype=np.int64), texts, numbers, bad)


def _number(cell: str) -> float:
    if not cell:
        return math.nan
    # Python reads 1_000 as a thousand; in a table it is a slip.
    if "_" in cell:
        raise ValueError(cell)
    return float(cell)


def _numbers_and_bad(
    cells: list[str], columns: list[int], names: list[str], row: int, bad: dict[str, Cell]
) -> list[float]:
    values = []
    for i in columns:
        try:
            values.append(_number(cells[i].strip()))
        except ValueError:
            values.append(math.nan)
            bad.setdefault(names[i], Cell(row, cells[i]))
    return values


@contextmanager
def _parquet(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
        raise LogError(
            f"{path} is a damaged Parquet file: {first_line(error)}; write it again"
        ) from error


def _read_parquet(path: Path, text: Sequence[str]) -> Sheet:
    texts: dict[str, list[str]] = {}
    numbers: dict[str, np.ndarray] = {}
    bad: dict[str, Cell] = {}
    with _parquet(path):
        # A thread pool costs more than it gives for tables of this size, and memory mapping turns
        # a file cut off while it is read into a crash.
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
                found = next((i for i, one in enumerate(column) if one.is_valid), None)
                if found is not None:
                    bad[name] = Cell(found + 1, str(column[found].as_py()))
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
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise LogError(f"{path} has two columns {twice!r}; rename or remove one of them")
