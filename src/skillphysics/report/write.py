"""An explanation as files in a folder."""

import json
import os
import tempfile
import warnings
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG

from skillphysics.errors import ArgumentError
from skillphysics.io import write_curves
from skillphysics.plotting import STYLE
from skillphysics.report.explain import Explanation
from skillphysics.report.figures import NAMES, pictures
from skillphysics.report.page import page
from skillphysics.report.summary import summary

_DPI = 130
# Larger ones are slow to show: the page has the PNG in their place.
_LARGEST_SVG = 300_000


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
            # Figures of an earlier report that this one does not have.
            for figure in set(NAMES) - set(drawings):
                for kind in ("png", "svg"):
                    (folder / f"{figure}.{kind}").unlink(missing_ok=True)
    except OSError as error:
        raise ArgumentError(
            f"cannot write the report to {folder}: {error.strerror or error}"
        ) from error
    return folder / "report.html"


def _draw(explanation: Explanation, folder: Path) -> dict[str, bytes]:
    """Write every figure as PNG and SVG; returns the SVG of each, or the PNG where it is large."""
    drawings = {}
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; the page has it in full.
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        for name, picture in pictures(explanation).items():
            figure = picture.draw(explanation)
            raster, vector = folder / f"{name}.png", folder / f"{name}.svg"
            figure.set_dpi(_DPI)
            # `savefig` draws twice where there is a layout, which the first picture settles here.
            FigureCanvasAgg(figure).print_png(raster)
            figure.set_layout_engine("none")
            # No date and no links in the metadata: the same data give the same file.
            nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            FigureCanvasSVG(figure).print_svg(vector, metadata=nothing)
            small = vector.stat().st_size <= _LARGEST_SVG
            drawings[name] = (vector if small else raster).read_bytes()
    return drawings


def _existing_parent(folder: Path) -> Path:
    return next(parent for parent in folder.absolute().parents if parent.exists())
