"""What an experiment is: a named configuration of runs that train to curves."""

import abc
import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Key
from numpy.typing import ArrayLike

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.training import Problem, train
from skillphysics.training.runs import Optimizer

Scale = Literal["quick", "paper"]


class Variant(NamedTuple):
    """One run of an experiment for one seed.

    Attributes:
        values: what tells it from the others, by name; recorded as variables over runs.
        problem: what is trained.
        optimizer: by what.
        learning_rate: of the optimizer.
    """

    values: Mapping[str, float]
    problem: Problem
    optimizer: Optimizer
    learning_rate: float


@dataclasses.dataclass(frozen=True)
class Experiment(abc.ABC):
    """A configuration of networks to train, with the settings of a paper as its defaults.

    To add one: subclass as a frozen dataclass whose fields are the settings, at paper scale, with
    `steps` among them; say in QUICK what differs at the scale of a laptop and in COST what each
    scale takes; write `variants`; and list it in `skillphysics.experiments`.

    Attributes:
        QUICK: settings that differ at quick scale.
        COST: what a seed takes at each scale, in words.
    """

    QUICK: ClassVar[Mapping[str, Any]]
    COST: ClassVar[Mapping[Scale, str]]

    steps: int
    """Optimizer steps."""

    @classmethod
    def at(cls, scale: str) -> "Experiment":
        """The experiment at a scale, "quick" or "paper".

        Raises:
            ArgumentError: the scale has another name.
        """
        if scale not in ("quick", "paper"):
            raise ArgumentError(f"scale is {scale!r}; 'quick' or 'paper' is wanted")
        return cls(**(cls.QUICK if scale == "quick" else {}))

    @abc.abstractmethod
    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """The runs of one seed; a key is given for what they draw before training."""

    @property
    def record(self) -> int | ArrayLike | None:
        """The steps to record, as of `train`."""
        return None

    @property
    def double(self) -> bool:
        """Whether it is computed in double precision: where a setting `precision` says so."""
        return getattr(self, "precision", "float32") == "float64"

    def run(self, seeds: Sequence[int], checkpoint: Path | None = None) -> Curves:
        """Train all variants for all seeds, those of one form in one program.

        Args:
            seeds: one or more; a seed's runs share their random numbers.
            checkpoint: a file from which an interrupted call goes on; with n forms, one file
                each, named `checkpoint.0-of-n` and so on.

        Returns:
            Curves over runs named by seed and values, with the values and `seed` as variables.

        Raises:
            ArgumentError: there is no seed, or a setting is out of its range.
            DivergedError: a run is no longer finite.
        """
        if not seeds:
            raise ArgumentError("seeds is empty; at least one seed is wanted")
        with jax.enable_x64(self.double):
            keys = {seed: jax.random.key(seed) for seed in seeds}
            runs = [(seed, one) for seed, key in keys.items() for one in self.variants(key)]
            forms: dict[Any, list[int]] = {}
            for place, (_, one) in enumerate(runs):
                forms.setdefault(_form(one.problem), []).append(place)
            parts = []
            for number, places in enumerate(forms.values()):
                chosen = [runs[place] for place in places]
                path = checkpoint
                if checkpoint is not None and len(forms) > 1:
                    path = checkpoint.with_name(f"{checkpoint.name}.{number}-of-{len(forms)}")
                curves = train(
                    [one.problem for _, one in chosen],
                    [one.optimizer for _, one in chosen],
                    learning_rate=[one.learning_rate for _, one in chosen],
                    steps=self.steps,
                    key=[keys[seed] for seed, _ in chosen],
                    record=self.record,
                    runs=[_name(seed, one.values) for seed, one in chosen],
                    checkpoint=path,
                )
                parts.append(_with_values(curves, chosen))
        return self._joined(parts, [_name(seed, one.values) for seed, one in runs])

    def _joined(self, parts: list[xr.Dataset], order: list[str]) -> Curves:
        whole = parts[0] if len(parts) == 1 else xr.concat(
            parts, "run", data_vars="minimal", coords="minimal", compat="override",
            join="exact", combine_attrs="drop_conflicts",
        )  # fmt: skip
        told = {"experiment": type(self).__name__, **dataclasses.asdict(self)}
        whole = whole.sel(run=order).assign_attrs(settings=told)
        return Curves(whole)


def remove_checkpoints(checkpoint: Path) -> None:
    """Remove the file or files of this name, which a `run` that came to its end left."""
    parts = re.compile(re.escape(checkpoint.name) + r"\.\d+-of-\d+")
    for path in checkpoint.parent.iterdir():
        if path.name == checkpoint.name or parts.fullmatch(path.name):
            path.unlink()


def pairs(b1: Sequence[float], b2: Sequence[float]) -> list[tuple[float, float]]:
    """Adam's β1 and β2 that go together.

    Raises:
        ArgumentError: there are not as many of one as of the other.
    """
    if len(b1) != len(b2):
        raise ArgumentError(f"b1 has {len(b1)} values and b2 {len(b2)}; as many are wanted")
    return list(zip(b1, b2, strict=True))


def _form(problem: Problem) -> Any:
    """What problems have in common that train in one program."""
    leaves, structure = jax.tree.flatten(problem)
    return structure, tuple((np.shape(leaf), str(leaf.dtype)) for leaf in leaves)


def _name(seed: int, values: Mapping[str, float]) -> str:
    return ", ".join([*(f"{key} {value:g}" for key, value in values.items()), f"seed {seed}"])


def _with_values(curves: Curves, runs: Sequence[tuple[int, Variant]]) -> xr.Dataset:
    columns: dict[str, Any] = {"seed": ("run", np.array([seed for seed, _ in runs]))}
    for name in runs[0][1].values:
        columns[name] = ("run", np.array([one.values[name] for _, one in runs]))
    return curves.dataset.assign(columns)
