"""One fit for every theory: weighted least squares from many starts."""

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
from skillphysics.errors import ArgumentError
from skillphysics.inference.coordinates import Layout, at_free, moved, slopes, values
from skillphysics.inference.jacobian import Linearised, normal_equations
from skillphysics.inference.noise import Noise, measure_noise, places
from skillphysics.inference.solve import near, refitted, solve
from skillphysics.inference.solver import Optimum, gauge
from skillphysics.inference.starts import duration, plateau
from skillphysics.inference.threads import one_blas_thread
from skillphysics.measure.data import Data, data_of
from skillphysics.theories.base import Theory
from skillphysics.theories.measured import Measured

Status = Literal["free", "at bound", "unidentifiable"]

# Squared, a direction of parameter space this much weaker than the strongest is invisible.
_INVISIBLE = 1e-11
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
            scalar): `value`, `stderr`, `low` and `high` (the interval of the asked confidence,
            symmetric in the logarithm of positive parameters and in the log-odds of shares),
            `unit`, `status` ("free", "at bound", "unidentifiable"). At the bound itself the
            interval is NaN.
        converged: whether the best solve met its tolerance.
        agreement: share of the four most promising starts, solved to the end, that ended at the
            best squared error (within 0.1 %).
        chi2: weighted sum of squared residuals, with the errors expected at the fitted levels.
        deviance: distance of the fit from the data in units of −2 ln L (`Data.deviance`).
        n_point: number of measurements.
        n_parameter: number of free parameters that move a level.
        predicted: levels of the theory at the steps of the curves, [n_step, n_skill].
        confidence: of the intervals.
        noise: size and duration of the errors behind the intervals, by parameter; "" for scalars.
        held: names of the parameters that stayed as they were.
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
    covariance: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    @property
    def scale(self) -> float:
        """Size of the residuals in units of the standard errors (of level 1 without any).

        From the deviance, which does not take a theory at its word where that says 1 exactly.
        """
        return float(np.sqrt(self.deviance / max(self.n_point - self.n_parameter, 1)))

    def levels(self, steps: np.ndarray) -> xr.DataArray:
        """Levels of the fitted theory at any steps, [n_step, n_skill], in double precision."""
        with jax.enable_x64(True):
            level = np.asarray(as_float64(self.theory).levels(jnp.asarray(steps, jnp.float64)))
        return xr.DataArray(
            level, {"step": steps, "skill": self.predicted["skill"]}, ("step", "skill"), "level"
        )

    def ratios(self, parameter: str, to: str) -> pd.DataFrame:
        """A parameter of every skill relative to that of one skill, with intervals.

        The interval is that of the logarithm of the ratio, in which the errors of both skills and
        their correlation enter.

        Args:
            parameter: a positive parameter with one entry per skill, such as "frequency".
            to: the skill to which the others are related.

        Returns:
            One row per skill: `value`, `low`, `high` (NaN where it is not determined). The row of
            `to` is 1 exactly.

        Raises:
            ArgumentError: there is no such parameter or skill.

        Example:
            >>> import jax, numpy as np
            >>> from skillphysics.theories import Linear
            >>> steps = np.arange(0, 100, 10.0)
            >>> curves = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, [0.06, 0.02])))
            >>> result = fit(Linear, curves, key=jax.random.key(0))
            >>> result.ratios("frequency", to="1").value.round(3).tolist()
            [1.0, 0.333]
        """
        names = self.parameters.index.get_level_values("parameter")
        if parameter not in names:
            raise ArgumentError(
                f"parameter must be one of {', '.join(dict.fromkeys(names))}, got {parameter!r}"
            )
        rows = self.parameters.xs(parameter)
        if to not in rows.index:
            raise ArgumentError(f"to must be one of the fitted skills, got {to!r}")
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
    theory: Theory | Callable[[Array], Theory],
    curves: Curves,
    *,
    key: PRNGKeyArray,
    hold: Collection[str] = (),
    ceiling: bool = False,
    onset: bool = False,
    starts: int = 8,
    confidence: float = 0.9,
) -> Fit:
    """Fit a theory to skill curves by weighted least squares.

    The free parameters are the theory's own, in coordinates that keep their constraints. The
    weights are 1/standard error where the curves carry these, else equal. Standard errors that are
    a function of the level, as those of accuracies are, are taken at the fitted levels.

    Intervals come from the curvature of the squared error, and from the size of the residuals and
    their correlation along the checkpoints (`skillphysics.inference.noise`).

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
        raise ArgumentError(f"confidence must be between 0 and 1, got {confidence}")
    if starts < 1:
        raise ArgumentError(f"starts must be at least 1, got {starts}")
    data = data_of(curves)
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
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), theory)


def check_hold(template: Theory, hold: Collection[str]) -> None:
    """Refuse names of parameters that the theory does not have.

    Raises:
        ArgumentError: names the parameters that there are.
    """
    known = [p.name for p in moved(template)]
    for name in hold:
        if name not in known:
            raise ArgumentError(
                f"hold must name parameters of the theory ({', '.join(known)}), got {name!r}"
            )


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
    free_stderr = np.where(visible, np.sqrt(np.diag(covariance)), np.inf)
    moves = np.abs(slope) > _TOUCHES
    frame["stderr"] = np.abs(slope) * np.where(moves, free_stderr, 0.0)
    reach = free_stderr * np.array(
        [special.stdtrit(noise.get(name, noise[""]).dof, 0.5 + confidence / 2) for name in names]
    )
    frame["low"], frame["high"] = _ends(template, optimum.free, held, reach)
    frame["status"] = [_status(row) for row in frame.itertuples()]
    # At the bound itself the curvature in the logarithm says nothing of the width.
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
    """Interval ends: an entry alone moved by its reach in its free coordinate."""
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
    """The noise that moves each parameter, and, as "", what all skills share."""
    residual = data.weight * (linear.level - data.level)
    jacobian = np.asarray(linear.own)[:, None] * data.weight
    own, alike = measure_noise(residual, data.measured, jacobian, known=data.known_noise)
    # What all skills share is known from when each is learned: from the first parameter.
    named = {p.name: one for p, one in zip(layout.own, own, strict=True)}
    return {**named, "": own[0] if own else alike}


def _covariance(
    linear: Linearised, layout: Layout, data: Data, noise: dict[str, Noise], free: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Covariance of the free coordinates, which of them the data see, and how many move a level.

    (JᵀJ)⁻¹ JᵀRJ (JᵀJ)⁻¹ s² on what the data see, with the size s² and the correlation R of the
    errors that move each kind of parameter.
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
    """Orthonormal columns that span the seen coordinates at right angles to the border."""
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
