"""`skillphysics simulate`: what it writes, and what it says of bad input."""

import sys

import numpy as np
import pytest
from rich.console import Console

from skillphysics import Curves
from skillphysics.cli import main
from skillphysics.cli.learned import show_learned


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
        "geometry", "--n-dim", 300, "--n-skill", 4, "--alpha", 2, "--vectors", "orthogonal",
        "--criterion", "mse", "--optimizer", "sign_gd", "--lr", "1e-3", "--batch-size", 128,
        "--steps", 600, "--seeds", 3, "--out", out, "--plot",
    )  # fmt: skip
    assert code == 0, error
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
        "--optimizer", "cautious_adam(b1=0.5)", "--lr", 0.01, "--lr", 0.02,
        "--steps", 50, "--log-spaced", 10, "--out", out,
    )  # fmt: skip
    assert code == 0
    assert "lr 0.01" in said
    curves = Curves.load(out)
    assert curves.dataset.attrs["optimizer"] == "cautious_adam(b1=0.5)"
    assert curves.dataset["run"].values.tolist() == ["lr 0.01, seed 0", "lr 0.02, seed 0"]
    np.testing.assert_array_equal(curves.dataset["learning_rate"], [0.01, 0.02])
    assert len(curves.steps) <= 11


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("quadratic", "--steps", 7000), [1, 1, 1, 0.9]),
        (("quadratic", "--no-rotated", "--steps", 4000), [1, 1, 1, 1]),
        (("multilinear-net", "--n-skill", 2, "--lr", 0.1), [1, 1]),
        (("multilinear-net", "--n-skill", 2, "--width", 8, "--n-samples", 50, "--lr", 0.1), [1, 1]),
        (("resource", "--n-skill", 2, "--norm", "l2"), [1, 1]),
        (("domino", "--n-skill", 3, "--capacity", 2), [1, 1, 0]),
        (("modular-domino", "--n-skill", 3), [1, 1, 1]),
        (("linear", "--n-skill", 2), [1, 1]),
        (("multilinear", "--n-skill", 2, "--ratio", 2), [1, 1]),
    ],
)
def test_every_other_kind(simulate, tmp_path, words, last):
    out = tmp_path / "run.parquet"
    code, _, error = simulate(*words, "--out", out)
    assert code == 0, error
    np.testing.assert_allclose(Curves.load(out).level.values[-1], last, atol=0.02)


