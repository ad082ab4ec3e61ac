"""`kill -9` of drivers, workers and schedulers at random moments loses nothing and breaks nothing.

Every kill is followed by a start of what was killed. Whenever a sweep is complete its store is
compared with that of an undisturbed run, and the next kills hit a sweep into a new store.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from skillphysics.sweeps import Store
from skillphysics.sweeps.store import Failure
from skillphysics.sweeps.upkeep import remove, waste

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc"),
]

HERE = Path(__file__).parent
KILLS = {"local": 60, "dask": 40}
# Seconds after which a process that was told to end, or lost its parent, must be gone.
PATIENCE = 20.0


class Processes:
    """All processes that a test has started, and their descendants, found by a mark."""

    def __init__(self, folder: Path) -> None:
        self._mark = uuid.uuid4().hex
        self._log = folder / "output.log"
        self._environment = {
            **os.environ,
            "KILLED_BY": self._mark,
            "NPROC": "1",
            "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }

    def start(self, *command: object) -> subprocess.Popen:
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, *map(str, command)], env=self._environment, stdout=log, stderr=log
            )

    def alive(self) -> dict[int, str]:
        """The command lines of living processes by their numbers."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"KILLED_BY={self._mark}".encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().decode()
            except OSError:
                continue
        return found

    def workers(self) -> list[int]:
        return [number for number, line in self.alive().items() if "spawn_main" in line]

    def output(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


def kill(*numbers: int) -> None:
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def until(condition: Callable[[], object]) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


@pytest.fixture
def processes(tmp_path) -> Iterator[Processes]:
    started = Processes(tmp_path)
    yield started
    kill(*started.alive())


def contents(folder: Path) -> dict[str, xr.Dataset | Failure]:
    store = Store(folder)
    return {
        key: store.read(entry) if entry.failure is None else entry.failure
        for key, entry in store.entries().items()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, xr.Dataset | Failure]:
    """What an undisturbed run finds."""
    folder = tmp_path_factory.mktemp("whole")
    process = Processes(folder).start(HERE / "killed.py", folder / "store", "local(workers=1)")
    assert process.wait(120) == 0
    found = contents(folder / "store")
    assert len(found) == 208
    assert sum(isinstance(one, Failure) for one in found.values()) == 4
    return found


def check(folder: Path, whole: dict[str, xr.Dataset | Failure]) -> int:
    """Compare a complete store with an undisturbed one; the number of keys in two files."""
    store = Store(folder)
    assert store.damaged() == []
    found = contents(folder)
    assert found.keys() == whole.keys()
    for key, one in found.items():
        if isinstance(one, Failure):
            assert one == whole[key]
        else:
            xr.testing.assert_identical(one, whole[key])
    rows = Counter(entry.key for stored in store.files() for entry in stored.entries)
    remove(waste(store))
    assert contents(folder).keys() == whole.keys()
    others = [path for path in folder.iterdir() if path.suffix != ".nc" and path.name[0] != "."]
    assert [path.name for path in others] == ["sweep.log"]
    return sum(count > 1 for count in rows.values())


def begun(folder: Path, count: int) -> bool:
    """Whether the driver has started so many times to send cells."""
    log = folder / "sweep.log"
    return log.exists() and log.read_text().count("batches to compute") >= count


def report(engine: str, hits: Counter[str], rounds: int, repeated: int, took: float) -> None:
    kinds = ", ".join(f"{count} of {what}" for what, count in sorted(hits.items()))
    print(  # The count of the test.
        f"\n{engine}: {hits.total()} kills ({kinds}) over {rounds} complete sweeps of 208 cells in "
        f"{took:.0f} s; {repeated} cells were written twice by a worker that outlived its driver"
    )


def test_local(tmp_path, processes, whole):
    random = np.random.default_rng(20)
    hits: Counter[str] = Counter()
    rounds = repeated = 0
    start = time.monotonic()
    while hits.total() < KILLS["local"] or rounds == 0:
        folder = tmp_path / f"store {rounds}"
        starts, spared = 0, True
        driver = None
        while driver is None or driver.poll() != 0:
            if driver is None or driver.poll() is not None:
                assert driver is None or driver.poll() == -signal.SIGKILL, processes.output()
                driver = processes.start(HERE / "killed.py", folder, "local(workers=2)")
                starts, spared = starts + 1, True
            if hits.total() >= KILLS["local"]:
                assert driver.wait(120) == 0, processes.output()
                break
            # One in four while Python starts.
            if random.random() < 0.75:
                until(lambda: begun(folder, starts) or driver.poll() is not None)
            time.sleep(random.uniform(0.0, 4.0))
            if driver.poll() is not None:
                continue
            workers = processes.workers()
            # A cell that loses its process twice is given up, as it should be.
            what = random.choice(["driver", "all", *["one worker", "all workers"] * spared])
            if what in ("one worker", "all workers") and not workers:
                what = "driver"
            hit = random.permutation(workers).tolist()
            if what in ("driver", "all"):
                # The driver first or last, so that its workers may see it go.
                driver.send_signal(signal.SIGKILL) if what == "driver" else kill(*hit, driver.pid)
                driver.wait()
                # One in two starts beside workers that are still there.
                if random.random() < 0.5:
                    assert until(lambda: not processes.alive()), processes.alive()
            else:
                kill(*hit[: 1 if what == "one worker" else None])
                spared = False
            hits[what] += 1
        repeated += check(folder, whole)
        rounds += 1
    report("local", hits, rounds, repeated, time.monotonic() - start)
    assert until(lambda: not processes.alive()), processes.alive()
