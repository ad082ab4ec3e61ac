"""The tables of a report as rows of text, for the terminal and the page alike."""

import math
from typing import Any

import pandas as pd

from skillphysics.report.explain import Explanation

Row = dict[str, Any]


def ranking(explanation: Explanation) -> list[Row]:
    """One row per theory, best first; `tied` is a truth value, the rest is text."""
    comparison = explanation.comparison
    return [
        {
            "theory": row["theory"],
            "parameters": str(row["parameters"]),
            "scale": number(row["scale"]),
            "held_out": number(row["held_out"]),
            "delta_aic": f"{row['delta_aic']:.1f}",
            "converged": "yes" if row["converged"] else "no",
            "tied": row["theory"] in comparison.tied,
        }
        for row in _records(comparison.table)
    ]


def skills(explanation: Explanation) -> list[Row]:
    """One row per measured skill, in order of learning; `fitted` is a truth value."""
    return [_skill(row) for row in _records(explanation.skills)]


def parameters(explanation: Explanation) -> list[Row]:
    """One row per parameter entry of the winning theory, with both kinds of interval."""
    best = explanation.comparison.best.parameters
    drawn = explanation.intervals[["low", "high"]].add_prefix("drawn_")
    return [
        {
            "parameter": row["parameter"],
            "skill": row["skill"],
            "value": number(row["value"]),
            "curvature": interval(row["low"], row["high"]),
            "bootstrap": interval(row["drawn_low"], row["drawn_high"]),
            "unit": row["unit"],
            "status": row["status"],
        }
        for row in _records(best.join(drawn))
    ]


def unit(explanation: Explanation) -> str:
    """What residuals are counted in."""
    return "standard errors" if "level_stderr" in explanation.curves.dataset else "level"


def caveats(explanation: Explanation) -> list[str]:
    """What is unreliable, and what the reader of the log left out."""
    notes = explanation.curves.dataset.attrs.get("notes", [])
    sentences = [f"In reading the log: {note}." for note in notes]
    return [*explanation.unreliable, *sentences]


def steps(value: float) -> str:
    """A number of steps: three digits, thousands apart; "never" and "unknown" in words.

    Example:
        >>> steps(12345.6), steps(7.25), steps(math.inf), steps(math.nan)
        ('12,300', '7.25', 'never', 'unknown')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "never"
    if value == 0:
        return "0"
    if abs(value) >= 1e8:
        return f"{value:.2e}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def number(value: float) -> str:
    """A pure number with three significant digits, or a dash where there is none.

    Example:
        >>> number(0.123456), number(1234.5), number(math.nan)
        ('0.123', '1.23e+03', '–')
    """
    return f"{value:.3g}" if math.isfinite(value) else "–"


def interval(low: float, high: float) -> str:
    """An interval, open where it has no end, or a dash where there is none.

    Example:
        >>> interval(0.1234, 0.5), interval(0.0, math.inf), interval(math.nan, math.nan)
        ('0.123 to 0.5', 'from 0', '–')
    """
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{number(low)} to {number(high)}" if math.isfinite(high) else f"from {number(low)}"


def _skill(row: Row) -> Row:
    frequency = (
        f"{number(row['frequency'])} ({interval(row['frequency_low'], row['frequency_high'])})"
    )
    known = {
        "emergence": steps(row["emergence"]),
        "half": steps(row["half"]),
        "saturation": steps(row["saturation"]),
        "ceiling": number(row["ceiling"]),
        "frequency": frequency,
    }
    return {
        "skill": row["skill"],
        "fitted": bool(row["fitted"]),
        "learned": steps(row["learned"]),
        "final_level": number(row["final_level"]),
        **(known if row["fitted"] else dict.fromkeys(known, "–")),
    }


def _records(frame: pd.DataFrame) -> list[Row]:
    return [{str(k): v for k, v in row.items()} for row in frame.reset_index().to_dict("records")]
