"""Which theory explains the curves: by fit, by prediction, and whether the data can tell."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import jax
import numpy as np
import pandas as pd
from jaxtyping import Array, PRNGKeyArray

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference.fit import Fit, check_hold, prepare, summarised
from skillphysics.inference.solve import check_count, levels_at, refitted, solve
from skillphysics.inference.threads import one_blas_thread
from skillphysics.measure.data import Data, data_of
from skillphysics.theories import CANDIDATES, Theory

# A smaller difference in AIC than this is a tie: the weight of evidence, e^(-6/2), is then above
# one in twenty.
_TIE = 6.0
# A theory predicts better where its held-out error is below this share of the winner's.
_BETTER = 0.8
# A theory whose residuals are this many standard errors is not right, however it ranks.
_MISSES = 2.0
_STARTS = 8


@dataclass(frozen=True)
class Comparison:
    """Theories fitted to the same curves and ranked.

    Attributes:
        fits: the fit of each theory to all steps, best first.
        table: one row per theory in the same order: `parameters`, `scale` (size of the residuals,
            in standard errors where these are known, else in level), `aic` and `delta_aic`,
            `held_out` (root mean square error of the last levels, predicted from the others),
            `converged`.
        winner: the simplest of the theories whose AIC is within 6 of the best.
        tied: all of these theories.
        better_predictors: theories whose held-out error is more than a fifth below the winner's.
        n_held_out: number of held-out steps.
        known_noise: whether the curves carry standard errors.
    """

    fits: Mapping[str, Fit]
    table: pd.DataFrame
    winner: str
    tied: tuple[str, ...]
    better_predictors: tuple[str, ...]
    n_held_out: int
    known_noise: bool = False

    @property
    def decisive(self) -> bool:
        """Whether fit and prediction single out the same theory."""
        return len(self.tied) == 1 and not self.better_predictors

    @property
    def best(self) -> Fit:
        """The fit of the winner."""
        return self.fits[self.winner]

    @property
    def closest(self) -> str:
        """The theory with the smallest residuals, which need not be the winner."""
        return min(self.fits, key=lambda name: self.fits[name].scale)

    @property
    def misses(self) -> float | None:
        """Residuals of the closest theory in standard errors where they are too large."""
        missed = self.known_noise and self.fits[self.closest].scale > _MISSES
        return self.fits[self.closest].scale if missed else None

    @property
    def verdict(self) -> str:
        """The outcome in a few sentences; that no theory fits comes first."""
        if self.misses is None:
            return self._ranking
        return (
            f"No theory fits within the measurement error: even the closest, {self.closest}, "
            f"misses by {self.misses:.1f} standard errors, so none is right in detail. "
            f"{self._ranking}"
        )

    @property
    def _ranking(self) -> str:
        if self.decisive:
            others = [name for name in self.fits if name != self.winner]
            if not others:
                return f"Only {self.winner} was fitted."
            gap = self.table["aic"].iloc[1] - self.table["aic"].iloc[0]
            name = self.winner[0].upper() + self.winner[1:]
            return (
                f"{name} explains these curves best: its AIC is {gap:.1f} below the next "
                f"({others[0]}), and no theory predicts the last {self.n_held_out} checkpoints "
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
                f"the fit to all checkpoints favours {self.winner}, yet {first} {predict} the last "
                f"{self.n_held_out} checkpoints clearly better, so the data single out no theory"
            )
        text = "; ".join(reasons)
        return text[0].upper() + text[1:] + "."


@one_blas_thread
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
    then predict. The ranking is by AIC = deviance/c + 2 parameters, where c is the variance of the
    residuals of the best theory, as large and as long as they are where skills are learned
    (`Noise.inflation`; QAIC in the literature), and at least 1 with known standard errors. So
    checkpoints after everything is learned, and neighbours that err alike, are no evidence.

    Among theories within 6 of the best the one with the fewest parameters wins, so a limit that
    fits as well beats the general case. The predictions can veto: a theory whose error on the
    held-out steps is more than a fifth below the winner's makes the comparison undecided.

    Args:
        curves: the data.
        theories: by name, what makes a theory from frequencies; by default
            `skillphysics.theories.CANDIDATES`.
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
        raise ArgumentError(f"held_out must be a share between 0 and 1, got {held_out}")
    theories = CANDIDATES if theories is None else theories
    if not theories:
        raise ArgumentError("theories must hold at least one theory, got none")
    data = data_of(curves)
    n_step = data.steps.size
    first_held_out = min(max(n_step - max(round(held_out * n_step), 1), 2), n_step - 1)
    early, late = data.before(first_held_out), data.after(first_held_out)
    held = tuple(sorted(hold))

    def work(name: str) -> tuple[Fit, np.ndarray] | FitError:
        try:
            with jax.enable_x64(True):
                template = prepare(theories[name], curves, data, ceiling=ceiling, onset=onset)
                check_hold(template, hold)
                check_count(template, data, held)
                begin = prepare(theories[name], curves, early, ceiling=ceiling, onset=onset)
                earlier, _ = solve(begin, early, held, _STARTS, key)
                level = levels_at(begin, data, held, earlier.best().free)
                again = jax.random.fold_in(key, 1)
                optima, agreement = solve(template, data, held, _STARTS, again, earlier.best().free)
                own, optimum = refitted(template, data, held, optima)
                whole = summarised(template, optimum, agreement, curves, own, held)
        except FitError as error:
            return error
        finally:
            done(name)
        return whole, _squared_errors(level, late)

    outcomes = _in_threads(work, theories)
    fitted = {name: one for name, one in outcomes.items() if not isinstance(one, FitError)}
    if not fitted:
        raise next(one for one in outcomes.values() if isinstance(one, FitError))
    fits = {name: outcome[0] for name, outcome in fitted.items()}
    errors = {name: outcome[1] for name, outcome in fitted.items()}
    return _ranked(fits, errors, n_step - first_held_out, known_noise=data.known_noise)


_R = TypeVar("_R")


def _in_threads(work: Callable[[str], _R], names: Iterable[str]) -> dict[str, _R]:
    """Compiling takes most of the time, one core per theory, and releases Python's lock."""
    names = list(names)
    pool = ThreadPoolExecutor(max_workers=min(len(names), os.cpu_count() or 1))
    try:
        return dict(zip(names, pool.map(work, names), strict=True))
    finally:
        # An interrupt does not wait for what is being compiled.
        pool.shutdown(wait=False, cancel_futures=True)


def _squared_errors(level: np.ndarray, late: Data) -> np.ndarray:
    """Mean squared error of each skill's level over the late steps, NaN where not measured."""
    count = late.measured.sum((0, 1))
    total = (late.measured * (level - late.level) ** 2).sum((0, 1))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _ranked(
    fits: dict[str, Fit], errors: dict[str, np.ndarray], n_held_out: int, *, known_noise: bool
) -> Comparison:
    closest = min(fits.values(), key=lambda one: one.scale)
    inflation = closest.noise[""].inflation
    aic = {
        name: one.deviance / max(inflation, 1e-300) + 2 * one.n_parameter
        for name, one in fits.items()
    }
    order = sorted(fits, key=lambda name: aic[name])
    least = aic[order[0]]
    tied = [name for name in order if aic[name] < least + _TIE]
    winner = min(
        tied, key=lambda name: (fits[name].n_parameter, len(fits[name].parameters), aic[name])
    )
    order.remove(winner)
    order.insert(0, winner)
    rows = {
        name: {
            "parameters": fits[name].n_parameter,
            "scale": fits[name].scale,
            "aic": aic[name],
            "delta_aic": aic[name] - least,
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
        known_noise,
    )
