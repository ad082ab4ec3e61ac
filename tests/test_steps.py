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
    with pytest.raises(ArgumentError, match="n is 0"):
        log_spaced(10, 0)


def test_dense_covers_the_curve():
    chosen = dense(np.array([0, 10, 100]))
    assert chosen[0] == 0
    assert chosen[-1] == 100
