"""A folder of results: checked before the work, filled at once, without leftovers of older ones."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillphysics.errors import ArgumentError


def check_folder(folder: Path) -> None:
    """Raise an `ArgumentError` unless results can be written to `folder`; changes nothing."""
    try:
        if os.path.lexists(folder) and not folder.is_dir():
            raise ArgumentError(
                f"cannot write to {folder}: it is a file or a broken link; give a folder"
            )
        parent = folder if folder.is_dir() else _existing_parent(folder)
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise ArgumentError(f"cannot write to {folder}: {error.strerror or error}") from error


@contextmanager
def filling(folder: Path, page: str, figures: str) -> Iterator[Path]:
    """A folder aside, whose files are moved into `folder` once the block ends without an error.

    An interrupted run leaves the old files as they were. Where `folder` holds an older page, its
    figures that have no successor are removed.

    Args:
        folder: made if it does not exist.
        page: the name of the page.
        figures: a regular expression of the names of figures.

    Raises:
        ArgumentError: the folder cannot be written.
    """
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{Path(page).stem}-") as name:
            aside = Path(name)
            yield aside
            new = sorted(file.name for file in aside.iterdir())
            old = [file.name for file in folder.iterdir()] if (folder / page).exists() else []
            for file in new:
                (aside / file).replace(folder / file)
            for file in set(old).difference(new):
                if re.fullmatch(figures, file):
                    (folder / file).unlink(missing_ok=True)
    except OSError as error:
        raise ArgumentError(f"cannot write to {folder}: {error.strerror or error}") from error


def _existing_parent(folder: Path) -> Path:
    return next(parent for parent in folder.absolute().parents if parent.exists())
