"""`skillphysics reproduce`: the figures of the papers, computed and drawn."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillphysics.cli.fields import options_of
from skillphysics.cli.options import path as a_path
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    from skillphysics.papers import Recipe
    from skillphysics.papers.claims import Data
    from skillphysics.sweeps import Engine, Store

ScaleOption = Annotated[
    str,
    typer.Option(
        help="Sizes: smoke takes seconds per figure, quick suits a laptop, paper is as published."
    ),
]
Folder = Annotated[
    Path,
    typer.Option(
        "--out",
        parser=a_path,
        help="Folder for figures and results. Results that are there are used again.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        help="Where to compute: serial, local, dask or slurm, with options in brackets: "
        "'local(workers=4)'. By default local on CPUs, and serial on other devices."
    ),
]
DEFAULT_FOLDER = Path("skillphysics-papers")


@options_of
def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIGURE...", help="Names of figures or patterns, as --list shows them, or all."
        ),
    ] = None,
    scale: ScaleOption = "quick",
    out: Folder = DEFAULT_FOLDER,
    engine: EngineOption = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="List the figures and what they take, and exit.")
    ] = False,
) -> None:
    """Compute and draw figures of the papers (L25, N24)."""
    from skillphysics.papers import chosen, fill

    if not names and not show_list:
        raise ArgumentError(
            "no figure was given; name figures, or all: `skillphysics reproduce --list` shows them"
        )
    recipes = chosen(names or ["all"])
    check_scale(scale)
    if show_list:
        _list(recipes, scale)
        return
    drawn = [recipe for recipe in recipes if recipe.draw is not None]
    if not drawn:
        raise ArgumentError(
            f"{recipes[0].name} has claims and no figure; `skillphysics verify --only "
            f"{recipes[0].name}` measures them"
        )
    chosen_engine = engine_from(engine)
    store = store_in(out)
    fill(store, drawn, scale, chosen_engine)
    for recipe in drawn:
        typer.echo(f"{recipe.name}: {_draw(recipe, recipe.data(scale, store), out)}")


def check_scale(scale: str) -> None:
    """Refuse an unknown scale before any work.

    Raises:
        ArgumentError: the scale is unknown.
    """
    from skillphysics.domains import one_of
    from skillphysics.papers import SCALES

    one_of(*SCALES).check("scale", scale)


def engine_from(text: str | None) -> "Engine | None":
    """The engine of the option `--engine`; None for the usual one.

    Raises:
        ArgumentError: there is none of that name, or an option of it is wrong.
    """
    from skillphysics.sweeps import engine_of

    return None if text is None else engine_of(text)


def store_in(out: Path) -> "Store":
    """The store of the results in a folder, which is created if it does not exist.

    Raises:
        ArgumentError: the folder cannot be created.
    """
    from skillphysics.sweeps import Store

    try:
        (out / "data").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(
            f"out must be a folder that can be written, got {out}: {error.strerror or error}",
            argument="out",
        ) from error
    return Store(out / "data")


def _draw(recipe: "Recipe", data: "Data", out: Path) -> Path:
    from skillphysics.io.files import replacing

    assert recipe.draw is not None  # noqa: S101
    path = out / f"{recipe.name.replace('/', '-')}.png"
    figure = recipe.draw(data)
    with replacing(path) as aside:
        # No date in the file, so that the same data give the same bytes.
        figure.savefig(aside, dpi=160, metadata={"Software": None})
    return path


def _list(recipes: "list[Recipe]", scale: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        # One line per figure, for grep.
        for recipe in recipes:
            typer.echo(f"{recipe.name}\t{recipe.title}\t{recipe.cost[scale]}")
        return
    table = Table("figure", "what", f"{scale} takes", box=None, header_style="bold")
    for recipe in recipes:
        table.add_row(recipe.name, recipe.title, recipe.cost[scale])
    console.print(table)
