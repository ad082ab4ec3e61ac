"""One fit for every theory: weighted least squares from many starts."""

import html
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, PRNGKeyArray
from scipy import linalg, special

from skillphysics.curves import Curves
from skillphysics.domains import COUNT, FRACTION
from skillphysics.errors import ArgumentError
from skillphysics.inference.arguments import (
    check_curves,
    check_hold,
    check_key,
    check_learned,
    check_theory,
    theory_from,
)
from skillphysics.inference.coordinates import Layout, at_edge, at_free, moved, slopes, values
from skillphysics.inference.jacobian import Linearised, normal_equations
from skillphysics.inference.noise import Noise, measure_noise, places
from skillphysics.inference.solve import near, refitted, solve
from skillphysics.inference.solver import Optimum, gauge
from skillphysics.inference.starts import duration, plateau
from skillphysics.inference.threads import one_blas_thread
from skillphysics.measure.data import Data, data_of
from skillphysics.theories.base import Theory
from skillphysics.theories.measured import Measured

Status = Literal["free", "at bound", "unidentifiable", "held"]

# A direction of parameter space is invisible if its squared effect is this much weaker than that of
# the strongest one.
_INVISIBLE = 1e-11
# A parameter that is known to a factor e^x or worse either way is not determined.
_UNDETERMINED = 3.0
# An estimate is at its bound if it is this close to it, in standard errors or in absolute terms.
_AT_BOUND, _TOUCHES = 0.1, 1e-9


@dataclass(frozen=True, repr=False)
class Fit:
    """A theory fitted to curves.

    Attributes:
        theory: the fitted theory, with float64 NumPy parameters.
        parameters: one row per parameter entry (index `parameter`, `skill`; `skill` is "" for a
            scalar): `value`, `stderr`, `low` and `high` (an interval of the given confidence,
            symmetric in the logarithm of positive parameters and in the log-odds of shares),
            `unit` and `status`: "free", "at bound" (where the interval is NaN), "unidentifiable"
            (the data do not determine it), or "held" (the frequency of a single skill, which its
            sum fixes).
        converged: whether the best solve met its tolerance.
        agreement: share of the four most promising starts that ended at the best squared error
            (within 0.1 %).
        chi2: weighted sum of squared residuals, with the errors expected at the fitted levels.
        deviance: distance of the fit from the data in units of −2 ln L (`Data.deviance`).
        n_point: number of measurements.
        n_parameter: number of free parameters that affect a level.
        predicted: levels of the theory at the steps of the curves, [n_step, n_skill].
        confidence: of the intervals.
        noise: size and correlation of the errors behind the intervals, by parameter; "" for
            scalars.
        held: names of the parameters that the fit did not move.
        known_noise: whether the curves have standard errors.
        covariance: of the free coordinates (logarithms, log-odds), in the order of `parameters`.
    """

    theory: Theory
    parameters: pd.DataFrame
    converged: bool
    agreement: float
    chi2: float
    deviance: float
    n_point: int
    n_parameter: int
    predicted: xr.DataArray
    confidence: float
    noise: dict[str, Noise]
    held: tuple[str, ...] = ()
    known_noise: bool = False
    covariance: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def __repr__(self) -> str:
        n_step, n_skill = self.predicted.shape
        unit = "standard errors" if self.known_noise else "in level"
        return (
            f"<Fit of {type(self.theory).__name__}: {n_skill} skills at {n_step} steps, "
            f"{self.n_parameter} free parameters, residuals {self.scale:.3g} {unit}, "
            f"{'converged' if self.converged else 'not converged'}>"
        )

    def _repr_html_(self) -> str:
        """A heading and the table of parameters, for notebooks."""
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{self.parameters.to_html()}"

    @property
    def scale(self) -> float:
        """Size of the residuals in standard errors, or in level if the curves have none.

        It is computed from the deviance, which stays finite where a theory predicts exactly 1.
        """
        return float(np.sqrt(self.deviance / max(self.n_point - self.n_parameter, 1)))

    def levels(self, steps: np.ndarray) -> xr.DataArray:
        """Levels of the fitted theory at any steps, [n_step, n_skill], in double precision.

        Raises:
            ArgumentError: `steps` is not a list of non-negative finite numbers.
        """
        with jax.enable_x64(True):
            level = np.asarray(as_float64(self.theory).levels(jnp.asarray(steps, jnp.float64)))
        return xr.DataArray(
            level, {"step": steps, "skill": self.predicted["skill"]}, ("step", "skill"), "level"
        )

    def ratios(self, parameter: str, to: str) -> pd.DataFrame:
        """A parameter of every skill relative to that of one skill, with intervals.

        Intervals include the errors of both skills and their correlation.

        Args:
            parameter: a positive parameter with one entry per skill, such as "frequency".
            to: the reference skill.

        Returns:
            One row per skill: `value`, `low`, `high` (NaN if it is not determined). The row of `to`
            is exactly 1.

        Raises:
            ArgumentError: there is no such parameter or skill.

        Example:
            >>> import jax, numpy as np
            >>> from skillphysics.theories import Linear
            >>> steps = np.arange(0, 100, 10.0)
            >>> curves = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, [0.06, 0.02])))
            >>> result = fit(curves, Linear, key=jax.random.key(0))
            >>> result.ratios("frequency", to="1").value.round(3).tolist()
            [1.0, 0.333]
        """
        names = self.parameters.index.get_level_values("parameter")
        if parameter not in names:
            raise ArgumentError(
                f"parameter must be one of {', '.join(dict.fromkeys(names))}, got {parameter!r}",
                argument="parameter",
            )
        rows = self.parameters.xs(parameter)
        if to not in rows.index:
            raise ArgumentError(f"to must be one of the fitted skills, got {to!r}", argument="to")
        place = np.flatnonzero(names == parameter)
        at = list(rows.index).index(to)
        inner = self.covariance[np.ix_(place, place)]
        variance = np.diag(inner) + inner[at, at] - 2 * inner[at]
        reach = self._quantile(parameter) * np.sqrt(np.maximum(variance, 0))
        value = rows["value"].to_numpy() / rows["value"].to_numpy()[at]
        known = (rows["status"] != "unidentifiable").to_numpy() & (
            rows["status"].iloc[at] != "unidentifiable"
        )
        reach = np.where(known, reach, np.nan)
        reach[at] = 0
        return pd.DataFrame(
            {"value": value, "low": value * np.exp(-reach), "high": value * np.exp(reach)},
            index=rows.index,
        )

    def _quantile(self, parameter: str) -> float:
        noise = self.noise.get(parameter, self.noise[""])
        return float(special.stdtrit(noise.dof, 0.5 + self.confidence / 2))


