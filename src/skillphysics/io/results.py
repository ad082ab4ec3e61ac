"""A folder of results: checked before the work, filled at once, without leftovers of older ones."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillphysics.errors import ArgumentError
from skillphysics.io.files import writing


def check_folder(folder: Path) -> None:
    """Raise an `ArgumentError` unless results can be written to `folder`; changes nothing."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise ArgumentError(
            f"cannot write {folder}: it is a file or a broken link; give the path of a folder"
        )
    with writing(folder):
        parent = folder if folder.is_dir() else _existing_parent(folder)
        with tempfile.TemporaryFile(dir=parent):
            pass


@contextmanager
def filling(folder: Path, page: str, figures: str) -> Iterator[Path]:
    """A temporary folder, whose files are moved into `folder` once the block ends without an error.

    An interrupted run leaves the old files as they were. If `folder` holds an older page, the
    figures of that page that are not replaced are removed.

    Args:
        folder: created if it does not exist.
        page: the file name of the page.
        figures: a regular expression that matches the file names of figures.

    Raises:
        ArgumentError: the folder cannot be written.
    """
    check_folder(folder)
    with writing(folder):
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


def _existing_parent(folder: Path) -> Path:
    return next(parent for parent in folder.absolute().parents if parent.exists())
