"""What is measured: skill curves, the one currency between training, logs, theories and plots."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from skillphysics.errors import ArgumentError, CurvesError
from skillphysics.skills import Skills, check_frequency, check_names

AXES = ("run", "step", "skill")


@dataclass(frozen=True, eq=False)
class Curves:
    """Skill levels along training, checked once, as a labelled dataset.

    A level is a real number: 0 is chance (or the start), 1 is mastered, never clipped: real
    benchmarks sit below chance for many checkpoints and toy skills overshoot. NaN is "not
    measured". A time is counted in optimizer steps.

    Attributes:
        dataset: an `xarray.Dataset` in canonical form. Dimensions (`run`, optional) `step`,
            `skill`. Variables: `level` over all of them; optional `level_stderr` over the
            same and `loss` over all but `skill`; any further measured quantity over a subset.
            Coordinates: `step` (strictly increasing, not negative), `skill` and `run` (distinct
            names), optional `frequency(skill)` and `tokens(step)`. Attributes: JSON values
            (configuration, versions, seed).

    Raises:
        CurvesError: the dataset does not have this form; the message names what is wrong.

    Example:
        >>> curves = Curves.from_arrays([0, 10, 20], [[0.0, 0.0], [0.8, 0.1], [1.0, 0.5]])
        >>> curves.names
        ('1', '2')
        >>> curves.learning_time(0.5).values.tolist()
        [6.25, 20.0]
        >>> curves.learning_time(0.9).values.tolist()
        [15.0, inf]
    """

    dataset: xr.Dataset

    def __post_init__(self) -> None:
        object.__setattr__(self, "dataset", _canonical(self.dataset))

    @classmethod
    def from_arrays(
        cls,
        steps: ArrayLike,
        level: ArrayLike,
        *,
        skill: Sequence[str] | None = None,
        run: Sequence[str] | None = None,
        level_stderr: ArrayLike | None = None,
        loss: ArrayLike | None = None,
        frequency: ArrayLike | None = None,
        tokens: ArrayLike | None = None,
        attrs: Mapping[str, Any] | None = None,
    ) -> "Curves":
        """Curves from plain arrays.

        Args:
            steps: [n_step], strictly increasing.
            level: [n_step, n_skill], or [n_run, n_step, n_skill].
            skill: names, by default "1", "2", ….
            run: names of the runs, by default "0", "1", … where `level` has runs.
            level_stderr: standard errors, shaped like `level`.
            loss: shaped like `level` less its last axis.
            frequency: [n_skill], positive.
            tokens: [n_step], tokens seen at each step.
            attrs: provenance, JSON values.

        Raises:
            CurvesError: shapes do not fit together, or a value is not allowed.
        """
        values = np.asarray(level)
        if values.ndim not in (2, 3):
            raise CurvesError(
                f"level has {values.ndim} dimensions; [step, skill] or [run, step, skill] is wanted"
            )
        dims = AXES[3 - values.ndim :]
        if skill is None:
            skill = [str(i) for i in range(1, values.shape[-1] + 1)]
        coords: dict[str, Any] = {"step": np.asarray(steps), "skill": ("skill", _text(skill))}
        if values.ndim == 3:
            run = [str(i) for i in range(values.shape[0])] if run is None else run
            coords["run"] = ("run", _text(run))
        if frequency is not None:
            coords["frequency"] = ("skill", np.asarray(frequency))
        if tokens is not None:
            coords["tokens"] = ("step", np.asarray(tokens))
        variables: dict[str, Any] = {"level": (dims, values)}
        if level_stderr is not None:
            variables["level_stderr"] = (dims, np.asarray(level_stderr))
        if loss is not None:
            variables["loss"] = (dims[:-1], np.asarray(loss))
        try:
            dataset = xr.Dataset(variables, coords, dict(attrs or {}))
        except ValueError as error:
            raise CurvesError(f"the arrays do not fit together: {error}") from error
        return cls(dataset)

    @property
    def steps(self) -> np.ndarray:
        """The steps [n_step]."""
        return self.dataset["step"].values

    @property
    def axis(self) -> str:
        """What the coordinate `step` counts: "steps", unless the attribute `axis` says otherwise.

        A log may have epochs or tokens only.
        """
        return self.dataset.attrs.get("axis", "steps")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the skills."""
        return tuple(str(name) for name in self.dataset["skill"].values)

    @property
    def skills(self) -> Skills:
        """The skills measured, with their frequencies where the curves carry them."""
        if "frequency" in self.dataset.coords:
            return Skills(self.names, self.dataset["frequency"].values)
        return Skills.unknown(self.names)

    @property
    def level(self) -> xr.DataArray:
        """The levels, [n_step, n_skill] or [n_run, n_step, n_skill]."""
        return self.dataset["level"]

    def select(self, names: Iterable[str]) -> "Curves":
        """The curves of some skills, in the order given.

        Raises:
            ArgumentError: a name is not among the skills.
        """
        wanted = check_names(names, "names")
        missing = [name for name in wanted if name not in set(self.names)]
        if missing:
            raise ArgumentError(f"there is no skill {missing[0]!r} among {_listed(self.names)}")
        return Curves(self.dataset.sel(skill=list(wanted)))

    def mean_run(self) -> "Curves":
        """The mean over runs, with its standard error; curves without runs as they are.

        Only levels measured in at least one run count; the standard error needs two.
        """
        if "run" not in self.dataset.dims:
            return self
        averaged = self.dataset.drop_vars("level_stderr", errors="ignore").mean("run")
        count = self.level.count("run")
        spread = self.level.std("run", ddof=1).where(count > 1)
        averaged["level_stderr"] = spread / np.sqrt(count)
        return Curves(averaged.assign_attrs(self.dataset.attrs))

    def learning_time(self, level: float = 0.9) -> xr.DataArray:
        """The step at which each skill first crosses `level`, interpolated between measurements.

        Returns:
            Steps, [n_skill] or [n_run, n_skill]. Infinite where the skill never crosses though it
            is measured to the last step. NaN where that is unknown: nothing was measured, or the
            curve stops being measured below `level`, or it starts above `level` after step 0.

        Raises:
            ArgumentError: `level` is not finite.
        """
        if not np.isfinite(level):
            raise ArgumentError(f"level is {level}; a finite level is wanted")
        crossing = xr.apply_ufunc(
            _first_crossing,
            self.level,
            kwargs={"steps": self.steps.astype(np.float64), "level": float(level)},
            input_core_dims=[["step"]],
            vectorize=True,
            output_dtypes=[np.float64],
        )
        return crossing.rename("learning_time").assign_attrs(units="steps", level=float(level))

    def emergence_time(self, epsilon: float = 0.05) -> xr.DataArray:
        """The step τ_e at which each skill first crosses `epsilon` (N24, stage-like training).

        Never and unknown are told apart as in `learning_time`.

        Raises:
            ArgumentError: `epsilon` is not between 0 and 0.5.
        """
        return self.learning_time(_small(epsilon)).rename("emergence_time")

    def saturation_time(self, epsilon: float = 0.05) -> xr.DataArray:
        """Steps τ_s that each skill takes from `epsilon` to 1 − `epsilon` (N24).

        Infinite where it emerges and never saturates, or never emerges; NaN where either end is
        unknown.

        Raises:
            ArgumentError: `epsilon` is not between 0 and 0.5.
        """
        start = self.learning_time(_small(epsilon))
        end = self.learning_time(1 - epsilon)
        taken = (end - start).where(np.isfinite(end), end).where(~np.isnan(start))
        return taken.rename("saturation_time").assign_attrs(units="steps", epsilon=epsilon)

    def collapse(self) -> xr.DataArray:
        """The conserved number u^{1/p} of each skill, with u = max(1 − level, 0) (L25 Fig 21).

        In the Resource model it is one curve for all skills.

        Raises:
            CurvesError: the frequencies are unknown.
        """
        if "frequency" not in self.dataset.coords:
            raise CurvesError("these curves carry no frequencies; the collapse u^(1/p) needs them")
        unskill = (1 - self.level).clip(min=0)
        power = 1 / self.dataset["frequency"]
        return xr.DataArray(unskill**power, name="collapse")


