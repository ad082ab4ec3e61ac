"""Training logs of other tools as curves, and files for curves and graphs.

A new log format is one file with `FORMAT`, `detect(path)` and `read(path, columns)`, and one entry
in `FORMATS`.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import (
    curves_file,
    folder,
    lm_eval,
    mlflow,
    recorder,
    records,
    tables,
    tensorboard,
    text,
    trainer,
    wandb,
)
from skillphysics.io.columns import Columns
from skillphysics.io.frequency_file import read_frequencies
from skillphysics.io.parse import refuse_lfs
from skillphysics.io.recorder import Recorder
from skillphysics.measure.choices import Given, matching
from skillphysics.measure.levels import levels
from skillphysics.measure.log import Log, listed

if TYPE_CHECKING:
    from skillphysics.io.graph_file import read_graph, write_graph
    from skillphysics.io.inspection import Inspection, inspect_log

__all__ = ["FORMATS", "Inspection", "Log", "Recorder", "inspect_log", "levels"]
__all__ += [
    "read_curves",
    "read_frequencies",
    "read_graph",
    "read_log",
    "write_graph",
]

# Graphs need JAX, which takes longer to import than a log to read.
_LATER = {"read_graph": "graph_file", "write_graph": "graph_file"}
_LATER |= {"Inspection": "inspection", "inspect_log": "inspection"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


class Reader(Protocol):
    """What a module that reads one format offers."""

    @property
    def FORMAT(self) -> str:  # noqa: N802
        """The name of the format in messages and on the command line."""
        ...

    def detect(self, path: Path) -> bool:
        """Whether a path, which exists, looks like this format; reads its first bytes only."""
        ...

    def read(self, path: Path, columns: Columns = ...) -> Log:
        """The log, or a `LogError` that names file, place and remedy."""
        ...


_READERS: tuple[Reader, ...] = (
    curves_file,
    recorder,
    lm_eval,
    trainer,
    wandb,
    tensorboard,
    mlflow,
    tables,
    records,
    text,
    folder,
)
FORMATS: dict[str, Reader] = {reader.FORMAT: reader for reader in _READERS}
# Any table, JSON or text file, and any folder of these: only where nothing else claims it.
_FALLBACKS = (tables.FORMAT, records.FORMAT, text.FORMAT, folder.FORMAT)
# The state of a Trainer holds its whole history, of which these have copies.
_COPIES = {tensorboard.FORMAT, mlflow.FORMAT, wandb.FORMAT}


def read_log(
    path: Path | str,
    format: str | None = None,  # noqa: A002
    *,
    step: str | None = None,
    task: str | None = None,
    run: str | None = None,
    value: str | None = None,
    stderr: str | None = None,
) -> Log:
    """A training log, of whichever tool wrote it.

    Args:
        path: a file or folder.
        format: a name in `FORMATS`; by default it is recognised from the first bytes.
        step: the column of the axis: of steps, or of epochs, tokens, ….
        task: the column that names the task of a row, or "folder" where the names of files and
            folders are tasks.
        run: the column that names the run of a row, or "folder" likewise.
        value: the column of measurements, in a table with one a row.
        stderr: the column of their standard errors.

    Raises:
        ArgumentError: there is no such format, or it has no columns to choose.
        LogError: the path is missing, empty, of no known format or of several, or damaged.
    """
    source = Path(path)
    _refuse_unreadable(source)
    found, notes = _format(source, format)
    log = FORMATS[found].read(source, Columns(step, task, run, value, stderr))
    return replace(log, source=source, notes=(*notes, *log.notes))


def read_curves(
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002
    skills: Sequence[str] | str | None = None,
    metric: str | None = None,
    chance: Given = None,
    ceiling: Given = None,
    floor: Given = None,
    start: Given = None,
    step: str | None = None,
    task: str | None = None,
    run: str | None = None,
    value: str | None = None,
    stderr: str | None = None,
) -> Curves:
    """The skill curves of a training log, or of a file of curves.

    `step` to `stderr` are those of `read_log`, the other arguments those of `levels`. A file of
    curves holds levels already: of it only `skills` can be chosen.

    Raises:
        ArgumentError: there is no such format, or it has no columns to choose.
        LogError: as `read_log` and `levels`.
    """
    source = Path(path)
    _refuse_unreadable(source)
    scales = {
        "metric": metric,
        "chance": chance,
        "ceiling": ceiling,
        "floor": floor,
        "start": start,
    }
    columns = {"step": step, "task": task, "run": run, "value": value, "stderr": stderr}
    if _format(source, format)[0] != curves_file.FORMAT:
        log = read_log(source, format, **columns)
        return levels(
            log,
            skills=skills,
            metric=metric,
            chance=chance,
            ceiling=ceiling,
            floor=floor,
            start=start,
        )
    unused = [name for name, given in (scales | columns).items() if given is not None]
    if unused:
        raise LogError(
            f"{source} holds levels already, so {unused[0]} changes nothing; leave it out"
        )
    curves = Curves.load(source)
    if skills is None:
        return curves
    wanted = [skills] if isinstance(skills, str) else skills
    return curves.select(matching(curves.names, wanted, str(source)))


def _refuse_unreadable(path: Path) -> None:
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        elif not path.is_file() and path.exists():
            raise LogError(f"{path} is a pipe or a device; give the path of a file or a folder")
        elif path.stat().st_size == 0:
            raise LogError(f"{path} is empty; give the path of a training log")
    except FileNotFoundError as error:
        raise LogError(f"{path} does not exist; give the path of a training log") from error
    except (OSError, ValueError) as error:
        if isinstance(error, LogError):
            raise
        raise LogError(f"cannot read {path}: {error}") from error
    refuse_lfs(path)


def _format(path: Path, name: str | None) -> tuple[str, list[str]]:
    """The format of a path, and what must be said of the choice."""
    if name is not None:
        if name not in FORMATS:
            raise ArgumentError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
        return name, []
    for own in (curves_file, recorder):
        if own.detect(path):
            return own.FORMAT, []
    found = [n for n, reader in FORMATS.items() if n not in _FALLBACKS and reader.detect(path)]
    if path.is_dir() and len(found) > 1:
        if trainer.FORMAT in found and {*found} <= {trainer.FORMAT, *_COPIES}:
            others = listed(one for one in found if one != trainer.FORMAT)
            return trainer.FORMAT, [
                f"logs of {others} beside the state of the Trainer are left out: the state holds "
                "the whole history; --format (format=…) chooses one of them"
            ]
        # The tracker's own folder may lie beside any log, and cannot be read.
        found = [one for one in found if one != wandb.FORMAT]
    if path.is_dir() and found == [wandb.FORMAT] and folder.detect(path):
        return folder.FORMAT, []
    if len(found) > 1:
        raise LogError(
            f"{path} holds logs of several formats ({', '.join(found)}); say which with --format "
            "(format= in Python), or give the path of one of them"
        )
    found += [name for name in _FALLBACKS if not found and FORMATS[name].detect(path)]
    if found:
        return found[0], []
    looked_for = (
        "JSON results of lm-evaluation-harness, trainer_state.json or checkpoint-*/, event files "
        "of TensorBoard, runs of MLflow, tables, JSON lines and text logs"
        if path.is_dir()
        else "tables (CSV, tabs, Parquet), JSON, JSON lines, text logs, SQLite, event and netCDF "
        "files"
    )
    raise LogError(
        f"{path} is no training log that is known here; looked for {looked_for}; write it as a CSV "
        "with a column 'step' and one column a skill"
    )
