"""The commands, one file each."""

from importlib.metadata import version
from typing import Annotated

import typer

from skillphysics.cli import (
    compare,
    inspect,
    report,
    reproduce,
    scaling,
    simulate,
    store,
    sweep,
    train,
    verify,
)

app = typer.Typer(
    help="How, when and in what order a network learns its skills.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(name="report")(report.command)
app.command(name="inspect")(inspect.command)
app.command(name="compare")(compare.command)
app.command(name="scaling")(scaling.command)
app.add_typer(simulate.app, name="simulate")
app.add_typer(train.app, name="train")
app.add_typer(sweep.app, name="sweep")
app.add_typer(store.app, name="store")
app.command(name="reproduce")(reproduce.command)
app.command(name="verify")(verify.command)


@app.callback(invoke_without_command=True)
def root(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    """How, when and in what order a network learns its skills."""
    if show_version:
        typer.echo(f"skillphysics {version('skillphysics')}")
        raise typer.Exit
