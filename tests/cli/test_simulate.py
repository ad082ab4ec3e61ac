"""`skillphysics simulate`: what it writes, and what it says of bad input."""

import sys

import numpy as np
import pytest

from skillphysics import Curves
from skillphysics.cli import main


def call(*words, monkeypatch, capsys):
    """Exit code, standard output and standard error of a command line."""
    monkeypatch.setattr(sys, "argv", ["skillphysics", "simulate", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capsys.readouterr()
    return stopped.value.code or 0, said.out, said.err


@pytest.fixture
def simulate(monkeypatch, capsys):
    return lambda *words: call(*words, monkeypatch=monkeypatch, capsys=capsys)


def test_geometry(simulate, tmp_path):
    out = tmp_path / "run.nc"
    code, said, error = simulate(
        "geometry", "--n-dim", 300, "--n-task", 4, "--alpha", 2, "--vectors", "orthogonal",
        "--loss", "mse", "--optimizer", "sign_gd", "--lr", "1e-3", "--batch", 128,
        "--steps", 600, "--seeds", 3, "--out", out, "--plot",
    )  # fmt: skip
    assert (code, error) == (0, "")
    assert str(out) in said.replace("\n", "")
    assert "level 0.9 at step" in said
    curves = Curves.load(out)
    assert curves.dataset["run"].values.tolist() == ["seed 0", "seed 1", "seed 2"]
    assert curves.level.shape == (3, 601, 4)
    assert (np.diff(curves.mean_run().learning_time(0.9)) > 0).all()
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_several_learning_rates_and_settings(simulate, tmp_path):
    out = tmp_path / "run.csv"
    code, said, _ = simulate(
        "matrix", "--frequency", 0.7, "--frequency", 0.3, "--rows", 5, "--columns", 4,
        "--optimizer", "cautious_adam", "--set", "b1=0.5", "--lr", 0.01, "--lr", 0.02,
        "--steps", 50, "--log-spaced", 10, "--out", out,
    )  # fmt: skip
    assert code == 0
    assert "lr 0.01" in said
    curves = Curves.load(out)
    assert curves.dataset.attrs["optimizer"] == "cautious_adam(b1=0.5)"
    assert curves.dataset["run"].values.tolist() == ["seed 0, lr 0.01", "seed 0, lr 0.02"]
    np.testing.assert_array_equal(curves.dataset["learning_rate"], [0.01, 0.02])
    assert len(curves.steps) <= 11


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("quadratic", "--steps", 7000), [1, 1, 1, 0.9]),
        (("quadratic", "--aligned", "--steps", 4000), [1, 1, 1, 1]),
        (("multilinear-net", "--n-task", 2, "--lr", 0.1), [1, 1]),
        (("multilinear-net", "--n-task", 2, "--width", 8, "--n-samples", 50, "--lr", 0.1), [1, 1]),
        (("resource", "--n-task", 2, "--norm", "l2"), [1, 1]),
        (("domino", "--n-task", 3, "--capacity", 2), [1, 1, 0]),
        (("linear", "--n-task", 2), [1, 1]),
        (("multilinear", "--n-task", 2, "--ratio", 2), [1, 1]),
    ],
)
def test_every_other_kind(simulate, tmp_path, words, last):
    out = tmp_path / "run.parquet"
    code, _, error = simulate(*words, "--out", out)
    assert (code, error) == (0, "")
    np.testing.assert_allclose(Curves.load(out).level.values[-1], last, atol=0.02)


