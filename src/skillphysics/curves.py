"""Skill curves: what training, logs, theories and plots exchange."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from skillphysics.dataset import DIMS, canonical, text_array
from skillphysics.domains import FINITE, check_names, inside
from skillphysics.errors import ArgumentError, CurvesError
from skillphysics.numerics.crossings import first_crossing, last_crossing
from skillphysics.runs import joined
from skillphysics.skills import Skills

__all__ = ["Curves"]

_EPSILON = inside(0, 0.5)


@dataclass(frozen=True, eq=False)
class Curves:
    """Skill levels during training, as a labelled dataset that is checked once.

    A level is a real number: 0 is chance (or the start) and 1 is mastery. Levels are never
    clipped, because real benchmarks lie below chance for many checkpoints and toy skills
    overshoot. NaN means "not measured". Times are in optimizer steps.

    Attributes:
        dataset: an `xarray.Dataset` in canonical form. Dimensions: `run` (optional), `step` and
            `skill`. Variables: `level` over all dimensions; optionally `level_stderr` over the
            same dimensions, `loss` over all but `skill`, and further quantities over any of them.
            Coordinates: `step` (strictly increasing, non-negative), `skill` and `run` (distinct
            names), and optionally `frequency(skill)`, which is kept as given, and `tokens(step)`.
            Attributes: JSON values (configuration, versions, seed). A scalar coordinate `run`,
            which `dataset.sel(run=...)` leaves behind, becomes the attribute `run`.

    Raises:
        CurvesError: the dataset does not have this form. The message says what is wrong.

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
        object.__setattr__(self, "dataset", canonical(self.dataset))

    @classmethod
    def from_arrays(
        cls,
        steps: "ArrayLike",
        level: "ArrayLike",
        *,
        skill: Sequence[str] | None = None,
        run: Sequence[str] | None = None,
        level_stderr: "ArrayLike | None" = None,
        loss: "ArrayLike | None" = None,
        frequency: "ArrayLike | None" = None,
        tokens: "ArrayLike | None" = None,
        attrs: Mapping[str, Any] | None = None,
    ) -> "Curves":
        """Curves from plain arrays.

        Args:
            steps: steps of the measurements, [n_step], strictly increasing.
            level: levels, [n_step, n_skill] or [n_run, n_step, n_skill].
            skill: names of the skills; "1", "2", … by default.
            run: names of the runs; "0", "1", … by default.
            level_stderr: standard errors of the levels, with the shape of `level`.
            loss: [n_step] or [n_run, n_step].
            frequency: relative rate of occurrence of each skill, [n_skill], positive.
            tokens: tokens seen at each step, [n_step].
            attrs: provenance as JSON values.

        Raises:
            CurvesError: the shapes do not match, or a value is not allowed.

        Example:
            >>> Curves.from_arrays([0, 10], [[0.0, 0.1], [0.9, 0.4]], skill=["add", "carry"])
            <Curves: 2 skills, 2 steps from 0 to 10, level 0 to 0.9>
        """
        values = np.asarray(level)
        if values.ndim not in (2, 3):
            raise CurvesError(
                "level must have the dimensions (step, skill) or (run, step, skill), got "
                f"{values.ndim} dimensions"
            )
        dims = DIMS[3 - values.ndim :]
        if skill is None:
            skill = [str(i) for i in range(1, values.shape[-1] + 1)]
        coords: dict[str, Any] = {"step": np.asarray(steps), "skill": ("skill", text_array(skill))}
        if values.ndim == 3:
            run = [str(i) for i in range(values.shape[0])] if run is None else run
            coords["run"] = ("run", text_array(run))
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
            raise CurvesError(f"the shapes of the arrays do not match: {error}") from error
        return cls(dataset)

    @classmethod
    def load(cls, path: Path | str) -> "Curves":
        """Curves from a file that `save` wrote.

        The rows of a CSV file may be reordered, and all rows of a skill, step or run removed.

        Raises:
            LogError: the file is missing, damaged or of another kind.
        """
        # Readers build on this module.
        from skillphysics.io.curves_file import load

        return load(path)

    def save(self, path: Path | str) -> None:
        """Write the curves to a file, from which `load` restores exactly the same.

        Args:
            path: a file name that ends in `.nc`, `.csv` or `.parquet`.

        Raises:
            ArgumentError: the name ends otherwise, or the file cannot be written.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> curves = Curves.from_arrays([0, 10], [[0.0], [0.9]])
            >>> with TemporaryDirectory() as folder:
            ...     curves.save(f"{folder}/curves.nc")
            ...     Curves.load(f"{folder}/curves.nc")
            <Curves: 1 skill, 2 steps from 0 to 10, level 0 to 0.9>
        """
        from skillphysics.io.curves_file import save

        save(self, path)

    @classmethod
    def concat(cls, curves: Iterable["Curves"], names: Sequence[str] | None = None) -> "Curves":
        """Join the runs of several curves.

        Steps and skills are the union of those of all curves; levels are NaN where a run was not
        measured. Frequencies and tokens that differ between runs are kept as the variables
        `run_frequency(run, skill)` and `run_tokens(run, step)`, and attributes that differ as
        lists with one entry per run.

        Args:
            curves: at least one, all with the same `axis`.
            names: one name per entry of `curves`: that of its run, or, where it has several, the
                first part of theirs ("adam, 0"). By default runs keep their own names, and curves
                without runs are numbered from "0".

        Raises:
            ArgumentError: there are no curves, or the names do not match them.
            CurvesError: the axes differ, or two runs have the same name.

        Example:
            >>> adam = Curves.from_arrays([0, 10], [[0.0], [0.9]])
            >>> sgd = Curves.from_arrays([0, 20], [[0.0], [0.7]])
            >>> both = Curves.concat([adam, sgd], names=["adam", "sgd"])
            >>> both.level.sel(run="sgd", skill="1").values.tolist()
            [0.0, nan, 0.7]
        """
        return cls(joined([each.dataset for each in curves], names))

    def __repr__(self) -> str:
        """One line: how many skills, steps and runs, and the range of the levels."""
        return f"<Curves: {', '.join(self._described().values())}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{key}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for key, text in self._described(names=True).items()
        )
        return f"<table><caption>Curves</caption>{rows}</table>"

    def _described(self, *, names: bool = False) -> dict[str, str]:
        sizes, steps = self.level.sizes, self.steps
        described = {"skills": _counted(sizes["skill"], "skill")}
        described["steps"] = _counted(sizes["step"], self.axis.removesuffix("s"), self.axis)
        described["steps"] += f" from {steps[0]:,} to {steps[-1]:,}" if steps.size > 1 else ""
        if "run" in sizes:
            described["runs"] = _counted(sizes["run"], "run")
        if names:
            described["skills"] += f": {_listed(self.names)}"
            if "run" in sizes:
                described["runs"] += f": {_listed([str(n) for n in self.dataset['run'].values])}"
        values = self.level.values[~np.isnan(self.level.values)]
        span = f"{values.min():.3g} to {values.max():.3g}" if values.size else "not measured"
        described["level"] = span if names else f"level {span}"
        return described

    @property
    def steps(self) -> np.ndarray:
        """The steps [n_step]."""
        return self.dataset["step"].values

    @property
    def axis(self) -> str:
        """What the coordinate `step` counts: "steps", or the attribute `axis` where it is set.

        Some logs have epochs or tokens only.
        """
        return self.dataset.attrs.get("axis", "steps")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the skills."""
        return tuple(str(name) for name in self.dataset["skill"].values)

    @property
    def skills(self) -> Skills:
        """The skills, with their frequencies if the curves have them."""
        if "frequency" in self.dataset.coords:
            return Skills(self.names, self.dataset["frequency"].values)
        return Skills.unknown(self.names)

    @property
    def level(self) -> xr.DataArray:
        """The levels, [n_step, n_skill] or [n_run, n_step, n_skill]."""
        return self.dataset["level"]

    def select(
        self,
        skills: Iterable[str] | str | None = None,
        *,
        runs: Iterable[str] | str | None = None,
    ) -> "Curves":
        """The curves of some skills or runs, in the order given.

        Args:
            skills: names of skills; all by default.
            runs: names of runs; all by default. A single name, not in a list, gives curves
                without the dimension `run`, whose attribute `run` is that name.

        Raises:
            ArgumentError: there is no skill or run of that name.

        Example:
            >>> level = [[[0.0, 0.0], [0.9, 0.1]], [[0.0, 0.0], [0.8, 0.3]]]
            >>> curves = Curves.from_arrays([0, 10], level, run=["adam", "sgd"])
            >>> curves.select("2", runs="sgd").level.values.tolist()
            [[0.0], [0.3]]
        """
        dataset = self.dataset
        if skills is not None:
            names = check_names([skills] if isinstance(skills, str) else skills, "skills")
            dataset = dataset.sel(skill=list(_known(names, self.names, "skill")))
        if runs is not None:
            if "run" not in self.level.dims:
                raise ArgumentError("these curves have no runs; leave out runs", argument="runs")
            names = check_names([runs] if isinstance(runs, str) else runs, "runs")
            _known(names, [str(name) for name in dataset["run"].values], "run")
            dataset = dataset.sel(run=runs if isinstance(runs, str) else list(names))
        return Curves(dataset)

    def mean_run(self) -> "Curves":
        """The mean over runs with its standard error; curves without runs are returned unchanged.

        The mean is over the runs that were measured; its standard error needs at least two.
        """
        if "run" not in self.dataset.dims:
            return self
        averaged = self.dataset.drop_vars("level_stderr", errors="ignore").mean("run")
        count = self.level.count("run")
        spread = self.level.std("run", ddof=1).where(count > 1)
        averaged["level_stderr"] = spread / np.sqrt(count)
        return Curves(averaged.assign_attrs(self.dataset.attrs))

    def learning_time(self, level: float = 0.9, *, lasting: bool = False) -> xr.DataArray:
        """The step at which each skill first reaches `level`, as in L25.

        The time is interpolated linearly between measurements. A skill that reaches the level and
        falls below it again, as one that overshoots does, still counts as learned at its first
        crossing; `lasting=True` asks for the crossing after which it never falls below.

        For a table or a CSV file, use `learning_time().to_pandas().to_csv("times.csv")`.

        Args:
            level: the level to reach.
            lasting: whether the level must be kept in all later measurements.

        Returns:
            Steps, [n_skill] or [n_run, n_skill]. Infinite if the skill is measured up to the last
            step and does not reach the level. NaN if the time is unknown: nothing was measured,
            the measurements end before the last step and below `level`, or the first measurement
            after step 0 is already above it.

        Raises:
            ArgumentError: `level` is not finite.

        Example:
            >>> overshoot = Curves.from_arrays([0, 10, 20, 30], [[0.0], [1.5], [0.6], [1.2]])
            >>> overshoot.learning_time(0.9).item()
            6.0
            >>> overshoot.learning_time(0.9, lasting=True).item()
            25.0
        """
        level = FINITE.check("level", level)
        crossing = xr.apply_ufunc(
            last_crossing if lasting else first_crossing,
            self.level,
            kwargs={"steps": self.steps.astype(np.float64), "level": level},
            input_core_dims=[["step"]],
            vectorize=True,
            output_dtypes=[np.float64],
        )
        return crossing.rename("learning_time").assign_attrs(units=self.axis, level=level)

    def emergence_time(self, epsilon: float = 0.05) -> xr.DataArray:
        """The step τ_e at which each skill first reaches `epsilon` (N24, stage-like training).

        Its shape, and what infinite and NaN mean, are as of `learning_time`.

        Raises:
            ArgumentError: `epsilon` is not between 0 and 0.5.
        """
        epsilon = _EPSILON.check("epsilon", epsilon)
        return self.learning_time(epsilon).rename("emergence_time")

    def saturation_time(self, epsilon: float = 0.05) -> xr.DataArray:
        """The steps τ_s that each skill takes from `epsilon` to 1 − `epsilon` (N24).

        Its shape is that of `learning_time`. Infinite if the skill does not reach both levels; NaN
        if either time is unknown.

        Raises:
            ArgumentError: `epsilon` is not between 0 and 0.5.
        """
        epsilon = _EPSILON.check("epsilon", epsilon)
        start = self.learning_time(epsilon)
        end = self.learning_time(1 - epsilon)
        taken = (end - start).where(np.isfinite(end), end).where(~np.isnan(start))
        return taken.rename("saturation_time").assign_attrs(units=self.axis, epsilon=epsilon)

    def collapse(self) -> xr.DataArray:
        """The collapse u^(1/p) of each skill, with u = max(1 − level, 0) (L25 Fig 21).

        In the Resource model all skills follow the same curve. Its shape is that of `level`.

        Raises:
            CurvesError: the frequencies p are unknown.
        """
        if "frequency" not in self.dataset.coords:
            raise CurvesError(
                "these curves have no frequencies, which the collapse u^(1/p) needs; set frequency"
            )
        unskill = (1 - self.level).clip(min=0)
        power = 1 / self.dataset["frequency"]
        return xr.DataArray(unskill**power, name="collapse")


def _known(names: Sequence[str], existing: Sequence[str], what: str) -> Sequence[str]:
    for name in names:
        if name not in set(existing):
            raise ArgumentError(
                f"there is no {what} {name!r}; the {what}s are {_listed(existing)}",
                argument=f"{what}s",
            )
    return names


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)} in all)"


def _counted(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
