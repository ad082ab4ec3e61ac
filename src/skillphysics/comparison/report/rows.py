"""The tables of a comparison as rows of text, for the terminal and the page."""

import math
from typing import Any

import numpy as np

from skillphysics.comparison import Change, Effect, RunComparison, Side
from skillphysics.comparison.scatter import SEED_SCATTER, SEED_WEIGHT
from skillphysics.comparison.verdict import determined, digits, factor, moved, signed
from skillphysics.phrases import steps

Row = dict[str, Any]


def skills(comparison: RunComparison, change: Change) -> list[Row]:
    """One row per skill in order of learning; `timed`, `ended` and `rising` are bools."""
    table = change.skills.assign(
        place=np.sqrt(change.skills["half_baseline"] * change.skills["half"])
    ).sort_values(["place", "learned"], na_position="last")
    timed = set(comparison.found(change.name, "factor"))
    ended = set(comparison.found(change.name, "end"))
    return [
        {
            "skill": str(skill),
            "half_baseline": _time(row["half_baseline"], change.pair.baseline, row),
            "half": _time(row["half"], change.pair.other, row),
            "factor": f"×{digits(row['factor'])}" if _determined(row) else "–",
            "interval": _interval(row),
            "end_baseline": _level(row["end_baseline"]),
            "end": _level(row["end"]),
            "difference": _signed(row["end_difference"]),
            "end_interval": f"{_signed(row['end_low'])} to {_signed(row['end_high'])}",
            "timed": skill in timed,
            "ended": skill in ended,
            "rising": not row["levelled_off"],
        }
        for skill, row in table.to_dict("index").items()
    ]


def overview(comparison: RunComparison) -> list[Row]:
    """One row per setting: its common factor and the number of significant skills."""
    rows = []
    for change in comparison.changes:
        sooner = comparison.found(change.name, "factor")
        ends = comparison.found(change.name, "end")
        measured = change.skills["factor"].dropna()
        levelled = change.skills.query("levelled_off")["end_difference"].dropna()
        rows.append(
            {
                "run": change.name,
                "common": _common(change.common),
                "timed": f"{len(sooner)} of {len(measured)}",
                "ended": f"{len(ends)} of {len(change.skills)}",
                "level": _signed(float(np.mean(levelled.to_numpy(float))))
                if len(levelled)
                else "–",
                "found": bool(comparison.tests.query("run == @change.name")["found"].any()),
            }
        )
    return rows


def remarks(comparison: RunComparison, change: Change) -> list[str]:
    """Sentences in addition to the verdict: tests, order of learning, and what was left out."""
    sentences = []
    late = change.late
    if late is not None:
        sentences.append(
            "Early and late skills: the factor of a skill that is learned twice as late is "
            "multiplied "
            f"by {digits(2**late.value)} ({digits(2**late.low)} to {digits(2**late.high)})."
        )
    if not math.isnan(change.mixed):
        verb = "differ" if comparison.found(change.name, "mixed") else "do not differ"
        sentences.append(
            f"The factors of the skills {verb} by more than seeds explain (p = {change.mixed:.2g})."
        )
    if change.ends is not None:
        sentences.append(
            f"Skills that have levelled off end {signed(change.ends.value)} higher on average "
            f"({signed(change.ends.low)} to {signed(change.ends.high)})."
        )
    swapped = comparison.found(change.name, "order")
    if swapped:
        sentences.append(f"Learned in reversed order: {'; '.join(swapped)}.")
    else:
        sentences.append("No change in the order of learning is significant.")
    sentences += _not_learned(change)
    return [*sentences, *(f"{note[0].upper()}{note[1:]}." for note in change.pair.notes)]


def yardstick(comparison: RunComparison) -> list[str]:
    """How significance is assessed, in sentences."""
    tests = comparison.tests
    counted = sum(kind != "order" for kind in tests["kind"])
    several = any(c.pair.baseline.n_run + c.pair.other.n_run > 2 for c in comparison.changes)
    scatter = float(np.median([c.seed_scatter for c in comparison.changes]))
    correlation = float(np.median([c.correlation for c in comparison.changes]))
    source = (
        "the spread between the runs of a setting"
        if several
        else "the scatter of the factors of the skills"
    )
    return [
        f"{counted} differences were tested. At most one in ten of those listed is expected to be "
        "due to chance; if nothing differs, anything is listed with a probability of one in ten.",
        f"Seeds alone change the time of a skill by ×{digits(math.exp(scatter))} or its inverse "
        f"(one standard deviation of a run, {scatter:.2f} in ln t). This is {source}, averaged "
        f"with a prior of {SEED_SCATTER:g} that counts as {SEED_WEIGHT:g} skills, unless the "
        "scatter of seeds is given. The 90 % intervals include it.",
        f"The noise of neighbouring checkpoints has an estimated correlation of {correlation:.2f}, "
        "which the intervals include.",
    ]


def _not_learned(change: Change) -> list[str]:
    kinds = {
        "in the baseline only": f"Learned in {change.pair.baseline.name} only",
        "in the other only": f"Learned in {change.name} only",
        "in neither": "Level 0 in both",
        "too flat": "No common rise to time them by",
    }
    learned: dict[str, str] = change.skills["learned"].to_dict()
    sentences = []
    for kind, text in kinds.items():
        names = [skill for skill, found in learned.items() if found == kind]
        if names:
            sentences.append(f"{text}, so no factor: {', '.join(names)}.")
    return sentences


def _common(effect: Effect | None) -> str:
    known = effect is not None and determined(math.exp(effect.low), math.exp(effect.high))
    return factor(effect) if effect is not None and known else "–"


def _interval(row: Row) -> str:
    if not math.isfinite(row["factor"]):
        return {
            "in the baseline only": "only in A",
            "in the other only": "only in B",
            "too flat": "too flat",
        }.get(row["learned"], "not learned")
    if not _determined(row):
        return moved(row["factor"], row["factor_low"], row["factor_high"])
    return f"{digits(row['factor_low'])} to {digits(row['factor_high'])}"


def _determined(row: Row) -> bool:
    """Whether the curves determine a factor better than its order of magnitude."""
    return math.isfinite(row["factor"]) and determined(row["factor_low"], row["factor_high"])


def _time(value: float, side: Side, row: Row) -> str:
    if not math.isfinite(row["factor"]):
        return "–"
    first = float(side.time[side.time > 0][0])
    if not value >= first:
        return f"<{steps(first)}"
    return steps(value) if _determined(row) else "–"


def _level(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def _signed(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.2f}".replace("-", "−")
