"""`skillphysics verify`: the claims of the papers, measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from skillphysics.cli.fields import options_of
from skillphysics.cli.options import path as a_path
from skillphysics.cli.reproduce import (
    DEFAULT_FOLDER,
    EngineOption,
    Folder,
    ScaleOption,
    check_scale,
    engine_from,
    store_in,
)


@options_of
def command(
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Measure the claims of these figures only: a name or pattern. Repeatable."
        ),
    ] = None,
    scale: ScaleOption = "quick",
    out: Folder = DEFAULT_FOLDER,
    engine: EngineOption = None,
    against: Annotated[
        Path | None,
        typer.Option(
            parser=a_path,
            help="A ledger.json to compare with. The exit code is 1 if a verdict differs.",
        ),
    ] = None,
) -> None:
    """Measure the claims of the papers, and record the verdicts in OUT/ledger.json.

    Verdicts of other claims in that file are kept.
    """
    from skillphysics.papers import chosen, fill, ledger

    recipes = [recipe for recipe in chosen(only or ["all"]) if recipe.claims]
    check_scale(scale)
    known = None if against is None else ledger.read(against)["claims"]
    chosen_engine = engine_from(engine)
    store = store_in(out)
    path = out / "ledger.json"
    if path.exists():
        ledger.read(path)
    fill(store, recipes, scale, chosen_engine)
    entries = list(ledger.measure(recipes, scale, store))
    _show(entries)
    ledger.write(entries, path)
    typer.echo(f"The ledger is {path}")
    if known is not None:
        differ = ledger.changed(entries, known)
        for name, before, now in differ:
            typer.echo(f"{name}: was '{before}', is '{now}'")
        if differ:
            raise typer.Exit(1)


def _show(entries: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("claim", "expected", "measured", "verdict", box=None, header_style="bold")
    for one in entries:
        table.add_row(one["id"], one["expected"], _told(one), one["verdict"])
    console.print(table)
    verdicts = [one["verdict"] for one in entries]
    counts = [f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts)]
    console.print(f"{len(entries)} claims: {', '.join(counts)}", highlight=False)


def _told(one: Mapping[str, Any]) -> str:
    measured, interval = one["measured"], one["interval"]
    if isinstance(measured, list):
        return ", ".join(str(value) for value in measured)
    between = "" if interval is None else f" ({interval[0]} … {interval[1]})"
    return f"{measured}{between}"
