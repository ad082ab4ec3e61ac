"""What an explanation leaves out, and what it warns of. Two cheap theories stand for all ten."""

import sys

import jax
import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import FitError
from skillphysics.report import explain, summary
from skillphysics.theories import Linear, Multilinear

STEPS = np.arange(0, 1500, 75.0)


TWO = {"linear": Linear, "multilinear": Multilinear}


def curves(rates, names, **options) -> Curves:
    level = 1 - np.exp(-np.outer(STEPS, rates))
    level += 0.01 * np.random.default_rng(1).normal(size=level.shape)
    return Curves.from_arrays(STEPS, level, skill=names, **options)


def test_skills_come_in_the_order_in_which_they_are_learned():
    found = explain(
        curves([2e-3, 6e-3, 4e-3], ["slow", "fast", "middle"]), TWO, key=jax.random.key(0)
    )
    assert found.fitted == ("fast", "middle", "slow")
    assert found.comparison.winner == "linear"
    assert found.resource is found.comparison.fits["linear"]


def test_flat_and_unmeasured_skills_are_named_and_left_out():
    data = curves([6e-3, 4e-3, 0, 2e-3], ["fast", "slow", "flat", "absent"])
    level = data.level.values.copy()
    level[:, 3] = np.nan
    found = explain(Curves.from_arrays(STEPS, level, skill=data.names), TWO, key=jax.random.key(0))
    assert found.fitted == ("fast", "slow")
    text = " ".join(found.unreliable)
    assert "without learning" in text
    assert "flat" in text
    assert "Left out without measurements: absent." in text
    assert len(found.skills) == 4


def test_runs_are_fitted_together():
    one = curves([6e-3, 3e-3], ["a", "b"])
    noise = 0.01 * np.random.default_rng(2).normal(size=(3, *one.level.shape))
    runs = Curves.from_arrays(STEPS, one.level.values + noise, skill=one.names)
    found = explain(runs, TWO, key=jax.random.key(0))
    assert found.comparison.best.n_point == 3 * one.level.size


def test_many_skills_are_thinned_over_the_order_of_learning(monkeypatch):
    monkeypatch.setattr(sys.modules[explain.__module__], "MOST_FITTED", 3)
    rates = np.geomspace(1e-3, 1e-2, 7)
    found = explain(curves(rates, list("abcdefg")), TWO, key=jax.random.key(0))
    assert found.fitted == ("g", "d", "a")
    assert any("3 of the 7 skills" in reason for reason in found.unreliable)


def test_nothing_learned_is_an_error_that_says_so():
    with pytest.raises(FitError, match="rises above chance by more than 3 standard errors"):
        explain(curves([0, 0], ["a", "b"]), TWO, key=jax.random.key(0))


def test_the_same_key_gives_the_same_explanation():
    data = curves([6e-3, 3e-3], ["a", "b"])
    first, second = (summary(explain(data, TWO, key=jax.random.key(3))) for _ in range(2))
    assert first == second


def test_the_noise_is_read_off_the_jumps_where_no_errors_are_given():
    """A skill that rises by a third of its noise is not learning."""
    level = np.stack([1 - np.exp(-STEPS * 5e-3), 0.03 * STEPS / STEPS[-1]], axis=1)
    level += 0.1 * np.random.default_rng(5).normal(size=level.shape)
    found = explain(
        Curves.from_arrays(STEPS, level, skill=["yes", "no"]), TWO, key=jax.random.key(0)
    )
    assert found.fitted == ("yes",)
