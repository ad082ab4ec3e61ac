"""An explanation as files in a folder."""

import json
import warnings
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG

from skillphysics.io.results import filling
from skillphysics.plotting import STYLE
from skillphysics.report.explain import Explanation
from skillphysics.report.figures import FIGURES, pictures
from skillphysics.report.page import page
from skillphysics.report.summary import summary

_DPI = 130
# Larger drawings are slow to show, and the page has PNG files instead.
_LARGEST_SVG = 300_000


def write(explanation: Explanation, folder: Path) -> Path:
    """See `Explanation.save`."""
    with filling(folder, "report.html", rf"({'|'.join(FIGURES)})\.(png|svg)") as aside:
        html = page(explanation, _draw(explanation, aside))
        (aside / "report.html").write_text(html, encoding="utf-8")
        text = json.dumps(summary(explanation), indent=2, ensure_ascii=False, allow_nan=False)
        (aside / "report.json").write_text(text + "\n", encoding="utf-8")
        explanation.curves.save(aside / "curves.nc")
    return folder / "report.html"


def _draw(explanation: Explanation, folder: Path) -> dict[str, bytes]:
    """Write every figure as PNG and SVG; returns each SVG, or the PNG if the SVG is large."""
    drawings = {}
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # Names in scripts that the font lacks are drawn as boxes; the page has them in full.
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        for name, picture in pictures(explanation).items():
            figure = picture.draw(explanation)
            raster, vector = folder / f"{name}.png", folder / f"{name}.svg"
            figure.set_dpi(_DPI)
            # `savefig` draws twice if there is a layout, which the first drawing fixes here.
            FigureCanvasAgg(figure).print_png(raster)
            figure.set_layout_engine("none")
            # Without dates and links in the metadata, the same data give the same file.
            nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            FigureCanvasSVG(figure).print_svg(vector, metadata=nothing)
            small = vector.stat().st_size <= _LARGEST_SVG
            drawings[name] = (vector if small else raster).read_bytes()
    return drawings
