"""Grids of steps."""

import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.steps import dense, is_logarithmic, log_spaced, record_steps


@pytest.mark.parametrize("steps", [1, 2, 999, 1000, 1001, 3000, 100_000, 2**31 - 1])
def test_at_most_a_thousand_records_after_the_start(steps):
    chosen = record_steps(steps)
    assert chosen[0] == 0
    assert chosen[-1] == steps
    assert len(chosen) <= 1001
    assert (np.diff(chosen) > 0).all()


def test_log_spaced_steps():
    chosen = log_spaced(10**6, 100)
    assert chosen[0] == 0
    assert chosen[-1] == 10**6
    assert len(chosen) <= 101
    assert is_logarithmic(chosen)
    assert not is_logarithmic(record_steps(3000))
    with pytest.raises(ArgumentError, match="n must be an integer of at least 1, got 0"):
        log_spaced(10, 0)


def test_a_single_step():
    for steps in (np.array([0]), np.array([7])):
        assert not is_logarithmic(steps)
        assert dense(steps).tolist() == steps.tolist()


@pytest.mark.parametrize(
    ("steps", "record", "message"),
    [
        (0, None, "steps must be an integer of at least 1, got 0"),
        (10, 0, "record must be an integer of at least 1, got 0"),
        (10, 2.5, "record must be an integer of at least 1, got 2.5"),
        (10, [0.5, 2], r"a list of integers, got an array of shape \(2,\) and type float64"),
        (10, [], "a list of integers"),
        (10, [0, 11], "strictly increase between 0 and 10, got 0 to 11"),
        (10, [0, 5, 5], "got 0 to 5 with a decrease"),
        (10, [-1, 5], "got -1 to 5"),
    ],
)
def test_unusable_steps(steps, record, message):
    with pytest.raises(ArgumentError, match=message):
        record_steps(steps, record)


def test_dense_covers_the_curve():
    chosen = dense(np.array([0, 10, 100]))
    assert chosen[0] == 0
    assert chosen[-1] == 100
