"""The sweep that is killed: `python killed.py STORE ENGINE`. It prints one line per error."""

import sys
from pathlib import Path

from skillphysics.errors import SkillphysicsError
from skillphysics.sweeps import Cell, Grid, Store, computation_of, engine_of
from skillphysics.sweeps.driver import complete
from skillphysics.sweeps.record import Log

TOGETHER = 8


def cells() -> list[Cell]:
    """160 cells of a function, of which four fail, around 48 of a world, which train in batches."""
    uneven = computation_of(f"{Path(__file__).with_name('cells.py')}:uneven")
    world = Grid(
        computation_of("simulate geometry"),
        {"seed": range(16), "learning_rate": [1e-3, 3e-3, 1e-2]},
        {"steps": 30, "n_skill": 3, "n_dim": 20, "batch_size": 8},
    )
    own = Grid(uneven, {"i": range(160)}, {}).cells
    return [*own[:80], *world.cells, *own[80:]]


def main() -> int:
    """Complete the sweep; the exit code is 2 if it stops with an error."""
    store = Store(Path(sys.argv[1]))
    store.folder.mkdir(exist_ok=True)
    try:
        complete(
            store, cells(), engine_of(sys.argv[2]), together=TOGETHER, log=Log(store, "killed")
        )
    except SkillphysicsError as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
