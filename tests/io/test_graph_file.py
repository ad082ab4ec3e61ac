"""Graphs in YAML and GraphML, whole and damaged."""

import pytest

from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph
from skillphysics.io import read_graph, write_graph
from skillphysics.skills import Skills

GRAPH = Graph.given(
    {"1": [], "add": [], "sum ∑": ["1", "add"], "d": ["1", "sum ∑"]}, {"sum ∑": "or", "d": 2}
)


@pytest.mark.parametrize("frequency", [[0.3, 1.0, 2.0, 1e-5], None])
@pytest.mark.parametrize("name", ["graph.yaml", "graph.yml", "graph.graphml"])
def test_a_graph_goes_to_a_file_and_back(name, frequency, tmp_path):
    skills = None if frequency is None else Skills.given(frequency, GRAPH.names)
    write_graph(GRAPH, tmp_path / name, skills)
    graph, found = read_graph(tmp_path / name)
    assert graph == GRAPH
    assert found.names == GRAPH.names
    assert (None if found.frequency is None else found.frequency.tolist()) == frequency


def test_a_function_fits_in_no_file(tmp_path):
    graph = Graph.given({"a": [], "b": ["a"]}, {"b": lambda opened: opened[0]})
    with pytest.raises(ArgumentError, match="'b' must be a word or a number"):
        write_graph(graph, tmp_path / "graph.yaml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("g.txt", "", r"\.graphml"),
        ("g.yaml", "", "one entry per skill"),
        ("g.yaml", "skills: [a, b]", "one entry per skill"),
        ("g.yaml", "skills: {a: [", "must be YAML; line 1 is not"),
        ("g.yaml", "skills: {a: {}, a: {}}", "'a' is repeated"),
        ("g.yaml", "skills: {a: {weight: 1}}", "'a' may have frequency, needs, gate, got 'weight'"),
        ("g.yaml", "skills: {a: 3}", "'a' must have frequency, needs, gate or none of them, got 3"),
        (
            "g.yaml",
            "skills: {a: {}, b: {needs: a}}",
            "'b' must be a list of skills, got 'a'",
        ),
        ("g.yaml", "skills: {a: {needs: [b]}, b: {needs: [a]}}", "cycle"),
        ("g.yaml", "skills: {a: {frequency: 1}, b: {}}", "'b' has none"),
        (
            "g.yaml",
            "skills: {a: {frequency: often}}",
            "number like 1.0e-5, got 'often'",
        ),
        (
            "g.yaml",
            "skills: {a: {frequency: -1}}",
            "must be positive and finite, got -1",
        ),
        (
            "g.yaml",
            "skills: {a: {}, b: {needs: [a], gate: nor}}",
            "gate of skill 'b' must be .*'nor'",
        ),
        ("g.yaml", "!!python/object/apply:os.getcwd []", "must be YAML"),
        ("g.yaml", "\x00", "must be YAML"),
        ("g.yaml", "skills: {? [a, b] : {}, ? {c: d} : {}}", "must be YAML"),
        ("g.yaml", "skills: {1: {}, '1': {}}", "'1' is repeated"),
        ("g.yaml", "skills: {a: {}}\nedges: []", "the only key must be 'skills', got 'edges'"),
        (
            "g.yaml",
            "skills: {a: {}, b: {needs: 0}}",
            "'b' must be a list of skills, got 0",
        ),
        ("g.yaml", "skills: {a: &x {}, b: *x}", r"aliases \(\*name\) are not allowed"),
        ("g.graphml", '<graph><node id="a"/><node id="a"/></graph>', "'a' is repeated"),
        (
            "g.graphml",
            "<graphml><graph></graph><graph></graph></graphml>",
            "one graph",
        ),
        ("g.graphml", "", "must be GraphML"),
        ("g.graphml", "<graphml><graph/></graphml>", "must"),
        ("g.graphml", "<html>", "must be GraphML"),
    ],
)
def test_a_damaged_file_is_one_sentence_with_its_name(name, text, said, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(ArgumentError, match=said) as caught:
        read_graph(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(ArgumentError, match=r"cannot read .*nowhere\.yaml"):
        read_graph(tmp_path / "nowhere.yaml")
