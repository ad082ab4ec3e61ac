"""An explanation as one self-contained web page."""

import base64
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from skillphysics.phrases import number
from skillphysics.report import rows
from skillphysics.report.answer import answer
from skillphysics.report.explain import Explanation
from skillphysics.report.figures import pictures

_FORMULAS = {
    "t_i/t_1": "tᵢ/t₁",
    "p_i/p_1": "pᵢ/p₁",
    "ln u_i/ln u_j": "ln uᵢ/ln uⱼ",
    "p^(-kappa) with kappa": "p^(−κ) with κ",
    " %": "\N{NO-BREAK SPACE}%",
}


def page(explanation: Explanation, drawings: Mapping[str, bytes]) -> str:
    """The report as HTML without external resources.

    Args:
        explanation: what to report.
        drawings: each of its `skillphysics.report.figures.pictures`, as SVG or PNG.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["typeset"] = _typeset
    template = environment.from_string(
        files("skillphysics.report").joinpath("page.html").read_text(encoding="utf-8")
    )
    comparison, curves = explanation.comparison, explanation.curves
    return template.render(
        title=curves.dataset.attrs.get("source", "Skill curves"),
        version=version("skillphysics"),
        understood=rows.understood(explanation),
        answer=answer(explanation),
        axis=curves.axis,
        verdict=comparison.verdict,
        winner=comparison.winner,
        figures={
            name: {
                "source": _inline(drawings[name]),
                "title": picture.title,
                "caption": picture.caption,
            }
            for name, picture in pictures(explanation).items()
        },
        ranking=rows.ranking(explanation),
        ranking_columns=rows.ranking_columns(explanation),
        skills=rows.skills(explanation),
        skill_columns={"skill": "skill", **rows.skill_columns(explanation)},
        meaning=rows.meaning(explanation),
        predicted=rows.predicted(explanation),
        parameters=rows.parameters(explanation),
        tasks=_tasks(curves.dataset.attrs.get("tasks", {})),
        reasons=rows.caveats(explanation),
    )


def _typeset(text: str) -> str:
    """The formulas of the terminal in Unicode."""
    for plain, typeset in _FORMULAS.items():
        text = text.replace(plain, typeset)
    return text


def _inline(drawing: bytes) -> str:
    kind = "png" if drawing.startswith(b"\x89PNG") else "svg+xml"
    return f"data:image/{kind};base64,{base64.b64encode(drawing).decode()}"


def _tasks(tasks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "task": name,
            "metric": task.get("metric", ""),
            "kind": task.get("kind", ""),
            "zero": number(task.get("chance", task.get("start", 0.0))),
            "one": number(task.get("ceiling", task.get("floor", 1.0))),
        }
        for name, task in tasks.items()
    ]
