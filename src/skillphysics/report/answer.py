"""The answer of a report in three sentences that require no knowledge of the theories."""

from typing import NamedTuple

import numpy as np

from skillphysics.inference import Comparison
from skillphysics.phrases import count, listed, number, steps
from skillphysics.report.explain import Explanation
from skillphysics.report.rows import frequencies

# What each theory means, by its name.
_MEANING = {
    "linear": "each skill is learned on its own, fastest at the start",
    "multilinear": "each skill is learned on its own, along an S-shaped curve",
    "domino": "skills are learned strictly one after the other",
    "resource l1": "skills compete for one pool of learning, so a rare skill waits for others",
    "resource l2": "skills compete for one pool of learning, so a rare skill waits for others",
}
_COMPOSITE = "composite "
# Intervals should contain 90 % of known values; below this share they are called wrong.
_HELD = 0.75
_MOST_NAMED = 4


class Answer(NamedTuple):
    """The first three sentences of a report.

    Attributes:
        holds: which theory describes the curves, or that none does.
        learned: what is learned first, last, and not yet.
        caution: the most important thing not to trust.
    """

    holds: str
    learned: str
    caution: str


def answer(explanation: Explanation) -> Answer:
    """The three sentences; they agree with the verdict and the tables, which say more."""
    return Answer(_holds(explanation), _learned(explanation), _caution(explanation))


def _holds(explanation: Explanation) -> str:
    comparison = explanation.comparison
    winner, n_theory = comparison.winner, len(comparison.fits)
    meaning = _meaning(winner)
    theory = f"{winner} ({meaning})" if meaning else winner
    if comparison.misses is not None:
        return _missed(comparison, theory)
    if n_theory == 1:
        return f"Only one theory was fitted, {theory}."
    if len(comparison.tied) > 1:
        return (
            f"The data cannot single out a theory: {len(comparison.tied)} of {n_theory} describe "
            f"the curves about equally well, of which {theory} is the simplest."
        )
    if comparison.better_predictors:
        return (
            f"The data do not single out a theory: of {n_theory}, {theory} describes all "
            f"checkpoints best, but {comparison.better_predictors[0]} predicts the last "
            f"{comparison.n_held_out} checkpoints better."
        )
    return f"Of {n_theory} theories, {theory} describes these curves best."


def _missed(comparison: Comparison, theory: str) -> str:
    """The answer if even the closest theory misses the data."""
    size = f"{comparison.misses:.1f} standard errors"
    if len(comparison.fits) == 1:
        return f"The only theory fitted, {theory}, misses the measurements by {size}."
    closest = "the best" if comparison.closest == comparison.winner else "the closest"
    named = theory if comparison.closest == comparison.winner else comparison.closest
    return (
        f"None of {len(comparison.fits)} theories fits: even {closest}, {named}, misses the "
        f"measurements by {size}."
    )


def _meaning(theory: str) -> str:
    meaning = _MEANING.get(theory.removeprefix(_COMPOSITE), "")
    if meaning and theory.startswith(_COMPOSITE):
        return f"every task mixes many skills; {meaning}"
    return meaning


def _learned(explanation: Explanation) -> str:
    table, axis = explanation.skills, explanation.curves.axis
    fitted = table.query("fitted")
    half, saturation = (np.asarray(fitted[name], float) for name in ("half", "saturation"))
    timed = [int(i) for i in np.argsort(half, kind="stable") if np.isfinite(half[i])]
    early = list(fitted.index[np.isnan(half)])
    never = list(fitted.index[np.isposinf(half)])
    unsaturated = list(fitted.index[np.isposinf(saturation)])
    left_out = list(table.index[~np.asarray(table["fitted"], bool)])
    clauses = []
    if timed:
        first, last = ((str(fitted.index[i]), float(half[i])) for i in (timed[0], timed[-1]))
        clauses.append(_first_and_last(first, last, axis))
    if early:
        clauses.append(f"already half-way when the log begins: {listed(early)}")
    if never:
        clauses.append(f"not yet half-way at the end: {listed(never)}")
    elif unsaturated:
        clauses.append(f"not yet at 95 % of the ceiling at the end: {listed(unsaturated)}")
    else:
        which = "it reaches" if len(fitted) == 1 else "all of these reach"
        clauses.append(f"{which} 95 % of the ceiling before the end")
    if left_out:
        named = len(left_out) <= _MOST_NAMED
        which = listed(left_out) if named else f"{len(left_out)} of {len(table)} skills"
        clauses.append(f"left out of the fits: {which}")
    text = "; ".join(clauses)
    # Names of skills keep their case.
    return f"{text if timed else text[0].upper() + text[1:]}."


def _first_and_last(first: tuple[str, float], last: tuple[str, float], axis: str) -> str:
    """Names and half-times of the first and the last skill."""
    start = "from the start" if first[1] == 0 else f"after {steps(first[1])} {axis}"
    if first == last:
        return f"{first[0]} is half-way {start}"
    return (
        f"{first[0]} is learned first (half-way {start}), {last[0]} last (after {steps(last[1])} "
        f"{axis})"
    )


def _caution(explanation: Explanation) -> str:
    comparison = explanation.comparison
    winner = comparison.winner
    if comparison.misses is not None:
        return (
            f"Do not rely on rates and parameters of {winner}: it misses the data by more than "
            "measurement error, so only the measured times are reliable."
        )
    if len(explanation.fitted) == 1:
        return (
            f"Do not take {winner} for the mechanism: one skill cannot show how skills depend on "
            "each other."
        )
    found = frequencies(explanation)
    if found.n_compared and found.n_held < _HELD * found.n_compared:
        return (
            "Do not trust the inferred frequencies here: their 90 % intervals contain the known "
            "value "
            f"for only {found.n_held} of {count(found.n_compared, 'skill')}."
        )
    if not comparison.best.converged:
        return (
            f"Do not trust the parameters of {winner} to three digits: its fit had not converged "
            "when it was stopped."
        )
    if not comparison.decisive:
        others = [*comparison.tied, *comparison.better_predictors]
        rivals = listed([name for name in dict.fromkeys(others) if name != winner], 2)
        return (
            f"Do not take {winner} for the mechanism: {rivals} may be true as well, and emergence, "
            "saturation and rates depend on the choice."
        )
    change = explanation.drift
    if "resource" in winner and change.n_pair and change.factor > 2:
        return (
            f"Do not trust the relative rates: {winner} needs one clock for all skills, but the "
            f"ratio of two skills changes by a factor of {number(change.factor)} in training."
        )
    return (
        "Do not read the order of learning as that of frequencies: curves alone cannot tell a rare "
        "skill from a hard one."
    )