@one_blas_thread
def fit(
    curves: Curves,
    theory: Theory | Callable[[Array], Theory],
    *,
    key: PRNGKeyArray,
    hold: Collection[str] = (),
    ceiling: bool = False,
    onset: bool = False,
    starts: int = 8,
    confidence: float = 0.9,
) -> Fit:
    """Fit a theory to skill curves by weighted least squares.

    The fit moves the parameters of the theory in coordinates that keep their constraints. Weights
    are 1/standard error if the curves have standard errors, and equal otherwise. Standard errors
    that are a function of the level, such as those of accuracies, are taken at the fitted levels.

    Intervals come from the curvature of the squared error, and from the size of the residuals and
    their correlation along checkpoints (`skillphysics.inference.noise`).

    Args:
        curves: the data; several runs are fitted together.
        theory: a theory, whose values start the search, or a callable that makes one from
            frequencies, such as a class. The frequencies are those of the curves, or are guessed
            from their levels.
        key: random key of the starting points.
        hold: names of parameters that the fit does not move, such as ["frequency"].
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
        >>> result = fit(curves, Linear, key=jax.random.key(0))
        >>> result.parameters.value.round(4).to_dict()
        {('frequency', '1'): 0.75, ('frequency', '2'): 0.25, ('rate', ''): 0.08}
    """
    check_curves(curves)
    check_theory(theory)
    check_key(key)
    FRACTION.check("confidence", confidence)
    COUNT.check("starts", starts)
    data = data_of(curves)
    check_learned(data)
    held = tuple(sorted(hold))
    with jax.enable_x64(True):
        template = prepare(theory, curves, data, ceiling=ceiling, onset=onset)
        check_hold(template, hold)
        optima, agreement = solve(template, data, held, starts, key)
        data, optimum = refitted(template, data, held, optima)
        return summarised(template, optimum, agreement, curves, data, held, confidence)


