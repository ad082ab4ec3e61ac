"""What every theory must do. A new one is found and tested here without any change."""

import dataclasses
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import skillphysics
from skillphysics import theories
from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph
from skillphysics.inference.coordinates import at_free, moved, to_free
from skillphysics.theories import (
    CANDIDATES,
    SIMPLE,
    Correlated,
    Dependent,
    Measured,
    ModularDomino,
    Multilinear,
    Quanta,
    Resource,
    Theory,
)
from skillphysics.theories.base import Parameter, parameters

# No ratio is a square of small numbers, where two latent dominoes would tie.
FREQUENCY = np.array([0.27, 0.58, 0.15])
RATE = 0.5
# No rate·(step − onset) is near a whole number, where dominoes have kinks.
STEPS = np.array([0.0, 0.74, 2.7, 5.1, 11.7, 40.3])
CEILING, ONSET = np.array([0.9, 0.5, 0.7]), np.array([0.33, 0.13, 1.27])
HELPFUL = np.array([[1.0, 0.2, 0.0], [0.2, 1.0, 0.3], [0.0, 0.3, 1.0]])
# Those that no comparison fits by default, since they need more than frequencies.
OTHERS: dict[str, Callable[[jax.Array], Theory]] = {
    "quanta": Quanta,
    "modular domino": ModularDomino,
    "resource ce l1": partial(Resource, criterion="ce"),
    "resource ce l2": partial(Resource, criterion="ce", norm="l2"),
    "correlated mse": lambda frequency: Correlated(frequency, HELPFUL),
    "correlated ce": lambda frequency: Correlated(frequency, HELPFUL, criterion="ce"),
    "dependent": lambda frequency: Dependent(
        frequency, Graph.given({"a": [], "b": [], "c": ["a", "b"]}), gate_exponent=0.3
    ),
}
# Those that a solver solves, which errs by its tolerance.
SOLVED = ("correlated mse", "correlated ce", "dependent")
MAKERS: dict[str, Callable[[jax.Array], Theory]] = {**SIMPLE, **CANDIDATES, **OTHERS}


def example(name: str, dtype: type = np.float64) -> Theory:
    """A theory by name, with parameters of one dtype and away from their bounds."""
    base = name.removeprefix("measured ")
    theory = MAKERS[base](jnp.asarray(FREQUENCY))
    for p in parameters(theory):
        if p.unit == "1/steps":
            theory = with_value(theory, p.path, np.asarray(RATE))
    if name != base:
        theory = Measured(theory, jnp.asarray(CEILING), jnp.asarray(ONSET))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), theory)


def exactness(name: str) -> float:
    """What levels in double precision may differ by from those found along another way."""
    return 1e-9 if name.removeprefix("measured ") in SOLVED else 1e-12


def with_value(theory: Theory, path: tuple[str, ...], value: Any) -> Theory:
    """The theory built again with another value of one parameter, so that it is checked."""
    name, *inner = path
    if inner:
        value = with_value(getattr(theory, name), tuple(inner), value)
    return dataclasses.replace(theory, **{name: value})


NAMES = [prefix + name for prefix in ("", "measured ") for name in MAKERS]
# What a solver solves, and cross-entropy, take minutes to compile and derive in all these ways.
LONG = (*SOLVED, "resource ce l2", "measured resource ce l1")
every_theory = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * name.endswith(LONG)) for name in NAMES],
)


@eqx.filter_jit
def compiled(theory: Theory, steps: jax.Array) -> jax.Array:
    return theory.levels(steps)


def levels(theory: Theory, steps: np.ndarray = STEPS) -> np.ndarray:
    return np.asarray(compiled(theory, jnp.asarray(steps)))


def within(theory: Theory) -> Iterator[type]:
    """The class of a theory and of those that it wraps."""
    yield type(theory)
    for field in dataclasses.fields(theory):
        inner = getattr(theory, field.name)
        if isinstance(inner, Theory):
            yield from within(inner)


def subclasses(of: type) -> Iterator[type]:
    for found in of.__subclasses__():
        # Equinox makes copies of a class that no module holds.
        if getattr(sys.modules[found.__module__], found.__qualname__, None) is found:
            yield found
        yield from subclasses(found)


def test_every_theory_of_the_package_is_tested():
    for module in pkgutil.walk_packages(skillphysics.__path__, "skillphysics."):
        importlib.import_module(module.name)
    concrete = {
        found
        for found in subclasses(Theory)
        if found.__module__.startswith("skillphysics.") and not inspect.isabstract(found)
    }
    assert len(concrete) >= 6
    assert concrete == {kind for name in NAMES for kind in within(example(name, np.float32))}
    assert all(getattr(theories, found.__name__) is found for found in concrete)
    assert {found.__name__ for found in concrete} <= set(theories.__all__)


@every_theory
def test_levels_are_finite_rise_and_keep_their_dtype(name):
    theory = example(name, np.float32)
    single = levels(theory)
    assert single.shape == (STEPS.size, 3)
    assert single.dtype == np.float32
    with jax.enable_x64(True):
        assert levels(theory).dtype == np.float32
        double = levels(example(name))
    assert double.dtype == np.float64
    assert np.isfinite(double).all()
    # Correlated skills may overshoot.
    falls = np.inf if "correlated mse" in name else exactness(name)
    assert (np.diff(double, axis=0) >= -falls).all()
    assert np.ptp(double, axis=0).min() > 0.01
    # Single precision has 6e-8; the sums behind a clock and Newton's stopping rule cost a factor.
    atol = 2e-5 if exactness(name) > 1e-12 else 5e-6
    np.testing.assert_allclose(single, double, rtol=0, atol=atol)


