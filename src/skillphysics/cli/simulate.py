"""`skillphysics simulate`: train a world, or evaluate a theory, into a file of curves."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from skillphysics.cli.docstrings import summary
from skillphysics.cli.fields import options_of, settings_of
from skillphysics.cli.groups import group_of
from skillphysics.cli.options import check_memory
from skillphysics.cli.picture import PictureOptions
from skillphysics.cli.simulation import (
    OutputOptions,
    RecordingOptions,
    SkillOptions,
    finish,
    theory_options,
    training_options,
)
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

    from skillphysics.theories import Theory

# Levels that change by less than this over a hundred times as many steps have arrived.
_ARRIVED = 0.01


def _names() -> list[str]:
    from skillphysics.theories import THEORIES
    from skillphysics.worlds import WORLDS

    return [*WORLDS, *THEORIES]


def _command(name: str) -> Callable[..., None]:
    from skillphysics.worlds import WORLDS

    return _training(name) if name in WORLDS else _evaluation(name)


app = typer.Typer(
    cls=group_of("world or theory", _names, _command),
    help="Simulate skill curves: train a world with an optimizer, or evaluate a theory.",
    no_args_is_help=True,
)


def _training(name: str) -> Callable[..., None]:
    """The command of a world."""
    from skillphysics.worlds import WORLDS, constructors

    world = WORLDS[name]
    has_skills = "skills" in inspect.signature(world.draw).parameters

    def train_world(
        *,
        skills: SkillOptions | None = None,
        settings: Any,
        training: Any,
        recording: RecordingOptions,
        output: OutputOptions,
        picture: PictureOptions,
    ) -> None:
        output.check(training.checkpoint)
        picture.check(drawn=output.plot)
        chosen = dataclasses.asdict(settings)
        given = {} if skills is None else {"skills": skills.skills()}
        _check_size(len(given.get("skills", ())), chosen, training.seeds)
        training.run(lambda key: world.draw(key, **given, **chosen), recording, output, picture)

    groups = {"settings": settings_of(*constructors(world), without=("key", "skills"))}
    groups["training"] = training_options(world.usual)
    return _documented(train_world, world, groups, has_skills=has_skills)


def _evaluation(name: str) -> Callable[..., None]:
    """The command of a theory."""
    from skillphysics.theories import THEORIES

    kind: Any = THEORIES[name]
    settings = settings_of(kind, without=("frequency", "tolerance"))
    has_graph = "graph" in {field.name for field in dataclasses.fields(settings)}

    def evaluate_theory(
        *,
        skills: SkillOptions,
        settings: Any,
        evaluation: Any,
        recording: RecordingOptions,
        output: OutputOptions,
        picture: PictureOptions,
    ) -> None:
        import jax

        output.check()
        picture.check(drawn=output.plot)
        chosen = dataclasses.asdict(settings)
        if has_graph:
            from skillphysics.io import read_graph

            path = chosen["graph"]
            chosen["graph"], from_file = read_graph(path)
            measured = skills.of_graph(path, from_file)
        else:
            measured = skills.skills()
        with jax.enable_x64(True):
            theory = kind(measured.frequency, **chosen)
            steps = _enough(theory) if evaluation.steps is None else evaluation.steps
            at = recording.at(steps)
            check_memory(64.0 * len(at) * len(measured), "n_skill", len(measured))
            level = _levels(theory, at)
        from skillphysics.curves import Curves

        attributes = {"theory": kind.__name__, **_parameters(theory)}
        finish(
            Curves.from_arrays(
                at, level, skill=measured.names, frequency=measured.frequency, attrs=attributes
            ),
            output,
            picture,
        )

    groups = {"settings": settings, "evaluation": theory_options()}
    return _documented(evaluate_theory, kind, groups, has_skills=True)


def _documented(
    command: Callable[..., None], member: type, groups: dict[str, Any], *, has_skills: bool
) -> Callable[..., None]:
    if has_skills:
        groups["skills"] = SkillOptions
    else:
        signature = inspect.signature(command)
        parameters = [p for p in signature.parameters.values() if p.name != "skills"]
        command.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportFunctionMemberAccess]
    flat = options_of(command, **groups)
    flat.__doc__ = summary(member)
    return flat


def _check_size(n_skill: int, settings: dict[str, Any], seeds: int) -> None:
    """Stop before the machine does; rough, because only the absurd is refused."""
    sizes = {name: value for name, value in settings.items() if type(value) is int and value > 0}
    largest = max(sizes, key=lambda name: sizes[name], default="seeds")
    n_bytes = 12.0 * (n_skill * sizes.get(largest, 1) + sizes.get("batch_size", 0))
    check_memory(n_bytes, largest, sizes.get(largest, n_skill))
    check_memory(n_bytes * max(seeds, 1), "seeds", seeds)


def _enough(theory: "Theory") -> int:
    """Steps after which levels change no more, as a round number."""
    import numpy as np

    grid = [digit * 10**power for power in range(9) for digit in (1, 2, 5)]
    levels = _levels(theory, np.array([*grid, *(100 * steps for steps in grid)]))
    change = np.abs(levels[len(grid) :] - levels[: len(grid)]).max(axis=1)
    arrived = np.flatnonzero(change < _ARRIVED)
    return max(grid[int(arrived[0])] if arrived.size else grid[-1], 10)


def _levels(theory: "Theory", steps: "np.ndarray") -> "np.ndarray":
    import numpy as np

    order = np.unique(steps)
    level = np.asarray(theory.levels(order))[np.searchsorted(order, steps)]
    if not np.isfinite(level).all():
        raise ArgumentError(
            "these settings give levels that floating-point numbers cannot hold; give less "
            "extreme ones"
        )
    return level


def _parameters(theory: "Theory") -> dict[str, object]:
    from skillphysics.theories.base import parameters

    values = {p.name: float(p.value) for p in parameters(theory) if p.name != "frequency"}
    # netCDF has no infinite attributes.
    return {name: str(value) if value == float("inf") else value for name, value in values.items()}
