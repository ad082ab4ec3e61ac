"""An explanation as one self-contained web page."""

import base64
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from skillphysics.report import rows
from skillphysics.report.explain import Explanation
from skillphysics.report.figures import FIGURES


def page(explanation: Explanation, drawings: Mapping[str, bytes]) -> str:
    """The report as HTML that asks for nothing from outside.

    Args:
        explanation: what to report.
        drawings: the SVG of each figure in `skillphysics.report.figures.FIGURES`.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("skillphysics.report").joinpath("page.html").read_text(encoding="utf-8")
    )
    comparison, curves = explanation.comparison, explanation.curves
    return template.render(
        title=curves.dataset.attrs.get("source", "Skill curves"),
        version=version("skillphysics"),
        n_skill=len(curves.names),
        n_step=len(curves.steps),
        n_run=curves.dataset.sizes.get("run", 1),
        first=f"{curves.steps[0]:,}",
        last=f"{curves.steps[-1]:,}",
        verdict=comparison.verdict,
        winner=comparison.winner,
        unit=rows.unit(explanation),
        n_held_out=comparison.n_held_out,
        figures={
            name: {"source": _inline(drawings[name]), "caption": caption}
            for name, (_, caption) in FIGURES.items()
        },
        ranking=rows.ranking(explanation),
        skills=rows.skills(explanation),
        parameters=rows.parameters(explanation),
        tasks=_tasks(curves.dataset.attrs.get("tasks", {})),
        reasons=rows.caveats(explanation),
    )


def _inline(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def _tasks(tasks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "task": name,
            "metric": task.get("metric", ""),
            "kind": task.get("kind", ""),
            "zero": rows.number(task.get("chance", task.get("start", 0.0))),
            "one": rows.number(task.get("ceiling", task.get("floor", 1.0))),
        }
        for name, task in tasks.items()
    ]
