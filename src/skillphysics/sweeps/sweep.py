"""A sweep: all cells of a grid, computed by an engine and kept in a store."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from skillphysics.domains import COUNT
from skillphysics.sweeps.computation import Computation, computation_of
from skillphysics.sweeps.driver import MOST_TOGETHER, complete, missing
from skillphysics.sweeps.engines import Engine, engine_of
from skillphysics.sweeps.grid import Grid, Over
from skillphysics.sweeps.record import Log, Record
from skillphysics.sweeps.results import assembled, labels
from skillphysics.sweeps.store import FAILURE, Store, StoreError


def sweep(
    compute: "str | Computation | Callable[..., Any]",
    over: Over,
    settings: Mapping[str, Any] | None = None,
    *,
    store: Path | str,
    engine: str | Engine = "serial",
    together: int = MOST_TOGETHER,
    retry: bool = False,
    name: str | None = None,
) -> xr.Dataset:
    """Compute every cell of a grid that a store lacks, and open all results as one dataset.

    Results are kept as they come, so that a sweep that is interrupted or killed goes on where it
    was when it is called again. A cell is found by its settings and by the sources of what is
    computed: a change that alters no number, such as that of a docstring, computes nothing again.
    A cell that raises an error does not stop the others; its error is a result.

    Args:
        compute: a function from settings by keyword to an `xarray.Dataset` or Curves, or its name;
            see `computation_of`.
        over: values by the name of a setting, for every combination of them; or a list of settings,
            one mapping per cell.
        settings: the same in all cells.
        store: the folder of the store, made if it does not exist.
        engine: where to compute: "serial" (here), "local" (processes), "dask", "slurm", or an
            engine with options, such as `Local(workers=4)`.
        together: the most cells that share a program.
        retry: whether cells that have failed are computed again.
        name: what the log and `skillphysics sweep status` call it; the computation by default.

    Returns:
        The results, read from the store when they are used. Dimensions are those of the grid, then
        those of a cell; of a list of settings, `cell`, with the settings as coordinates. Cells that
        failed are NaN, and the variable `failure` says why.

    Raises:
        ArgumentError: an argument is unusable.
        StoreError: the store cannot be written, or read.

    Warns:
        UserWarning: cells failed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> grid = {"rate": [0.01, 0.02], "alpha": [1, 2]}
        >>> with TemporaryDirectory() as folder:
        ...     found = sweep("simulate linear", grid, {"steps": 100, "n_skill": 3}, store=folder)
        ...     dict(found["level"].sizes)
        {'rate': 2, 'alpha': 2, 'step': 101, 'skill': 3}
    """
    COUNT.check("together", together)
    chosen = engine_of(engine) if isinstance(engine, str) else engine
    grid = Grid(computation_of(compute), over, settings or {})
    opened = Store(Path(store))
    run(opened, grid, chosen, together=together, retry=retry, name=name)
    return results(opened, grid)


def run(
    store: Store,
    grid: Grid,
    engine: Engine,
    *,
    together: int = MOST_TOGETHER,
    retry: bool = False,
    name: str | None = None,
) -> None:
    """Compute what the store lacks of a grid, with a record and a log there; see `sweep`.

    Raises:
        StoreError: the store cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from skillphysics.sweeps import Serial
        >>> grid = Grid(computation_of("simulate linear"), {"alpha": [1, 2]}, {"steps": 10})
        >>> with TemporaryDirectory() as folder:
        ...     run(Store(Path(folder)), grid, Serial())
        ...     results(Store(Path(folder)), grid)["level"].dims
        ('alpha', 'step', 'skill')
    """
    title = name or grid.computation.name.rpartition("/")[2]
    cells = grid.cells
    if not missing(store, cells, retry=retry) and not store.damaged():
        return
    record = Record.of(grid, name=title, together=together, engine=type(engine).__name__.lower())
    record.write(store)
    log = Log(store, title)
    try:
        complete(store, cells, engine, together=together, retry=retry, log=log, description=title)
    except KeyboardInterrupt:
        log("interrupted; start it again to go on")
        raise


def results(store: Store, grid: Grid) -> xr.Dataset:
    """The results of a grid as one dataset, without computing; see `sweep`.

    Cells that the store lacks are NaN.

    Raises:
        StoreError: the results cannot be joined, as when they have a variable that is named as a
            setting.

    Warns:
        UserWarning: cells failed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> grid = Grid(computation_of("simulate linear"), {"alpha": [1, 2]}, {"steps": 10})
        >>> with TemporaryDirectory() as folder:
        ...     list(results(Store(Path(folder)), grid).coords)
        ['alpha']
    """
    found = assembled(store, [cell.key for cell in grid.cells], grid.dims)
    for setting in sorted(grid.varied.keys() & (found.variables.keys() | found.dims)):
        raise StoreError(
            f"results have a variable or dimension {setting!r}, which is also a setting of the "
            "cells; rename one"
        )
    found = found.assign_coords(
        {name: ("cell", labels(values)) for name, values in grid.varied.items()}
    )
    if FAILURE in found:
        errors = [error for error in found[FAILURE].values.flat if error]
        warnings.warn(
            f"{len(errors)} of {len(grid.cells)} cells failed, the first with {errors[0]}; the "
            "variable 'failure' holds them all",
            UserWarning,
            stacklevel=3,
        )
    return found
