"""Which theory explains the curves: by fit, by prediction, and whether the data can tell."""

import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import jax
import numpy as np
import pandas as pd
from jaxtyping import Array, PRNGKeyArray

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference.data import Data, data_of
from skillphysics.inference.fit import Fit, fit, fit_data, prepare
from skillphysics.theories import ALL, Theory

# A smaller difference in AIC than this is a tie: the weight of evidence, e^(-6/2), is then above
# one in twenty.
_TIE = 6.0
# A theory predicts better where its held-out error is below this share of the winner's.
_BETTER = 0.8


@dataclass(frozen=True)
class Comparison:
    """Theories fitted to the same curves and ranked.

    Attributes:
        fits: the fit of each theory to all steps, best first.
        table: one row per theory in the same order: `parameters`, `scale` (size of the residuals,
            in standard errors where these are known, else in level), `aic` and `delta_aic`,
            `held_out` (root mean square error of the last steps, predicted from the others, in
            the same unit as `scale`), `converged`.
        winner: the simplest of the theories whose AIC is within 6 of the best.
        tied: all of these theories.
        better_predictors: theories whose held-out error is more than a fifth below the winner's.
        n_held_out: number of held-out steps.
    """

    fits: Mapping[str, Fit]
    table: pd.DataFrame
    winner: str
    tied: tuple[str, ...]
    better_predictors: tuple[str, ...]
    n_held_out: int

    @property
    def decisive(self) -> bool:
        """Whether fit and prediction single out the same theory."""
        return len(self.tied) == 1 and not self.better_predictors

    @property
    def best(self) -> Fit:
        """The fit of the winner."""
        return self.fits[self.winner]

    @property
    def verdict(self) -> str:
        """The outcome in a sentence or two."""
        if self.decisive:
            others = [name for name in self.fits if name != self.winner]
            if not others:
                return f"Only {self.winner} was fitted."
            gap = self.fits[others[0]].aic - self.best.aic
            name = self.winner[0].upper() + self.winner[1:]
            return (
                f"{name} explains these curves best: its AIC is {gap:.1f} below the next "
                f"({others[0]}), and no theory predicts the last {self.n_held_out} steps "
                "clearly better."
            )
        reasons = []
        if len(self.tied) > 1:
            others = ", ".join(name for name in self.tied if name != self.winner)
            reasons.append(
                f"the data cannot tell {self.winner} from {others} (AIC within {_TIE:g}); "
                f"{self.winner} is the simplest of them"
            )
        if self.better_predictors:
            first, *others = self.better_predictors
            predict = "predicts"
            if others:
                more = others[0] if len(others) == 1 else f"{len(others)} other theories"
                predict = f"and {more} predict"
            reasons.append(
                f"the fit to all steps favours {self.winner}, yet {first} {predict} the last "
                f"{self.n_held_out} steps clearly better, so the data single out no theory"
            )
        text = "; ".join(reasons)
        return text[0].upper() + text[1:] + "."


def compare(
    curves: Curves,
    theories: Mapping[str, Callable[[Array], Theory]] | None = None,
    *,
    key: PRNGKeyArray,
    hold: Collection[str] = (),
    ceiling: bool = False,
    onset: bool = False,
    held_out: float = 0.25,
    done: Callable[[str], object] = id,
) -> Comparison:
    """Fit theories to the same curves and rank them.

    Each theory is fitted twice: to all steps, for AIC, and to all but the last ones, which it must
    then predict. The ranking is by AIC; among theories within 6 of the best the one with the fewest
    parameters wins, so a limit that fits as well beats the general case. The predictions can veto:
    a theory whose error on the held-out steps is more than a fifth below the winner's makes the
    comparison undecided.

    Args:
        curves: the data.
        theories: by name, what makes a theory from frequencies; by default
            `skillphysics.theories.ALL`.
        key: source of the random starts.
        hold: names of parameters that stay as they are, in every theory.
        ceiling: give every skill a free ceiling.
        onset: give every skill a free onset.
        held_out: share of the steps, from the last one back, to predict.
        done: called with the name of each theory once it is fitted, for a progress bar.

    Raises:
        FitError: no theory can be fitted.
        ArgumentError: an argument is unusable.
    """
    if not 0 < held_out < 1:
        raise ArgumentError(f"held_out is {held_out}; a share between 0 and 1 is wanted")
    theories = ALL if theories is None else theories
    if not theories:
        raise ArgumentError("theories is empty; at least one theory is wanted")
    data = data_of(curves)
    n_step = data.steps.size
    first_held_out = min(max(n_step - max(round(held_out * n_step), 1), 2), n_step - 1)

    def work(name: str) -> tuple[Fit, np.ndarray] | FitError:
        try:
            whole = fit(theories[name], curves, key=key, hold=hold, ceiling=ceiling, onset=onset)
            early = data.before(first_held_out)
            with jax.enable_x64(True):
                template = prepare(theories[name], curves, early, ceiling=ceiling, onset=onset)
                earlier = fit_data(template, curves, early, whole.held, key=key)
        except FitError as error:
            return error
        finally:
            done(name)
        return whole, _squared_errors(earlier.predicted.values, data.after(first_held_out))

    # Compiling takes most of the time, one core a theory, and lets go of Python's lock.
    pool = ThreadPoolExecutor(max_workers=min(len(theories), os.cpu_count() or 1))
    try:
        outcomes = dict(zip(theories, pool.map(work, theories), strict=True))
    finally:
        # An interrupt does not wait for what is being compiled.
        pool.shutdown(wait=False, cancel_futures=True)
    fitted = {
        name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, FitError)
    }
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, FitError)]
    if not fitted:
        raise failures[0]
    fits = {name: outcome[0] for name, outcome in fitted.items()}
    errors = {name: outcome[1] for name, outcome in fitted.items()}
    return _ranked(fits, errors, n_step - first_held_out)


def _squared_errors(level: np.ndarray, late: Data) -> np.ndarray:
    """Mean squared weighted error of each skill over the late steps, NaN where not measured."""
    count = (late.weight > 0).sum((0, 1))
    total = ((late.weight * (level - late.level)) ** 2).sum((0, 1))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _ranked(fits: dict[str, Fit], errors: dict[str, np.ndarray], n_held_out: int) -> Comparison:
    order = sorted(fits, key=lambda name: fits[name].aic)
    least = fits[order[0]].aic
    tied = [name for name in order if fits[name].aic < least + _TIE]
    winner = min(tied, key=lambda name: (fits[name].n_parameter, fits[name].aic))
    order.remove(winner)
    order.insert(0, winner)
    rows = {
        name: {
            "parameters": fits[name].n_parameter,
            "scale": fits[name].scale,
            "aic": fits[name].aic,
            "delta_aic": fits[name].aic - least,
            "held_out": float(np.sqrt(np.nanmean(errors[name]))),
            "converged": fits[name].converged,
        }
        for name in order
    }
    bar = _BETTER * rows[winner]["held_out"]
    better = sorted(
        (name for name in order if rows[name]["held_out"] < bar),
        key=lambda name: rows[name]["held_out"],
    )
    return Comparison(
        {name: fits[name] for name in order},
        pd.DataFrame.from_dict(rows, orient="index").rename_axis("theory"),
        winner,
        tuple(name for name in order if name in tied),
        tuple(better),
        n_held_out,
    )
