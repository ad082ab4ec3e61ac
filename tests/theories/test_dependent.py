"""Dependent skills: L25's Figs 16 and 17, and an independent solver in t."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph
from skillphysics.theories import AtLevel, AtStep, Dependent, Resource

from ..oracles.dependent import euler_half_times, integrated_levels

# Solvers take minutes to compile.
pytestmark = pytest.mark.slow

TREE = {**{name: [] for name in "1234"}, "5": ["1", "2"], "6": ["3", "4"], "7": ["5", "6"]}
# Graph, frequencies, γ, steps, the gates by place, the order by code's and by text's gates.
FIGURE_17 = {
    "chain": (
        Graph.given({"1": [], "2": ["1"], "3": ["2"]}),
        (0.3, 1.0, 3.0),
        1e-4,
        5000,
        {1: lambda o: o[0], 2: lambda o: o[1]},
        ("123", "321"),
    ),
    "and": (
        Graph.given(TREE),
        (1.0, 0.1, 2.0, 0.2, 1.0, 1.0, 1.0),
        1e-3,
        10_000,
        {4: lambda o: o[0] * o[1], 5: lambda o: o[2] * o[3], 6: lambda o: o[4] * o[5]},
        ("3142657", "3176542"),
    ),
    "or": (
        Graph.given(TREE, {"6": "or", "7": "or"}),
        (0.1, 0.01, 2.0, 0.2, 1.0, 1.0, 1.0),
        1e-3,
        10_000,
        {4: lambda o: o[0] * o[1], 5: lambda o: max(o[2], o[3]), 6: lambda o: max(o[4], o[5])},
        ("3416275", "3675412"),
    ),
}


@eqx.filter_jit
def compiled(theory, steps):
    return theory.levels(steps)


def levels(steps, frequency, graph, **options) -> np.ndarray:
    numbers = ("rate", "waste", "gate_exponent")
    with jax.enable_x64(True):
        options |= {key: np.float64(options[key]) for key in numbers if key in options}
        theory = Dependent(np.array(frequency, np.float64), graph, **options)
        return np.asarray(compiled(theory, jnp.asarray(steps, jnp.float64)))


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("case", FIGURE_17)
def test_figure_17(case, text):
    graph, frequency, gamma, steps, gates, orders = FIGURE_17[case]
    found = levels(
        np.arange(steps + 1.0),
        frequency,
        graph,
        rate=1e-3,
        waste=1e-3,
        gate_exponent=gamma,
        **({"opening": "early", "demand": "all"} if text else {}),
    )
    half = Curves.from_arrays(np.arange(steps + 1.0), found).learning_time(0.5).values
    # Halving the parts moves the half-times of Euler's method by less than 1e-3 of them.
    expected = euler_half_times(
        np.array(frequency), gates, steps, 2, rate=1e-3, waste=1e-3, gamma=gamma, text=text
    )
    np.testing.assert_allclose(half, expected, rtol=2e-3)
    order = "".join(graph.names[i] for i in np.argsort(half))
    assert order == orders[text]


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("waste", [1e-3, 0.1, 10.0])
def test_levels_solve_the_equation_in_time(waste, text):
    graph = Graph.given({"a": [], "b": [], "c": [], "d": ["a", "b", "c"], "e": ["d"]}, {"d": 2})
    frequency = np.array([0.5, 0.2, 0.1, 1.0, 0.3])
    gates = {3: lambda o: float(np.prod(np.sort(o[:3])[1:])), 4: lambda o: o[3]}
    options = {"rate": 0.01, "waste": waste, "gamma": 0.3, "text": text}
    times = np.linspace(0, 200, 21) * (5 + waste * 60)
    expected = integrated_levels(times, frequency, gates, **options)
    assert expected[-1].min() > 0.9
    found = levels(
        times,
        frequency,
        graph,
        rate=0.01,
        waste=waste,
        gate_exponent=0.3,
        opening="early" if text else "late",
        demand="all" if text else "open",
    )
    # The slope of (1 − u)^γ at u = 1 is infinite, which both solvers feel.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 if text else 1e-9)


@pytest.mark.parametrize(
    ("norm", "demand", "waste"), [*itertools.product(("l1", "l2"), ("open", "all"), (0.0, 0.1))]
)
def test_without_dependencies_it_is_the_closed_form(norm, demand, waste):
    frequency = np.arange(1, 11.0) ** -2
    steps = np.geomspace(0.1, 3000, 60)
    graph = Graph.given({str(i): [] for i in range(10)})
    found = levels(steps, frequency, graph, rate=0.01, waste=waste, norm=norm, demand=demand)
    with jax.enable_x64(True):
        closed = Resource(frequency, rate=np.float64(0.01), waste=np.float64(waste), norm=norm)
        expected = closed.levels(steps)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_the_effort_is_that_of_all_levels_and_of_waste():
    # η t − Σ s_j = N0 τ, and τ is that of a root alone: −ln u / p.
    graph, frequency, gamma, steps, *_ = FIGURE_17["and"]
    times = np.linspace(0, steps, 200)
    found = levels(times, frequency, graph, rate=1e-3, waste=0.05, gate_exponent=gamma)
    tau = -np.log1p(-found[:, 1]) / frequency[1]
    clear = 1 - found[:, 1] > 1e-4
    assert clear.sum() > 100
    np.testing.assert_allclose(
        (found.sum(1) + 0.05 * tau)[clear], 1e-3 * times[clear], rtol=1e-10, atol=1e-10
    )


def test_a_gate_may_be_any_function_of_how_open_the_parents_are():
    parents = {"a": [], "b": [], "c": ["a", "b"]}
    steps, options = np.linspace(0, 400, 30), {"rate": 0.01, "waste": 0.1, "gate_exponent": 0.5}
    by_name = levels(steps, (1, 0.5, 2), Graph.given(parents), **options)
    by_hand = levels(steps, (1, 0.5, 2), Graph.given(parents, {"c": jnp.prod}), **options)
    np.testing.assert_allclose(by_hand, by_name, rtol=0, atol=1e-12)
    shut = levels(steps, (1, 0.5, 2), Graph.given(parents, {"c": lambda o: 0 * o[0]}), **options)
    np.testing.assert_array_equal(shut[:, 2], 0)


def test_figure_16_a_skill_that_needs_two():
    graph = Graph.given({"y1": [], "y2": [], "y3": ["y1", "y2"]})
    steps = np.arange(0.0, 1001)
    rate = 1e-2 * np.sqrt(7 * 50 / 600)
    found = levels(steps, [1 / 3] * 3, graph, rate=rate, waste=0.01, gate_exponent=0.01)
    expected = integrated_levels(
        steps,
        np.full(3, 1 / 3),
        {2: lambda o: o[0] * o[1]},
        rate=rate,
        waste=0.01,
        gamma=0.01,
        text=False,
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("code", [True, False])
def test_figure_16_a_frequency_that_changes(code):
    """Against Euler's method in u, as in the authors' code, whose error is about 1e-3 here."""
    graph = Graph.given({"y1": [], "y2": [], "y3": []})
    early, late = np.array([1 / 3, 1 / 3, 0.0045]), np.array([1 / 3, 1 / 3, 0.08])
    rate, waste, parts = 1e-2 * np.sqrt(7 * 50 / 400), 0.1, 4
    u, expected = np.ones(3), []
    for k in range(3000 * parts):
        if k % (100 * parts) == 0:
            expected.append(1 - u)
        frequency = late if (u[2] <= 0.5 if code else k >= 2000 * parts) else early
        u = u - rate / parts * frequency * u / (frequency @ u + waste)
    later = AtLevel(late) if code else AtStep(late, 2000.0)
    found = levels(np.arange(0, 3000, 100.0), early, graph, rate=rate, waste=waste, later=later)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("later", [AtLevel, AtStep])
def test_derivatives_know_that_the_change_moves(later):
    graph = Graph.given({"a": [], "b": ["a"]})

    @jax.jit
    def level(flat):
        change = later(jnp.array([0.9, 0.1]), flat[4])
        theory = Dependent(
            flat[:2], graph, rate=flat[2], waste=flat[3], gate_exponent=0.5, later=change
        )
        return theory.levels([3.0, 9.0, 20.0])

    with jax.enable_x64(True):
        base = jnp.array([0.4, 0.3, 0.2, 0.05, 0.5 if later is AtLevel else 4.0])
        forward, reverse = jax.jit(jax.jacfwd(level))(base), jax.jit(jax.jacrev(level))(base)
        small = 1e-5
        up, down = (
            jnp.stack([level(base + s * small * one) for one in jnp.eye(5)], -1) for s in (1, -1)
        )
        slopes = (up - down) / (2 * small)
    np.testing.assert_allclose(forward, reverse, rtol=0, atol=1e-9)
    np.testing.assert_allclose(forward, slopes, rtol=1e-5, atol=1e-6)


def test_what_cannot_be_used_is_named():
    graph = Graph.given({"a": [], "b": ["a"]})
    with pytest.raises(ArgumentError, match="tolerance must be between 0 and 1"):
        Dependent(np.ones(2), graph, tolerance=0.0)
    with pytest.raises(ArgumentError, match=r"shape \(2,\), one entry per skill of the graph"):
        Dependent(np.ones(3), graph)
    with pytest.raises(ArgumentError, match="frequency"):
        Dependent(np.ones(2), graph, later=AtStep(np.ones(3), 5.0))
