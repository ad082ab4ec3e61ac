"""`skillphysics simulate`: train a toy world, or evaluate a theory, into a file of curves."""

import typer

from skillphysics.cli.simulate import theories, worlds

app = typer.Typer(
    help="Skill curves of a toy world that an optimizer trains, or of a theory.",
    no_args_is_help=True,
)
for command in (
    worlds.geometry,
    worlds.matrix,
    worlds.quadratic,
    worlds.multilinear_net,
    theories.resource,
    theories.domino,
    theories.quanta,
    theories.linear,
    theories.multilinear,
):
    app.command()(command)
