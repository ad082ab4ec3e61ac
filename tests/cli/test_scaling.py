"""`skillphysics scaling`: what it prints, and what it refuses."""

import json
import sys

import pytest
from PIL import Image

from skillphysics.cli import main


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["skillphysics", "scaling", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_compute_is_told_in_json(monkeypatch, capsys):
    given = "--theory multilinear --alpha 1.6 --resource compute --target-scale 5 --lr 1 --json"
    assert run(monkeypatch, *given.split()) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["exponent"] == pytest.approx(0.6 / 2.6)
    # S²/2 times the constant of docs/scaling.md.
    assert told["prefactor"] == pytest.approx(12.5 * 0.78796, rel=1e-4)
    assert all(one["holds"] for one in told["conditions"])
    assert told["valid"]
    last = told["table"][-1]
    assert last["law"] == pytest.approx(last["exact"], rel=0.01)


def test_a_picture_and_a_table(monkeypatch, capsys, tmp_path):
    assert run(monkeypatch, "--plot", "--out", tmp_path / "law.png") == 0
    assert "law/exact" in capsys.readouterr().out
    with Image.open(tmp_path / "law.png") as picture:
        assert picture.width > 500


def test_other_theories_have_an_exponent(monkeypatch, capsys):
    assert run(monkeypatch, "--theory", "resource l2", "--alpha", 2) == 0
    assert capsys.readouterr().out == "loss ∝ time^-2\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--alpha 1", "alpha is 1.0; a number above 1"),
        ("--alpha nan", "alpha is nan"),
        ("--theory domino --resource data", "says nothing about data"),
        ("--theory x", "theory is 'x'; one of linear"),
        ("--resource x", "resource is 'x'; one of time"),
        ("--initial-strength 2", "initial_strength is 2.0"),
        ("--target-scale -1", "target_scale is -1.0"),
        ("--lr 0", "rate is 0.0"),
        ("--n-task 0", "--n-task is 0"),
        ("--amount 1", "--amount is 1.0"),
        ("--plot --out x.gif", "--out is x.gif"),
        ("--theory domino --plot", "only the exponent"),
    ],
)
def test_what_is_no_use_is_one_sentence(monkeypatch, capsys, given, said):
    assert run(monkeypatch, *given.split()) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
