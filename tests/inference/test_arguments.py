"""Arguments that cannot be used, and curves that say nothing, are refused in one sentence."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference import bootstrap, compare, drift, fit, half_times
from skillphysics.theories import Correlated, Linear, Resource, Theory
from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import POSITIVE, floating, parameter

KEY = jax.random.key(0)
STEPS = np.concatenate([[0], np.geomspace(1, 200, 29)])
CURVES = Curves.from_arrays(STEPS, -np.expm1(-np.outer(STEPS, [0.1, 0.04, 0.01])))


class Fixed(Separable):
    """A theory whose fields are not declared as parameters."""

    frequency: jax.Array = eqx.field(converter=floating)

    def level_at(self, steps):
        return -jnp.expm1(-self.frequency * steps)


class Bare(Separable):
    """A theory whose rate stays a Python number."""

    frequency: jax.Array = eqx.field(converter=floating)
    rate: Any = eqx.field(default=1.0, metadata=parameter(POSITIVE))

    def level_at(self, steps):
        return -jnp.expm1(-self.frequency * self.rate * steps)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f(CURVES, "Linear", key=KEY), "theory must be a Theory or a class of one, got"),
        (lambda f: f(CURVES.level.values, Linear, key=KEY), "curves must be Curves, got ndarray"),
        (lambda f: f(CURVES, Linear, key=0), r"key must be a random key, got 0; use jax\.random"),
        (lambda f: f(CURVES, Linear, key=None), "key must be a random key, got None"),
        (lambda f: f(CURVES, Correlated, key=KEY), "with frequencies alone, got Correlated .*corr"),
        (lambda f: f(CURVES, np.asarray, key=KEY), "must make a Theory, but asarray returned"),
        (lambda f: f(CURVES, Fixed, key=KEY), "no field of Fixed has the metadata `parameter"),
        (lambda f: f(CURVES, Bare, key=KEY), r"rate must be an array, got 1\.0; declare the field"),
        (lambda f: f(CURVES, Linear, key=KEY, hold="rate"), r"got 'rate'; write \['rate'\]"),
        (
            lambda f: f(CURVES, Linear, key=KEY, hold=["rate", "frequency"]),
            "hold must leave a parameter to fit",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_unusable_arguments_of_a_fit(call, message):
    with pytest.raises(ArgumentError, match=message):
        call(fit)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (compare, {"theories": [Linear]}, "theories must map names to theories"),
        (compare, {"theories": {}}, "at least one theory"),
        (compare, {"theories": {"a": 1}}, "theory must be a Theory or a class of one, got 1"),
        (compare, {"key": 0}, "key must be a random key, got 0"),
        (compare, {"curves": [1]}, "curves must be Curves, got list"),
        (compare, {"hold": "frequency"}, r"got 'frequency'; write \['frequency'\]"),
        (bootstrap, {"curves": None, "fit": None}, "curves must be Curves, got NoneType"),
        (half_times, {"curves": [1, 2]}, "curves must be Curves, got list"),
        (drift, {"curves": [1, 2], "ceiling": np.ones(2)}, "curves must be Curves, got list"),
        (drift, {"ceiling": np.zeros(3)}, r"ceiling\[0\] must be positive"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_unusable_arguments_of_other_functions(function, arguments, message):
    given: dict[str, Any] = {"curves": CURVES, **arguments}
    if function in (compare, bootstrap):
        given = {"key": KEY, **given}
    if function is compare:
        given = {"theories": {"linear": Linear}, **given}
    with pytest.raises(ArgumentError, match=message):
        function(**given)


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_curves_without_learning_are_refused(level):
    flat = Curves.from_arrays(STEPS, np.full((30, 3), level))
    message = rf"no skill is learned in these curves: every level stays as it is \({level:g}\)"
    with pytest.raises(FitError, match=message):
        fit(flat, Resource, key=KEY)
    with pytest.raises(FitError, match=message):
        compare(flat, key=KEY)


def test_curves_of_noise_determine_no_parameter():
    noise = 0.01 * np.random.default_rng(0).normal(size=(30, 3))
    table = fit(Curves.from_arrays(STEPS, noise), Resource, key=KEY).parameters
    # What is called free has an interval of at most a factor of e³ either way.
    free = table[table["status"] == "free"]
    assert (np.asarray(free["stderr"]) > 0).all()
    assert not (np.asarray(free["value"]) > 1e15).any()


def test_the_frequency_of_a_single_skill_is_held():
    alone = Curves.from_arrays(STEPS, -np.expm1(-0.05 * STEPS)[:, None])
    table = fit(alone, Linear, key=KEY).parameters
    assert table.loc[("frequency", "1"), "status"] == "held"
    assert table.loc[("frequency", "1"), "value"] == 1
    assert table.loc[("rate", ""), "status"] == "free"


def test_results_show_themselves_briefly():
    result = fit(CURVES, Linear, key=KEY)
    assert repr(result) == (
        "<Fit of Linear: 3 skills at 30 steps, 3 free parameters, residuals "
        f"{result.scale:.3g} in level, converged>"
    )
    assert "<table" in result._repr_html_()
    assert "<Fit" not in result._repr_html_()
    outcome = compare(CURVES, {"linear": Linear}, key=KEY)
    assert repr(outcome) == "<Comparison of 1 theories: Only linear was fitted.>"
    assert "<table" in outcome._repr_html_()


@pytest.mark.usefixtures("unchecked")
def test_shapes_of_parameters_are_checked():
    unchecked_theory: Any = Resource
    for bad in (1.0, np.ones((2, 2)), np.ones(0)):
        with pytest.raises(ArgumentError, match=r"frequency must have shape \(n_skill,\)"):
            unchecked_theory(bad)
    with pytest.raises(ArgumentError, match=r"rate must have shape \(\), got \(3,\)"):
        unchecked_theory(np.ones(3), rate=np.ones(3))


def test_a_custom_theory_is_a_theory():
    assert issubclass(Fixed, Theory)
    np.testing.assert_allclose(
        Fixed(np.array([0.1])).learning_time(0.5), np.log(2) / 0.1, rtol=1e-5
    )
