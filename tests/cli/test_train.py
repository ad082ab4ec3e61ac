"""The command `skillphysics train`, from listing to bad input."""

import re
import sys

import pytest

from skillphysics import Curves
from skillphysics.cli import main
from skillphysics.experiments import EXPERIMENTS

SMALL = ["--set", "steps=20", "--set", "hidden=8"]


@pytest.fixture
def called(monkeypatch, capsys):
    """Exit code, standard output and standard error of a command line."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["skillphysics", "train", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        told = capsys.readouterr()
        return stopped.value.code or 0, told.out, told.err

    return call


def test_curves_of_an_experiment(called, tmp_path):
    out, checkpoint = tmp_path / "curves.nc", tmp_path / "c.npz"
    code, told, _ = called(
        "modularity", *SMALL, "--seeds", 2, "--seed", 4, "--out", out,
        "--checkpoint", checkpoint, "--plot",
    )  # fmt: skip
    assert code == 0
    assert "n_block 1" in told
    assert "last loss" in told
    curves = Curves.load(out)
    assert curves.dataset["seed"].values.tolist() == [4, 4, 5, 5]
    assert curves.dataset.attrs["settings"]["hidden"] == 8
    assert {path.name for path in tmp_path.iterdir()} == {"curves.nc", "curves.png"}


def test_only_checkpoints_of_the_run_are_removed(called, tmp_path):
    """Results that begin with the name of the checkpoint were removed with it."""
    others = ["run.0.nc", "run.2024-backup", "run.1-of-2.nc"]
    for name in others:
        (tmp_path / name).write_text("kept")
    (tmp_path / "run.5-of-9").write_text("left by an earlier run")
    out, checkpoint = tmp_path / "run.1.nc", tmp_path / "run"
    code, _, _ = called("modularity", *SMALL, "--out", out, "--checkpoint", checkpoint)
    assert code == 0
    assert {path.name for path in tmp_path.iterdir()} == {*others, "run.1.nc"}


def test_experiments_and_settings_are_listed(called):
    code, told, _ = called("--list")
    assert code == 0
    assert all(name in told for name in EXPERIMENTS)
    code, told, _ = called("grokking", "--list")
    assert code == 0
    assert re.search(r"weight_decay\s+0.0,0.03", told)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "an experiment is wanted"),
        (["nosuch"], "'nosuch' is no experiment; known are domino"),
        (["domino", "--set", "steps=x"], "'x' is not a whole number"),
        (["domino", "--set", "steps"], "NAME=VALUE is wanted"),
        (["domino", "--set", "foo=1"], "NAME one of steps, "),
        (["domino", "--set", "steps=1", "--set", "steps=2"], "'steps' twice"),
        (["domino", "--set", "steps=-3"], "steps is -3"),
        (["domino", "--set", "learning_rate=nan"], "a finite number is wanted"),
        (["emergence-data", "--set", "depth=0"], "a whole number of at least 1 is wanted"),
        (["emergence-data", "--set", "n_samples=5,0"], "n_samples is 0; a whole number of at"),
        (["emergence-data", "--set", "halved_every=0"], "halved_every is 0; a whole number of"),
        (["emergence-data", "--set", "halved_every=5000000000"], "at most 2147483647 is wanted"),
        (["emergence-transformer", "--set", "depth=0"], "n_layer is 0; a whole number of at"),
        (["emergence-transformer", "--set", "momentum=0.9"], "momentum"),
        (["grokking", "--set", "modulus=50000"], "modulus is 50000; at most 46340 is wanted"),
        (["reweighting", "--set", "least_share=-0.5"], "least_share is -0.5; a share from 0 to 1"),
        (["reweighting", "--set", "n_token=-5"], "n_token is -5; a whole number of at least 1"),
        (
            ["reweighting", "--set", "weighted_steps=0,5000"],
            "has 5000; numbers from 0 to steps = 2000",
        ),
        (["reweighting", "--set", "at_once=7"], "at_once is 7; a number that divides"),
        (["reweighting", "--scale", "paper"], "tokenizer is tokenizer.json; a file is wanted"),
        (["domino", "--set", "shares=1,2"], "frequency holds 2.0"),
        (["domino", "--set", "shares="], "'' is not a number"),
        (["domino", "--set", "precision=float16"], "dtype is 'float16'"),
        (["domino", "--scale", "big"], "'quick' or 'paper'"),
        (["domino", "--seeds", "0"], "--seeds is 0"),
        (["grokking", "--set", "b1=0,0,0"], "b1 has 3 values and b2 2"),
        (["reweighting", "--set", "attached=maybe"], "'maybe' is not true or false"),
        (["domino", "--out", "nowhere/curves.nc"], "nowhere is no folder"),
        (["domino", "--checkpoint", "/"], "--checkpoint is /, which is a folder; a file is wanted"),
        (["domino", "--out", "curves.txt"], "a name in .nc, .csv or .parquet"),
    ],
)
def test_bad_input_is_one_sentence(arguments, message, called, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, told, error = called(*arguments)
    assert code == 2
    assert told == ""
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
