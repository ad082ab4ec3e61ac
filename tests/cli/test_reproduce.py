"""The commands `reproduce` and `verify` on a figure that costs nothing."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest

from skillphysics import papers
from skillphysics.cli import main
from skillphysics.papers import Claim, Recipe
from skillphysics.papers.claims import ordered
from skillphysics.plotting import new_figure
from skillphysics.sweeps import Local, computation_of

# Known by its path to the processes that compute.
LINE = computation_of(f"{Path(__file__).parents[1] / 'papers' / 'parts.py'}:line")


def results(folder):
    return {path: path.stat().st_mtime_ns for path in (folder / "data").iterdir()}


def draw(data):
    figure = new_figure(3, 2)
    figure.subplots().plot(data["all"].x)
    return figure


def one(data):
    return ordered(bool(data["all"].x.size == 3), float(data["all"].x.size), "as many as asked for")


@pytest.fixture(autouse=True)
def figure(monkeypatch):
    recipe = Recipe(
        name="paper/fig0",
        title="A line.",
        parts=lambda scale: {"all": {"n": {"smoke": 2, "quick": 3, "paper": 4}[scale]}},
        compute=LINE,
        draw=draw,
        cost={"smoke": "no time", "quick": "less", "paper": "a year"},
        claims=(Claim("paper/fig0/size", "§1", "There are three.", "3", "exact", one),),
    )
    monkeypatch.setattr(papers, "RECIPES", (recipe,))


def run(*words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["skillphysics", *words])
        with pytest.raises(SystemExit) as stopped:
            main()
    return stopped.value.code or 0


def test_a_figure_is_drawn_and_its_data_are_kept(tmp_path, capsys):
    out = tmp_path / "made"
    assert run("reproduce", "paper/fig0", "--out", str(out)) == 0
    picture = out / "paper-fig0.png"
    first, kept = picture.read_bytes(), results(out)
    assert "paper-fig0.png" in capsys.readouterr().out
    assert len(kept) == 1
    assert run("reproduce", "all", "--out", str(out)) == 0
    assert results(out) == kept
    assert picture.read_bytes() == first


def test_an_engine_is_chosen(tmp_path, monkeypatch):
    monkeypatch.setattr(Local, "crew", None)
    assert run("reproduce", "all", "--out", str(tmp_path), "--engine", "serial") == 0
    assert len(results(tmp_path)) == 1


def test_the_list(capsys):
    assert run("reproduce", "--list", "--scale", "paper") == 0
    assert "a year" in capsys.readouterr().out


def test_the_ledger_and_a_verdict_that_changed(tmp_path, capsys):
    assert run("verify", "--out", str(tmp_path)) == 0
    told = capsys.readouterr().out
    assert "1 claims: 1 holds" in told
    path = tmp_path / "ledger.json"
    found = json.loads(path.read_text())
    assert found["claims"][0]["scale"] == "quick"
    assert found["claims"][0]["measured"] == 3.0
    known = tmp_path / "known.json"
    path.rename(known)
    again = ("verify", "--out", str(tmp_path), "--against", str(known))
    kept = results(tmp_path)
    assert run(*again) == 0
    assert results(tmp_path) == kept
    assert run(*again, "--scale", "smoke") == 1
    assert "was 'holds', is 'does not hold'" in capsys.readouterr().out


def test_a_file_of_somebody_is_not_written_over(tmp_path, capsys):
    (tmp_path / "ledger.json").write_text("mine")
    assert run("verify", "--out", str(tmp_path)) == 2
    assert "is no ledger" in capsys.readouterr().err
    assert (tmp_path / "ledger.json").read_text() == "mine"
    assert not results(tmp_path)


def test_claims_without_a_figure_are_told(tmp_path, capsys, monkeypatch):
    (only,) = papers.RECIPES
    monkeypatch.setattr(papers, "RECIPES", (dataclasses.replace(only, draw=None),))
    assert run("reproduce", "paper/fig0", "--out", str(tmp_path / "made")) == 2
    assert "skillphysics verify --only paper/fig0" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# As --engine gives it.
IDLE = "local(workers=0)"
SCALES = "--scale must be 'smoke', 'quick' or 'paper', got 'huge'"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("reproduce",), "no figure was given"),
        (("reproduce", "paper/fig9"), "unknown figure 'paper/fig9'"),
        (("reproduce", "all", "--scale", "huge"), SCALES),
        (("verify", "--scale", "huge"), SCALES),
        (("verify", "--only", "nothing"), "unknown figure 'nothing'"),
        (("reproduce", "all", "--engine", "lokal"), "unknown engine 'lokal', did you mean"),
        (("verify", "--engine", IDLE), "workers must be an integer of at least 1"),
        (("verify", "--against", "none.json"), "cannot read none.json"),
        (
            ("reproduce", "all", "--out", "/dev/null/x"),
            "--out must be a folder that can be written, got",
        ),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
