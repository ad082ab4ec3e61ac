"""Dependency graphs: what is refused and by which name, and to networkx and back."""

import networkx as nx
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph


@pytest.mark.parametrize(
    ("parents", "gates", "said"),
    [
        ({}, {}, "at least one name"),
        ({"a": ["a"]}, {}, "skill 'a' must be distinct other skills, got itself"),
        ({"a": ["b"]}, {}, "skill 'a' .* got 'b', which is not a skill"),
        ({"a": [], "b": ["a", "a"]}, {}, "skill 'b' .* got 'a' twice"),
        ({"a": ["c"], "b": ["a"], "c": ["b"]}, {}, "cycle, got '.' → '.' → '.' → '.'"),
        ({"a": []}, {"a": "and"}, "'a' has no parents, so its gate must be None, got 'and'"),
        (
            {"a": [], "b": ["a"]},
            {"b": 2},
            "'b' must be between 1 and 1, its .* parents, got 2",
        ),
        ({"a": [], "b": ["a"]}, {"b": 0}, "'b' must be between 1 and 1, .* got 0"),
        ({"a": [], "b": ["a"]}, {"b": True}, "'b' must be .* got True"),
        ({"a": [], "b": ["a"]}, {"b": "xor"}, "'b' must be .* got 'xor'"),
        ({"a": [], "b": ["a"]}, {"c": "or"}, "skills of the graph, got one for 'c'"),
        ({"a": [], "b": "a"}, {}, "skill 'b' must be a list of names, got 'a'"),
    ],
)
def test_a_graph_that_cannot_be_is_refused_by_name(parents, gates, said):
    with pytest.raises(ArgumentError, match=said):
        Graph.given(parents, gates)


def test_graphs_are_values():
    one, other = (Graph.given({"a": [], "b": ["a"]}) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert len(one) == 2


def test_networkx_and_back():
    graph = Graph.given({"a": [], "b": [], "c": ["a", "b"], "d": ["c"]}, {"c": 1, "d": "or"})
    assert Graph.from_networkx(graph.to_networkx()) == graph
    with pytest.raises(ArgumentError, match="must be directed"):
        Graph.from_networkx(nx.Graph([("a", "b")]))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match="cycle"):
        Graph.from_networkx(nx.DiGraph([("a", "b"), ("b", "a")]))
