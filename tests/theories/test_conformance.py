"""What every theory must do. A new one is found and tested here without any change."""

import dataclasses
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple, get_type_hints

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import skillphysics
from skillphysics import theories
from skillphysics.domains import domain_of
from skillphysics.errors import ArgumentError
from skillphysics.inference.coordinates import at_free, moved, to_free
from skillphysics.theories import THEORIES, Composite, Measured, Theory
from skillphysics.theories.base import Parameter, parameters

# No rate · (step − onset) of the examples is near an integer, where dominoes have kinks.
STEPS = np.array([0.0, 0.74, 2.7, 5.1, 11.7, 40.3])


class Case(NamedTuple):
    """An example of a theory, with options changed or wrappers around it, the inner one first."""

    kind: type[Theory]
    options: tuple[tuple[str, str], ...] = ()
    wrappers: tuple[type[Theory], ...] = ()

    def build(self, dtype: type = np.float64) -> Theory:
        theory = dataclasses.replace(self.kind.example(), **dict(self.options))
        for wrapper in self.wrappers:
            if wrapper is Composite:
                theory = dataclasses.replace(Composite.example(), base=theory)
            if wrapper is Measured:
                theory = dataclasses.replace(Measured.example(), theory=theory)
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), theory)

    @property
    def slow(self) -> bool:
        """Whether it takes minutes to compile and to differentiate, or combines tested parts."""
        theory = Case(self.kind, self.options).build(np.float32)
        together = len(self.options) > 1 or len(self.wrappers) > 1
        return together or not theory.closed or not (theory.separable or not self.wrappers)

    def __str__(self) -> str:
        names = [kind.__name__ for kind in (*reversed(self.wrappers), self.kind)]
        return " ".join([*names, *("=".join(option) for option in self.options)])


def members() -> list[type[Theory]]:
    """The public theories and the registered ones."""
    public = (getattr(theories, name) for name in theories.__all__)
    exported = [
        kind
        for kind in public
        if isinstance(kind, type) and issubclass(kind, Theory) and not inspect.isabstract(kind)
    ]
    return list(dict.fromkeys([*exported, *THEORIES.values()]))


def choices(kind: type[Theory]) -> Iterator[tuple[tuple[str, str], ...]]:
    """All combinations of options, each as those that differ from the example."""
    example = kind.example()
    domains = {
        name: domain_of(hint) for name, hint in get_type_hints(kind, include_extras=True).items()
    }
    values = [
        [(name, value) for value in domain.choices] for name, domain in domains.items() if domain
    ]
    for chosen in product(*(each for each in values if each)):
        yield tuple((name, value) for name, value in chosen if getattr(example, name) != value)


def cases() -> Iterator[Case]:
    for kind in members():
        for options in choices(kind):
            yield Case(kind, options)
            if kind is not Measured:
                yield Case(kind, options, (Measured,))
            if kind in (Composite, Measured):
                continue
            if Case(kind, options).build(np.float32).separable:
                yield Case(kind, options, (Composite,))
                yield Case(kind, options, (Composite, Measured))


CASES = list(cases())
every_theory = pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=str(case), marks=[pytest.mark.slow] * case.slow) for case in CASES],
)


def exactness(theory: Theory) -> float:
    """What levels in double precision may differ by from those computed in another way."""
    return 1e-12 if theory.closed else 1e-9


def with_value(theory: Theory, path: tuple[str, ...], value: Any) -> Theory:
    """The theory built again with another value of one parameter, so that it is checked."""
    name, *inner = path
    if inner:
        value = with_value(getattr(theory, name), tuple(inner), value)
    return dataclasses.replace(theory, **{name: value})


@eqx.filter_jit
def compiled(theory: Theory, steps: jax.Array) -> jax.Array:
    return theory.levels(steps)


def levels(theory: Theory, steps: np.ndarray = STEPS) -> np.ndarray:
    return np.asarray(compiled(theory, jnp.asarray(steps)))


