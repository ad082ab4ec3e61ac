"""A comparison of runs as files in a folder."""

import io
import json
import warnings
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from skillphysics.comparison import RunComparison
from skillphysics.plotting import STYLE
from skillphysics.report.folder import filling
from skillphysics.report.runs import figures
from skillphysics.report.runs.page import page
from skillphysics.report.runs.summary import summary

# More figures of curves would make the page too long.
_MOST_CURVES = 60
_DRAW = {"factors": figures.factors, "ends": figures.ends, "clock": figures.clock}


def write(comparison: RunComparison, folder: Path) -> Path:
    """Write `compare.html`, `compare.json`, and the figures of each change as PNG and SVG.

    Returns:
        The path of `compare.html`.

    Raises:
        ArgumentError: the folder cannot be written.
    """
    with filling(folder, "compare.html", rf"({'|'.join(_DRAW)})(-\d+)?\.(png|svg)") as aside:
        (aside / "compare.html").write_text(_page(comparison, aside), encoding="utf-8")
        text = json.dumps(summary(comparison), indent=2, ensure_ascii=False, allow_nan=False)
        (aside / "compare.json").write_text(text + "\n", encoding="utf-8")
    return folder / "compare.html"


def _page(comparison: RunComparison, folder: Path) -> str:
    """The page; its figures are also written to the folder."""
    ordered = (str(s) for change in comparison.changes for s in figures.ordered(change).index)
    skills = list(dict.fromkeys(ordered))
    drawings = []
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # Names in scripts that the font lacks are drawn as boxes; the page has them in full.
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        for place, change in enumerate(comparison.changes, start=1):
            suffix = f"-{place}" if len(comparison.changes) > 1 else ""
            drawings.append({})
            for name, draw in _DRAW.items():
                figure = draw(comparison, change)
                svg = drawings[-1][name] = _svg(figure)
                (folder / f"{name}{suffix}.svg").write_bytes(svg)
                figure.savefig(folder / f"{name}{suffix}.png", dpi=160)
        curves = [_svg(figures.curve(comparison, skill)) for skill in skills[:_MOST_CURVES]]
    return page(comparison, drawings, curves, len(skills) - len(curves))


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without dates and links in the metadata, the same data give the same file.
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue()
