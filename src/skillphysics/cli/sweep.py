"""`skillphysics sweep`: grids of computations, kept in a store."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from skillphysics.cli.fields import options_of
from skillphysics.cli.options import path as a_path
from skillphysics.cli.store import opened_store
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    from skillphysics.sweeps import Engine, Store
    from skillphysics.sweeps.spec import Spec

_MOST_SHOWN = 3

StoreFolder = Annotated[
    Path, typer.Option("--store", parser=a_path, help="Folder of the store; made if missing.")
]


class _RunByDefault(TyperGroup):
    """`sweep SPEC` stands for `sweep run SPEC`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    help="Compute grids of simulations, trainings, fits or functions of your own, and keep the "
    "results in a store. `sweep SPEC` is short for `sweep run SPEC`.",
    no_args_is_help=True,
)


@app.command()
@options_of
def run(
    spec: Annotated[
        Path | None,
        typer.Argument(parser=a_path, metavar="[SPEC.toml]", help="What to compute."),
    ] = None,
    store: StoreFolder = Path("sweep"),
    engine: Annotated[
        str,
        typer.Option(
            help="Where to compute: serial, local, dask or slurm, with options in brackets: "
            "'local(workers=4)'."
        ),
    ] = "local",
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the unfinished sweeps of the store; no SPEC."),
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Compute cells again that have failed.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Measure one cell, print what all will take, and stop. Nothing is kept.",
        ),
    ] = False,
) -> None:
    """Compute the cells that the store lacks. The exit code is 1 if cells have failed.

    A sweep that was interrupted goes on where it was when it is started again.
    """
    from skillphysics.sweeps import Store, engine_of
    from skillphysics.sweeps import run as run_grid

    chosen = engine_of(engine)
    opened = Store(store)
    specs = _specs(spec, opened, resume=resume)
    failed = 0
    for one in specs:
        if dry_run:
            _show_estimate(one, opened, chosen, retry=retry)
            continue
        try:
            run_grid(
                opened, one.grid, chosen, together=one.together, retry=retry, name=one.name
            )  # fmt: skip
        except KeyboardInterrupt:
            ended = "the jobs go on; collect them" if chosen.outlives else "stopped; go on"
            typer.echo(f"{ended} with `skillphysics sweep --resume --store {store}`", err=True)
            raise
        failed += _show_done(one, opened, store)
    if failed:
        raise typer.Exit(1)


@app.command()
@options_of
def status(
    store: Annotated[Path, typer.Argument(parser=a_path, help="Folder of the store.")] = Path(
        "sweep"
    ),
) -> None:
    """Show how far the sweeps of a store are, also while they run."""
    from rich.console import Console
    from rich.table import Table

    from skillphysics.sweeps import records
    from skillphysics.sweeps.record import progress_of

    opened = opened_store(store)
    table = Table("sweep", "started", "cells", "failed", "left", "state", box=None)
    found = records(opened)
    if not found:
        raise ArgumentError(f"{store} holds no sweep; start one with `skillphysics sweep`")
    for record in found:
        now = progress_of(record, opened)
        lacking = now.total - now.done - now.failed
        left = f"about {_duration(lacking / now.per_second)}" if now.per_second > 0 else "unknown"
        state = {True: "running", False: "stopped", None: f"started on {record.host}"}[now.running]
        table.add_row(
            record.name, record.started.replace("T", " ")[:16],
            f"{now.done + now.failed} of {now.total}", str(now.failed),
            left if lacking else "-", state if lacking else "finished",
        )  # fmt: skip
    Console().print(table)


def _specs(spec: Path | None, store: "Store", *, resume: bool) -> "list[Spec]":
    from skillphysics.sweeps import records
    from skillphysics.sweeps.driver import missing
    from skillphysics.sweeps.spec import Spec, read_spec

    if spec is not None and resume:
        raise ArgumentError(
            "--resume goes on with the sweeps of the store; leave out the file, or --resume: a "
            "sweep that is started again goes on as well"
        )
    if spec is not None:
        return [read_spec(spec)]
    if not resume:
        raise ArgumentError("no file was given; name a SPEC.toml, or give --resume")
    every = [Spec(one.grid, one.name, one.together) for one in records(store)]
    if not every:
        raise ArgumentError(f"{store.folder} holds no sweep to go on with; name a SPEC.toml")
    return [one for one in every if missing(store, one.grid.cells)] or every[-1:]


def _show_estimate(spec: "Spec", store: "Store", engine: "Engine", *, retry: bool) -> None:
    from rich.console import Console

    from skillphysics.sweeps.estimate import estimate

    console = Console(highlight=False, soft_wrap=True, markup=False)
    found = estimate(store, spec.grid, together=spec.together, retry=retry)
    console.print(f"{spec.name}: {found.cells} cells of {spec.grid.computation.name}")
    for name, values in spec.grid.dims.items():
        few = ", ".join(str(value) for value in values[:6])
        more = ", …" if len(values) > 6 else ""
        console.print(f"  {name}: {len(values)} values, {few}{more}")
    missing = sum(found.batches)
    console.print(
        f"{found.there} cells are in {store.folder}; {missing} to compute in {len(found.batches)} "
        f"batches of {min(found.batches, default=0)} to {max(found.batches, default=0)} cells"
    )
    if found.pilot is None:
        return
    console.print(
        f"One cell took {found.first:.2g} s, and {found.again:.2g} s once compiled; "
        f"{found.memory / 2**20:.0f} MiB of memory, {found.disk / 1e3:.3g} kB on disk"
    )
    workers = engine.workers_here()
    if workers is None:
        total = _duration(missing * found.again)
        console.print(f"All take at most {total} of one worker, "
                      f"{missing * found.disk / 1e6:.3g} MB on disk")  # fmt: skip
        return
    console.print(
        f"All take at most {_duration(found.seconds(workers))} with {workers} "
        f"process{'es' if workers > 1 else ''}, {workers * found.memory / 2**30:.2g} GiB of memory "
        f"and {missing * found.disk / 1e6:.3g} MB on disk"
    )


def _show_done(spec: "Spec", store: "Store", folder: Path) -> int:
    entries = store.entries()
    failures = [
        (cell, entry.failure)
        for cell in spec.grid.cells
        if (entry := entries.get(cell.key)) is not None and entry.failure is not None
    ]
    n_done = len(spec.grid.cells) - len(failures)
    typer.echo(f"{spec.name}: {n_done} of {len(spec.grid.cells)} cells have results in {folder}")
    for cell, failure in failures[:_MOST_SHOWN]:
        own = {k: v for k, v in cell.settings.items() if k not in spec.grid.settings}
        typer.echo(f"failed: {own}: {failure.error}")
    if len(failures) > _MOST_SHOWN:
        typer.echo(f"and {len(failures) - _MOST_SHOWN} more; `skillphysics store ls {folder}`")
    return len(failures)


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"
