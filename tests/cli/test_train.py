"""The command `skillphysics train`, from listing to bad input."""

import re
import sys

import pytest

from skillphysics import Curves
from skillphysics.cli import main
from skillphysics.experiments import EXPERIMENTS

SMALL = ["--steps", 20, "--hidden", 8]


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


def test_experiments_and_settings_are_listed(called, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, listed, _ = called("--help")
    assert code == 0
    assert all(name in listed for name in EXPERIMENTS)
    code, listed, _ = called("grokking", "--help")
    assert code == 0
    assert re.search(r"--weight-decay[^-]*\[default: 0.0 0.03", re.sub(r"[│\s]+", " ", listed))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "unknown experiment 'nosuch'"),
        (["dominos"], "did you mean 'domino'?"),
        (["domino", "--steps", "x"], "'--steps': Input should be a valid integer"),
        (["domino", "--foo", "1"], "see skillphysics train domino --help"),
        (["domino", "--steps", "-3"], "--steps must be an integer of at least 1, got -3"),
        (["domino", "--learning-rate", "nan"], "--learning-rate must be"),
        (["emergence-data", "--depth", "0"], "--depth must be an integer of at least 1, got 0"),
        (["emergence-data", "--n-samples", "5", "--n-samples", "0"], "--n-samples must be"),
        (["emergence-data", "--halved-every", "0"], "--halved-every must be an integer of"),
        (["emergence-data", "--halved-every", "5000000000"], "--halved-every must be"),
        (["emergence-transformer", "--depth", "0"], "--depth must be an integer of at least 1"),
        (["grokking", "--modulus", "50000"], "--modulus"),
        (["reweighting", "--least-share", "-0.5"], "--least-share"),
        (["reweighting", "--n-token", "-5"], "--n-token must be an integer of at least 1"),
        (["reweighting", "--weighted-steps", "0", "--weighted-steps", "5000"], "weighted"),
        (["reweighting", "--at-once", "7"], "at-once"),
        (["reweighting", "--scale", "paper"], "tokenizer"),
        (["domino", "--shares", "1", "--shares", "2"], "2"),
        (["domino", "--precision", "float16"], "'float32' or 'float64'"),
        (["domino", "--scale", "big"], "'quick', 'paper'"),
        (["domino", "--seeds", "0"], "--seeds must be an integer of at least 1, got 0"),
        (["grokking", "--b1", "0", "--b1", "0.5", "--b1", "0.9"], "b1"),
        (["domino", "--out", "nowhere/curves.nc"], "the folder nowhere does not exist"),
        (["domino", "--checkpoint", "/"], "checkpoint must be a file, got the folder /"),
        (["domino", "--out", "curves.txt"], "--out must end in .nc, .csv or .parquet"),
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
