"""How a log is read: the options that `report`, `inspect` and `compare` share."""

from typing import Annotated, Any

import typer

from skillphysics.cli.options import numbers

Log = Annotated[
    str | None,
    typer.Argument(
        help="A log: a file or a folder of checkpoints. Without one: a sample log.",
        show_default=False,
    ),
]
Format = Annotated[str | None, typer.Option(help="Format of the log, where it is not recognised.")]
SkillNames = Annotated[
    list[str] | None,
    typer.Option(help="A skill or a pattern such as 'hendrycksTest-*'; may be repeated."),
]
MetricName = Annotated[
    str | None,
    typer.Option(
        help="Metric or column in the log, or what its numbers are: accuracy, loss or level."
    ),
]
Chance = Annotated[
    list[str] | None,
    typer.Option(
        help="Accuracy at chance, level 0: NUMBER where none is known, or TASK=NUMBER; may be "
        "repeated."
    ),
]
Ceiling = Annotated[
    list[str] | None,
    typer.Option(help="Best possible accuracy, level 1 (default 1): as --chance."),
]
Start = Annotated[
    list[str] | None,
    typer.Option(help="Loss of level 0 (default: the first measured): as --chance."),
]
Floor = Annotated[
    list[str] | None, typer.Option(help="Lowest possible loss, level 1: as --chance.")
]
Step = Annotated[
    str | None, typer.Option(help="Column of the axis: steps, or epochs, tokens, FLOP.")
]
Task = Annotated[
    str | None,
    typer.Option(
        help="Column that names the task of a row, or 'folder': the names of files and folders do."
    ),
]
Run = Annotated[
    str | None,
    typer.Option(
        help="Column that names the run of a row, or 'folder': the names of files and folders do."
    ),
]
Value = Annotated[str | None, typer.Option(help="Column of the measurements, one a row.")]
Stderr = Annotated[str | None, typer.Option(help="Column of their standard errors.")]


def reading(
    *,
    format: str | None,  # noqa: A002
    skills: list[str] | None,
    metric: str | None,
    chance: list[str] | None,
    ceiling: list[str] | None,
    start: list[str] | None,
    floor: list[str] | None,
    step: str | None,
    task: str | None,
    run: str | None,
    value: str | None,
    stderr: str | None,
) -> dict[str, Any]:
    """The arguments of `read_curves` from the options of a command.

    Raises:
        ArgumentError: a number is none.
    """
    return {
        "format": format,
        "skills": skills,
        "metric": metric,
        "chance": numbers("--chance", chance or []),
        "ceiling": numbers("--ceiling", ceiling or []),
        "start": numbers("--start", start or []),
        "floor": numbers("--floor", floor or []),
        "step": step,
        "task": task,
        "run": run,
        "value": value,
        "stderr": stderr,
    }
