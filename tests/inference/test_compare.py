"""Rankings: ties, vetoes by prediction, and what may not be looked at."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference import Comparison, compare
from skillphysics.theories import Linear, Measured, Multilinear, Resource, Theory
from skillphysics.theories.constraints import HELD, POSITIVE, parameter

KEY = jax.random.key(0)
STEPS = np.concatenate([[0], np.geomspace(1, 200, 29)])
PULL = np.array([0.1, 0.04, 0.01])


def linear_curves(seed: int = 0) -> Curves:
    level = -np.expm1(-np.outer(STEPS, PULL))
    return Curves.from_arrays(
        STEPS, level + 0.02 * np.random.default_rng(seed).normal(size=level.shape)
    )


class Line(Theory):
    """Levels that rise forever."""

    frequency: jax.Array = eqx.field(converter=jnp.asarray, metadata=parameter(HELD))
    rate: jax.Array = eqx.field(
        converter=jnp.asarray, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )

    def level_at(self, steps):
        return self.rate * steps + jnp.zeros_like(self.frequency)


class Jump(Theory):
    """Levels that rise forever, and jump at step 90."""

    frequency: jax.Array = eqx.field(converter=jnp.asarray, metadata=parameter(HELD))
    rate: jax.Array = eqx.field(
        converter=jnp.asarray, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    height: jax.Array = eqx.field(
        converter=jnp.asarray, default=100.0, metadata=parameter(POSITIVE)
    )

    def level_at(self, steps):
        jump = jnp.where(steps > 90, self.height, 0)
        return self.rate * steps + jump + jnp.zeros_like(self.frequency)


@pytest.fixture(scope="module")
def of_linear_data() -> Comparison:
    theories = {"resource": Resource, "linear": Linear, "multilinear": Multilinear}
    return compare(linear_curves(), theories, key=KEY)


def test_the_simpler_of_tied_theories_wins(of_linear_data):
    found = of_linear_data
    assert found.winner == "linear"
    assert set(found.tied) == {"linear", "resource"}
    assert not found.decisive
    assert found.best is found.fits["linear"]
    assert found.verdict.startswith("The data cannot tell linear from resource (AIC within 6)")
    assert "linear is the simplest of them" in found.verdict


def test_the_table_repeats_the_fits(of_linear_data):
    found = of_linear_data
    assert list(found.fits) == found.table.index.tolist()
    assert found.table.index[0] == "linear"
    for name, row in found.table.iterrows():
        result = found.fits[str(name)]
        assert row["parameters"] == result.n_parameter
        assert (row["scale"], row["converged"]) == (result.scale, result.converged)
    aic = found.table["aic"]
    np.testing.assert_allclose(found.table["delta_aic"], aic - aic.min())
    assert aic["multilinear"] > aic["linear"] + 100
    assert found.n_held_out == 8  # round(0.25 · 30)
    assert found.table.loc["linear", "held_out"] == pytest.approx(0.02, rel=0.4)


def test_a_single_theory_is_not_compared():
    assert (
        compare(linear_curves(), {"linear": Linear}, key=KEY).verdict == "Only linear was fitted."
    )


def test_the_held_out_steps_are_not_used_for_their_prediction():
    curves = linear_curves()
    late = np.arange(30)[:, None] >= 22

    def held_out_error(shift: float) -> float:
        moved = Curves.from_arrays(STEPS, curves.level.values + shift * late)
        found = compare(moved, {"linear": Linear}, key=KEY)
        assert found.n_held_out == 8
        return found.table.loc["linear", "held_out"]

    # mean (e − c)² + mean (e + c)² − 2c² = 2 mean e², for errors e that do not know of the shift c.
    for shift in (0.3, 5.0):
        both = held_out_error(shift) ** 2 + held_out_error(-shift) ** 2 - 2 * shift**2
        # Cancellation: c² is up to 7e4 times the result.
        assert both / 2 == pytest.approx(held_out_error(0.0) ** 2, rel=1e-9)


def test_a_clearly_better_prediction_vetoes():
    level = STEPS / 400 + 0.15 * (STEPS > 90)
    level = level[:, None] + 0.01 * np.random.default_rng(0).normal(size=(30, 3))
    # The last five steps are beyond the jump, so what comes before says nothing of its height.
    assert (STEPS > 90).sum() == 5
    found = compare(
        Curves.from_arrays(STEPS, level), {"line": Line, "jump": Jump}, key=KEY, held_out=5 / 30
    )
    assert found.winner == "jump"
    assert found.tied == ("jump",)
    assert found.better_predictors == ("line",)
    assert not found.decisive
    assert found.verdict == (
        "The fit to all checkpoints favours jump, yet line predicts the last 5 checkpoints "
        "clearly better, so the data single out no theory."
    )
    # All of the steps, and the jump is known: nothing to veto.
    seen = compare(Curves.from_arrays(STEPS, level), {"line": Line, "jump": Jump}, key=KEY,
                   held_out=2 / 30)  # fmt: skip
    assert seen.winner == "jump"
    assert seen.decisive
    assert seen.verdict.startswith("Jump explains these curves best: its AIC is ")
    assert "below the next (line)" in seen.verdict


def test_both_reasons_for_doubt_are_said():
    fits = compare(linear_curves(), {"linear": Linear}, key=KEY).fits
    doubt = Comparison(fits, pd.DataFrame(), "a", ("a", "b", "c"), ("d", "e", "f"), 7)
    assert doubt.verdict == (
        "The data cannot tell a from b, c (AIC within 6); a is the simplest of them; the fit to "
        "all checkpoints favours a, yet d and 2 other theories predict the last 7 checkpoints "
        "clearly better, so the data single out no theory."
    )


def test_a_theory_that_cannot_be_fitted_is_left_out():
    curves = Curves.from_arrays([0, 1, 2], [[0.0], [0.3], [0.5]])
    greedy = {
        "greedy": lambda p: Measured(Multilinear(p), jnp.ones_like(p), jnp.ones_like(p)),
    }
    seen = []
    found = compare(curves, {**greedy, "linear": Linear}, key=KEY, done=seen.append)
    assert list(found.fits) == ["linear"]
    assert sorted(seen) == ["greedy", "linear"]
    with pytest.raises(FitError, match="4 parameters cannot be fitted to 3 measurements"):
        compare(curves, greedy, key=KEY)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"held_out": 0.0}, "held_out must be between 0 and 1, both excluded, got 0.0"),
        ({"held_out": 1.0}, "held_out must be between 0 and 1, both excluded, got 1.0"),
        ({"theories": {}}, "at least one theory"),
        ({"hold": ["nonsense"]}, "got 'nonsense'"),
    ],
)
def test_unusable_arguments(argument, message):
    arguments = {"theories": {"linear": Linear}, "key": KEY, **argument}
    with pytest.raises(ArgumentError, match=message):
        compare(linear_curves(), **arguments)
