"""Which theory explains the curves, by fit and by prediction, and whether the data decide it."""

import html
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
from skillphysics.domains import FRACTION
from skillphysics.errors import FitError
from skillphysics.inference.arguments import (
    check_curves,
    check_hold,
    check_key,
    check_learned,
    check_theories,
)
from skillphysics.inference.fit import Fit, prepare, summarised
from skillphysics.inference.solve import check_count, levels_at, refitted, solve
from skillphysics.inference.threads import one_blas_thread
from skillphysics.measure.data import Data, data_of
from skillphysics.theories import CANDIDATES, Theory

# A smaller difference in AIC is a tie: the relative likelihood, e^(-6/2), is then above one in
# twenty.
_TIE = 6.0
# A theory predicts better if its held-out error is below this share of the winner's.
_BETTER = 0.8
# A theory with larger residuals, in standard errors, is rejected, whatever its rank.
_MISSES = 2.0
_STARTS = 8


@dataclass(frozen=True, repr=False)
class Comparison:
    """Theories fitted to the same curves and ranked.

    Attributes:
        fits: the fit of each theory to all steps, best first.
        table: one row per theory in the same order: `parameters`, `scale` (size of the residuals,
            in standard errors if these are known, else in level), `aic` and `delta_aic`,
            `held_out` (root mean square error of the last levels, predicted from the others),
            `converged`.
        winner: the simplest of the theories whose AIC is within 6 of the best.
        tied: all of these theories.
        better_predictors: theories whose held-out error is more than a fifth below the winner's.
        n_held_out: number of held-out checkpoints.
        known_noise: whether the curves have standard errors.
    """

    fits: Mapping[str, Fit]
    table: pd.DataFrame
    winner: str
    tied: tuple[str, ...]
    better_predictors: tuple[str, ...]
    n_held_out: int
    known_noise: bool = False

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.fits)} theories: {self.verdict}>"

    def _repr_html_(self) -> str:
        """The verdict and the table, for notebooks."""
        return f"<p>{html.escape(self.verdict)}</p>{self.table.to_html()}"

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
        """Residuals of the closest theory in standard errors, if they are too large; else None."""
        missed = self.known_noise and self.fits[self.closest].scale > _MISSES
        return self.fits[self.closest].scale if missed else None

    @property
    def verdict(self) -> str:
        """The outcome in a few sentences, beginning with whether any theory fits at all."""
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
    done: Callable[[str], object] | None = None,
) -> Comparison:
    """Fit theories to the same curves and rank them.

    Each theory is fitted twice: to all checkpoints, for AIC, and to all but the last ones, which it
    must then predict. The ranking is by AIC = deviance/c + 2 parameters (QAIC), where c is the
    variance of the residuals of the best theory where skills are learned, with their correlation
    along checkpoints (`Noise.inflation`), and at least 1 if standard errors are known. Checkpoints
    after everything is learned, and neighbours with equal errors, therefore add no evidence.

    Among theories within 6 of the best, the one with the fewest parameters wins, so a limit that
    fits as well beats the general case. Predictions can veto: if the held-out error of a theory is
    more than a fifth below the winner's, the comparison is undecided.

    Args:
        curves: the data.
        theories: by name, a theory or a callable that makes one from frequencies; by default
            `skillphysics.theories.CANDIDATES`.
        key: random key of the starting points.
        hold: names of parameters that no fit moves, such as ["frequency"].
        ceiling: whether every skill has a free ceiling.
        onset: whether every skill has a free onset.
        held_out: share of the checkpoints to predict, from the last one back.
        done: called with the name of each theory once it is fitted, for a progress bar.

    Raises:
        FitError: no theory can be fitted, or no skill is learned in the curves.
        ArgumentError: an argument is outside its domain.

    Example:
        >>> from skillphysics.theories import Domino, Linear
        >>> steps = np.arange(0, 100, 10.0)
        >>> curves = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, [0.06, 0.02])))
        >>> compare(curves, {"linear": Linear, "domino": Domino}, key=jax.random.key(0)).winner
        'linear'
    """
    check_curves(curves)
    check_key(key)
    FRACTION.check("held_out", held_out)
    theories = CANDIDATES if theories is None else theories
    check_theories(theories)
    data = data_of(curves)
    check_learned(data)
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
            if done is not None:
                done(name)
        return whole, _squared_errors(level, late)

    outcomes = _in_threads(work, theories)
    fitted = {
        name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, FitError)
    }
    if not fitted:
        raise next(error for error in outcomes.values() if isinstance(error, FitError))
    fits = {name: outcome[0] for name, outcome in fitted.items()}
    errors = {name: outcome[1] for name, outcome in fitted.items()}
    return _ranked(fits, errors, n_step - first_held_out, known_noise=data.known_noise)


_R = TypeVar("_R")


def _in_threads(work: Callable[[str], _R], names: Iterable[str]) -> dict[str, _R]:
    """Results by name. Most of the time is compilation, which uses one core and no Python lock."""
    names = list(names)
    pool = ThreadPoolExecutor(max_workers=min(len(names), os.cpu_count() or 1))
    try:
        return dict(zip(names, pool.map(work, names), strict=True))
    finally:
        # An interrupt does not wait for compilations.
        pool.shutdown(wait=False, cancel_futures=True)


def _squared_errors(level: np.ndarray, late: Data) -> np.ndarray:
    """Mean squared error of each skill over the late steps, NaN where not measured."""
    count = late.measured.sum((0, 1))
    total = (late.measured * (level - late.level) ** 2).sum((0, 1))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _ranked(
    fits: dict[str, Fit], errors: dict[str, np.ndarray], n_held_out: int, *, known_noise: bool
) -> Comparison:
    closest = min(fits.values(), key=lambda fit: fit.scale)
    inflation = closest.noise[""].inflation
    aic = {
        name: fit.deviance / max(inflation, 1e-300) + 2 * fit.n_parameter
        for name, fit in fits.items()
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
