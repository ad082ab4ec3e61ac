"""`skillphysics sweep` and `skillphysics store`: what they write, show and refuse."""

import json
import sys

import pandas as pd
import pytest
import xarray as xr

from skillphysics.cli import main
from skillphysics.sweeps import Store

MINE = """
import numpy as np
import xarray as xr


def f(a, b=1):
    if a == 2:
        raise ValueError("two is not allowed")
    return xr.Dataset({"y": ("x", np.arange(2) * a * b)}, {"x": [0, 1]})
"""
SPEC = 'compute = "mine.py:f"\nname = "numbers"\n[settings]\nb = 10\n[grid]\na = "0:4"\n'


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """A command in a folder with a spec: exit code, standard output and standard error."""
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "numbers.toml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)

    def called(*words):
        monkeypatch.setattr(sys, "argv", ["skillphysics", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return called


def test_a_sweep_from_a_file(call, tmp_path):
    code, said, error = call("sweep", "numbers.toml", "--store", "runs", "--engine", "serial")
    assert (code, error) == (1, "")
    assert said.splitlines() == [
        "numbers: 3 of 4 cells have results in runs",
        "failed: {'a': 2}: ValueError: two is not allowed",
    ]
    assert len(Store(tmp_path / "runs").entries()) == 4
    log = (tmp_path / "runs" / "sweep.log").read_text()
    assert "numbers: 4 cells, 0 of them there" in log
    assert "failed: {'b': 10, 'a': 2}: ValueError: two is not allowed" in log
    record = json.loads(next((tmp_path / "runs" / "sweeps").glob("*.json")).read_text())
    assert record["over"] == {"a": [0, 1, 2, 3]}

    code, said, error = call("sweep", "status", "runs")
    assert code == 0
    assert "4 of 4" in said
    assert "finished" in said
    code, said, error = call("store", "ls", "runs")
    assert "mine.py:f" in said
    assert "failed:" in said
    assert "two is not allowed" in said

    # Started again, it computes nothing; the failure is computed again on demand.
    before = sorted((tmp_path / "runs").glob("*.nc"))
    call("sweep", "numbers.toml", "--store", "runs", "--engine", "serial")
    assert sorted((tmp_path / "runs").glob("*.nc")) == before
    code, said, error = call("sweep", "run", "--resume", "--store", "runs", "--engine", "serial")
    assert code == 1
    assert "3 of 4" in said


def test_a_dry_run_keeps_nothing(call, tmp_path):
    code, said, error = call("sweep", "numbers.toml", "--store", "runs", "--dry-run")
    assert (code, error) == (0, "")
    assert "a: 4 values, 0, 1, 2, 3" in said
    assert "4 to compute in 4 batches" in said
    assert "One cell took" in said
    assert not (tmp_path / "runs").exists()


def test_damage_is_found_and_removed(call, tmp_path):
    call("sweep", "numbers.toml", "--store", "runs", "--engine", "serial")
    assert call("store", "check", "runs")[0] == 0
    path = next((tmp_path / "runs").glob("*.nc"))
    path.write_bytes(path.read_bytes()[:-1])
    code, said, _ = call("store", "check", "runs")
    assert code == 1
    assert f"damaged: {path}" in said
    code, said, _ = call("store", "gc", "runs", "--dry-run")
    assert "1 files would be removed" in said
    assert path.exists()
    code, said, _ = call("store", "gc", "runs")
    assert f"damaged: {path}" in said
    assert not path.exists()
    call("sweep", "--resume", "--store", "runs", "--engine", "serial")
    assert len(Store(tmp_path / "runs").entries()) == 4


def test_results_of_other_sources_are_removed_on_demand(call, tmp_path):
    call("sweep", "numbers.toml", "--store", "runs", "--engine", "serial")
    sound = len(list((tmp_path / "runs").glob("*.nc")))
    assert "0 files removed" in call("store", "gc", "runs", "--outdated")[1]
    other = tmp_path / "other"
    other.mkdir()
    # As after an edit, which this process would not read.
    (other / "mine.py").write_text(MINE.replace("* a * b", "* a + b"))
    (other / "numbers.toml").write_text(SPEC)
    call("sweep", "other/numbers.toml", "--store", "runs", "--engine", "serial")
    assert len(Store(tmp_path / "runs").entries()) == 8
    assert len(list((tmp_path / "runs").glob("*.nc"))) > sound


@pytest.mark.parametrize("out", ["all.nc", "all.csv"])
def test_export(call, tmp_path, out):
    call("sweep", "numbers.toml", "--store", "runs", "--engine", "serial")
    code, said, error = call("store", "export", "runs", out)
    assert (code, said, error) == (0, f"The results of numbers are in {out}\n", "")
    if out.endswith(".nc"):
        with xr.open_dataset(tmp_path / out, engine="h5netcdf") as found:
            assert found["y"].sel(a=3).values.tolist() == [0, 30]
            assert found["failure"].values.tolist()[2] == "ValueError: two is not allowed"
    else:
        found = pd.read_csv(tmp_path / out)
        assert found.query("a == 3 and x == 1")["y"].item() == 30


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sweep run", "no file was given; name a SPEC.toml, or give --resume"),
        ("sweep nothing.toml", "cannot read nothing.toml: No such file or directory"),
        ("sweep numbers.toml --resume", "--resume goes on with the sweeps of the store; leave out"),
        ("sweep --resume --store nowhere", "holds no sweep to go on with; name a SPEC.toml"),
        ("sweep numbers.toml --engine locl", "unknown engine 'locl', did you mean 'local'?"),
        (
            "sweep numbers.toml --engine local(worker=2)",
            "unknown option of local 'worker', did you",
        ),
        ("sweep numbers.toml --engine local(2)", "engine must be a name, or NAME(OPTION=VALUE"),
        (
            "sweep numbers.toml --engine local(workers=0)",
            "workers must be an integer of at least 1",
        ),
        ("sweep numbers.toml --engine slurm(cluster='pbs')", "cluster must be 'slurm' or 'local'"),
        ("sweep numbers.toml --store numbers.toml", "store must be a folder, got the file"),
        ("sweep numbers.toml --store mine.py/runs", "cannot write"),
        ("sweep status nowhere", "nowhere does not exist; give the folder of a store"),
        ("sweep status .", "holds no sweep; start one with `skillphysics sweep`"),
        ("store ls nowhere", "nowhere does not exist; give the folder of a store"),
        ("store check nowhere", "nowhere does not exist; give the folder of a store"),
        ("store gc nowhere", "nowhere does not exist; give the folder of a store"),
        ("store export . all.nc", "holds no sweep; start one"),
        ("store export . all.txt", "must end in .nc or .csv, got all.txt"),
    ],
)
def test_bad_input_is_one_sentence(call, words, message):
    code, said, error = call(*words.split())
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert said == ""


def test_an_unknown_sweep(call):
    call("sweep", "numbers.toml", "--store", "runs", "--engine", "serial")
    code, _, error = call("store", "export", "runs", "all.nc", "--sweep", "number")
    assert code == 2
    assert "unknown sweep 'number', did you mean 'numbers'?" in error
