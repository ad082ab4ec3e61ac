"""What a fit makes of curves: weights from standard errors, and what it cannot use."""

import numpy as np
import pytest
from scipy import stats

from skillphysics.curves import Curves
from skillphysics.errors import FitError
from skillphysics.measure.data import data_of

NAN = np.nan


def test_without_standard_errors_every_measurement_counts_the_same():
    data = data_of(Curves.from_arrays([0, 1, 2], [[0, 0.1], [NAN, 0.2], [0.5, NAN]]))
    np.testing.assert_array_equal(data.weight, [[[1, 1], [0, 1], [1, 0]]])
    np.testing.assert_array_equal(data.level, [[[0, 0.1], [0, 0.2], [0.5, 0]]])
    assert data.n_point == 4
    assert not data.known_noise


def test_standard_errors_are_at_least_a_quarter_of_the_usual_one():
    stderr = np.array([[0.0, 0.2, NAN], [0.1, 0.04, NAN], [0.1, NAN, NAN], [0.3, 0.4, NAN]])
    data = data_of(Curves.from_arrays([0, 1, 2, 3], np.full((4, 3), 0.5), level_stderr=stderr))
    # Medians of the positive ones: 0.1 and 0.2, and 0.15 overall, which the third skill gets.
    usual = [[0.025, 0.2, 0.15], [0.1, 0.05, 0.15], [0.1, 0.2, 0.15], [0.3, 0.4, 0.15]]
    np.testing.assert_allclose(data.weight[0], 1 / np.array(usual))
    assert data.known_noise


def test_standard_errors_that_are_all_zero_say_nothing():
    curves = Curves.from_arrays([0, 1, 2], np.ones((3, 1)), level_stderr=np.zeros((3, 1)))
    np.testing.assert_array_equal(data_of(curves).weight, 1)


def test_parts_of_the_steps_share_out_the_weight():
    data = data_of(Curves.from_arrays([0, 1, 2, 3], np.full((4, 2), 0.5)))
    early, late = data.before(3), data.after(3)
    np.testing.assert_array_equal(early.weight + late.weight, data.weight)
    assert early.n_point == 6
    assert late.weight[0, 3].all()


@pytest.mark.parametrize(
    ("steps", "level", "message"),
    [
        ([0, 1], [[0.0], [1.0]], "at least 3 steps, got 2"),
        ([0, 1, 2], [[0, NAN], [0.5, NAN], [1, NAN]], "'2' has none; leave it out"),
    ],
)
def test_curves_that_no_theory_can_use(steps, level, message):
    with pytest.raises(FitError, match=message):
        data_of(Curves.from_arrays(steps, level))


def test_errors_of_accuracies_are_a_function_of_the_level():
    rng = np.random.default_rng(0)
    n, chance = 400, 0.25
    truth = np.linspace(0.25, 0.98, 20)
    share = rng.binomial(n, truth) / n
    stderr = np.sqrt(share * (1 - share) / n)
    level = (share - chance) / (1 - chance)
    curves = Curves.from_arrays(
        np.arange(20), level[:, None], level_stderr=stderr[:, None] / (1 - chance)
    )
    exact = (truth - chance) / (1 - chance)
    data = data_of(curves).expecting(exact[:, None])
    expected = np.sqrt(truth * (1 - truth) / n) / (1 - chance)
    np.testing.assert_allclose(data.stderr[0, :, 0], expected, rtol=1e-6)
    # Twice the binomial log-likelihood ratio against the shares themselves.
    right = np.rint(n * share)
    ratio = stats.binom.logpmf(right, n, share) - stats.binom.logpmf(right, n, truth)
    np.testing.assert_allclose(data.deviance(exact[:, None]), 2 * ratio.sum(), rtol=1e-6)


def test_the_error_of_a_perfect_score_is_that_of_half_a_wrong_answer():
    share = np.array([0.1, 0.3, 0.5, 0.8, 1.0, 1.0])
    inside = np.clip(share, 0, 1 - 0.5 / 100)
    stderr = np.sqrt(inside * (1 - inside) / 100)
    curves = Curves.from_arrays(np.arange(6), share[:, None], level_stderr=stderr[:, None])
    data = data_of(curves).expecting(share[:, None])
    np.testing.assert_allclose(data.stderr[0, -1, 0], np.sqrt(0.005 / 100), rtol=1e-6)


def test_other_errors_stay_as_they_are():
    stderr = np.random.default_rng(0).uniform(0.05, 0.1, (12, 1))
    curves = Curves.from_arrays(np.arange(12), np.linspace(0, 1, 12)[:, None], level_stderr=stderr)
    data = data_of(curves).expecting(np.full((12, 1), 0.5))
    np.testing.assert_array_equal(data.stderr[0], stderr)
