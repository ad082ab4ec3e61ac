"""Training logs of other tools as curves, and files of curves and graphs.

A new log format is one module with `FORMAT`, `detect(path)` and `read(path, columns)`, and one
entry in `_READERS`.
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

# Graphs need JAX, whose import takes longer than reading a log.
_LATER = {"read_graph": "graph_file", "write_graph": "graph_file"}
_LATER |= {"Inspection": "inspection", "inspect_log": "inspection"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


class Reader(Protocol):
    """A module that reads one format."""

    @property
    def FORMAT(self) -> str:  # noqa: N802
        """The name of the format."""
        ...

    def detect(self, path: Path) -> bool:
        """Whether an existing path looks like this format, by its first bytes."""
        ...

    def read(self, path: Path, columns: Columns = ...) -> Log:
        """The log, or a `LogError` that says which file and place are wrong, and the remedy."""
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
# Any table, JSON or text file, and folders of these, if no other format matches.
_FALLBACKS = (tables.FORMAT, records.FORMAT, text.FORMAT, folder.FORMAT)
# Copies of the history that the state of a Trainer holds.
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
    """A training log of any tool in `FORMATS`.

    Args:
        path: a file or folder.
        format: a name in `FORMATS`; by default it is recognized from the first bytes.
        step: the column of the axis: steps, epochs, tokens, ….
        task: the column with the task of each row, or "folder" if files and folders are named
            after tasks.
        run: the column with the run of each row, or "folder" if files and folders are named after
            runs.
        value: the column of measurements, in a table with one measurement per row.
        stderr: the column of their standard errors.

    Raises:
        ArgumentError: the format is unknown, or has no columns to choose from.
        LogError: the path does not exist, is empty or damaged, or its format is unknown or
            ambiguous.

    Example:
        >>> from skillphysics.sample import sample_log
        >>> log = read_log(sample_log())
        >>> log.format, log.axis
        ('recorder', 'steps')
    """
    source = Path(path)
    _refuse_unreadable(source)
    name, notes = _format(source, format)
    log = FORMATS[name].read(source, Columns(step, task, run, value, stderr))
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

    A file that `Curves.save` wrote already holds levels: only `skills` can be chosen.

    Args:
        path: a file or folder.
        format: as in `read_log`.
        skills: names or patterns (`arc_*`) of skills, as in `levels`.
        metric: as in `levels`.
        chance: accuracy of guessing, as in `levels`.
        ceiling: accuracy of a perfect model, as in `levels`.
        floor: loss of a perfect model, as in `levels`.
        start: loss at level 0, as in `levels`.
        step: the column of the axis, as in `read_log`.
        task: the column of tasks, as in `read_log`.
        run: the column of runs, as in `read_log`.
        value: the column of measurements, as in `read_log`.
        stderr: the column of standard errors, as in `read_log`.

    Raises:
        ArgumentError: the format is unknown, or has no columns to choose from.
        LogError: as in `read_log` and `levels`.

    Example:
        >>> from skillphysics.sample import sample_log
        >>> read_curves(sample_log(), skills="parity 1").steps.size
        54
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
        raise LogError(f"{unused[0]} must be left out for {source}, which already holds levels")
    curves = Curves.load(source)
    if skills is None:
        return curves
    patterns = [skills] if isinstance(skills, str) else skills
    return curves.select(matching(curves.names, patterns, str(source)))


def _refuse_unreadable(path: Path) -> None:
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        elif not path.is_file() and path.exists():
            raise LogError(f"{path} must be a file or a folder, got a pipe or a device")
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
    """The format of a path, and notes on how it was chosen."""
    if name is not None:
        if name not in FORMATS:
            raise ArgumentError(
                f"format must be one of {', '.join(FORMATS)}, got {name!r}", argument="format"
            )
        return name, []
    for own in (curves_file, recorder):
        if own.detect(path):
            return own.FORMAT, []
    found = [n for n, reader in FORMATS.items() if n not in _FALLBACKS and reader.detect(path)]
    if path.is_dir() and len(found) > 1:
        if trainer.FORMAT in found and {*found} <= {trainer.FORMAT, *_COPIES}:
            others = listed(one for one in found if one != trainer.FORMAT)
            return trainer.FORMAT, [
                f"logs of {others} are left out, because the state of the Trainer next to them "
                "holds "
                "the whole history; to read one of them, set format=…"
            ]
        # The local folder of wandb may lie next to any log, and cannot be read.
        found = [one for one in found if one != wandb.FORMAT]
    if path.is_dir() and found == [wandb.FORMAT] and folder.detect(path):
        return folder.FORMAT, []
    if len(found) > 1:
        raise LogError(
            f"{path} holds logs of several formats ({', '.join(found)}); set "
            f"format={found[0]!r} or "
            "another of them, or give the path of one log"
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
        f"{path} is not a known kind of training log; looked for {looked_for}; write a CSV file "
        "with a column 'step' and one column per skill"
    )