def _canonical(dataset: xr.Dataset) -> xr.Dataset:
    if not isinstance(dataset, xr.Dataset):
        raise CurvesError(f"curves want an xarray.Dataset; {type(dataset).__name__} was given")
    if "level" not in dataset:
        raise CurvesError("there is no variable 'level'")
    dims = tuple(axis for axis in AXES if axis in dataset["level"].dims)
    if set(dataset["level"].dims) != set(dims) or dims not in (AXES, AXES[1:]):
        raise CurvesError(
            f"level has dimensions {tuple(dataset['level'].dims)}; (step, skill) is wanted, "
            "or (run, step, skill)"
        )
    coords: dict[str, Any] = {
        "step": ("step", _steps(dataset)),
        "skill": ("skill", _text(_labels(dataset, "skill"))),
    }
    if "run" in dims:
        coords["run"] = ("run", _text(_labels(dataset, "run")))
    for name in dataset.coords:
        if name == "frequency":
            coords["frequency"] = ("skill", _frequency(dataset))
        elif name == "tokens":
            coords["tokens"] = ("step", _tokens(dataset))
        elif name not in dims:
            raise CurvesError(f"there is no place for a coordinate {name!r} in curves")
    variables = {str(name): _variable(dataset, str(name), dims) for name in dataset.data_vars}
    return xr.Dataset(variables, coords, _attributes(dataset.attrs))


