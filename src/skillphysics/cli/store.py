"""`skillphysics store`: the upkeep of a store of results."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillphysics.cli.fields import options_of
from skillphysics.cli.options import path as a_path
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    from skillphysics.sweeps import Store

Folder = Annotated[Path, typer.Argument(parser=a_path, help="Folder of the store.")]

app = typer.Typer(help="Look after a store of results.", no_args_is_help=True)


@app.command()
@options_of
def ls(store: Folder) -> None:
    """List what a store holds, by computation, with the errors of cells that failed."""
    from rich.console import Console
    from rich.table import Table

    from skillphysics.sweeps.upkeep import summaries

    opened = opened_store(store)
    table = Table("computation", "cells", "failed", "size", "last written", box=None)
    for one in summaries(opened):
        written = datetime.fromtimestamp(one.written).astimezone().isoformat(" ", "minutes")
        table.add_row(
            one.computation, str(one.cells), str(one.failed), _size(one.n_bytes), written[:16]
        )  # fmt: skip
    console = Console()
    console.print(table)
    for entry in opened.entries().values():
        if entry.failure is not None:
            console.print(
                f"failed: {entry.computation} {dict(entry.settings)}: {entry.failure.error}",
                highlight=False, soft_wrap=True, markup=False,
            )  # fmt: skip


@app.command()
@options_of
def check(store: Folder) -> None:
    """Compare every file with its checksum. The exit code is 1 if one is damaged."""
    opened = opened_store(store)
    damaged = opened.damaged()
    for path in damaged:
        typer.echo(f"damaged: {path}")
    n_file = sum(1 for _ in opened.files())
    typer.echo(f"{n_file} files with {len(opened.entries())} cells are sound")
    if damaged:
        typer.echo(f"{len(damaged)} files are damaged; start the sweep again to compute their cells"
                   f", and remove them with `skillphysics store gc {store}`")  # fmt: skip
        raise typer.Exit(1)


@app.command()
@options_of
def gc(
    store: Folder,
    outdated: Annotated[
        bool,
        typer.Option("--outdated", help="Also remove results of sources that have changed since."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")
    ] = False,
) -> None:
    """Remove files that are damaged, repeated, or were never finished."""
    from skillphysics.sweeps.upkeep import remove, waste

    found = waste(opened_store(store), outdated=outdated)
    for one in found:
        typer.echo(f"{one.why}: {one.path} ({_size(one.n_bytes)})")
    if not dry_run:
        remove(found)
    verb = "would be removed" if dry_run else "removed"
    total = sum(one.n_bytes for one in found)
    typer.echo(f"{len(found)} files {verb}, {_size(total)}")


@app.command()
@options_of
def export(
    store: Folder,
    out: Annotated[
        Path,
        typer.Argument(parser=a_path, metavar="OUT.nc", help="A file that ends in .nc or .csv."),
    ],
    sweep: Annotated[
        str | None,
        typer.Option(help="Name of a sweep, as `skillphysics sweep status` shows it; the last."),
    ] = None,
) -> None:
    """Write the results of a sweep to one file."""
    import warnings

    from skillphysics.io.files import replacing
    from skillphysics.registry import unknown
    from skillphysics.sweeps import records, results

    if out.suffix not in (".nc", ".csv"):
        raise ArgumentError(f"out must end in .nc or .csv, got {out}", argument="out")
    opened = opened_store(store)
    found = records(opened)
    named = [one for one in found if sweep in (None, one.name)]
    if not found:
        raise ArgumentError(f"{store} holds no sweep; start one with `skillphysics sweep`")
    if not named:
        raise unknown("sweep", sweep, [one.name for one in found])
    with warnings.catch_warnings():
        # The file has the errors.
        warnings.simplefilter("ignore", UserWarning)
        dataset = results(opened, named[-1].grid).load()
    with replacing(out) as temporary:
        if out.suffix == ".nc":
            temporary.write_bytes(dataset.to_netcdf(engine="h5netcdf"))
        else:
            dataset.to_dataframe().to_csv(temporary)
    typer.echo(f"The results of {named[-1].name} are in {out}")


def opened_store(folder: Path) -> "Store":
    """The store in a folder.

    Raises:
        ArgumentError: the folder does not exist.
    """
    from skillphysics.sweeps import Store

    if not folder.is_dir():
        raise ArgumentError(f"{folder} does not exist; give the folder of a store")
    return Store(folder)


def _size(n_bytes: int) -> str:
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} B"
