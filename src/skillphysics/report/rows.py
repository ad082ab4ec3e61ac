"""The tables and sentences of a report as text, for the terminal and the page."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from skillphysics.inference.occurrence import FrequencyLaw
from skillphysics.phrases import count, interval, listed, number, steps
from skillphysics.report.explain import Explanation

Row = dict[str, Any]

_TIMES = (
    "Relative times t_i/t_1 are half-times divided by the earliest half-time. They are measured; "
    "their intervals are for the average over seeds."
)
_RATES = (
    "A relative rate is not a frequency: the curves are the same if all frequencies are replaced "
    "by a power of themselves, and a late skill may be rare or hard."
)


class Cell(NamedTuple):
    """A value and its interval as text; the interval is empty if there is none."""

    value: str
    interval: str = ""

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})" if self.interval else self.value


class Frequencies(NamedTuple):
    """Known frequencies, and how those that are inferred without them compare.

    Attributes:
        reference: the skill to which inferred frequencies are relative; "" if none are inferred.
        known: known frequencies in the order of the table, NaN where unknown; relative to the
            reference if its frequency is known.
        relative: whether they are relative to the reference.
        n_compared: number of skills with both, without the reference.
        n_held: how many of their intervals contain the known value.
    """

    reference: str
    known: Float[np.ndarray, " n_skill"]
    relative: bool
    n_compared: int
    n_held: int


def understood(explanation: Explanation) -> str:
    """How the log was read, in a few sentences."""
    return explanation.reading


def ranking(explanation: Explanation) -> list[Row]:
    """One row per theory, best first; `tied` is a bool, all else is text."""
    comparison = explanation.comparison
    return [
        {
            "theory": row["theory"],
            "parameters": str(row["parameters"]),
            "scale": number(row["scale"]),
            "held_out": number(row["held_out"]),
            "delta_aic": f"{row['delta_aic']:,.1f}",
            "converged": "yes" if row["converged"] else "no",
            "tied": row["theory"] in comparison.tied,
        }
        for row in _records(comparison.table)
    ]


def ranking_columns(explanation: Explanation) -> dict[str, str]:
    """Headings of the columns of `ranking` by their keys."""
    return {
        "theory": "theory",
        "parameters": "parameters",
        "scale": f"residual ({unit(explanation)})",
        "held_out": f"error of the last {explanation.comparison.n_held_out} checkpoints (level)",
        "delta_aic": "AIC above the lowest",
        "converged": "converged",
    }


def skills(explanation: Explanation) -> list[Row]:
    """One row per skill in order of learning, with its name, `fitted` and a `Cell` per column."""
    known = frequencies(explanation).known
    records = _records(explanation.skills)
    return [_skill(row, float(one)) for row, one in zip(records, known, strict=True)]


def skill_columns(explanation: Explanation) -> dict[str, str]:
    """Headings of the columns of `skills` by their keys, without empty columns of frequencies."""
    columns = {
        "emergence": "emerges (5 %)",
        "half": "half (measured)",
        "time_ratio": "t_i/t_1",
        "saturation": "saturates (95 %)",
        "final_level": "final level",
        "ceiling": "ceiling",
    }
    if not several_times(explanation):
        del columns["time_ratio"]
    if any_of(explanation, "rate"):
        columns["rate"] = f"relative rate (under {explanation.comparison.winner})"
    if any_of(explanation, "frequency"):
        relative = frequencies(explanation).relative
        columns["frequency"] = "known p_i/p_1" if relative else "known frequency"
    if any_of(explanation, "inferred"):
        columns["inferred"] = "inferred p_i/p_1"
    return columns


def frequencies(explanation: Explanation) -> Frequencies:
    """Known frequencies in the unit in which they can be compared with inferred ones."""
    low, high = column(explanation, "inferred_low"), column(explanation, "inferred_high")
    known = column(explanation, "frequency")
    # The inferred frequency of the reference is 1 without uncertainty.
    places = np.flatnonzero((low == 1) & (high == 1))
    if not places.size:
        return Frequencies("", known, False, 0, 0)
    at, name = places[0], str(explanation.skills.index[places[0]])
    if np.isnan(known[at]):
        return Frequencies(name, known, False, 0, 0)
    known = known / known[at]
    both = np.isfinite(known) & np.isfinite(low) & (np.arange(known.size) != at)
    held = both & (known >= low) & (known <= high)
    return Frequencies(name, known, True, int(both.sum()), int(held.sum()))


def column(explanation: Explanation, name: str) -> Float[np.ndarray, " n_skill"]:
    """A column of numbers of the table of skills."""
    return np.asarray(explanation.skills[name], dtype=np.float64)


def any_of(explanation: Explanation, name: str) -> bool:
    """Whether a column of the table of skills holds any number."""
    return not np.isnan(column(explanation, name)).all()


def several_times(explanation: Explanation) -> bool:
    """Whether there are at least two half-times to compare."""
    return bool(np.isfinite(column(explanation, "time_ratio")).sum() > 1)


def meaning(explanation: Explanation) -> list[str]:
    """What times, rates and frequencies in the table of skills mean, in sentences."""
    found = frequencies(explanation)
    sentences = [_TIMES] if several_times(explanation) else []
    if any_of(explanation, "rate"):
        sentences.append(_RATES)
    if found.reference:
        sentences.append(
            f"Inferred frequencies are relative to {found.reference}, the skill with the earliest "
            "half-time. They follow from half-times and from measurements on small networks with "
            "equally hard skills; known frequencies are not used."
        )
    if found.n_compared:
        sentences.append(
            f"The 90 % interval of the inferred frequency contains the known one for "
            f"{found.n_held} of {count(found.n_compared, 'skill')}."
        )
    if explanation.law is not None:
        sentences += _law(explanation.law, np.array(explanation.skills.index))
    return sentences


def predicted(explanation: Explanation) -> list[Row]:
    """Unknown frequencies that the law of known ones predicts, in the unit of the known ones."""
    if explanation.law is None:
        return []
    median, low, high = explanation.law.frequency
    return [
        {
            "skill": str(name),
            "frequency": Cell(number(median[i]), interval(low[i], high[i])),
        }
        for i, name in enumerate(explanation.skills.index)
        if np.isfinite(median[i])
    ]


def parameters(explanation: Explanation) -> list[Row]:
    """One row per parameter entry of the winning theory."""
    return [
        {
            "parameter": row["parameter"],
            "skill": row["skill"],
            "value": number(row["value"]),
            "interval": interval(row["low"], row["high"]),
            "unit": row["unit"].replace("steps", explanation.curves.axis),
            "status": row["status"],
        }
        for row in _records(explanation.comparison.best.parameters)
    ]


def unit(explanation: Explanation) -> str:
    """The unit of residuals."""
    return "standard errors" if explanation.comparison.known_noise else "level"


def caveats(explanation: Explanation) -> list[str]:
    """What is unreliable, and notes on how the log was read."""
    notes = explanation.curves.dataset.attrs.get("notes", [])
    sentences = [f"Reading the log: {note}." for note in notes]
    return [*explanation.unreliable, *sentences]


def _law(found: FrequencyLaw, names: np.ndarray) -> list[str]:
    kappa, scatter = found.kappa, found.scatter
    middle, least, most = (float(np.exp(end[0])) for end in scatter)
    sentences = [
        f"Half-times follow t = c p^(-kappa) with kappa = {number(kappa.median[0])} "
        f"({interval(kappa.low[0], kappa.high[0])}); skills scatter about this line by a factor "
        f"of {number(middle)} ({interval(least, most)}) in t."
    ]
    off = [
        f"{names[i]} ({'later' if found.deviation[i] > 0 else 'sooner'} than its frequency "
        "predicts)"
        for i in np.flatnonzero(found.off_line)
    ]
    if off:
        sentences.append(f"Off the line by more than 3 standard deviations: {listed(off, 12)}.")
    else:
        sentences.append("No skill is off the line by more than 3 standard deviations.")
    return sentences


def _skill(row: Row, known: float) -> Row:
    fitted = {
        "emergence": Cell(steps(row["emergence"])),
        "saturation": Cell(steps(row["saturation"])),
        "ceiling": Cell(number(row["ceiling"])),
    }
    # Learned skills have a half-time even if the theories were not fitted to them.
    timed = row["fitted"] or not math.isnan(row["half"])
    return {
        "skill": row["skill"],
        "fitted": bool(row["fitted"]),
        "half": Cell(steps(row["half"]) if timed else "–"),
        "time_ratio": _cell(row, "time_ratio", 2),
        "rate": _cell(row, "rate", 3),
        "inferred": _cell(row, "inferred", 2),
        "final_level": Cell(number(row["final_level"])),
        "frequency": Cell(number(known)),
        **(fitted if row["fitted"] else dict.fromkeys(fitted, Cell("–"))),
    }


def _cell(row: Row, key: str, digits: int) -> Cell:
    """A value with its interval, or the value alone if it has none."""
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    certain = low == high or math.isnan(low) or math.isnan(high)
    return Cell(number(row[key], digits), "" if certain else interval(low, high, digits))


def _records(frame: pd.DataFrame) -> list[Row]:
    return [{str(k): v for k, v in row.items()} for row in frame.reset_index().to_dict("records")]
