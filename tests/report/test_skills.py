"""Which skills are explained, what is said of their times, and what of their frequencies."""

import jax
import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.measure.thinning import thinned
from skillphysics.report.explain import explain
from skillphysics.theories import Linear

KEY = jax.random.key(0)
STEPS = np.concatenate([[0], np.geomspace(1, 400, 29)])
FREQUENCY = np.array([0.6, 0.25, 0.1, 0.05])
NAMES = ["a", "b", "c", "d"]
ONLY = {"linear": Linear}


def learned(seed: int = 0, **more) -> Curves:
    """Four skills of the linear theory, whose half-times are ln 2/(0.2 p)."""
    level = -np.expm1(-np.outer(STEPS, 0.2 * FREQUENCY))
    noise = 0.02 * np.random.default_rng(seed).normal(size=level.shape)
    stderr = np.full(level.shape, 0.02)
    return Curves.from_arrays(STEPS, level + noise, skill=NAMES, level_stderr=stderr, **more)


def test_times_and_rates_relative_to_the_first_skill():
    skills = explain(learned(), ONLY, key=KEY).skills
    assert list(skills.index) == NAMES
    np.testing.assert_allclose(skills["half"], np.log(2) / (0.2 * FREQUENCY), rtol=0.15)
    ratio = FREQUENCY[0] / FREQUENCY
    np.testing.assert_array_less(skills["time_ratio_low"], ratio + 1e-12)
    np.testing.assert_array_less(ratio, skills["time_ratio_high"] + 1e-12)
    # The truth is the theory's own, so that its rates are right and better known.
    rate = FREQUENCY / FREQUENCY[0]
    np.testing.assert_array_less(skills["rate_low"], rate + 1e-12)
    np.testing.assert_array_less(rate, skills["rate_high"] + 1e-12)
    np.testing.assert_array_less(skills["rate_high"] / skills["rate_low"], 1.3)


def test_frequencies_only_where_they_are_known_or_asked_for():
    plain = explain(learned(), ONLY, key=KEY)
    assert plain.law is None
    assert plain.skills[["frequency", "inferred"]].isna().to_numpy().all()
    asked = explain(learned(), ONLY, key=KEY, infer="full").skills
    assert asked["frequency"].isna().to_numpy().all()
    np.testing.assert_array_less(asked["inferred_low"], asked["inferred"] + 1e-12)
    known = explain(
        learned(), ONLY, key=KEY, frequencies=dict(zip(NAMES[:3], FREQUENCY[:3], strict=True))
    )
    assert known.skills["frequency"].notna().tolist() == [True, True, True, False]
    assert known.law is not None
    low, high = known.law.kappa.low[0], known.law.kappa.high[0]
    assert low < 1 < high
    # The fourth is foreseen from the line through the others.
    assert known.law.frequency.low[3] < FREQUENCY[3] < known.law.frequency.high[3]
    own = explain(learned(frequency=FREQUENCY), ONLY, key=KEY)
    np.testing.assert_array_equal(own.skills["frequency"], FREQUENCY)


@pytest.mark.parametrize(
    ("frequencies", "message"),
    [
        ({"a": 1, "b": 2, "x": 3}, "at least 3 skills of these curves .*got 2 of them"),
        ({"a": 1, "b": 2, "c": 0}, "the frequency of 'c' must be positive, got 0"),
    ],
)
def test_unusable_frequencies(frequencies, message):
    with pytest.raises(ArgumentError, match=message):
        explain(learned(), ONLY, key=KEY, frequencies=frequencies)


def test_a_skill_that_stays_below_chance_is_not_learned():
    curves = learned()
    level = curves.level.values.copy()
    level[:, 3] = np.linspace(-0.4, -0.2, STEPS.size)
    below = Curves.from_arrays(
        STEPS, level, skill=NAMES, level_stderr=curves.dataset["level_stderr"].values
    )
    found = explain(below, ONLY, key=KEY)
    assert found.fitted == ("a", "b", "c")
    assert found.skills.loc["d", ["half", "emergence", "saturation", "rate"]].isna().all()
    assert "Left out of the fits, never above chance: d." in found.unreliable
    with pytest.raises(FitError, match="rises above chance"):
        explain(below.select(["d"]), ONLY, key=KEY)


def test_many_steps_are_averaged_over_bins():
    steps = np.arange(20_000)
    level = -np.expm1(-np.outer(steps, [1e-2, 1e-3]))
    stderr = np.full(level.shape, 0.1)
    thin = thinned(Curves.from_arrays(steps, level, level_stderr=stderr))
    assert thin.steps.size <= 500
    # Bins are narrow where it matters: a mean level is the level at the mean step.
    np.testing.assert_allclose(
        thin.level, -np.expm1(-np.outer(thin.steps, [1e-2, 1e-3])), rtol=0, atol=5e-3
    )
    # The error of a mean of n.
    width = np.diff(np.append(thin.steps, 20_000))
    last = thin.dataset["level_stderr"].values[-1, 0]
    np.testing.assert_allclose(last, 0.1 / np.sqrt(2 * width[-1]), rtol=0.05)
    few = Curves.from_arrays([0, 1, 2], [[0.0], [0.5], [1.0]])
    assert thinned(few) is few
