"""One fit for every theory: weighted least squares from many starts in one compiled solve."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, PRNGKeyArray
from scipy import stats

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.inference.coordinates import at_free, moved, values
from skillphysics.inference.data import Data, data_of
from skillphysics.inference.solve import solve
from skillphysics.inference.solver import Optimum
from skillphysics.inference.starts import duration, plateau
from skillphysics.theories.base import Theory
from skillphysics.theories.measured import Measured

Status = Literal["free", "at bound", "unidentifiable"]

# A direction of parameter space this much weaker than the strongest is invisible in the data.
_INVISIBLE = 1e-7
# A parameter known to no better than this factor e^x either way is not determined.
_UNDETERMINED = 3.0
# An estimate this close to its bound, in standard errors or at all, sits at it.
_AT_BOUND, _TOUCHES = 0.1, 1e-9


@dataclass(frozen=True)
class Fit:
    """A theory fitted to curves.

    Attributes:
        theory: the fitted theory, with float64 NumPy parameters.
        parameters: one row per parameter entry (index `parameter`, `skill`; `skill` is "" for a
            scalar): `value`, `stderr`, `low` and `high` (the interval of the asked confidence from
            the curvature of the squared error, cut at the parameter's bounds), `unit`, `status`
            ("free", "at bound", "unidentifiable"). At the bound itself the interval is NaN: take
            one from `bootstrap`.
        converged: whether the best solve met its tolerance.
        agreement: share of the four most promising starts, solved to the end, that ended at the
            best squared error (within 0.1 %).
        chi2: weighted sum of squared residuals.
        n_point: number of measurements.
        n_parameter: number of free coordinates that move a level.
        aic: Akaike's criterion, n ln(χ²/n) + 2 (parameters + 1): normal errors whose relative
            sizes are known and whose common scale is fitted too.
        predicted: levels of the theory at the steps of the curves, [n_step, n_skill].
        confidence: of the intervals.
        held: names of the parameters that stayed as they were.
    """

    theory: Theory
    parameters: pd.DataFrame
    converged: bool
    agreement: float
    chi2: float
    n_point: int
    n_parameter: int
    predicted: xr.DataArray
    confidence: float
    held: tuple[str, ...] = ()

    @property
    def aic(self) -> float:
        """Akaike's information criterion; lower is better, differences matter."""
        return self.n_point * np.log(self.chi2 / self.n_point) + 2 * (self.n_parameter + 1)

    @property
    def scale(self) -> float:
        """Size of the residuals in units of the standard errors (of level 1 without any)."""
        return float(np.sqrt(self.chi2 / max(self.n_point - self.n_parameter, 1)))

    def levels(self, steps: np.ndarray) -> xr.DataArray:
        """Levels of the fitted theory at any steps, [n_step, n_skill], in double precision."""
        with jax.enable_x64(True):
            level = np.asarray(as_float64(self.theory).levels(jnp.asarray(steps, jnp.float64)))
        return xr.DataArray(
            level, {"step": steps, "skill": self.predicted["skill"]}, ("step", "skill"), "level"
        )


def fit(
    theory: Theory | Callable[[Array], Theory],
    curves: Curves,
    *,
    key: PRNGKeyArray,
    hold: Collection[str] = (),
    ceiling: bool = False,
    onset: bool = False,
    starts: int = 12,
    confidence: float = 0.9,
) -> Fit:
    """Fit a theory to skill curves by weighted least squares.

    The free parameters are the theory's own, in coordinates that keep their constraints. The
    weights are 1/standard error where the curves carry these, else equal; either way the common
    scale of the errors is estimated from the residuals.

    Args:
        theory: what to fit: a theory, whose values are where the search begins, or a callable that
            makes one from frequencies (a class will do), which are then guessed from the curves
            (or taken from them, where they carry frequencies).
        curves: the data; several runs are fitted together.
        key: source of the random starts.
        hold: names of parameters that stay as they are, such as "frequency".
        ceiling: give every skill a free ceiling between 0 and 1.
        onset: give every skill a free number of steps before it starts.
        starts: how many of the best random starts are solved, all for a few steps and the four
            most promising to the end.
        confidence: of the intervals, between 0 and 1.

    Raises:
        FitError: fewer than three steps, a skill never measured, or more parameters than
            measurements.
        ArgumentError: another argument is unusable.

    Example:
        >>> import jax, numpy as np
        >>> from skillphysics.theories import Linear
        >>> steps = np.arange(0, 100, 10.0)
        >>> curves = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, [0.06, 0.02])))
        >>> result = fit(Linear, curves, key=jax.random.key(0))
        >>> result.parameters.value.round(4).to_dict()
        {('frequency', '1'): 0.75, ('frequency', '2'): 0.25, ('rate', ''): 0.08}
    """
    if not 0 < confidence < 1:
        raise ArgumentError(f"confidence is {confidence}; a number between 0 and 1 is wanted")
    if starts < 1:
        raise ArgumentError(f"starts is {starts}; at least one start is wanted")
    data = data_of(curves)
    with jax.enable_x64(True):
        template = prepare(theory, curves, data, ceiling=ceiling, onset=onset)
        _check_hold(template, hold)
        return fit_data(
            template, curves, data, tuple(sorted(hold)), key=key, starts=starts,
            confidence=confidence,
        )  # fmt: skip


def prepare(
    theory: Theory | Callable[[Array], Theory],
    curves: Curves,
    data: Data,
    *,
    ceiling: bool,
    onset: bool,
) -> Theory:
    """The theory that a solve begins from, in float64, with its nuisance parameters."""
    final = plateau(data) if ceiling else np.ones(len(curves.names))
    if not isinstance(theory, Theory):
        frequency = curves.skills.frequency
        if frequency is None:
            frequency = 1 / duration(data, final)
            frequency = frequency / frequency.sum()
        theory = theory(jnp.asarray(frequency))
    if theory.frequency.shape != (len(curves.names),):
        raise ArgumentError(
            f"the theory has {theory.frequency.size} skills and the curves {len(curves.names)}"
        )
    if ceiling or onset:
        first = np.full(len(final), max(data.steps[data.steps > 0][0], 1e-6))
        theory = Measured(
            theory,
            ceiling=jnp.asarray(final) if ceiling else None,
            onset=jnp.asarray(first) if onset else None,
        )
    return as_float64(theory)


def fit_data(
    template: Theory,
    curves: Curves,
    data: Data,
    held: tuple[str, ...],
    *,
    key: PRNGKeyArray,
    starts: int = 12,
    confidence: float = 0.9,
) -> Fit:
    """Fit a prepared theory to data, which may be part of the curves; within `enable_x64`."""
    optimum, agreement = solve(template, data, held, starts, key)
    return _summarise(template, optimum, agreement, curves, data, held, confidence)


def _summarise(
    template: Theory,
    optimum: Optimum,
    agreement: float,
    curves: Curves,
    data: Data,
    held: tuple[str, ...],
    confidence: float,
) -> Fit:
    """The optimum with its uncertainties, in NumPy."""
    theory, level, slope = jax.tree.map(np.asarray, _describe(template, data, optimum.free, held))
    chi2 = float(optimum.cost)
    # What moves no level, such as Domino's frequencies, buys no fit either.
    n_free = int((np.abs(np.asarray(optimum.jacobian)).max(axis=0, initial=0) > 0).sum())
    dof = max(data.n_point - n_free, 1)
    covariance, visible = _covariance(np.asarray(optimum.jacobian))
    stderr = np.sqrt(np.einsum("vi,ij,vj->v", slope, covariance, slope) * chi2 / dof)
    hidden = ((np.abs(slope) > _TOUCHES) & ~visible).any(axis=1)
    stderr = np.where(hidden, np.inf, stderr)
    frame = table(theory, curves.names, held)
    frame["stderr"] = stderr
    reach = stats.t.ppf(0.5 + confidence / 2, dof) * stderr
    frame["low"] = np.maximum(frame["value"] - reach, frame["minimum"])
    frame["high"] = np.minimum(frame["value"] + reach, frame["maximum"])
    frame["status"] = [_status(row) for row in frame.itertuples()]
    # At the bound itself the curvature in the logarithm says nothing of the width.
    blind = (frame["status"] == "at bound") & ~(frame["stderr"] > _TOUCHES)
    frame.loc[blind, ["stderr", "low", "high"]] = np.nan
    predicted = xr.DataArray(
        level, {"step": curves.steps, "skill": list(curves.names)}, ("step", "skill"), "level"
    )
    return Fit(
        theory=theory,
        parameters=pd.DataFrame(
            frame, columns=["value", "stderr", "low", "high", "unit", "status"]
        ),
        converged=bool(optimum.converged),
        agreement=agreement,
        chi2=chi2,
        n_point=data.n_point,
        n_parameter=n_free,
        predicted=predicted,
        confidence=confidence,
        held=held,
    )


def table(theory: Theory, names: Sequence[str], held: tuple[str, ...]) -> pd.DataFrame:
    """One row per moved parameter entry: value, unit and the interval of its constraint."""
    rows = [
        (p.name, names[i] if p.value.ndim else "", float(value), p.unit, *p.constraint.bounds)
        for p in moved(theory, held)
        for i, value in enumerate(p.value.reshape(-1))
    ]
    columns = ["parameter", "skill", "value", "unit", "minimum", "maximum"]
    return pd.DataFrame(rows, columns=columns).set_index(["parameter", "skill"])


@eqx.filter_jit
def _describe(
    template: Theory, data: Data, free: Float[Array, " n_free"], held: tuple[str, ...]
) -> tuple[Theory, Array, Array]:
    """The theory, its levels, and the derivatives of its parameters by free coordinates."""
    theory = at_free(template, free, held)
    slope = jax.jacfwd(lambda free: values(at_free(template, free, held), held))(free)
    return theory, theory.levels(jnp.asarray(data.steps)), slope


def _covariance(jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(JᵀJ)⁻¹ on what the data see, and which free coordinates take part in nothing hidden."""
    size = np.linalg.norm(jacobian, axis=0)
    seen = size > 1e-12 * size.max(initial=1e-300)
    unit = jacobian / np.where(seen, size, 1)
    _, strength, directions = np.linalg.svd(unit, full_matrices=False)
    strong = strength > _INVISIBLE * strength.max(initial=1e-300)
    inverse = np.where(strong, 1 / np.where(strong, strength, 1) ** 2, 0)
    scaled = directions / np.where(seen, size, np.inf)
    hidden = (np.abs(directions[~strong]) > 1e-3).any(axis=0)
    return (scaled.T * inverse) @ scaled, seen & ~hidden


def _status(row: Any) -> Status:
    inside = min(row.value - row.minimum, row.maximum - row.value)
    if inside < max(_TOUCHES, _AT_BOUND * row.stderr if np.isfinite(row.stderr) else 0):
        return "at bound"
    return "unidentifiable" if row.stderr > _UNDETERMINED * inside else "free"


def _check_hold(template: Theory, hold: Collection[str]) -> None:
    known = [p.name for p in moved(template)]
    for name in hold:
        if name not in known:
            raise ArgumentError(f"there is no parameter {name!r} to hold; there are {known}")


def as_float64(theory: Theory) -> Theory:
    """The theory with double precision parameters; only within `jax.enable_x64`."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), theory)
