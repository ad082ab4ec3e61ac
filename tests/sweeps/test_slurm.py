"""The engine slurm on a real Slurm of one node."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from skillphysics.errors import ArgumentError
from skillphysics.sweeps import Local, Slurm, Store, sweep

_SPEC = importlib.util.spec_from_file_location("one_node", Path(__file__).with_name("slurm.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
one_node = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(one_node)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(one_node.missing()), reason=f"a Slurm needs {one_node.missing()} on this machine"
    ),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Slurm of one node."""
    folder = tmp_path_factory.mktemp("slurm")
    with one_node.running(folder):
        yield folder


@pytest.mark.usefixtures("cluster")
def test_jobs_compute_what_processes_compute(store, cells):
    over = {"a": range(8, 108), "b": [1, 2]}
    found = sweep(cells("product"), over, store=store, engine=Slurm(jobs=4))
    known = sweep(cells("product"), over, store=store.with_name("known"), engine=Local(workers=1))
    xr.testing.assert_identical(found.load(), known.load())
    assert not (store / "jobs").exists()


@pytest.mark.usefixtures("cluster")
def test_jobs_outlive_their_driver_and_are_not_submitted_twice(store, cells, tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(
        "from skillphysics.sweeps import Slurm, sweep\n"
        f"sweep({cells('wait')!r}, {{'i': range(40)}}, {{'seconds': 0.5}}, store={str(store)!r}, "
        "engine=Slurm(jobs=2))\n"
    )
    driver = subprocess.Popen([sys.executable, script])  # noqa: S603
    while not list((store / "jobs").glob("*_submitted.pkl")):
        time.sleep(0.2)
    time.sleep(4)
    driver.kill()
    driver.wait()
    found = sweep(
        cells("wait"), {"i": range(40)}, {"seconds": 0.5}, store=store, engine=Slurm(jobs=2)
    )
    assert found["y"].values.tolist() == list(range(40))
    keys = [entry.key for stored in Store(store).files() for entry in stored.entries]
    assert len(keys) == 40
    assert "jobs of an earlier start are waited for" in (store / "sweep.log").read_text()


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    "act", [["scontrol", "requeue"], ["scancel"], ["scancel", "--signal=USR2"]], ids=" ".join
)
def test_a_job_that_is_preempted_or_cancelled_or_out_of_time_loses_nothing(
    store, cells, tmp_path, act
):
    script = tmp_path / "driver.py"
    script.write_text(
        "from skillphysics.sweeps import Slurm, sweep\n"
        f"sweep({cells('wait')!r}, {{'i': range(60)}}, {{'seconds': 0.5}}, store={str(store)!r}, "
        "engine=Slurm(jobs=2))\n"
    )
    driver = subprocess.Popen([sys.executable, script])  # noqa: S603
    while not list(store.glob("[!.]*.nc")) and driver.poll() is None:
        time.sleep(0.2)
    listed = ["squeue", "--noheader", "--array", "--states", "R", "--format", "%i"]
    running = subprocess.run(listed, capture_output=True, text=True, check=True)  # noqa: S603
    # As 7_0: the number of an element alone is none that scancel knows.
    job = running.stdout.split()[0]
    subprocess.run([*act, job], check=True)  # noqa: S603
    assert driver.wait(timeout=240) == 0
    # What was cancelled is submitted by the driver, and all else is queued again by Slurm.
    log = (store / "sweep.log").read_text()
    assert ("is sent again" in log) == (act == ["scancel"])
    assert "failed:" not in log
    found = sweep(cells("wait"), {"i": range(60)}, {"seconds": 0.5}, store=store)
    assert found["y"].values.tolist() == list(range(60))
    assert "failure" not in found


@pytest.mark.usefixtures("cluster")
def test_a_partition_that_there_is_not(store, cells):
    with pytest.raises(ArgumentError, match=r"Slurm refuses the jobs: .*nvalid partition name"):
        sweep(cells("product"), {"a": [1]}, store=store, engine=Slurm(partition="none"))


@pytest.mark.usefixtures("cluster")
def test_a_job_that_is_killed_among_others_is_sent_again_while_they_run(store, cells):
    with pytest.warns(UserWarning, match="1 of 6 cells failed, the first with WorkerLostError"):
        found = sweep(cells("kill"), {"i": range(6)}, store=store, engine=Slurm(jobs=3))
    assert found["y"].values.tolist()[:3] == [0, 1, 2]
    assert found["y"].values.tolist()[4:] == [4, 5]
