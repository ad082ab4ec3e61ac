"""Computations of this package by name, as on its command line: worlds, theories, experiments."""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.experiments import EXPERIMENTS, Experiment
from skillphysics.inference import fit
from skillphysics.io import read_curves
from skillphysics.optimizers import OPTIMIZERS, from_label
from skillphysics.optimizers.by_name import PREFIX
from skillphysics.registry import unknown
from skillphysics.skills import described
from skillphysics.steps import record_steps
from skillphysics.sweeps.computation import Accepted, Computation, Settings, accepted_by
from skillphysics.theories import THEORIES, Theory
from skillphysics.training import train
from skillphysics.worlds import WORLDS, constructors

_TOGETHER = ("seed", "learning_rate", "optimizer", "alpha", "ratio")


def built_in(name: str) -> Computation:
    """A computation of this package.

    Args:
        name: "simulate NAME" for a world or a theory, "train NAME" for an experiment, or "fit".

    Raises:
        ArgumentError: there is none of that name.

    Example:
        >>> built_in("train domino").together
        ('seed',)
    """
    verb, _, member = name.partition(" ")
    if verb == "simulate" and member in WORLDS:
        return _of_world(name, WORLDS[member])
    if verb == "simulate" and member in THEORIES:
        return _of_theory(name, THEORIES[member])
    if verb == "simulate":
        raise unknown("world or theory", member, [*WORLDS, *THEORIES])
    if verb == "train":
        return _of_experiment(name, EXPERIMENTS[member])
    if name == "fit":
        accepts = _accepted(fitted, read_curves, without=("path",))
        return Computation(
            "fit", fitted, uses=lambda cell: (THEORIES[cell["theory"]],), reads=("log",),
            accepts=accepts,
        )  # fmt: skip
    known = ["simulate WORLD", "simulate THEORY", "train EXPERIMENT", "fit", "package.module:name"]
    raise unknown("computation", name, known)


def simulated(
    world: Any,
    *,
    seed: Sequence[int],
    steps: int,
    learning_rate: Sequence[float] | None = None,
    optimizer: Sequence[str] | None = None,
    record: int | Sequence[int] | None = None,
    n_skill: int | None = None,
    alpha: Sequence[float] | None = None,
    ratio: Sequence[float] | None = None,
    frequency: Sequence[float] | None = None,
    **settings: Any,
) -> list[xr.Dataset]:
    """The curves of a world, one run per entry of the lists, in one program."""
    places = range(len(seed))
    keys = {one: jax.random.key(one) for one in seed}
    drawn: dict[Any, Any] = {}
    for place in places:
        if (law := _law(place, seed, alpha, ratio)) not in drawn:
            given: dict[str, Any] = {}
            if _has_skills(world):
                given["skills"] = described(
                    n_skill, alpha=law[1], ratio=law[2], frequency=frequency
                )
            drawn[law] = world.draw(keys[seed[place]], **given, **settings)
    usual = world.usual
    curves = train(
        [drawn[_law(place, seed, alpha, ratio)] for place in places],
        [from_label(label) for label in optimizer or [usual.optimizer] * len(seed)],
        learning_rate=list(learning_rate or [usual.learning_rate] * len(seed)),
        steps=steps,
        key=[keys[one] for one in seed],
        record=None if record is None else np.asarray(record)[()],
        runs=[str(place) for place in places],
    )
    # The learning rate is a setting of the cell.
    every = curves.dataset.drop_vars("learning_rate")
    return [every.sel(run=str(place)).drop_vars("run").drop_attrs() for place in places]


def evaluated(
    theory: type[Theory],
    *,
    steps: int,
    record: int | Sequence[int] | None = None,
    n_skill: int | None = None,
    alpha: float | None = None,
    ratio: float | None = None,
    frequency: Sequence[float] | None = None,
    **parameters: Any,
) -> Curves:
    """The curves of a theory."""
    skills = described(n_skill, alpha=alpha, ratio=ratio, frequency=frequency)
    at = record_steps(steps, None if record is None else np.asarray(record)[()])
    kind: Any = theory
    with jax.enable_x64(True):
        level = np.asarray(kind(skills.frequency, **parameters).levels(at))
    return Curves.from_arrays(at, level, skill=skills.names, frequency=skills.frequency)


