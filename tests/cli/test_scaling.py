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
    given = "--theory multilinear --alpha 1.6 --resource compute --target-scale 5 --rate 1 --json"
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


def test_a_name_for_the_picture_is_enough_to_draw_it(monkeypatch, tmp_path):
    assert run(monkeypatch, "--out", tmp_path / "law.png") == 0
    assert (tmp_path / "law.png").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--alpha 1", "--alpha must be"),
        ("--alpha nan", "--alpha must be"),
        ("--theory domino --resource data", "data"),
        ("--theory x", "'x'"),
        ("--resource x", "'x'"),
        ("--initial-strength 2", "--initial-strength must be"),
        ("--target-scale -1", "--target-scale must be positive"),
        ("--rate 0", "--rate must be positive"),
        ("--n-skill 0", "--n-skill must be an integer from 1 to 1e+300, got 0"),
        ("--amount 1", "--amount must be between 10 and 1e+15, got 1"),
        ("--plot --out x.gif", "--out must be a .png file in an existing folder, got x.gif"),
        ("--theory domino --plot", "only the exponent"),
        ("--theory domino --initial-strength 0.1", "--initial-strength applies to the linear"),
    ],
)
def test_what_is_no_use_is_one_sentence(monkeypatch, capsys, given, said):
    assert run(monkeypatch, *given.split()) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
