"""MLflow stores: the folder `mlruns` and the SQLite file `mlflow.db`."""

import math
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from skillphysics.errors import LogError
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import head, readable, short
from skillphysics.measure.log import Log, measured
from skillphysics.measure.names import is_measurement

FORMAT = "mlflow"

_SQLITE = b"SQLite format 3\x00"
# MLflow stores an infinite value as the largest double, with its sign.
_LARGEST = 1.797e308
_QUERY = """
    SELECT runs.run_uuid, runs.name, metrics.key, metrics.timestamp, metrics.step, metrics.value,
           metrics.is_nan
    FROM metrics JOIN runs ON runs.run_uuid = metrics.run_uuid
    WHERE runs.lifecycle_stage = 'active'
"""


class _Point(NamedTuple):
    run: str
    name: str
    key: str
    timestamp: float
    step: float
    value: float


def detect(path: Path) -> bool:
    """Whether this is a SQLite file, the folder `mlruns`, or an experiment or run in it."""
    return bool(_runs(path)) if path.is_dir() else head(path).startswith(_SQLITE)


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The metrics of all runs that are not deleted, in the order in which they were logged.

    Raises:
        LogError: the store is damaged, a line is not a measurement, or a metric was logged
            without steps.
    """
    columns.allow(FORMAT)
    every = list(_from_folder(path) if path.is_dir() else _from_database(path))
    points = [point for point in every if is_measurement(point.key)]
    names = _names(points)
    _refuse_no_steps(points, path)
    points.sort(key=lambda point: point.timestamp)
    return measured(
        path,
        FORMAT,
        run=[names[point.run] for point in points],
        step=[point.step for point in points],
        key=[point.key for point in points],
        value=[point.value for point in points],
        left_out={
            point.key: "a clock, a setting, a speed or a counter"
            for point in every
            if not is_measurement(point.key)
        },
    )


def _names(points: Iterable[_Point]) -> dict[str, str]:
    """A label for each run: "" for a single run, its name, or its name and id."""
    named = {point.run: point.name or point.run for point in points}
    if len(named) == 1:
        return dict.fromkeys(named, "")
    every = list(named.values())
    return {
        run: name if every.count(name) == 1 else f"{name} ({run[:8]})"
        for run, name in named.items()
    }


def _refuse_no_steps(points: Iterable[_Point], path: Path) -> None:
    steps: dict[tuple[str, str], list[float]] = {}
    for point in points:
        steps.setdefault((point.run, point.key), []).append(point.step)
    for (_, key), found in steps.items():
        if len(found) > 1 and set(found) == {0}:
            raise LogError(
                f"{path}: the metric {key!r} was logged {len(found)} times without a step; log it "
                "with mlflow.log_metric(key, value, step=…)"
            )


def _runs(folder: Path) -> list[Path]:
    """The folders of runs in a run, an experiment or a whole store."""
    for pattern in ("metrics", "*/metrics", "*/*/metrics"):
        found = [
            metrics.parent
            for metrics in sorted(folder.glob(pattern))
            if (metrics.parent / "meta.yaml").is_file()
            and not any(part.startswith(".") for part in metrics.relative_to(folder).parts)
        ]
        if found:
            return found
    return []


def _from_folder(folder: Path) -> Iterable[_Point]:
    runs = _runs(folder)
    if not runs:
        raise LogError(f"{folder} must hold runs of MLflow (…/<run>/meta.yaml and metrics/)")
    for run in runs:
        with readable(run / "meta.yaml"):
            about = (run / "meta.yaml").read_text(encoding="utf-8")
        if "lifecycle_stage: deleted" in about:
            continue
        tag = run / "tags" / "mlflow.runName"
        name = ""
        if tag.is_file():
            with readable(tag):
                name = tag.read_text(encoding="utf-8").strip()
        for file in sorted((run / "metrics").rglob("*")):
            if file.is_file():
                key = file.relative_to(run / "metrics").as_posix()
                yield from _points(file, run.name, name, key)


def _points(file: Path, run: str, name: str, key: str) -> Iterable[_Point]:
    with readable(file):
        lines = file.read_text(encoding="utf-8").splitlines()
    for row, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        # The oldest stores have no third column: steps were not recorded.
        cells = line.split() + ["0"] * (len(line.split()) == 2)
        try:
            timestamp, value, step = (float(cell) for cell in cells[:3])
        except ValueError as error:
            raise LogError(
                f"{file}, row {row} must be 'timestamp value step', got {short(line)}; correct or "
                "remove the row"
            ) from error
        yield _Point(run, name, key, timestamp, _checked(step, f"{file}, row {row}"), value)


def _from_database(path: Path) -> Iterable[_Point]:
    try:
        # Read only: a tracking server may be writing to it.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(_QUERY).fetchall()
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise LogError(
            f"{path} must be a database of MLflow: {error}; copy it again if it is damaged, or run "
            "'mlflow db upgrade' if it is old"
        ) from error
    for run, name, key, timestamp, step, value, is_nan in rows:
        where = f"{path}: metric {key!r} of run {run!r}"
        if not (isinstance(run, str) and isinstance(key, str) and key):
            raise LogError(f"{where}: run and key must be text; the database is damaged")
        numbers = (timestamp, step, value)
        if not all(isinstance(one, int | float) for one in numbers):
            raise LogError(f"{where} must hold numbers, got {short(numbers)}; correct the row")
        measured = math.nan if is_nan else math.copysign(math.inf, value)
        if not is_nan and abs(value) < _LARGEST:
            measured = float(value)
        label = name if isinstance(name, str) else ""
        yield _Point(run, label, key, timestamp, _checked(float(step), where), measured)


def _checked(step: float, where: str) -> float:
    if not (math.isfinite(step) and step >= 0):
        raise LogError(f"{where}: the step must be non-negative and finite, got {step}; correct it")
    return step
