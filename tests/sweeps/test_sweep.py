"""Sweeps: results with named dimensions, what goes on after an interruption, failures as data."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from functools import partial

import numpy as np
import pytest
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.optimizers import from_label
from skillphysics.skills import Skills
from skillphysics.sweeps import Local, Serial, Store, StoreError, engine_of, sweep
from skillphysics.sweeps.engines import Crew, Engine, WorkerLostError
from skillphysics.sweeps.work import Outcome, Task, work


def test_results_have_the_dimensions_of_the_grid_then_their_own(cells, store):
    found = sweep(cells("product"), {"a": [1, 2], "b": [3, 4, 5]}, store=store)
    assert found["y"].dims == ("a", "b", "x")
    expected = np.multiply.outer(np.multiply.outer([1, 2], [3, 4, 5]), [0, 1, 2])
    assert found["y"].values.tolist() == expected.tolist()
    assert found["y"].dtype == np.int64
    assert found["odd"].values.tolist() == [[True] * 3, [False] * 3]
    assert found["name"].sel(a=2, b=3).item() == "cell 2"
    assert found["x"].values.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "index",
    [
        {"a": 1}, {"a": [2, 0]}, {"b": slice(1, None)}, {"x": 2}, {"a": 0, "b": 1, "x": [1, 1]},
        {"a": slice(None, None, -1), "x": slice(0, 2)}, {"a": -1, "b": [-1, 0]},
    ],
    ids=str,
)  # fmt: skip
def test_reading_a_part_is_that_part_of_all(cells, store, index):
    over = {"a": [1, 2, 3], "b": [3, 4]}
    whole = sweep(cells("product"), over, store=store).load()
    part = sweep(cells("product"), over, store=store).isel(index)
    xr.testing.assert_identical(part.load(), whole.isel(index))


def test_a_list_of_settings_has_one_dimension(cells, store):
    found = sweep(cells("product"), [{"a": 2}, {"a": 3, "b": 10}], store=store)
    assert found["y"].dims == ("cell", "x")
    assert found["y"].sel(x=2).values.tolist() == [2, 30]
    assert found["a"].values.tolist() == [2, 3]
    assert found["b"].values.tolist() == ["null", "10"]


def test_labels_that_differ_between_cells_are_joined(cells, store):
    found = sweep(cells("ragged"), {"n": [1, 3, 2]}, store=store)
    assert found["step"].values.tolist() == [0, 10, 20]
    assert found["level"].dims == ("n", "step", "skill")
    expected = [[0, np.nan, np.nan], [0, 1, 2], [0, 1, np.nan]]
    np.testing.assert_array_equal(found["level"].sel(skill="carry"), expected)
    assert found["count"].values.tolist() == [1, 3, 2]
    assert found["frequency"].dims == ("skill",)


def test_a_coordinate_that_depends_on_the_cell_becomes_a_variable(store):
    found = sweep("simulate linear", {"alpha": [1, 2]}, {"steps": 10, "n_skill": 3}, store=store)
    assert found["frequency"].dims == ("alpha", "skill")
    for alpha in (1, 2):
        expected = Skills.power_law(3, alpha).frequency
        np.testing.assert_array_equal(found["frequency"].sel(alpha=alpha), expected)


def test_failures_are_data_and_the_others_go_on(cells, store):
    with pytest.warns(UserWarning, match="1 of 3 cells failed, the first with ValueError: seven"):
        found = sweep(cells("product"), {"a": [6, 7, 8]}, store=store)
    assert found["failure"].values.tolist() == ["", "ValueError: seven is not allowed", ""]
    assert found["y"].sel(x=3).values.tolist()[::2] == [12, 16]
    assert np.isnan(found["y"].sel(a=7)).all()
    failure = next(e.failure for e in Store(store).entries().values() if e.failure)
    assert 'raise ValueError("seven' in failure.traceback


def test_failures_are_computed_again_only_on_demand(cells, store, tmp_path):
    module = tmp_path / "mine.py"
    module.write_text(
        "import os\nimport xarray as xr\n\ndef f(a):\n"
        f"    with open({str(tmp_path / 'calls')!r}, 'a') as file: file.write('x')\n"
        f"    if not os.path.exists({str(tmp_path / 'there')!r}): raise OSError('missing')\n"
        "    return xr.Dataset({'y': a})\n"
    )
    with pytest.warns(UserWarning, match="OSError: missing"):
        sweep(f"{module}:f", {"a": [1]}, store=store)
    (tmp_path / "there").touch()
    with pytest.warns(UserWarning, match="OSError: missing"):
        sweep(f"{module}:f", {"a": [1]}, store=store)
    found = sweep(f"{module}:f", {"a": [1]}, store=store, retry=True)
    assert found["y"].item() == 1
    assert (tmp_path / "calls").read_text() == "xx"


def test_a_batch_runs_in_one_call_and_is_the_same_for_any_part_of_it(cells, store):
    found = sweep(cells("batched"), {"a": [1, 2, 3, 4, 5]}, store=store, together=3)
    assert sorted(found["n_call"].values.tolist()) == [2, 2, 3, 3, 3]


def test_a_cell_that_spoils_its_batch_fails_alone(cells, store):
    found = sweep(cells("batched"), {"a": [5, 6, 7, 8]}, store=store)
    assert found["y"].values.tolist() == [5, 6, 7, 8]
    assert found["n_call"].values.tolist() == [1] * 4


def test_a_function_must_return_a_dataset(cells, store):
    with pytest.warns(UserWarning, match="must return an xarray.Dataset or Curves, got float"):
        sweep(cells("wrong"), {"i": [1]}, store=store)


@pytest.mark.parametrize(
    ("name", "message"),
    [("exits", "SystemExit: 3"), ("reserved", "must not have a variable 'failure'")],
)
def test_what_a_cell_may_not_do_is_its_failure(cells, store, name, message):
    with pytest.warns(UserWarning, match=message):
        sweep(cells(name), {"i": [1]}, store=store)


def test_a_cell_may_change_the_working_directory(cells, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = sweep(cells("moves"), {"i": [0, 1, 2]}, store="store")
    assert found["y"].values.tolist() == [0, 1, 2]


def test_curves_are_results(cells, store):
    found = sweep(cells("curves"), {"rate": [0.5, 0.7]}, store=store)
    assert Curves(found.sel(rate=0.7, drop=True)).level.values.tolist() == [[0.0], [0.7]]


def test_a_world_of_a_sweep_is_the_world_that_train_trains(store):
    import jax

    from skillphysics.training import train
    from skillphysics.worlds import Geometry

    over = {"seed": [0, 1], "learning_rate": [1e-3, 3e-3], "optimizer": ["sgd", "adam(b2=0.9)"]}
    settings = {"steps": 50, "n_skill": 3, "n_dim": 40, "batch_size": 16}
    found = sweep("simulate geometry", over, settings, store=store)
    for seed in (0, 1):
        key = jax.random.key(seed)
        world = Geometry.draw(key, Skills.power_law(3, 2.0), 40, batch_size=16)
        for rate in (1e-3, 3e-3):
            for label in over["optimizer"]:
                alone = train(world, from_label(label), learning_rate=rate, steps=50, key=key)
                own = found.sel(seed=seed, learning_rate=rate, optimizer=label)
                np.testing.assert_allclose(own["level"], alone.level, atol=2e-6)


def test_an_experiment_of_a_sweep_is_the_experiment(store):
    from skillphysics.experiments import EXPERIMENTS

    settings = {"steps": 20, "shares": [0.5, 0.1]}
    found = sweep("train domino", {"seed": [3, 4]}, settings, store=store)
    kind = EXPERIMENTS["domino"]
    fields = {**kind.QUICK, "steps": 20, "shares": (0.5, 0.1)}
    whole = kind(**fields).run([3, 4])
    assert found["level"].dims == ("seed", "run", "step", "skill")
    assert found["run"].values.tolist() == ["share 0.5", "share 0.1"]
    by_seed = whole.level.values.reshape(2, 2, *whole.level.shape[1:])
    np.testing.assert_allclose(found["level"], by_seed, atol=1e-6)


def test_a_fit_of_a_sweep_is_the_fit(store, tmp_path):
    import jax

    from skillphysics import Linear, fit, read_curves

    steps = np.arange(0, 200, 10)
    levels = 1 - np.exp(-np.outer(steps, [0.05, 0.01]))
    log = tmp_path / "log.nc"
    Curves.from_arrays(steps, levels, skill=["a", "b"]).save(log)
    found = sweep("fit", {"theory": ["linear", "resource"]}, {"log": str(log)}, store=store)
    alone = fit(read_curves(log), Linear, key=jax.random.key(0))
    own = found.sel(theory="linear").dropna("parameter")
    table = alone.parameters.reset_index()
    names = [f"{p} of {s}" if s else p for p, s in zip(table.parameter, table.skill, strict=True)]
    assert own["parameter"].values.tolist() == names
    np.testing.assert_allclose(own["value"], table["value"], rtol=1e-9)
    assert found["deviance"].sel(theory="linear").item() == pytest.approx(alone.deviance)


def test_what_is_there_is_not_computed_again(cells, store):
    begun = time.monotonic()
    sweep(cells("wait"), {"i": range(3)}, {"seconds": 0.2}, store=store)
    took = time.monotonic() - begun
    files = sorted(store.glob("*.nc"))
    begun = time.monotonic()
    sweep(cells("wait"), {"i": range(3)}, {"seconds": 0.2}, store=store)
    assert time.monotonic() - begun < took / 2
    assert sorted(store.glob("*.nc")) == files


class Flaky(Engine):
    """An engine whose workers are lost before, or after, they have written."""

    def __init__(self, losses: list[str]) -> None:
        self.losses = losses

    def crew(self, n_task, folder):
        engine = self

        class Lost(Crew):
            @property
            def size(self):
                return 2

            def __enter__(self):
                return self

            def __exit__(self, *error):
                return False

            def submit(self, tasks):
                return [self.one(task) for task in tasks]

            def one(self, task: Task) -> "Future[Outcome]":
                future: Future[Outcome] = Future()
                loss = engine.losses.pop(0) if engine.losses else ""
                outcome = None if loss == "before" else work(task)
                if loss:
                    future.set_exception(WorkerLostError("a worker was lost"))
                elif outcome is not None:
                    future.set_result(outcome)
                return future

        return Lost()


@pytest.mark.parametrize("losses", [["before"], ["after"], ["before", "", "after", "before"]])
def test_lost_work_is_sent_again_and_what_was_written_is_not(cells, store, losses):
    whole = sweep(cells("product"), {"a": range(1, 7)}, store=store.with_name("whole")).load()
    found = sweep(cells("product"), {"a": range(1, 7)}, store=store, engine=Flaky(list(losses)))
    xr.testing.assert_identical(found.load(), whole)
    rows = [entry.key for stored in Store(store).files() for entry in stored.entries]
    assert len(rows) == len(set(rows)) == 6


def test_a_cell_that_kills_its_process_is_a_failure(cells, store):
    with pytest.warns(UserWarning, match="1 of 6 cells failed, the first with WorkerLostError"):
        found = sweep(cells("kill"), {"i": range(6)}, store=store, engine=Local(workers=2))
    assert found["y"].values.tolist()[:3] == [0, 1, 2]
    assert "code -9, 2 times; perhaps out of memory" in found["failure"].item(3)


def test_two_sweeps_may_fill_one_store_at_once(cells, store):
    def fill(shift: int) -> None:
        sweep(cells("wait"), {"i": range(shift, shift + 8)}, {"seconds": 0.05}, store=store)

    threads = [threading.Thread(target=fill, args=(shift,)) for shift in (0, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Store(store).damaged() == []
    found = sweep(cells("wait"), {"i": range(12)}, {"seconds": 0.05}, store=store)
    assert found["y"].values.tolist() == list(range(12))


def test_a_script_can_sweep_its_own_function(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import xarray as xr\nfrom skillphysics.sweeps import sweep\n\n"
        "def f(a):\n    return xr.Dataset({'y': 2 * a})\n\n"
        "if __name__ == '__main__':\n"
        f"    found = sweep(f, {{'a': [1, 2, 3]}}, store={str(tmp_path / 'store')!r}, "
        "engine='local')\n    print(found['y'].values.tolist())\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "[2, 4, 6]\n"
    # A module that is imported finds what the script has computed.
    found = sweep(f"{script}:f", {"a": [1, 2, 3]}, store=tmp_path / "store")
    assert found["y"].values.tolist() == [2, 4, 6]
    assert "3 cells, 3 of them there" not in (tmp_path / "store" / "sweep.log").read_text()


def test_an_interrupt_keeps_what_is_done_and_says_how_to_go_on(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import time\nimport xarray as xr\n\ndef f(i):\n"
        "    time.sleep(0.3)\n    return xr.Dataset({'y': i})\n"
    )
    (tmp_path / "slow.toml").write_text('compute = "mine.py:f"\n[grid]\ni = "0:60"\n')
    command = [shutil.which("skillphysics", path=str(sys.prefix) + "/bin"), "sweep"]
    begun = subprocess.Popen(  # noqa: S603
        [*command, "slow.toml", "--store", "runs", "--engine", "serial"], cwd=tmp_path,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    log = tmp_path / "runs" / "sweep.log"
    while len(list((tmp_path / "runs").glob("[!.]*.nc"))) < 2 and begun.poll() is None:
        time.sleep(0.05)
    # HDF5 may lose one that arrives while it calls Python back.
    for _ in range(10):
        begun.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            begun.wait(2)
            break
    _, error = begun.communicate(timeout=30)
    assert begun.returncode == 130
    assert "go on with `skillphysics sweep --resume --store runs`" in error
    assert "Traceback" not in error
    assert "interrupted" in log.read_text()
    before = len(Store(tmp_path / "runs").entries())
    assert 0 < before < 60
    subprocess.run(  # noqa: S603
        [*command, "--resume", "--store", "runs"], cwd=tmp_path, check=True, timeout=120,
        capture_output=True,
    )  # fmt: skip
    assert len(Store(tmp_path / "runs").entries()) == 60


def test_engines_by_name():
    assert engine_of("local(workers=3)") == Local(workers=3)
    assert engine_of("serial") == Serial()
    with pytest.raises(ValueError, match="unknown engine 'locl', did you mean 'local'"):
        engine_of("locl")
    with pytest.raises(ValueError, match="unknown option of local 'worker', did you mean"):
        engine_of("local(worker=3)")
    with pytest.raises(ValueError, match="workers must be an integer of at least 1, got 0"):
        engine_of("local(workers=0)")


def test_a_function_may_change_the_settings_that_it_is_given(cells, store):
    found = sweep(cells("mutate"), {"i": [1, 2, 3]}, {"shares": [1]}, store=store)
    assert found["y"].values.tolist() == [2, 3, 4]
    assert all(e.settings["shares"] == [1] for e in Store(store).entries().values())


@pytest.mark.parametrize(
    ("name", "message"),
    [("mute", "MuteError: its message cannot be printed"), ("broken_text", r"ValueError: \\udc80")],
)
def test_errors_that_cannot_be_written_are_data_all_the_same(cells, store, name, message):
    with pytest.warns(UserWarning, match=message):
        sweep(cells(name), {"i": [1]}, store=store)
    assert len(Store(store).entries()) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_function_that_forks_answers_once(cells, store):
    found = sweep(cells("fork"), {"i": range(6)}, store=store, engine=Local(workers=2))
    assert found["y"].values.tolist() == list(range(6))
    rows = [entry.key for stored in Store(store).files() for entry in stored.entries]
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("twice", r"labels along 'x' differ between cells, .* must be distinct .* \[1, 1, 2\]"),
        ("nan", r"labels along 'x' differ between cells, .* nan\]"),
        ("none", "labels along 'x' in some cells and none in others, and differ in its size"),
    ],
)
def test_labels_that_cannot_be_joined(cells, store, kind, message):
    with pytest.raises(StoreError, match=message):
        sweep(cells("labelled"), {"kind": ["usual", kind]}, store=store)


def test_settings_and_results_of_one_name_are_an_error(cells, store):
    with pytest.raises(StoreError, match="variable or dimension 'x', which is also a dimension"):
        sweep(f"{cells('product')}_x", {"x": [1]}, store=store)
    with pytest.raises(StoreError, match="variable or dimension 'x', which is also a setting"):
        sweep(f"{cells('product')}_x", [{"x": 1}], store=store)


def test_results_that_vanish_while_a_sweep_runs_are_an_error(cells, store):
    folder = {"folder": str(store)}
    with pytest.raises(StoreError, match=r"1 of 2 cells are not in .*: files were removed"):
        sweep(cells("remove_files"), {"i": [1, 2]}, folder, store=store)


class Holder:
    """A class with functions that other processes do not find."""

    def method(self, i: int) -> xr.Dataset:
        return xr.Dataset({"y": i})

    def __call__(self, i: int) -> xr.Dataset:
        return xr.Dataset({"y": i})


@pytest.mark.parametrize("kind", ["method", "object", "partial", "lambda", "nested"])
def test_functions_that_other_processes_do_not_find(kind, store):
    def nested(i: int) -> xr.Dataset:
        return xr.Dataset({"y": i})

    function = {
        "method": Holder().method, "object": Holder(), "nested": nested,
        "partial": partial(nested, i=2), "lambda": lambda i: nested(i),
    }[kind]  # fmt: skip
    with pytest.raises(ArgumentError, match="at the top level of a module"):
        sweep(function, {"i": [1]}, store=store)


def test_a_script_without_a_guard_is_one_error(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import xarray as xr\nfrom skillphysics.sweeps import sweep\n\n"
        "def f(a):\n    return xr.Dataset({'y': 2 * a})\n\n"
        f"sweep(f, {{'a': [1, 2, 3]}}, store={str(tmp_path / 'store')!r}, engine='local')\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert (
        'a script that sweeps by processes must do so below `if __name__ == "__main__":`'
        in (done.stderr.splitlines()[-1])
    )
    assert Store(tmp_path / "store").entries() == {}