def _steps(dataset: xr.Dataset) -> np.ndarray:
    if "step" not in dataset.coords:
        raise CurvesError("there is no coordinate 'step'")
    steps = dataset["step"].values
    if steps.size == 0:
        raise CurvesError("there is no step: at least one measurement is wanted")
    if not np.issubdtype(steps.dtype, np.number) or np.issubdtype(steps.dtype, np.complexfloating):
        raise CurvesError(f"steps are of type {steps.dtype}; numbers are wanted")
    steps = steps.astype(np.int64 if np.issubdtype(steps.dtype, np.integer) else np.float64)
    if not np.isfinite(steps).all():
        raise CurvesError(f"step {int(np.argmin(np.isfinite(steps)))} (from 0) is not finite")
    if steps[0] < 0:
        raise CurvesError(f"the first step is {steps[0]}; steps are counted from 0")
    fall = np.flatnonzero(np.diff(steps) <= 0)
    if fall.size:
        before, after = steps[fall[0]], steps[fall[0] + 1]
        raise CurvesError(
            f"step {after} follows step {before}; strictly increasing steps are wanted"
        )
    return steps


def _labels(dataset: xr.Dataset, axis: str) -> tuple[str, ...]:
    """The labels of an axis, distinct printable text."""
    if axis not in dataset.coords:
        raise CurvesError(f"the dimension {axis!r} has no coordinate: its names are wanted")
    try:
        return check_names((_plain(label) for label in dataset[axis].values), axis)
    except ArgumentError as error:
        raise CurvesError(str(error)) from error


def _plain(label: Any) -> Any:
    """A NumPy scalar as the Python value it holds, so that its type can be judged."""
    return label.item() if isinstance(label, np.generic) else label


def _frequency(dataset: xr.Dataset) -> np.ndarray:
    if dataset["frequency"].dims != ("skill",):
        raise CurvesError("the coordinate 'frequency' is wanted over 'skill'")
    try:
        return check_frequency(dataset["frequency"].values, dataset.sizes["skill"])
    except ArgumentError as error:
        raise CurvesError(str(error)) from error


def _tokens(dataset: xr.Dataset) -> np.ndarray:
    tokens = dataset["tokens"]
    if tokens.dims != ("step",) or not np.issubdtype(tokens.dtype, np.number):
        raise CurvesError("the coordinate 'tokens' is wanted as numbers over 'step'")
    values = tokens.values
    values = values.astype(np.int64 if np.issubdtype(values.dtype, np.integer) else np.float64)
    if not np.isfinite(values).all() or (np.diff(values) < 0).any() or values[0] < 0:
        raise CurvesError("tokens must be finite, not negative and never fall")
    return values


def _variable(dataset: xr.Dataset, name: str, dims: tuple[str, ...]) -> xr.Variable:
    variable = dataset[name].variable
    wanted = {"level": dims, "level_stderr": dims, "loss": dims[:-1]}.get(
        name, tuple(axis for axis in dims if axis in variable.dims)
    )
    if set(variable.dims) != set(wanted):
        raise CurvesError(f"{name} has dimensions {variable.dims}; {wanted} are wanted")
    check_names([name], "the variables")
    if not (np.issubdtype(variable.dtype, np.number) or variable.dtype == bool):
        raise CurvesError(f"{name} is of type {variable.dtype}; numbers are wanted")
    if np.issubdtype(variable.dtype, np.complexfloating):
        raise CurvesError(f"{name} is complex; real numbers are wanted")
    kept = variable.dtype if variable.dtype in (np.float32, np.float64) else np.float64
    values = variable.transpose(*wanted).values.astype(kept)
    if np.isinf(values).any():
        place = np.unravel_index(int(np.argmax(np.isinf(values))), values.shape)
        where = ", ".join(
            f"{axis} {dataset[axis].values[i]}" for axis, i in zip(wanted, place, strict=True)
        )
        raise CurvesError(
            f"{name} is infinite at {where}; a number or NaN (not measured) is wanted"
        )
    if name == "level_stderr" and (values < 0).any():
        raise CurvesError("level_stderr holds a negative number; standard errors are wanted")
    return xr.Variable(wanted, values)


def _attributes(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    try:
        plain = json.loads(json.dumps(dict(attrs), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CurvesError(f"the attributes are not JSON: {error}") from error
    if not isinstance(plain.get("axis", ""), str):
        raise CurvesError(f"the attribute 'axis' must be text, got {plain['axis']!r}")
    return plain


def _text(labels: Iterable[Any]) -> np.ndarray:
    """Labels as an object array: NumPy's fixed-width text drops trailing NULs silently."""
    values = list(labels)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _small(epsilon: float) -> float:
    if not 0 < epsilon < 0.5:
        raise ArgumentError(f"epsilon is {epsilon}; a number between 0 and 0.5 is wanted")
    return float(epsilon)


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)} in all)"


def _first_crossing(curve: np.ndarray, steps: np.ndarray, level: float) -> float:
    measured = np.flatnonzero(~np.isnan(curve))
    above = measured[curve[measured] >= level]
    if above.size == 0:
        reached_end = measured.size > 0 and measured[-1] == curve.size - 1
        return np.inf if reached_end else np.nan
    first = above[0]
    if first == measured[0]:
        return 0.0 if steps[first] == 0 else np.nan
    last = measured[np.searchsorted(measured, first) - 1]
    share = (level - curve[last]) / (curve[first] - curve[last])
    return float(steps[last] + share * (steps[first] - steps[last]))
