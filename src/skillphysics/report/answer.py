"""The answer of a report in three sentences that need no knowledge of the theories."""

from typing import NamedTuple

import numpy as np

from skillphysics.report.explain import Explanation
from skillphysics.report.rows import count, frequencies, listed, number, steps

# What each theory says, by its name.
_MEANING = {
    "linear": "each skill is learned on its own, fastest at the start",
    "multilinear": "each skill is learned on its own, along an S-shaped curve",
    "domino": "skills are learned strictly one after the other",
    "resource l1": "skills compete for one pool of learning, so a rare skill waits for others",
    "resource l2": "skills compete for one pool of learning, so a rare skill waits for others",
}
_COMPOSITE = "composite "
# Intervals are meant to hold 90 %; below this share they are called wrong.
_HELD = 0.75


class Answer(NamedTuple):
    """What a report says first.

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
        among = f"None of the {n_theory} theories" if n_theory > 1 else "The theory tried does not"
        verb = "holds" if n_theory > 1 else "hold"
        return (
            f"{among} {verb}: even the best, {theory}, misses the measurements by "
            f"{comparison.misses:.1f} standard errors."
        )
    if n_theory == 1:
        return f"Only one theory was fitted, {theory}."
    if len(comparison.tied) > 1:
        return (
            f"The data cannot single out a theory: {len(comparison.tied)} of {n_theory} describe "
            f"the curves about equally well, of which {theory} is the simplest."
        )
    if comparison.better_predictors:
        return (
            f"The data single out no theory: of {n_theory}, {theory} describes all checkpoints "
            f"best, but {comparison.better_predictors[0]} predicts the last "
            f"{comparison.n_held_out} better."
        )
    return f"Of {n_theory} theories, {theory} describes these curves best."


def _meaning(theory: str) -> str:
    meaning = _MEANING.get(theory.removeprefix(_COMPOSITE), "")
    if meaning and theory.startswith(_COMPOSITE):
        return f"every task mixes many skills; {meaning}"
    return meaning


def _learned(explanation: Explanation) -> str:
    table, axis = explanation.skills, explanation.curves.axis
    fitted = table.query("fitted")
    half = fitted["half"][np.isfinite(fitted["half"])].sort_values(kind="stable")
    clauses = []
    if half.empty:
        clauses.append("No skill is seen to pass half of its ceiling")
    else:
        first, last = half.index[0], half.index[-1]
        after = f"half-way after {steps(half.iloc[0])} {axis}"
        if len(half) == 1:
            clauses.append(f"{first} is {after}")
        else:
            clauses.append(
                f"{first} is learned first ({after}), {last} last ({steps(half.iloc[-1])} {axis})"
            )
    never = list(fitted.index[np.isposinf(fitted["half"])])
    unsaturated = list(fitted.index[np.isposinf(fitted["saturation"])])
    if never:
        clauses.append(f"not yet half-way at the end: {listed(never)}")
    elif unsaturated:
        clauses.append(f"not yet at 95 % of the ceiling at the end: {listed(unsaturated)}")
    else:
        clauses.append("nothing that is being learned is left unfinished")
    rest = list(table.index[~table["fitted"]])
    if rest:
        clauses.append(f"not fitted: {listed(rest)}")
    return "; ".join(clauses) + "."


def _caution(explanation: Explanation) -> str:
    comparison = explanation.comparison
    winner = comparison.winner
    if comparison.misses is not None:
        return (
            f"Do not read rates and parameters of {winner} as facts: what it misses is more than "
            "measurement error, so only the measured times stand."
        )
    found = frequencies(explanation)
    if found.n_compared and found.n_held < _HELD * found.n_compared:
        return (
            "Do not trust the inferred frequencies here: their 90 % intervals hold the known value "
            f"for {found.n_held} of {count(found.n_compared, 'skill')} only."
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
            f"Do not take {winner} for the mechanism: {rivals} may hold as well, and emergence, "
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