def subclasses(of: type) -> Iterator[type]:
    for found in of.__subclasses__():
        # Equinox makes copies of a class that no module holds.
        if getattr(sys.modules[found.__module__], found.__qualname__, None) is found:
            yield found
        yield from subclasses(found)


def test_every_theory_of_the_package_is_public_and_tested():
    for module in pkgutil.walk_packages(skillphysics.__path__, "skillphysics."):
        importlib.import_module(module.name)
    concrete = {
        found
        for found in subclasses(Theory)
        if found.__module__.startswith("skillphysics.") and not inspect.isabstract(found)
    }
    assert len(concrete) >= 6
    assert concrete == set(members())


@every_theory
def test_levels_are_finite_rise_and_keep_their_dtype(case):
    theory = case.build(np.float32)
    single = levels(theory)
    assert single.shape == (STEPS.size, 3)
    assert single.dtype == np.float32
    with jax.enable_x64(True):
        assert levels(theory).dtype == np.float32
        double = levels(case.build())
    assert double.dtype == np.float64
    assert np.isfinite(double).all()
    if theory.rises:
        assert (np.diff(double, axis=0) >= -exactness(theory)).all()
    assert np.ptp(double, axis=0).min() > 0.01
    # Single precision has 6e-8; the sums behind a clock and Newton's stopping rule cost a factor.
    atol = 2e-5 if exactness(theory) > 1e-12 else 5e-6
    np.testing.assert_allclose(single, double, rtol=0, atol=atol)


@every_theory
def test_levels_begin_where_the_theory_says(case):
    theory = case.build(np.float32)
    start = np.broadcast_to(theory.start, 3)
    assert (start < 1).all()
    np.testing.assert_allclose(levels(theory)[0], start, rtol=1e-5, atol=0)


@every_theory
def test_learning_times_are_where_the_levels_cross(case):
    with jax.enable_x64(True):
        theory = case.build()
        low, high = np.max(levels(theory)[0]), np.min(levels(theory)[-1])
        target = float((low + high) / 2)
        time = theory.learning_time(target)
        # Six steps, as in STEPS, so that one program serves both.
        both = levels(theory, np.concatenate([time, 0.999 * time]))
        at, before = np.diag(both[:3]), np.diag(both[3:])
        np.testing.assert_allclose(at, target, rtol=0, atol=100 * exactness(theory))
        assert (before < target).all()
        # Nothing reaches what its curve stays below, and everything has what it starts with.
        if theory.rises and high < 0.999:
            capped = dataclasses.replace(Measured.example(), theory=theory, onset=None)
            assert np.isinf(capped.learning_time(0.95)).all()
        if np.min(theory.start) > 0:
            assert (theory.learning_time(0.5 * float(np.min(theory.start))) == 0).all()


@pytest.mark.parametrize("kind", [kind for kind in members() if kind.example().closed])
def test_learning_times_are_inverse_to_the_rate(kind):
    with jax.enable_x64(True):
        theory = Case(kind).build()
        rate = next(p for p in parameters(theory) if p.unit == "1/steps")
        if any(p.unit == "steps" for p in parameters(theory)):
            return  # An onset sets another scale of time.
        target = float((levels(theory)[0].max() + levels(theory)[-1].min()) / 2)

        def times(rate_value: jax.Array) -> jax.Array:
            moved_theory = eqx.tree_at(
                lambda t: next(p.value for p in parameters(t) if p.path == rate.path),
                theory,
                rate_value,
            )
            return moved_theory.learning_time(target)

        value, slope = jax.jvp(times, (rate.value,), (jnp.ones_like(rate.value),))
        # t ∝ 1/rate, so dt/d rate = −t/rate.
        np.testing.assert_allclose(slope, -value / rate.value, rtol=1e-6)


@every_theory
def test_compiled_equals_eager(case):
    with jax.enable_x64(True):
        theory = case.build()
        eager = np.asarray(theory.levels(STEPS))
        # Fused operations round otherwise.
        np.testing.assert_allclose(levels(theory), eager, rtol=0, atol=1e-13)


