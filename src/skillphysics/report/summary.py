"""An explanation as JSON values, for `report.json` and other programs."""

from typing import Any

import numpy as np
import pandas as pd

from skillphysics.inference.line import Interval
from skillphysics.inference.occurrence import FrequencyLaw
from skillphysics.report import rows
from skillphysics.report.answer import answer
from skillphysics.report.explain import Explanation


def summary(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON values; `docs/report.md` describes them.

    Positions that are never reached are the string "never"; unknown values are null.

    Example:
        >>> import jax, numpy as np
        >>> from skillphysics import Curves, explain
        >>> from skillphysics.theories import Linear
        >>> steps = np.arange(0.0, 200.0, 20.0)
        >>> curves = Curves.from_arrays(steps, -np.expm1(-np.outer(steps, [0.1, 0.02])))
        >>> summary(explain(curves, {"linear": Linear}, key=jax.random.key(0)))["winner"]
        'linear'
    """
    comparison, change = explanation.comparison, explanation.drift
    return {
        "source": explanation.curves.dataset.attrs,
        "axis": explanation.curves.axis,
        "steps": explanation.curves.steps.tolist(),
        "reading": rows.understood(explanation),
        "answer": answer(explanation)._asdict(),
        "verdict": comparison.verdict,
        "winner": comparison.winner,
        "decisive": comparison.decisive,
        "tied": list(comparison.tied),
        "better_predictors": list(comparison.better_predictors),
        "misses": comparison.misses,
        "held_out_steps": comparison.n_held_out,
        "ranking": _rows(comparison.table.reset_index()),
        "skills": _rows(explanation.skills.reset_index()),
        "law": _law(explanation.law, list(map(str, explanation.skills.index))),
        "drift": {"factor": _value(change.factor), "pairs": change.n_pair},
        "confidence": comparison.best.confidence,
        "parameters": [
            {"theory": name, **row, "unit": row["unit"].replace("steps", explanation.curves.axis)}
            for name, fit in comparison.fits.items()
            for row in _rows(fit.parameters.reset_index())
        ],
        "unreliable": list(explanation.unreliable),
    }


def _law(law: FrequencyLaw | None, names: list[str]) -> dict[str, Any] | None:
    if law is None:
        return None
    return {
        "kappa": _interval(law.kappa, 0),
        "scatter": _interval(law.scatter, 0),
        "off_line": [name for name, off in zip(names, law.off_line, strict=True) if off],
        "deviation": {
            name: float(value)
            for name, value in zip(names, law.deviation, strict=True)
            if np.isfinite(value)
        },
        "predicted": [
            {"skill": name, **_interval(law.frequency, place)}
            for place, name in enumerate(names)
            if np.isfinite(law.frequency.median[place])
        ],
    }


def _interval(interval: Interval, place: int) -> dict[str, Any]:
    return {
        end: _value(values[place]) for end, values in zip(interval._fields, interval, strict=True)
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _value(value) for name, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]


def _value(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float):
        if np.isposinf(plain):
            return "never"
        return plain if np.isfinite(plain) else None
    return plain
