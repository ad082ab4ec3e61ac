"""A comparison of runs as one self-contained web page."""

import base64
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from skillphysics.comparison import RunComparison
from skillphysics.comparison.report import rows
from skillphysics.comparison.report.figures import key

CAPTIONS: Mapping[str, tuple[str, str]] = {
    "factors": (
        "Factors of time",
        "How much sooner (left of 1) or later each skill is learned. Thick: 90 % interval by noise "
        "of evaluation; thin: with seeds. Coloured: significant. Diamond: all skills together.",
    ),
    "ends": (
        "Final levels",
        "Levels at the last common checkpoint: bars for the baseline, points for the other run. "
        "Thin: 90 % interval with seeds. Hollow: still rising in one of the two.",
    ),
    "clock": (
        "One clock against the other",
        "Times at which both runs reach 20 to 80 % of the final level. With a common clock all "
        "skills lie on one line. Thin line: no change.",
    ),
}
"""Alternative text and caption of the figures of one change, by name."""


def page(
    comparison: RunComparison,
    drawings: Sequence[Mapping[str, bytes]],
    curves: Sequence[bytes],
    n_hidden: int,
) -> str:
    """The comparison as HTML without external resources.

    Args:
        comparison: what to show.
        drawings: the SVG of each figure in `CAPTIONS`, for each change.
        curves: the SVG of each skill's curves.
        n_hidden: number of skills without a figure.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("skillphysics.comparison.report").joinpath("page.html").read_text(encoding="utf-8")
    )
    names = [change.name for change in comparison.changes]
    return template.render(
        baseline=comparison.baseline,
        others=", ".join(names) if len(names) <= 3 else f"{len(names)} runs",
        axis=comparison.axis,
        version=version("skillphysics"),
        n_skill=len(set().union(*(change.pair.skills for change in comparison.changes))),
        overview=rows.overview(comparison),
        yardstick=rows.yardstick(comparison),
        key=key(comparison),
        curves=[_inline(svg) for svg in curves],
        n_hidden=n_hidden,
        changes=[
            {
                "name": change.name,
                "differs": bool(comparison.tests.query("run == @change.name")["found"].any()),
                "verdict": comparison.verdict(change.name),
                "rows": rows.skills(comparison, change),
                "remarks": rows.remarks(comparison, change),
                "figures": [
                    {"alt": alt, "caption": caption, "source": _inline(figures[name])}
                    for name, (alt, caption) in CAPTIONS.items()
                ],
            }
            for change, figures in zip(comparison.changes, drawings, strict=True)
        ],
    )


def _inline(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