@every_theory
def test_numpy_parameters_and_steps_will_do(case):
    with jax.enable_x64(True):
        theory = case.build()
        plain = jax.tree.map(np.asarray, theory)
        expected = np.asarray(theory.levels(STEPS))
        np.testing.assert_array_equal(plain.levels(STEPS), expected)
        np.testing.assert_array_equal(plain.levels(STEPS.tolist()), expected)


@every_theory
def test_each_skill_can_have_steps_of_its_own(case):
    with jax.enable_x64(True):
        theory = case.build()
        own = jnp.asarray(STEPS[:, None] * np.array([1.0, 0.9, 1.1]))
        at_own = eqx.filter_jit(lambda theory: theory.level_at(own))(theory)
        for i in range(3):
            np.testing.assert_allclose(
                at_own[:, i],
                levels(theory, np.asarray(own[:, i]))[:, i],
                rtol=0,
                atol=exactness(theory),
            )


@every_theory
def test_derivatives_agree_and_are_right(case):
    with jax.enable_x64(True):
        theory = case.build()
        free = to_free(theory)
        flat = jax.jit(lambda free: at_free(theory, free).levels(STEPS).reshape(-1))
        small = 1e-5 if theory.closed else 3e-3
        moves = np.array([1, -1, 2, -2])[:, None, None] * small * np.eye(free.size)
        cases = jnp.asarray((free + moves).reshape(-1, free.size))
        batch = np.asarray(jax.jit(jax.vmap(flat))(cases))
        loop = np.stack([flat(case) for case in cases])
        # A solver chooses steps by errors that are partly rounding, which differs in a batch.
        np.testing.assert_allclose(batch, loop, rtol=0, atol=exactness(theory))
        up, down, far_up, far_down = np.split(batch, 4)
        differences = ((8 * (up - down) - (far_up - far_down)) / (12 * small)).T
        both = jax.jit(lambda free: (jax.jacfwd(flat)(free), jax.jacrev(flat)(free)))
        forward, reverse = (np.asarray(jacobian) for jacobian in both(free))
    assert np.abs(forward).max() > 0.01
    np.testing.assert_allclose(forward, reverse, rtol=0, atol=1e-11)
    # Differences err by small⁴/30 times a fifth derivative, and by 1.5/small times the error of
    # levels: 1e-16, or 2e-11 of a solver.
    np.testing.assert_allclose(forward, differences, rtol=0, atol=1e-8)


@every_theory
def test_new_values_do_not_compile_again(case):
    traces = []

    @eqx.filter_jit
    def counted(theory):
        traces.append(theory)
        return jax.tree.leaves(theory)

    theory = case.build(np.float32)
    for p in parameters(theory):
        counted(with_value(theory, p.path, np.asarray(0.9 * p.value)))
    assert len(traces) == 1
    # A Python number among the leaves would be a constant of the program.
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(theory))


@every_theory
def test_free_coordinates_round_trip(case):
    with jax.enable_x64(True):
        theory = case.build()
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
            assert np.all(p.constraint.domain.test(np.asarray(p.value)))
        held = tuple({p.name for p in moved(theory)})
        assert to_free(theory, held).size == 0


def unusable(p: Parameter) -> Iterator[tuple[float, str]]:
    """Values that a parameter must refuse, and what the message must say of them."""
    yield np.nan, "nan"
    yield -0.5, "-0.5"
    if not np.all(p.constraint.domain.test(np.zeros(()))):
        yield 0.0, "0.0"
    if p.constraint.bounds[1] == 1:
        yield 1.5, "1.5"


@every_theory
def test_unusable_parameters_are_refused_by_name(case):
    theory = case.build(np.float32)
    refuses_zero = set()
    for p in parameters(theory):
        for bad, shown in unusable(p):
            value = np.array(p.value)
            value.flat[0] = bad
            refuses_zero |= {p.name} if bad == 0 else set()
            with pytest.raises(ArgumentError, match=rf"^{p.name}(\[0\])? must be .*, got {shown}"):
                with_value(theory, p.path, value)
    assert refuses_zero >= {"frequency", "rate"}