def trained(
    experiment: type[Experiment], *, seed: Sequence[int], scale: str = "quick", **settings: Any
) -> list[xr.Dataset]:
    """The curves of an experiment, one dataset per seed; its variants are runs in it."""
    given = {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }
    chosen = dataclasses.replace(experiment.at(scale), **given)
    dataset = chosen.run(seed).dataset.drop_vars("learning_rate").drop_attrs()
    parts = [dataset.isel(run=dataset["seed"].values == one).drop_vars("seed") for one in seed]
    variants = [str(name).rpartition(", ")[0] for name in parts[0]["run"].values]
    if len(variants) == 1:
        return [part.isel(run=0, drop=True) for part in parts]
    return [part.assign_coords(run=variants) for part in parts]


def fitted(
    *, log: str, theory: str, seed: int = 0, ceiling: bool = False, onset: bool = False,
    **reading: Any,
) -> xr.Dataset:  # fmt: skip
    """A theory fitted to a training log: its parameters with intervals, and how well it fits."""
    curves = read_curves(log, **reading)
    kind: Any = THEORIES[theory]
    found = fit(
        curves, kind, key=jax.random.key(seed), ceiling=ceiling, onset=onset
    )  # fmt: skip
    table = found.parameters.reset_index()
    names = [f"{p} of {s}" if s else str(p) for p, s in zip(table.parameter, table.skill)]  # noqa: B905
    variables: dict[str, Any] = {
        name: ("parameter", table[name].to_numpy(float)) for name in ("value", "low", "high")
    }
    variables |= {"deviance": found.deviance, "scale": found.scale, "predicted": found.predicted}
    variables |= {"n_parameter": found.n_parameter, "n_point": found.n_point}
    return xr.Dataset(variables, {"parameter": names})


def _of_world(name: str, world: Any) -> Computation:
    function = partial(simulated, world)
    without = () if _has_skills(world) else ("n_skill", "alpha", "ratio", "frequency")
    accepts = _accepted(
        simulated, *constructors(world), without=("world", "key", "skills", *without)
    )

    def uses(cell: Settings) -> tuple[Any, ...]:
        label = from_label(cell.get("optimizer", world.usual.optimizer)).name
        return world, OPTIMIZERS[label.removeprefix(PREFIX)]

    return Computation(name, function, _TOGETHER, shared=("seed",), uses=uses, accepts=accepts)


def _of_theory(name: str, theory: type[Theory]) -> Computation:
    accepts = _accepted(evaluated, theory, without=("theory", "tolerance", "graph"))
    return Computation(name, partial(evaluated, theory), uses=lambda _: (theory,), accepts=accepts)


def _of_experiment(name: str, experiment: type[Experiment]) -> Computation:
    accepts = _accepted(trained, experiment.at, without=("experiment",))
    fields = tuple(field.name for field in dataclasses.fields(experiment))
    return Computation(
        name, partial(trained, experiment), ("seed",), uses=lambda _: (experiment,),
        accepts=Accepted((*accepts.names, *fields), ("seed",)),
    )  # fmt: skip


def _accepted(*functions: Callable[..., Any], without: Sequence[str] = ()) -> Accepted:
    """The settings of functions that pass on to the next what they do not take themselves."""
    required: dict[str, bool] = {}
    for one in map(accepted_by, functions):
        for name in one.names:
            if name not in without:
                required.setdefault(name, name in one.required)
    return Accepted(tuple(required), tuple(name for name in required if required[name]))


def _law(
    place: int, seed: Sequence[int], alpha: Sequence[float] | None, ratio: Sequence[float] | None
) -> tuple[int, float | None, float | None]:
    """What the world of a run is drawn from."""
    return (
        seed[place],
        None if alpha is None else alpha[place],
        None if ratio is None else ratio[place],
    )


def _has_skills(world: Any) -> bool:
    return "skills" in inspect.signature(world.draw).parameters
