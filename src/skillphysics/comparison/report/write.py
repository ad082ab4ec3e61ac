"""A comparison of runs as files in a folder."""

import io
import json
import warnings
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from skillphysics.comparison import RunComparison
from skillphysics.comparison.report import figures
from skillphysics.comparison.report.page import page
from skillphysics.comparison.report.summary import summary
from skillphysics.io.results import filling
from skillphysics.plotting import STYLE

# More figures of curves would make the page too long.
_MOST_CURVES = 60
_DRAW = {"factors": figures.factors, "ends": figures.ends, "clock": figures.clock}


def write(comparison: RunComparison, folder: Path) -> Path:
    """See `RunComparison.save`."""
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
