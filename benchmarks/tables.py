"""What reading the cells of a CSV table here costs, against pandas.

    python benchmarks/tables.py [--repeat 5]

Only as text can pandas keep what a reader must check (rows that are too short, cells that are not
numbers); parsed as numbers it is faster and loses that.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from timing import medians

from skillphysics.io.sheet import read_sheet

SHAPES = ((200, 100), (44_000, 10), (2000, 1000))


def main() -> None:
    """Print one row per table: seconds of each way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    print(f"{'rows':>7} {'columns':>8} {'own':>7} {'as text':>8} {'numbers':>8}   seconds")
    for n_row, n_column in SHAPES:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            write(path, n_row, n_column)
            times = medians(
                {
                    "own": lambda path=path: read_sheet(path),
                    "as text": lambda path=path: as_text(path),
                    "numbers": lambda path=path: pd.read_csv(path),
                },
                repeat,
            )
        own, text, plain = (times[way] for way in ("own", "as text", "numbers"))
        print(f"{n_row:7} {n_column:8} {own:7.2f} {text:8.2f} {plain:8.2f}", flush=True)


def write(path: Path, n_row: int, n_column: int) -> None:
    """A wide table of random numbers."""
    values = np.random.default_rng(0).normal(size=(n_row, n_column))
    values[:, 0] = np.arange(n_row)
    names = ["step", *(f"skill {i}/acc" for i in range(1, n_column))]
    pd.DataFrame(values, columns=names).to_csv(path, index=False)


def as_text(path: Path) -> list[np.ndarray]:
    """The columns as numbers, from cells that are read as text."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [np.asarray(pd.to_numeric(frame[name], errors="coerce")) for name in frame]


if __name__ == "__main__":
    main()
