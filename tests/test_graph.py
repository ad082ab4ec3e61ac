"""Dependency graphs: what is refused and by which name, and to networkx and back."""

import networkx as nx
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph


@pytest.mark.parametrize(
    ("parents", "gates", "said"),
    [
        ({}, {}, "at least one name"),
        ({"a": ["a"]}, {}, "'a' needs itself"),
        ({"a": ["b"]}, {}, "'a' needs 'b', which is no skill"),
        ({"a": [], "b": ["a", "a"]}, {}, "'b' needs 'a' twice"),
        ({"a": ["c"], "b": ["a"], "c": ["b"]}, {}, "circle: '.' → '.' → '.' → '.'"),
        ({"a": []}, {"a": "and"}, "'a' has gate 'and' but no parents"),
        ({"a": [], "b": ["a"]}, {"b": 2}, "'b' waits for 2 of its 1 parents"),
        ({"a": [], "b": ["a"]}, {"b": 0}, "'b' waits for 0"),
        ({"a": [], "b": ["a"]}, {"b": True}, "'b' has gate True"),
        ({"a": [], "b": ["a"]}, {"b": "xor"}, "'b' has gate 'xor'"),
        ({"a": [], "b": ["a"]}, {"c": "or"}, "'c', which is no skill"),
        ({"a": [], "b": "a"}, {}, "'b' needs 'a'; a list"),
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
    with pytest.raises(ArgumentError, match="no direction"):
        Graph.from_networkx(nx.Graph([("a", "b")]))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match="circle"):
        Graph.from_networkx(nx.DiGraph([("a", "b"), ("b", "a")]))
