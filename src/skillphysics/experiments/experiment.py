"""Experiments: named configurations of runs that train to curves."""

import abc
import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Key
from numpy.typing import ArrayLike

from skillphysics.curves import Curves
from skillphysics.domains import FINITE, PRECISION, Count, NonNegative, check_fields, one_of
from skillphysics.errors import ArgumentError
from skillphysics.memory import refusing_exhaustion
from skillphysics.training import Problem, train
from skillphysics.training.runs import OptimizerLike

SCALE = one_of("quick", "paper")

Exponent = Annotated[float, FINITE]
Precision = Annotated[str, PRECISION]


class Variant(NamedTuple):
    """One run of an experiment for one seed.

    Attributes:
        values: the settings in which it differs from other runs, recorded as variables over runs.
        problem: the problem.
        optimizer: a function of the learning rate.
        learning_rate: its learning rate.
    """

    values: Mapping[str, float]
    problem: Problem
    optimizer: OptimizerLike
    learning_rate: float


@dataclasses.dataclass(frozen=True)
class Experiment(abc.ABC):
    """A configuration of networks to train, with the settings of a paper as its defaults.

    To add one: subclass as a frozen dataclass whose fields are the settings, annotated with their
    domains, with the values of the paper as defaults and a line of text below each; put into QUICK
    the settings that differ at the scale of a laptop and into COST the time of a seed; write
    `variants`; and add a line to `skillphysics.experiments.EXPERIMENTS`.

    Attributes:
        QUICK: settings that differ at quick scale.
        COST: the time that a seed takes at each scale, in words.

    Raises:
        ArgumentError: a setting is out of its domain.
    """

    QUICK: ClassVar[Mapping[str, Any]]
    COST: ClassVar[Mapping[str, str]]

    steps: Count
    """Number of optimizer steps."""
    learning_rate: NonNegative
    """Learning rate of the optimizer."""

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def at(cls, scale: str) -> "Experiment":
        """The experiment at a scale, "quick" or "paper".

        Raises:
            ArgumentError: the scale has another name.
        """
        return cls(**(cls.QUICK if SCALE.check("scale", scale) == "quick" else {}))

    @abc.abstractmethod
    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """The runs of one seed; what they draw before training comes from the key."""

    @property
    def record(self) -> "int | ArrayLike | None":
        """The steps to record, [n_record], or their spacing; see `train`."""
        return None

    @property
    def double(self) -> bool:
        """Whether it computes in double precision, according to a setting `precision`."""
        return getattr(self, "precision", "float32") == "float64"

    def run(self, seeds: Sequence[int], checkpoint: Path | None = None) -> Curves:
        """Train all variants for all seeds; variants of equal form train in one program.

        Args:
            seeds: one or more; the runs of a seed share their random numbers.
            checkpoint: a file from which an interrupted call continues; with n forms, one file
                each, named `checkpoint.0-of-n` and so on.

        Returns:
            Curves over runs named by values and seed, with the values and `seed` as variables.

        Raises:
            ArgumentError: there is no seed, the settings do not fit each other, or they need more
                memory than there is.
            DivergedError: a run has diverged.
        """
        if not seeds:
            raise ArgumentError("seeds must have at least one entry", argument="seeds")
        with jax.enable_x64(self.double), refusing_exhaustion(f"experiment {type(self).__name__}"):
            keys = {seed: jax.random.key(seed) for seed in seeds}
            runs = [(seed, run) for seed, key in keys.items() for run in self.variants(key)]
            forms: dict[Any, list[int]] = {}
            for place, (_, run) in enumerate(runs):
                forms.setdefault(_form(run.problem), []).append(place)
            parts = []
            for number, places in enumerate(forms.values()):
                chosen = [runs[place] for place in places]
                path = checkpoint
                if checkpoint is not None and len(forms) > 1:
                    path = checkpoint.with_name(f"{checkpoint.name}.{number}-of-{len(forms)}")
                curves = train(
                    [run.problem for _, run in chosen],
                    [run.optimizer for _, run in chosen],
                    learning_rate=[run.learning_rate for _, run in chosen],
                    steps=self.steps,
                    key=[keys[seed] for seed, _ in chosen],
                    record=self.record,
                    runs=[_name(seed, run.values) for seed, run in chosen],
                    checkpoint=path,
                )
                parts.append(_with_values(curves, chosen))
        return self._joined(parts, [_name(seed, run.values) for seed, run in runs])

    def _joined(self, parts: list[xr.Dataset], order: list[str]) -> Curves:
        whole = parts[0] if len(parts) == 1 else xr.concat(
            parts, "run", data_vars="minimal", coords="minimal", compat="override",
            join="exact", combine_attrs="drop_conflicts",
        )  # fmt: skip
        settings = {"experiment": type(self).__name__, **dataclasses.asdict(self)}
        whole = whole.sel(run=order).assign_attrs(settings=settings)
        return Curves(whole)


def remove_checkpoints(checkpoint: Path) -> None:
    """Remove the checkpoint file or files of this name, after a `run` has finished."""
    parts = re.compile(re.escape(checkpoint.name) + r"\.\d+-of-\d+")
    for path in checkpoint.parent.iterdir():
        if path.name == checkpoint.name or parts.fullmatch(path.name):
            path.unlink()


def pairs(b1: Sequence[float], b2: Sequence[float]) -> list[tuple[float, float]]:
    """Adam's β1 and β2, pair by pair.

    Raises:
        ArgumentError: their numbers differ.
    """
    if len(b1) != len(b2):
        raise ArgumentError(
            f"b1 and b2 must have the same number of values, got {len(b1)} and {len(b2)}"
        )
    return list(zip(b1, b2, strict=True))


def _form(problem: Problem) -> Any:
    """What must be equal for problems to train in one program."""
    leaves, structure = jax.tree.flatten(problem)
    return structure, tuple((np.shape(leaf), str(leaf.dtype)) for leaf in leaves)


def _name(seed: int, values: Mapping[str, float]) -> str:
    return ", ".join([*(f"{key} {value:g}" for key, value in values.items()), f"seed {seed}"])


def _with_values(curves: Curves, runs: Sequence[tuple[int, Variant]]) -> xr.Dataset:
    columns: dict[str, Any] = {"seed": ("run", np.array([seed for seed, _ in runs]))}
    for name in runs[0][1].values:
        columns[name] = ("run", np.array([run.values[name] for _, run in runs]))
    return curves.dataset.assign(columns)
