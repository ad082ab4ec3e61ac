"""Every engine computes the same, on real schedulers where they can be started."""

import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import xarray as xr

from skillphysics.errors import ArgumentError
from skillphysics.sweeps import (
    Dask,
    Engine,
    EngineError,
    Local,
    Serial,
    Slurm,
    Store,
    sweep,
)
from skillphysics.sweeps.engines.local import visible_gpus
from skillphysics.sweeps.engines.slurm import _queued


def found_by(engine: Engine, folder: Path, cells) -> list[xr.Dataset]:
    """A grid of 208 cells of a function, of which two fail, and of 32 of a world."""
    world = {
        "seed": range(4),
        "learning_rate": [1e-3, 2e-3, 4e-3, 8e-3],
        "optimizer": ["sgd", "adam"],
    }
    settings = {"steps": 40, "n_skill": 3, "n_dim": 30, "batch_size": 8}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return [
            sweep(
                cells("product"), {"a": range(104), "b": [1, 2]}, store=folder, engine=engine
            ).load(),
            sweep("simulate geometry", world, settings, store=folder, engine=engine).load(),
        ]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What one process of one thread computes."""
    from skillphysics.sweeps import computation_of

    path = Path(__file__).parent / "cells.py"
    computation_of(f"{path}:product")
    return found_by(Local(workers=1), tmp_path_factory.mktemp("one"), lambda name: f"{path}:{name}")


def check(engine: Engine, store: Path, cells, expected) -> None:
    for found, known in zip(found_by(engine, store, cells), expected, strict=True):
        xr.testing.assert_identical(found, known)
    assert Store(store).damaged() == []
    keys = [entry.key for stored in Store(store).files() for entry in stored.entries]
    assert len(keys) == len(set(keys)) == 240


def test_in_process(store, cells, expected):
    check(Serial(), store, cells, expected)


def test_local_processes(store, cells, expected):
    check(Local(workers=2), store, cells, expected)


@pytest.fixture
def scheduler(tmp_path):
    """A Dask scheduler with two workers on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = "distributed.cli.dask_"
    commands = [
        [f"{dask}scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        *[[f"{dask}worker", address, "--nthreads", "1", "--no-dashboard"]] * 2,
    ]
    started = []
    for command in commands:
        with (tmp_path / "dask.log").open("a") as log:
            started.append(
                subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", *command], stdout=log, stderr=log, cwd=tmp_path
                )
            )
    yield address, started
    for process in reversed(started):
        process.kill()
        process.wait()


def test_a_dask_scheduler_with_two_workers(store, cells, expected, scheduler):
    address, _ = scheduler
    check(Dask(address=address), store, cells, expected)


@pytest.mark.slow
def test_a_dask_scheduler_that_is_killed_is_one_error_and_the_store_goes_on(
    store, cells, scheduler
):
    address, (process, *_) = scheduler
    from threading import Timer

    over = {"i": range(60)}
    timer = Timer(4.0, process.kill)
    timer.start()
    with pytest.raises(EngineError, match=r"does not answer any more; start the sweep again"):
        sweep(cells("wait"), over, {"seconds": 0.3}, store=store, engine=Dask(address=address))
    timer.cancel()
    there = Store(store).entries()
    assert len(there) < 60
    assert all(entry.failure is None for entry in there.values())
    found = sweep(cells("wait"), over, {"seconds": 0.3}, store=store, engine=Local(workers=4))
    assert found["y"].values.tolist() == list(range(60))


@pytest.mark.slow
def test_nobody_at_the_address(store, cells):
    with pytest.raises(ArgumentError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1"):
        sweep(cells("product"), {"a": [1]}, store=store, engine=Dask(address="tcp://127.0.0.1:1"))


def test_slurm_on_this_machine_alone(store, cells, expected):
    check(Slurm(jobs=2, cluster="local"), store, cells, expected)
    assert not (store / "jobs").exists()


@pytest.mark.slow
def test_a_cell_that_kills_every_job_fails_and_the_others_do_not(store, cells):
    with pytest.warns(UserWarning, match="1 of 6 cells failed, the first with WorkerLostError"):
        found = sweep(
            cells("kill"), {"i": range(6)}, store=store, engine=Slurm(jobs=1, cluster="local")
        )
    assert found["failure"].values.tolist()[:3] == ["", "", ""]
    assert "ended without a result" in found["failure"].item(3)
    assert found["y"].values.tolist()[4:] == [4, 5]


def test_jobs_compute_failures_again_on_demand(store, tmp_path):
    module = tmp_path / "mine.py"
    module.write_text(
        "import os\nimport xarray as xr\n\ndef f(a):\n"
        f"    if not os.path.exists({str(tmp_path / 'there')!r}): raise OSError('missing')\n"
        "    return xr.Dataset({'y': a})\n"
    )
    engine = Slurm(jobs=1, cluster="local")
    with pytest.warns(UserWarning, match="OSError: missing"):
        sweep(f"{module}:f", {"a": [1]}, store=store, engine=engine)
    (tmp_path / "there").touch()
    found = sweep(f"{module}:f", {"a": [1]}, store=store, engine=engine, retry=True)
    assert found["y"].item() == 1


@pytest.fixture
def without_package(tmp_path, monkeypatch):
    """Processes that are started cannot import this package."""
    (tmp_path / "skillphysics").mkdir()
    (tmp_path / "skillphysics" / "__init__.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("without_package")
def test_nodes_without_the_package_are_no_failure_of_cells(store, cells):
    with pytest.raises(EngineError, match="a job cannot compute: ImportError: not here; install"):
        sweep(cells("product"), {"a": [1, 2]}, store=store, engine=Slurm(jobs=1, cluster="local"))
    assert Store(store).entries() == {}


def test_dask_workers_without_the_package_are_no_failure_of_cells(
    store, cells, without_package, scheduler
):
    with pytest.raises(EngineError, match="a Dask worker cannot compute: ImportError: not here"):
        sweep(cells("product"), {"a": [1, 2]}, store=store, engine=Dask(address=scheduler[0]))
    assert Store(store).entries() == {}


def test_slurm_that_does_not_answer_is_no_empty_queue(tmp_path, monkeypatch):
    squeue = tmp_path / "squeue"
    squeue.write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2\nexit 1\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert _queued("any") == (None, "Unable to contact slurm controller")
    squeue.write_text("#!/bin/sh\necho '7_0 RUNNING'\necho '7_1 PENDING'\n")
    assert _queued("any") == ({"7_0": "RUNNING", "7_1": "PENDING"}, "")


def test_slurm_where_there_is_none(store, cells, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ArgumentError, match="sbatch is not on the PATH; run on a login node"):
        sweep(cells("product"), {"a": [1]}, store=store, engine=Slurm())


def test_the_gpus_that_a_process_sees(monkeypatch):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5e")
    assert visible_gpus() == ["2", "GPU-5e"]
    assert Local().workers_here() == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert visible_gpus() == []
