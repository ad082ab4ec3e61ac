"""How a log is read: the options that `report`, `inspect` and `compare` share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from skillphysics.cli.options import numbers, path
from skillphysics.io import FORMATS

Log = Annotated[
    Path | None,
    typer.Argument(
        parser=path,
        metavar="PATH",
        help="A log: a file or a folder of checkpoints. Default: a sample log.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class ReadingOptions:
    """What a user says of a log."""

    format: Annotated[
        str | None,
        typer.Option(help=f"Format, if it is not recognized: {', '.join(FORMATS)}."),
    ] = None
    skills: Annotated[
        list[str] | None,
        typer.Option(help="Read these skills only: a name or a pattern like 'arc_*'. Repeatable."),
    ] = None
    metric: Annotated[
        str | None,
        typer.Option(
            help="Metric or column to read, or the kind of its values: accuracy, loss or level."
        ),
    ] = None
    chance: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TASK=]NUMBER",
            help="Accuracy of guessing, which becomes level 0. NUMBER alone is for all tasks whose "
            "chance level is unknown. Repeatable.",
        ),
    ] = None
    ceiling: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TASK=]NUMBER",
            help="Best possible accuracy, which becomes level 1. Default: 1. Repeatable.",
        ),
    ] = None
    start: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TASK=]NUMBER",
            help="Loss that becomes level 0. Default: the first one measured. Repeatable.",
        ),
    ] = None
    floor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TASK=]NUMBER",
            help="Lowest possible loss, which becomes level 1. Repeatable.",
        ),
    ] = None
    step: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column with the steps, or with epochs, tokens or FLOP."
        ),
    ] = None
    task: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column with the task of each row, or 'folder' if files and folders are named "
            "after tasks.",
        ),
    ] = None
    run: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column with the run of each row, or 'folder' if files and folders are named "
            "after runs.",
        ),
    ] = None
    value: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column with the measurement of each row."),
    ] = None
    stderr: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column with the standard error of each measurement."),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of `read_curves`.

        Raises:
            ArgumentError: a number is not one.
        """
        scales = {
            name: numbers(f"--{name}", getattr(self, name) or [])
            for name in ("chance", "ceiling", "start", "floor")
        }
        return vars(self) | scales
