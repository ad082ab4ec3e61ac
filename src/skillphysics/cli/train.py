"""`skillphysics train`: the experiments of the papers with networks, into a file of curves."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillphysics.cli.options import path
from skillphysics.cli.simulate import common
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    from skillphysics.experiments import Experiment


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="EXPERIMENT", help="A name of --list.")
    ] = None,
    scale: Annotated[
        str, typer.Option(help="quick (a laptop) or paper (the published sizes).")
    ] = "quick",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting, NAME=VALUE or NAME=VALUE,VALUE; may be repeated."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 1,
    seed: Annotated[int, typer.Option(help="The first of them.", min=0, max=2**31 - 1)] = 0,
    out: common.Out = common.DEFAULT_OUT,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            parser=path, help="File to go on from after an interruption; removed at the end."
        ),
    ] = None,
    plot: common.Plot = False,
    show_list: Annotated[
        bool, typer.Option("--list", help="List the experiments, or one's settings, and stop.")
    ] = False,
) -> None:
    """Train the networks of an experiment of the papers (L25, N24)."""
    if name is None and not show_list:
        raise ArgumentError("an experiment is wanted; `skillphysics train --list` names them")
    if show_list and name is None:
        _list()
        return
    from skillphysics.experiments.experiment import remove_checkpoints

    experiment = _experiment(str(name), scale, settings or [])
    if show_list:
        _list_settings(str(name), experiment)
        return
    common.check_out(out, plot=plot, checkpoint=checkpoint)
    if seeds < 1:
        raise ArgumentError(f"--seeds is {seeds}; at least one run is wanted")
    curves = experiment.run(range(seed, seed + seeds), checkpoint)
    common.finish(curves, out, plot=plot)
    if checkpoint is not None:
        remove_checkpoints(checkpoint)


def _experiment(name: str, scale: str, settings: Sequence[str]) -> "Experiment":
    from skillphysics.experiments import EXPERIMENTS

    if name not in EXPERIMENTS:
        raise ArgumentError(f"{name!r} is no experiment; known are {', '.join(EXPERIMENTS)}")
    experiment = EXPERIMENTS[name].at(scale)
    hints = typing.get_type_hints(type(experiment))
    known = {field.name: hints[field.name] for field in dataclasses.fields(experiment)}
    return dataclasses.replace(experiment, **_parsed(settings, known))


def _parsed(settings: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise ArgumentError(
                f"--set {text}: NAME=VALUE is wanted, NAME one of {', '.join(known)}"
            )
        if name in chosen:
            raise ArgumentError(f"--set names {name!r} twice; give it once")
        kind = known[name]
        inner = typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else kind
        parts = value.split(",") if inner is not kind else [value]
        values = tuple(_value(text, part, inner) for part in parts)
        chosen[name] = values if inner is not kind else values[0]
    return chosen


def _value(text: str, part: str, kind: Any) -> Any:
    if kind is str:
        return part
    try:
        if kind is bool:
            return {"true": True, "false": False}[part.lower()]
        value = kind(part)
    except (KeyError, ValueError):
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise ArgumentError(f"--set {text}: {part!r} is not {wanted}") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise ArgumentError(f"--set {text}: a finite number is wanted")
    return value


def _list() -> None:
    from rich.console import Console
    from rich.table import Table

    from skillphysics.experiments import EXPERIMENTS

    table = Table("experiment", "what", "quick, a seed", box=None, header_style="bold")
    for name, kind in EXPERIMENTS.items():
        table.add_row(name, (kind.__doc__ or "").splitlines()[0], kind.COST["quick"])
    Console().print(table)


def _list_settings(name: str, experiment: "Experiment") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    told = "\n".join(line.strip() for line in (type(experiment).__doc__ or "").splitlines())
    console.print(f"{name}: {told}", highlight=False, markup=False)
    table = Table("setting", "value", box=None, header_style="bold")
    for field in dataclasses.fields(experiment):
        value = getattr(experiment, field.name)
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        table.add_row(field.name, shown)
    console.print(table)
    for scale, cost in type(experiment).COST.items():
        console.print(f"{scale}: {cost}", highlight=False)