def test_a_checkpoint_is_gone_once_the_curves_are_written(simulate, tmp_path):
    out, checkpoint = tmp_path / "run.nc", tmp_path / "run.checkpoint"
    code, _, _ = simulate("geometry", "--steps", 10, "--out", out, "--checkpoint", checkpoint)
    assert code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("geometry --n-skill 0", "--n-skill must be an integer of at least 1, got 0"),
        ("geometry --n-skill -3", "--n-skill must be an integer of at least 1, got -3"),
        ("geometry --n-skill 99999999999999", "--n-skill must be at most 2147483647"),
        ("geometry --n-skill 2000000000", "--n-skill must be smaller than 2000000000"),
        ("geometry --n-skill 20 --n-dim 10", "--n-dim must be at least 20 for 20 orthogonal"),
        ("geometry --n-dim 0", "--n-dim must be an integer of at least 1, got 0"),
        ("geometry --n-dim 0 --vectors unit", "--n-dim must be an integer of at least 1, got 0"),
        ("geometry --n-dim 99999999999", "--n-dim must be smaller than 99999999999"),
        ("geometry --n-dim 10.5", "'--n-dim': Input should be a valid integer"),
        ("geometry --alpha nan", "alpha"),
        ("geometry --alpha inf", "alpha"),
        ("geometry --ratio -1", "ratio"),
        ("geometry --ratio 2 --alpha 1", "--alpha and --ratio both"),
        ("geometry --frequency 0", "frequency[0]"),
        ("geometry --frequency nan --frequency 1", "frequency[0]"),
        ("geometry --frequency 1 --n-skill 2", "--n-skill must be the number of frequencies, 1"),
        ("geometry --vectors skew", "'skew'"),
        ("geometry --criterion mae", "--criterion must be 'mse' or 'ce', got 'mae'"),
        ("geometry --criterion ce --half-square", "square"),
        ("geometry --batch-size 0", "--batch-size must be an integer from 1 to"),
        ("geometry --batch-size -5", "--batch-size must be an integer from 1 to"),
        ("geometry --batch-size 99999999", "--batch-size must be an integer from 1 to"),
        ("geometry --noise nan", "--noise must be non-negative and finite, got nan"),
        ("geometry --noise -1", "--noise must be non-negative and finite, got -1"),
        ("geometry --reweight -1", "--reweight must be non-negative and finite, got -1"),
        ("geometry --optimizer adm", "did you mean 'adam'"),
        ("geometry --optimizer sgd(momentum=1.5)", "momentum of sgd"),
        ("geometry --optimizer sgd(beta=0.5)", "'beta'"),
        ("geometry --optimizer sgd(0.5)", "NAME(OPTION=VALUE, …), got 'sgd(0.5)'"),
        ("geometry --optimizer sgd(", "NAME(OPTION=VALUE, …), got 'sgd('"),
        ("geometry --optimizer adam(eps=x)", "NAME(OPTION=VALUE, …)"),
        ("geometry --optimizer adam(eps=1,eps=2)", "NAME(OPTION=VALUE, …)"),
        ("geometry --optimizer adam --optimizer adam", "--optimizer must name each value once"),
        ("geometry --lr nan", "--learning-rate"),
        ("geometry --lr -0.1", "--learning-rate"),
        ("geometry --lr 0.1 --lr 0.1", "--learning-rate must name each value once"),
        ("geometry --lr abc", "Input should be a valid number"),
        ("geometry --steps 0", "--steps must be an integer"),
        ("geometry --steps -1", "--steps must be an integer"),
        ("geometry --steps 99999999999", "--steps must be at most 2147483647"),
        ("geometry --seeds 0", "--seeds must be an integer of at least 1, got 0"),
        ("geometry --seeds 2000000000", "--seeds must be smaller than 2000000000"),
        ("geometry --seed -1", "--seed must be an integer of at least 0, got -1"),
        ("geometry --record 0", "--record"),
        ("geometry --record 5 --log-spaced 5", "give one"),
        ("geometry --log-spaced 0", "--log-spaced must be an integer of at least 1, got 0"),
        ("geometry --out run.txt", "--out must end in .nc, .csv or .parquet, got run.txt"),
        ("geometry --out none/run.nc", "the folder none does not exist"),
        ("geometry --colour red", "see skillphysics simulate geometry --help"),
        ("geometry --optimizer sgd --lr 1e30 --steps 50", "no longer finite"),
        ("matrix --rows 0", "--rows must be an integer of at least 1, got 0"),
        ("quadratic --lr inf", "--learning-rate"),
        ("multilinear-net --width 0", "--width must be an integer of at least 1, got 0"),
        ("multilinear-net --target-scale 0", "--target-scale must be positive"),
        ("multilinear-net --n-samples 0", "--n-samples must be an integer of at least 1, got 0"),
        ("resource --rate nan", "--rate must be positive and finite, got nan"),
        ("resource --waste -1", "--waste must be non-negative and finite, got -1"),
        ("resource --norm l3", "'l3'"),
        ("domino --capacity -1", "--capacity must be positive, got -1"),
        ("linear --rate 0", "--rate must be positive and finite, got 0"),
        ("linear --steps 0", "--steps must be an integer"),
        ("multilinear --initial-share 2", "--initial-share must be between 0 and 1, got 2"),
        ("geometri", "unknown world or theory 'geometri', did you mean 'geometry'?"),
        ("nothing", "unknown world or theory 'nothing'"),
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


def test_an_overshoot_is_not_called_learned_without_a_remark(capsys):
    level = [[[0, 0], [1.5, 0.5], [0.2, 1]], [[0, 0], [1.5, 0.5], [1, 1]]]
    show_learned(Curves.from_arrays([0, 1, 2], level, skill=["often", "rarely"]), Console(width=80))
    often, rarely = capsys.readouterr().out.splitlines()[-2:]
    assert often.split(maxsplit=1)[1] == "1 ± 0 (ends below in 1 of 2)"
    assert rarely.split(maxsplit=1)[1] == "2 ± 0"
