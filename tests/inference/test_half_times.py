"""Half-times against closed forms, and the drift of clocks."""

import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.inference import drift, half_times

STEPS = np.geomspace(1, 1000, 60)
RATE = np.array([0.1, 0.02])


def test_half_times_of_exponentials():
    curves = Curves.from_arrays(STEPS, -np.expm1(-np.outer(STEPS, RATE)))
    found = half_times(curves)
    np.testing.assert_allclose(found["half"], np.log(2) / RATE, rtol=5e-3)
    np.testing.assert_array_less(found["log_stderr"], 0.02)


def test_the_standard_error_is_the_scatter_of_repetitions():
    rng = np.random.default_rng(0)
    exact = -np.expm1(-np.outer(STEPS, RATE))
    found = [
        half_times(
            Curves.from_arrays(
                STEPS,
                exact + 0.05 * rng.normal(size=exact.shape),
                level_stderr=np.full(exact.shape, 0.05),
            )
        )
        for _ in range(60)
    ]
    times = np.log(np.array([one["half"] for one in found]))
    stated = np.array([one["log_stderr"] for one in found]).mean(0)
    # A standard deviation of 60 is known to 9 %.
    np.testing.assert_allclose(stated, times.std(0), rtol=0.35)
    assert (np.abs(times.mean(0) - np.log(np.log(2) / RATE)) < 3 * times.std(0)).all()


def test_a_jump_between_checkpoints_leaves_the_time_open():
    steps = np.array([1.0, 100.0, 400.0, 1000.0])
    found = half_times(Curves.from_arrays(steps, np.array([[0.0], [0.0], [1.0], [1.0]])))
    # Anywhere between 100 and 400, in ln t uniform.
    np.testing.assert_allclose(found["log_stderr"], np.log(4) / np.sqrt(12), rtol=1e-9)


def test_never_and_from_the_beginning():
    level = np.stack([np.full(60, 0.2), np.full(60, 0.9), np.linspace(0, 0.4, 60)], axis=1)
    found = half_times(Curves.from_arrays(STEPS, level), np.array([1.0, 1.0, 0.8]))["half"]
    assert np.isinf(found.iloc[0])
    assert np.isnan(found.iloc[1])
    assert found.iloc[2] == pytest.approx(1000, rel=1e-6)


def test_runs_are_averaged_in_the_logarithm():
    level = np.stack([-np.expm1(-np.outer(STEPS, RATE * f)) for f in (0.5, 2.0)])
    found = half_times(Curves.from_arrays(STEPS, level))
    np.testing.assert_allclose(found["half"], np.log(2) / RATE, rtol=5e-3)
    np.testing.assert_allclose(found["log_stderr"], np.log(2), rtol=0.01)


def test_unusable_ceilings():
    curves = Curves.from_arrays(STEPS, np.zeros((60, 1)))
    with pytest.raises(ArgumentError, match="ceiling\\[0\\] must be positive"):
        half_times(curves, np.array([0.0]))


def test_one_clock_does_not_drift_and_two_do():
    clock = STEPS**0.7
    one = Curves.from_arrays(STEPS, -np.expm1(-np.outer(clock, RATE)))
    assert drift(one, np.ones(2)).factor == pytest.approx(1, abs=1e-9)
    level = np.stack([-np.expm1(-RATE[0] * STEPS), -np.expm1(-((0.05 * STEPS) ** 2))], axis=1)
    found = drift(Curves.from_arrays(STEPS, level), np.ones(2))
    assert found.n_pair == 1
    # ln v_1 − ln v_2 = const − ln t over the common clear steps.
    clear = ((level > 0.1) & (level < 0.9)).all(1)
    expected = STEPS[clear].max() / STEPS[clear].min()
    assert found.factor == pytest.approx(expected, rel=1e-9)
    assert drift(one.select(["1"]), np.ones(1)).n_pair == 0
