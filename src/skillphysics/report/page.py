"""An explanation as one self-contained web page."""

import base64
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from skillphysics.report.explain import Explanation
from skillphysics.report.figures import FIGURES
from skillphysics.report.wording import interval, number, steps


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
        unit="standard errors" if "level_stderr" in curves.dataset else "level",
        n_held_out=comparison.n_held_out,
        figures={
            name: {"source": _inline(drawings[name]), "caption": caption}
            for name, (_, caption) in FIGURES.items()
        },
        ranking=_ranking(explanation),
        skills=_skills(explanation),
        parameters=_parameters(explanation),
        tasks=_tasks(curves.dataset.attrs.get("tasks", {})),
        reasons=[*explanation.unreliable, *curves.dataset.attrs.get("notes", [])],
    )


def _inline(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def _ranking(explanation: Explanation) -> list[dict[str, Any]]:
    comparison = explanation.comparison
    return [
        {
            "theory": row.Index,
            "parameters": row.parameters,
            "scale": number(row.scale),
            "held_out": number(row.held_out),
            "delta_aic": f"{row.delta_aic:.1f}",
            "converged": "yes" if row.converged else "no",
            "tied": row.Index in comparison.tied,
        }
        for row in comparison.table.itertuples()
    ]


def _skills(explanation: Explanation) -> list[dict[str, Any]]:
    def frequency(row: Any) -> str:
        return f"{number(row.frequency)} ({interval(row.frequency_low, row.frequency_high)})"

    return [
        {
            "skill": row.Index,
            "fitted": bool(row.fitted),
            "emergence": steps(row.emergence) if row.fitted else "–",
            "half": steps(row.half) if row.fitted else "–",
            "saturation": steps(row.saturation) if row.fitted else "–",
            "learned": steps(row.learned),
            "final_level": number(row.final_level),
            "ceiling": number(row.ceiling) if row.fitted else "–",
            "frequency": frequency(row) if row.fitted else "–",
        }
        for row in explanation.skills.itertuples()
    ]


def _parameters(explanation: Explanation) -> list[dict[str, Any]]:
    drawn = explanation.intervals
    return [
        {
            "parameter": row.Index[0],
            "skill": row.Index[1],
            "value": number(row.value),
            "curvature": interval(row.low, row.high),
            "bootstrap": interval(drawn.loc[row.Index, "low"], drawn.loc[row.Index, "high"]),
            "unit": row.unit,
            "status": row.status,
        }
        for row in explanation.comparison.best.parameters.itertuples()
    ]


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