def prepare(
    theory: Theory | Callable[[Array], Theory],
    curves: Curves,
    data: Data,
    *,
    ceiling: bool,
    onset: bool,
) -> Theory:
    """The theory that a solve begins from, in float64 NumPy, with its nuisance parameters."""
    final = plateau(data) if ceiling else np.ones(len(curves.names))
    frequency = curves.skills.frequency
    if frequency is None:
        frequency = 1 / duration(data, final)
        frequency = frequency / frequency.sum()
    theory = theory_from(theory, jnp.asarray(frequency))
    if theory.frequency.shape != (len(curves.names),):
        raise ArgumentError(
            f"theory must have {len(curves.names)} skills, as the curves have, got "
            f"{theory.frequency.size}",
            argument="theory",
        )
    if ceiling or onset:
        first = np.full(len(final), max(data.steps[data.steps > 0][0], 1e-6))
        theory = Measured(
            theory,
            ceiling=jnp.asarray(final) if ceiling else None,
            onset=jnp.asarray(first) if onset else None,
        )
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), theory)


def free_values(template: Theory, free: np.ndarray, held: tuple[str, ...]) -> np.ndarray:
    """The parameters themselves at free coordinates, [n_free]."""
    return values(at_free(template, free, held), held)


def summarised(
    template: Theory,
    optimum: Optimum,
    agreement: float,
    curves: Curves,
    data: Data,
    held: tuple[str, ...],
    confidence: float = 0.9,
) -> Fit:
    """The optimum with its uncertainties, in NumPy."""
    theory = at_free(template, optimum.free, held)
    slope = slopes(theory, held)
    linear, layout = near(template, data, held, optimum.free), Layout.of(template, held)
    noise = _noise(linear, layout, data)
    covariance, visible, n_free = _covariance(linear, layout, data, noise, optimum.free)
    frame = _table(theory, curves.names, held)
    names = frame.index.get_level_values("parameter")
    visible &= ~at_edge(template, optimum.free, held)
    free_stderr = np.where(visible, np.sqrt(np.diag(covariance)), np.inf)
    moves = np.abs(slope) > _TOUCHES
    frame["stderr"] = np.abs(slope) * np.where(moves, free_stderr, 0.0)
    reach = free_stderr * np.array(
        [special.stdtrit(noise.get(name, noise[""]).dof, 0.5 + confidence / 2) for name in names]
    )
    frame["low"], frame["high"] = _ends(template, optimum.free, held, reach)
    frame["status"] = [_status(row) for row in frame.itertuples()]
    only = [p.name for p in moved(template, held) if p.value.size <= p.constraint.redundant]
    frame.loc[names.isin(only), "status"] = "held"
    # At the bound itself the curvature in the logarithm says nothing about the width.
    blind = (frame["status"] == "at bound") & ~(frame["stderr"] > _TOUCHES)
    frame.loc[blind, ["stderr", "low", "high"]] = np.nan
    level = xr.DataArray(
        linear.level,
        {"step": curves.steps, "skill": list(curves.names)},
        ("step", "skill"),
        "level",
    )
    residual = data.weight * (linear.level - data.level)
    return Fit(
        theory=theory,
        parameters=pd.DataFrame(
            frame, columns=["value", "stderr", "low", "high", "unit", "status"]
        ),
        converged=bool(optimum.converged),
        agreement=agreement,
        chi2=float((residual**2).sum()),
        deviance=data.deviance(linear.level),
        n_point=data.n_point,
        n_parameter=n_free,
        predicted=level,
        confidence=confidence,
        noise=noise,
        held=held,
        known_noise=data.known_noise,
        covariance=covariance,
    )


