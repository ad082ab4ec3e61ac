"""Options, shapes and gates of dependent skills that cannot be used."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph
from skillphysics.theories import AtLevel, AtStep, Dependent

GRAPH = Graph.given({"a": [], "b": [], "c": ["a", "b"]})


def with_option(**option: Any) -> Dependent:
    return Dependent(np.ones(3), GRAPH, **option)


def gated(gate) -> Dependent:
    graph = Graph.given({"a": [], "b": [], "c": ["a", "b"]}, {"c": gate})
    return Dependent(np.ones(3), graph)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: gated(lambda x: -x.sum()), r"gate of skill 'c' must return a number between 0"),
        (lambda: gated(lambda x: x.sum()), r"got 2 for parents open by \(1, 1\)"),
        (lambda: gated(lambda x: x), r"gate of skill 'c' must return a scalar, got .* \(2,\)"),
        (lambda: gated(lambda x: x.mean() / 0), "must return a number between 0 and 1, got nan"),
        (lambda: Dependent(np.ones(2), GRAPH), r"frequency must have shape \(3,\), one entry per"),
        (lambda: with_option(opening="soon"), "opening must be 'late' or 'early'"),
        (lambda: with_option(demand="few"), "demand must be 'open' or 'all', got"),
        (lambda: Dependent(np.ones(3), GRAPH, tolerance=2.0), "tolerance must be between 0 and 1"),
        (
            lambda: Dependent(np.ones(3), GRAPH, later=AtStep([1, 2], 3)),
            "later.frequency must",
        ),
        (lambda: AtLevel([1, 2], level=1.0), "later.level must be between 0 and 1, both excluded"),
        (lambda: AtStep([1, -2], step=1), r"later.frequency\[1\] must be positive and finite"),
        (lambda: AtStep([1, 2], step=-1), "later.step must be non-negative and finite, got -1"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_unusable_theories_are_refused(build, message):
    with pytest.raises(ArgumentError, match=message):
        build()


def test_a_gate_of_several_parents_is_accepted_also_within_jit():
    # The gate is tested when the theory is built, where a traced result would have no value.
    @jax.jit
    def first_level(frequency: jax.Array) -> jax.Array:
        graph = Graph.given({"a": [], "b": ["a"]}, {"b": lambda x: jnp.prod(x) ** 2})
        return Dependent(frequency, graph).levels(jnp.array([0.0]))[0, 0]

    assert first_level(jnp.ones(2)) == 0
