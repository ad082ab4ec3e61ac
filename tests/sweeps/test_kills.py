"""Processes of a sweep are killed at random moments, and nothing is lost or repeated."""

import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import xarray as xr

from skillphysics.sweeps import Serial, Store, sweep
from skillphysics.sweeps.upkeep import waste

pytestmark = pytest.mark.slow

N_KILL = 100
OVER = {"i": list(range(120))}
SETTINGS = {"seconds": 0.04}
WORLD = {
    "seed": range(10),
    "learning_rate": [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128],
}
WORLD_SETTINGS = {"steps": 30, "n_skill": 3, "n_dim": 20}

TOGETHER = 8

DRIVER = """
import warnings
from skillphysics.sweeps import Dask, Local, sweep

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    how = dict(store={store!r}, engine={engine}, together={together})
    sweep({cells!r}, {over!r}, {settings!r}, **how)
    sweep("simulate geometry", {world!r}, {world_settings!r}, **how)
"""


class Cluster:
    """A Dask scheduler with two workers, which are started again when they are dead."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        dask = "distributed.cli.dask_"
        quiet = ["--no-dashboard"]
        commands = {
            "scheduler": [
                f"{dask}scheduler",
                "--host",
                "127.0.0.1",
                "--port",
                str(self.port),
                *quiet,
            ],
            "worker 1": [f"{dask}worker", self.address, "--nthreads", "1", *quiet],
            "worker 2": [f"{dask}worker", self.address, "--nthreads", "1", *quiet],
        }
        for name, command in commands.items():
            if name not in self.processes or self.processes[name].poll() is not None:
                self.processes[name] = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", *command], cwd=self.folder,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip

    def stop(self) -> None:
        for process in self.processes.values():
            kill_tree(process.pid)
            process.wait()


def tree(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def kill_tree(pid: int) -> None:
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def test_a_hundred_kills(tmp_path, cells, capsys):
    known = [
        sweep(cells("wait"), OVER, SETTINGS, store=tmp_path / "known").load(),
        sweep(
            "simulate geometry", WORLD, WORLD_SETTINGS, store=tmp_path / "known", together=TOGETHER
        ).load(),
    ]
    random = np.random.default_rng(0)
    kills: Counter[str] = Counter()
    repeated = rounds = 0
    cluster = Cluster(tmp_path)
    try:
        while kills.total() < N_KILL:
            rounds += 1
            store = tmp_path / f"store {rounds}"
            on_dask = rounds % 3 == 0
            engine = f"Dask(address={cluster.address!r})" if on_dask else "Local(workers=2)"
            script = tmp_path / f"driver_{rounds}.py"
            script.write_text(
                DRIVER.format(
                    engine=engine, cells=cells("wait"), over=OVER,
                    settings=SETTINGS, store=str(store), world=WORLD,
                    world_settings=WORLD_SETTINGS, together=TOGETHER,
                )
            )  # fmt: skip
            until_complete(script, store, cluster if on_dask else None, random, kills)
            check(store, cells, known)
            repeated += sum(one.why == "repeated" for one in waste(Store(store)))
    finally:
        cluster.stop()
    with capsys.disabled():
        print(f"\n{kills.total()} kills in {rounds} sweeps: {dict(kills)}; "  # noqa: T201
              f"{repeated} files held nothing that others lacked")  # fmt: skip


def until_complete(
    script: Path, store: Path, cluster: Cluster | None, random: np.random.Generator,
    kills: Counter[str],
) -> None:  # fmt: skip
    """Start the driver again and again, and kill something each time until it has finished once."""
    for _ in range(60):
        if cluster is not None:
            cluster.start()
        driver = subprocess.Popen(  # noqa: S603
            [sys.executable, script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        begun = time.monotonic()
        n_before = len(list(store.glob("*.nc")))
        # One in two writes something before it is killed, so that the test ends on a busy machine
        # as well; the others may be killed while they start.
        waits = random.random() < 0.5
        longest = 2.0 if waits else 6.0
        while waits and driver.poll() is None and time.monotonic() - begun < 120:
            waits = len(list(store.glob("*.nc"))) == n_before
            time.sleep(0.1)
        workers: set[psutil.Process] = set()
        while driver.poll() is None:
            wait = random.uniform(0.0, longest)
            longest = 6.0
            with suppress(subprocess.TimeoutExpired):
                driver.wait(wait)
                break
            if time.monotonic() - begun > 300:
                kill_tree(driver.pid)
                raise AssertionError("a sweep hangs")
            victims = {"driver": tree(driver.pid)[:1], "worker": tree(driver.pid)[1:]}
            workers |= set(victims["worker"])
            if cluster is not None:
                victims = {
                    "driver": tree(driver.pid)[:1],
                    "scheduler": tree(cluster.processes["scheduler"].pid)[:1],
                    "worker": [
                        one for name in ("worker 1", "worker 2")
                        for one in tree(cluster.processes[name].pid)[1:]
                    ],
                }  # fmt: skip
            kind = random.choice([name for name, those in victims.items() if those])
            with suppress(psutil.NoSuchProcess):
                victims[kind][random.integers(len(victims[kind]))].kill()
                kills[f"{kind} of {'dask' if cluster else 'local'}"] += 1
        _, orphans = psutil.wait_procs(workers, timeout=10)
        assert orphans == []
        if driver.returncode == 0:
            return
    raise AssertionError("the sweep is never complete")


def check(store: Path, cells, known: list[xr.Dataset]) -> None:
    opened = Store(store)
    assert opened.damaged() == []
    assert len(opened.entries()) == 200
    assert all(entry.failure is None for entry in opened.entries().values())
    found = [
        sweep(cells("wait"), OVER, SETTINGS, store=store, engine=Serial()).load(),
        sweep("simulate geometry", WORLD, WORLD_SETTINGS, store=store, together=TOGETHER).load(),
    ]
    for one, other in zip(found, known, strict=True):
        xr.testing.assert_identical(one, other)