def as_float64(theory: Theory) -> Theory:
    """The theory with double precision parameters; only within `jax.enable_x64`."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), theory)


def _table(theory: Theory, names: Sequence[str], held: tuple[str, ...]) -> pd.DataFrame:
    """One row per moved parameter entry: value, unit and the interval of its constraint."""
    rows = [
        (p.name, names[i] if p.value.ndim else "", float(value), p.unit, *p.constraint.bounds)
        for p in moved(theory, held)
        for i, value in enumerate(p.value.reshape(-1))
    ]
    columns = ["parameter", "skill", "value", "unit", "minimum", "maximum"]
    return pd.DataFrame(rows, columns=columns).set_index(["parameter", "skill"])


def _ends(
    template: Theory, free: np.ndarray, held: tuple[str, ...], reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Interval ends: each entry moved alone by its reach in its free coordinate."""
    low, high, at = [], [], 0
    for p in moved(template, held):
        here = slice(at, at + p.value.size)
        at += p.value.size
        shift = np.minimum(reach[here], 700)
        middle = np.reshape(p.constraint.to_value(free[here].reshape(p.value.shape), p.value), -1)
        for ends, sign in ((low, -1), (high, 1)):
            if p.constraint.bounds[1] == 1:
                ends.append(special.expit(free[here] + sign * shift))
            else:
                unknown = np.inf if sign > 0 else 0.0
                ends.append(
                    np.where(shift < 300, middle * np.exp(sign * np.minimum(shift, 300)), unknown)
                )
    return np.concatenate(low), np.concatenate(high)


def _noise(linear: Linearised, layout: Layout, data: Data) -> dict[str, Noise]:
    """The noise that affects each parameter; "" for what all skills share."""
    residual = data.weight * (linear.level - data.level)
    jacobian = np.asarray(linear.own)[:, None] * data.weight
    own, alike = measure_noise(residual, data.measured, jacobian, known=data.known_noise)
    # Learning times determine what all skills share, and the first parameter sets these.
    named = {p.name: noise for p, noise in zip(layout.own, own, strict=True)}
    return {**named, "": own[0] if own else alike}


def _covariance(
    linear: Linearised, layout: Layout, data: Data, noise: dict[str, Noise], free: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Covariance of the free coordinates, which are visible, and how many affect a level.

    (JᵀJ)⁻¹ JᵀRJ (JᵀJ)⁻¹ s² on the visible directions, with the size s² and the correlation R of
    the errors that affect each kind of parameter.
    """
    _, weight = data.mean()
    matrix, _ = normal_equations(linear, layout, weight)
    curvature = np.diag(matrix)
    seen = curvature > 1e-24 * curvature.max(initial=1e-300)
    size = np.sqrt(np.where(seen, curvature, 1))
    border = gauge(layout, free[None])[0] / size
    basis = np.where(seen[:, None], _complement(border, seen), 0)
    values, vectors = np.linalg.eigh(basis.T @ (matrix / np.outer(size, size)) @ basis)
    strong = values > _INVISIBLE * values.max(initial=1e-300)
    directions = basis @ vectors
    inverse = (directions[:, strong] / values[strong]) @ directions[:, strong].T
    inverse = inverse / np.outer(size, size)
    hidden = (np.abs(directions[:, ~strong]) > 1e-3).any(axis=1)
    covariance = np.zeros_like(inverse)
    kinds = [*((p.name, place) for p, place in zip(layout.own, layout.at_own, strict=True))]
    for name, place in (*kinds, ("", layout.at_shared)):
        if place.size:
            spread = inverse[place] @ _spread(linear, layout, data, noise[name]) @ inverse
            covariance[place] = noise[name].scale ** 2 * spread
    covariance = (covariance + covariance.T) / 2
    n_parameter = int((seen & (curvature > 0)).sum()) - sum(
        bool(seen[place].any()) for place in layout.gauge
    )
    return covariance, seen & ~hidden, n_parameter


def _complement(border: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the seen coordinates orthogonal to the border."""
    kept = np.eye(seen.size)[:, seen]
    if not len(border):
        return kept
    inner = border[:, seen]
    inner = inner[np.linalg.norm(inner, axis=1) > 0]
    return kept @ linalg.null_space(inner) if len(inner) else kept


def _spread(linear: Linearised, layout: Layout, data: Data, noise: Noise) -> np.ndarray:
    """JᵀRJ summed over runs, whose errors are independent."""
    if noise.correlation == 0:
        return normal_equations(linear, layout, data.mean()[1])[0]
    correlation = noise.matrix(places(data.measured))
    parts = [
        normal_equations(linear, layout, weight, correlation=correlation)[0]
        for weight in data.weight
        if (weight > 0).any()
    ]
    return sum(parts[1:], parts[0])


def _status(row: Any) -> Status:
    inside = min(row.value - row.minimum, row.maximum - row.value)
    if inside < max(_TOUCHES, _AT_BOUND * row.stderr if np.isfinite(row.stderr) else 0):
        return "at bound"
    return "unidentifiable" if row.stderr > _UNDETERMINED * inside else "free"
