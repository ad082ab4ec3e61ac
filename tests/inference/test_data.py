"""What a fit makes of curves: weights from standard errors, and what it cannot use."""

import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import FitError
from skillphysics.inference.data import data_of

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
        ([0, 1], [[0.0], [1.0]], "at least 3 steps, but the curves have 2"),
        ([0, 1, 2], [[0, NAN], [0.5, NAN], [1, NAN]], "'2' was never measured; leave it out"),
    ],
)
def test_curves_that_no_theory_can_use(steps, level, message):
    with pytest.raises(FitError, match=message):
        data_of(Curves.from_arrays(steps, level))