@every_theory
def test_levels_begin_at_zero_or_the_initial_share(name):
    theory = example(name, np.float32)
    start = 0.0
    for p in parameters(theory):
        start = float(p.value) if p.name == "initial_share" else start
    assert (start > 0) == (Multilinear in set(within(theory)))
    # The level of cross-entropy is σ(s).
    start = 0.5 if " ce" in name else start
    ceiling = CEILING if name.startswith("measured") else np.ones(3)
    np.testing.assert_allclose(levels(theory)[0], start * ceiling, rtol=1e-5, atol=0)


@every_theory
def test_compiled_equals_eager(name):
    with jax.enable_x64(True):
        theory = example(name)
        eager = np.asarray(theory.levels(STEPS))
        # Fused operations round otherwise.
        np.testing.assert_allclose(levels(theory), eager, rtol=0, atol=1e-13)


@every_theory
def test_numpy_parameters_and_steps_will_do(name):
    with jax.enable_x64(True):
        theory = example(name)
        plain = jax.tree.map(np.asarray, theory)
        expected = np.asarray(theory.levels(STEPS))
        np.testing.assert_array_equal(plain.levels(STEPS), expected)
        np.testing.assert_array_equal(plain.levels(STEPS.tolist()), expected)


@every_theory
def test_each_skill_can_have_steps_of_its_own(name):
    with jax.enable_x64(True):
        theory = example(name)
        own = jnp.asarray(STEPS[:, None] * np.array([1.0, 0.9, 1.1]))
        at_own = eqx.filter_jit(lambda theory: theory.level_at(own))(theory)
        for i in range(3):
            np.testing.assert_allclose(
                at_own[:, i],
                levels(theory, np.asarray(own[:, i]))[:, i],
                rtol=0,
                atol=exactness(name),
            )


@every_theory
def test_derivatives_agree_and_are_right(name):
    with jax.enable_x64(True):
        theory = example(name)
        free = to_free(theory)
        flat = jax.jit(lambda free: at_free(theory, free).levels(STEPS).reshape(-1))
        small = 1e-5
        cases = jnp.concatenate(
            [free + small * jnp.eye(free.size), free - small * jnp.eye(free.size)]
        )
        batch = np.asarray(jax.jit(jax.vmap(flat))(cases))
        loop = np.stack([flat(case) for case in cases])
        # A batch stops Newton's method for all at once, so a row may move by a last bit or two.
        np.testing.assert_allclose(batch, loop, rtol=0, atol=1e-12)
        up, down = np.split(batch, 2)
        differences = ((up - down) / (2 * small)).T
        both = jax.jit(lambda free: (jax.jacfwd(flat)(free), jax.jacrev(flat)(free)))
        forward, reverse = (np.asarray(jacobian) for jacobian in both(free))
    assert np.abs(forward).max() > 0.01
    np.testing.assert_allclose(forward, reverse, rtol=0, atol=1e-11)
    # Central differences err by 1e-10 times a third derivative, and by rounding: 1e-16/1e-5.
    np.testing.assert_allclose(forward, differences, rtol=0, atol=1e-8)


@every_theory
def test_new_values_do_not_compile_again(name):
    traces = []

    @eqx.filter_jit
    def counted(theory):
        traces.append(theory)
        return jax.tree.leaves(theory)

    theory = example(name, np.float32)
    for p in parameters(theory):
        counted(with_value(theory, p.path, np.asarray(0.9 * p.value)))
    assert len(traces) == 1
    # A Python number among the leaves would be a constant of the program.
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(theory))


@every_theory
def test_free_coordinates_round_trip(name):
    with jax.enable_x64(True):
        theory = example(name)
        free = to_free(theory)
        back = at_free(theory, free)
        for before, after in zip(parameters(theory), parameters(back), strict=True):
            np.testing.assert_allclose(after.value, before.value, rtol=1e-12)
        # A common shift of log-ratios changes nothing; free coordinates are those without one.
        moved_away = free + np.random.default_rng(0).normal(size=free.size)
        elsewhere = to_free(at_free(theory, moved_away))
        there = at_free(theory, elsewhere)
        assert jax.tree.structure(there) == jax.tree.structure(theory)
        np.testing.assert_allclose(to_free(there), elsewhere, rtol=0, atol=1e-10)
        for p in parameters(there):
            assert np.all(p.constraint.allows(np.asarray(p.value)))
        held = tuple({p.name for p in moved(theory)})
        assert to_free(theory, held).size == 0


def unusable(p: Parameter) -> Iterator[tuple[float, str]]:
    """Values that a parameter must refuse, and what the message must say of them."""
    yield np.nan, "nan"
    yield -0.5, "-0.5"
    if not np.all(p.constraint.allows(np.zeros(()))):
        yield 0.0, "0.0"
    if p.constraint.bounds[1] == 1:
        yield 1.5, "1.5"


@every_theory
def test_unusable_parameters_are_refused_by_name(name):
    theory = example(name, np.float32)
    refuses_zero = set()
    for p in parameters(theory):
        for bad, shown in unusable(p):
            value = np.array(p.value)
            value.flat[0] = bad
            refuses_zero |= {p.name} if bad == 0 else set()
            with pytest.raises(ArgumentError, match=rf"\.{p.name} is {shown}; .* is wanted"):
                with_value(theory, p.path, value)
    assert refuses_zero >= {"frequency", "rate"}
