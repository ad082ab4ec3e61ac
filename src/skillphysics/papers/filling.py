"""The parts of many figures at once, kept in a store."""

from collections.abc import Sequence

import jax

from skillphysics.papers.recipe import Recipe
from skillphysics.sweeps import Engine, Local, Serial, Store, StoreError, complete


def fill(store: Store, recipes: Sequence[Recipe], scale: str, engine: Engine | None = None) -> None:
    """Compute all parts at a scale that a store lacks.

    Finished parts are kept when others fail or the call is interrupted. Parts that have failed
    before are computed again. In a script, call this below `if __name__ == "__main__":`, because
    processes import the script.

    Args:
        store: where the parts are kept.
        recipes: of the figures. They may share parts.
        scale: one of `SCALES`.
        engine: where to compute. By default in one process per core with one thread each if JAX
            uses CPUs, since single runs of small networks keep few cores busy and the sums of one
            thread are the same on every machine; on other devices in this process.

    Raises:
        ArgumentError: the scale is unknown.
        StoreError: the store cannot be written, or parts failed.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from skillphysics.papers import chosen
        >>> with TemporaryDirectory() as folder:
        ...     store = Store(Path(folder))
        ...     fill(store, chosen(["nam2024/fig8"]), "smoke", Serial())
        ...     len(store.entries())
        2
    """
    parts = {
        cell.key: (f"{recipe.name}, {name}", cell)
        for recipe in recipes
        for name, cell in recipe.cells(scale).items()
    }
    if engine is None:
        engine = Local() if jax.default_backend() == "cpu" else Serial()
    cells = [cell for _, cell in parts.values()]
    complete(store, cells, engine, retry=True, description="parts of figures")
    entries = store.entries()
    failed = {
        name: failure.error
        for key, (name, _) in parts.items()
        if key in entries and (failure := entries[key].failure) is not None
    }
    if failed:
        name, error = next(iter(failed.items()))
        raise StoreError(
            f"{len(failed)} of {len(parts)} parts failed, the first ({name}) with {error}; the "
            f"others are kept in {store.folder}"
        )