def test_a_checkpoint_is_gone_once_the_curves_are_written(simulate, tmp_path):
    out, checkpoint = tmp_path / "run.nc", tmp_path / "run.checkpoint"
    code, _, _ = simulate("geometry", "--steps", 10, "--out", out, "--checkpoint", checkpoint)
    assert code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("geometry --n-task 0", "--n-task is 0"),
        ("geometry --n-task -3", "--n-task is -3"),
        ("geometry --n-task 99999999999999", "--n-task 99999999999999 needs about"),
        ("geometry --n-task 20 --n-dim 10", "20 orthogonal task vectors do not fit"),
        ("geometry --n-dim 0", "n_dim is 0"),
        ("geometry --n-dim 0 --vectors unit", "n_dim is 0"),
        ("geometry --n-dim 99999999999", "99999999999 numbers"),
        ("geometry --n-dim 10.5", "'--n-dim': Input should be a valid integer"),
        ("geometry --alpha nan", "alpha is nan"),
        ("geometry --alpha inf", "alpha is inf"),
        ("geometry --ratio -1", "ratio is -1"),
        ("geometry --ratio 2 --alpha 1", "--alpha and --ratio both"),
        ("geometry --frequency 0", "frequency[0] is 0.0"),
        ("geometry --frequency nan --frequency 1", "frequency[0] is nan"),
        ("geometry --frequency 1 --n-task 2", "--frequency is given 1 times"),
        ("geometry --vectors skew", "'skew'"),
        ("geometry --loss mae", "'mae'"),
        ("geometry --loss ce --half-square", "no square"),
        ("geometry --batch 0", "batch_size is 0"),
        ("geometry --batch -5", "batch_size is -5"),
        ("geometry --batch 99999999999999", "batches of 99999999999999"),
        ("geometry --batch 99999999", "batch_size is 99999999; a number from 1 to"),
        ("geometry --noise nan", "noise is nan"),
        ("geometry --noise -1", "noise is -1"),
        ("geometry --reweight -1", "reweight is -1"),
        ("geometry --optimizer adm", "did you mean adam"),
        ("geometry --optimizer sgd --set momentum=1.5", "momentum of sgd"),
        ("geometry --optimizer sgd --set beta=0.5", "no hyperparameter 'beta'"),
        ("geometry --set momentum", "NAME=VALUE"),
        ("geometry --set eps=x", "no number, true or false"),
        ("geometry --set eps=1 --set eps=2", "twice"),
        ("geometry --lr nan", "learning_rate is nan"),
        ("geometry --lr -0.1", "learning_rate is -0.1"),
        ("geometry --lr 0.1 --lr 0.1", "twice"),
        ("geometry --lr abc", "'--lr': Input should be a valid number"),
        ("geometry --steps 0", "steps is 0"),
        ("geometry --steps -1", "steps is -1"),
        ("geometry --steps 99999999999", "steps is 99999999999"),
        ("geometry --seeds 0", "--seeds is 0"),
        ("geometry --seeds 99999999999", "99999999999 times"),
        ("geometry --seed -1", "--seed"),
        ("geometry --record 0", "record is 0"),
        ("geometry --record 5 --log-spaced 5", "give one"),
        ("geometry --log-spaced 0", "--log-spaced is 0"),
        ("geometry --out run.txt", ".nc, .csv or .parquet"),
        ("geometry --out none/run.nc", "none is no folder"),
        ("geometry --colour red", "No such option"),
        ("geometry --optimizer sgd --lr 1e30 --steps 50", "no longer finite"),
        ("matrix --rows 0", "n_dim is 0"),
        ("quadratic --lr inf", "learning_rate is inf"),
        ("multilinear-net --width 0", "width is 0"),
        ("multilinear-net --target-scale 0", "target_scale is 0"),
        ("multilinear-net --n-samples 0", "n_samples is 0"),
        ("resource --rate nan", "rate is nan"),
        ("resource --waste -1", "waste is -1"),
        ("resource --norm l3", "'l3'"),
        ("domino --capacity -1", "--capacity is -1"),
        ("linear --rate 0", "rate is 0"),
        ("multilinear --initial-share 2", "initial_share is 2"),
        ("nothing", "No such command"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    simulate, tmp_path, monkeypatch, words, said
):
    monkeypatch.chdir(tmp_path)
    code, out, error = simulate(*words.split())
    assert code == 2
    assert out == ""
    assert error.count("\n") == 1
    assert error.startswith("error: ")
    assert said in error
    assert list(tmp_path.iterdir()) == []
