"""An explanation as plain values, for `report.json` and for other programs."""

from typing import Any

import numpy as np
import pandas as pd

from skillphysics.report.explain import Explanation


def summary(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON values; `docs/report.md` describes them.

    Steps that are never reached are the string "never"; what is unknown is null.
    """
    comparison = explanation.comparison
    best = comparison.best
    return {
        "source": explanation.curves.dataset.attrs,
        "steps": explanation.curves.steps.tolist(),
        "verdict": comparison.verdict,
        "winner": comparison.winner,
        "decisive": comparison.decisive,
        "tied": list(comparison.tied),
        "better_predictors": list(comparison.better_predictors),
        "held_out_steps": comparison.n_held_out,
        "ranking": _rows(comparison.table.reset_index()),
        "skills": _rows(explanation.skills.reset_index()),
        "parameters": [
            {"theory": name, **row}
            for name, fit in comparison.fits.items()
            for row in _rows(fit.parameters.reset_index())
        ],
        "intervals": {
            "theory": comparison.winner,
            "confidence": best.confidence,
            "bootstrap": _rows(explanation.intervals.reset_index()),
        },
        "unreliable": list(explanation.unreliable),
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
