"""An explanation as files in a folder."""

import io
import json
import os
import tempfile
from pathlib import Path

import matplotlib as mpl

from skillphysics.errors import ArgumentError
from skillphysics.io import write_curves
from skillphysics.plotting import STYLE
from skillphysics.report.explain import Explanation
from skillphysics.report.figures import FIGURES
from skillphysics.report.page import page
from skillphysics.report.summary import summary


def check_folder(folder: Path) -> None:
    """Raise an `ArgumentError` unless a report can be written to `folder`; changes nothing."""
    try:
        if os.path.lexists(folder) and not folder.is_dir():
            raise ArgumentError(
                f"cannot write the report to {folder}: it is a file or a broken link; give a folder"
            )
        parent = folder if folder.is_dir() else _existing_parent(folder)
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise ArgumentError(
            f"cannot write the report to {folder}: {error.strerror or error}"
        ) from error


def write(explanation: Explanation, folder: Path) -> Path:
    """Write `report.html`, `report.json`, `curves.nc` and each figure as PNG and SVG.

    All files are made aside and moved into the folder at the end, so that an interrupted report
    leaves the old one as it was.

    Returns:
        The path of `report.html`.

    Raises:
        ArgumentError: the folder cannot be written.
    """
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".report-") as name:
            aside = Path(name)
            drawings = _draw(explanation, aside)
            html = page(explanation, drawings)
            (aside / "report.html").write_text(html, encoding="utf-8")
            text = json.dumps(summary(explanation), indent=2, ensure_ascii=False, allow_nan=False)
            (aside / "report.json").write_text(text + "\n", encoding="utf-8")
            write_curves(explanation.curves, aside / "curves.nc")
            for file in sorted(aside.iterdir()):
                file.replace(folder / file.name)
    except OSError as error:
        raise ArgumentError(
            f"cannot write the report to {folder}: {error.strerror or error}"
        ) from error
    return folder / "report.html"


def _draw(explanation: Explanation, folder: Path) -> dict[str, bytes]:
    drawings = {}
    with mpl.rc_context(STYLE):
        for name, (draw, _) in FIGURES.items():
            figure = draw(explanation)
            figure.savefig(folder / f"{name}.png", dpi=160)
            buffer = io.BytesIO()
            # No date and no links in the metadata: the same data give the same file.
            nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            figure.savefig(buffer, format="svg", metadata=nothing)
            drawings[name] = buffer.getvalue()
            (folder / f"{name}.svg").write_bytes(drawings[name])
    return drawings


def _existing_parent(folder: Path) -> Path:
    return next(parent for parent in folder.absolute().parents if parent.exists())
