"""Training logs of other tools as curves, and files for curves and graphs.

A new log format is one file with `FORMAT`, `detect(path)` and `read(path)`, and one entry in
`FORMATS`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import (
    curves_file,
    lm_eval,
    mlflow,
    recorder,
    tables,
    tensorboard,
    trainer,
    wandb,
)
from skillphysics.io.curves_file import load_curves, write_curves
from skillphysics.io.graph_file import read_graph, write_graph
from skillphysics.io.log import Log
from skillphysics.io.metrics import Given, levels, matching
from skillphysics.io.recorder import Recorder

__all__ = ["FORMATS", "Log", "Recorder", "levels", "load_curves", "read_curves", "read_log"]
__all__ += ["read_graph", "write_curves", "write_graph"]


class Reader(Protocol):
    """What a module that reads one format offers."""

    @property
    def FORMAT(self) -> str:  # noqa: N802
        """The name of the format in messages and on the command line."""
        ...

    def detect(self, path: Path) -> bool:
        """Whether a path, which exists, looks like this format; reads its first bytes only."""
        ...

    def read(self, path: Path) -> Log:
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
)
FORMATS: dict[str, Reader] = {reader.FORMAT: reader for reader in _READERS}
# Any CSV or Parquet file is a table too: only where nothing else claims it.
_FALLBACK = tables.FORMAT


def read_log(path: Path | str, format: str | None = None) -> Log:  # noqa: A002
    """A training log, of whichever tool wrote it.

    Args:
        path: a file or folder.
        format: a name in `FORMATS`; by default it is recognised from the first bytes.

    Raises:
        ArgumentError: there is no such format.
        LogError: the path is missing, empty, of no known format or of several, or damaged.
    """
    source = Path(path)
    _refuse_unreadable(source)
    return FORMATS[_format(source, format)].read(source)


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
) -> Curves:
    """The skill curves of a training log, or of a file of curves.

    The other arguments are those of `levels`. A file of curves holds levels already: of it only
    `skills` can be chosen.

    Raises:
        ArgumentError: there is no such format.
        LogError: as `read_log` and `levels`.
    """
    source = Path(path)
    _refuse_unreadable(source)
    found = _format(source, format)
    if found != curves_file.FORMAT:
        return levels(
            FORMATS[found].read(source),
            skills=skills,
            metric=metric,
            chance=chance,
            ceiling=ceiling,
            floor=floor,
            start=start,
        )
    given = {"metric": metric, "chance": chance, "ceiling": ceiling, "floor": floor, "start": start}
    unused = [name for name, value in given.items() if value is not None]
    if unused:
        raise LogError(
            f"{source} holds levels already, so {unused[0]} changes nothing; leave it out"
        )
    curves = load_curves(source)
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
            raise LogError(f"{path} is empty; a training log is wanted")
    except FileNotFoundError as error:
        raise LogError(f"{path} does not exist; give the path of a training log") from error
    except (OSError, ValueError) as error:
        if isinstance(error, LogError):
            raise
        raise LogError(f"cannot read {path}: {error}") from error


def _format(path: Path, name: str | None) -> str:
    if name is not None:
        if name not in FORMATS:
            raise ArgumentError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
        return name
    for own in (curves_file, recorder):
        if own.detect(path):
            return own.FORMAT
    found = [name for name, reader in FORMATS.items() if name != _FALLBACK and reader.detect(path)]
    if len(found) > 1:
        raise LogError(
            f"{path} holds logs of several formats ({', '.join(found)}); say which with --format "
            "(format= in Python), or give the path of one of them"
        )
    if found:
        return found[0]
    if FORMATS[_FALLBACK].detect(path):
        return _FALLBACK
    looked_for = (
        "JSON results of lm-evaluation-harness, trainer_state.json or checkpoint-*/, event files "
        "of TensorBoard, and runs of MLflow"
        if path.is_dir()
        else "JSON, CSV, Parquet, SQLite, event and netCDF files"
    )
    raise LogError(
        f"{path} is no training log that is known here; looked for {looked_for}; write it as a CSV "
        "with a column 'step' and one column a skill"
    )
