"""`skillphysics simulate dependent` and `quanta`: a whole run each, and what is refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from skillphysics import Curves
from skillphysics.cli import main
from skillphysics.graph import Graph
from skillphysics.io import write_graph
from skillphysics.skills import Skills

GRAPH = Graph.given({"add": [], "carry": [], "sum": ["add", "carry"]})


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["skillphysics", "simulate", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.mark.parametrize("ending", ["yaml", "graphml"])
def test_a_graph_from_a_file(ending, tmp_path, monkeypatch, capsys):
    path, out = tmp_path / f"graph.{ending}", tmp_path / "curves.nc"
    write_graph(GRAPH, path, Skills.given([1.0, 0.1, 3.0], GRAPH.names))
    options = ["--rate", "0.01", "--waste", "1e-3", "--steps", "600", "--out", str(out)]
    assert run(monkeypatch, "dependent", "--graph", path, *options) == 0
    curves = Curves.load(out)
    assert curves.names == GRAPH.names
    times = curves.learning_time(0.9).values
    assert np.isfinite(times).all()
    assert times[2] == times.max()
    assert "sum" in capsys.readouterr().out


def test_quanta_are_learned_in_a_time_inverse_to_their_frequency(tmp_path, monkeypatch):
    out = tmp_path / "curves.nc"
    options = ["--frequency", "1", "--frequency", "0.5", "--rate", "0.1", "--steps", "200"]
    assert run(monkeypatch, "quanta", *options, "--out", out) == 0
    times = Curves.load(out).learning_time(0.9).values
    np.testing.assert_allclose(times, np.log(10) * np.array([10, 20]), rtol=1e-3)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("skills: {a: {needs: [b]}, b: {needs: [a]}}", [], "must not have a cycle"),
        ("skills: {a: {}, b: {needs: [c]}}", [], "'c', which is not a skill"),
        ("skills: {a: {}}", [], "no frequencies"),
        ("skills: {a: {frequency: 1}}", ["--alpha", "2"], "has frequencies of its own"),
        ("skills: {a: {frequency: 1}}", ["--n-skill", "3"], "--n-skill must be"),
        ("skills: {a: {frequency: 1}}", ["--opening", "wide"], "wide"),
        ("skills: [", ["--alpha", "2"], "must be YAML"),
        (None, ["--alpha", "2"], "cannot read"),
    ],
)
def test_a_useless_graph_is_one_sentence_and_exit_code_2(
    text, options, said, tmp_path, monkeypatch, capsys
):
    path = tmp_path / "graph.yaml"
    if text is not None:
        path.write_text(text)
    out = tmp_path / "curves.nc"
    assert run(monkeypatch, "dependent", "--graph", path, *options, "--out", out) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err
    assert not out.exists()


def test_a_dependent_theory_needs_a_graph(monkeypatch, capsys):
    assert run(monkeypatch, "dependent") == 2
    assert "--graph" in capsys.readouterr().err


def test_a_theory_is_evaluated_until_nothing_changes(tmp_path, monkeypatch):
    """Of 1 − e^{−p t} with the rarest p = 1/1365, 0.99 is reached at 4.6/p."""
    out = tmp_path / "curves.nc"
    assert run(monkeypatch, "linear", "--n-skill", "6", "--ratio", "4", "--out", out) == 0
    curves = Curves.load(out)
    assert curves.steps[-1] == 10_000
    assert curves.level.values[-1].min() > 0.99
