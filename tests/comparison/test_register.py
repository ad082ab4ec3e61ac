"""The shift of one curve against another."""

import numpy as np
import pytest

from skillphysics.comparison.register import register
from skillphysics.comparison.track import Track, crossing

STEPS = np.geomspace(30, 10_000, 30)


def measured(
    rng: np.random.Generator, level: np.ndarray, persistence: float = 0.0, n: int = 500
) -> Track:
    """A level as the accuracy on n questions, some of which keep their answer from before."""
    draw = rng.random(n)
    share = []
    for p in (1 + level) / 2:
        draw = np.where(rng.random(n) >= persistence, rng.random(n), draw)
        share.append((draw < p).mean())
    share = np.array(share)
    return Track.of(STEPS, 2 * share - 1, 2 * np.sqrt(share * (1 - share) / n))


def sigmoid(t: np.ndarray, half: float) -> np.ndarray:
    return t**3 / (half**3 + t**3)


@pytest.mark.parametrize("factor", [0.2, 0.8, 1.0, 3.0])
def test_without_noise_the_shift_is_the_logarithm_of_the_factor(factor):
    a, b = (Track.of(STEPS, sigmoid(STEPS, 800 * f), None) for f in (1.0, factor))
    shift = register(a, b, own_ceilings=False)
    assert shift is not None
    assert shift.value == pytest.approx(np.log(factor), abs=0.01)
    assert shift.low < np.log(factor) < shift.high


def test_another_ceiling_is_not_taken_for_a_delay():
    a = Track.of(STEPS, sigmoid(STEPS, 800), None)
    b = Track.of(STEPS, 0.5 * sigmoid(STEPS, 800 * 0.7), None)
    own = register(a, b, own_ceilings=True)
    assert own is not None
    assert own.value == pytest.approx(np.log(0.7), abs=0.01)
    equal = register(a, b, own_ceilings=False)
    assert equal is not None
    # At equal levels the lower curve is later, though its rise comes sooner.
    assert equal.value > own.value + 0.2


def test_runs_that_swap_places_have_the_opposite_shift():
    rng = np.random.default_rng(0)
    a, b = (measured(rng, sigmoid(STEPS, half)) for half in (600, 900))
    there, back = register(a, b, own_ceilings=False), register(b, a, own_ceilings=False)
    assert there is not None
    assert back is not None
    assert there.value == pytest.approx(-back.value, abs=0.02)
    assert there.stderr == pytest.approx(back.stderr, rel=0.25)


def test_curves_without_a_common_level_have_no_shift():
    low = Track.of(STEPS, 0.2 * sigmoid(STEPS, 800), None)
    high = Track.of(STEPS, 0.5 + 0.5 * sigmoid(STEPS, 800), None)
    assert register(low, high, own_ceilings=False) is None


@pytest.mark.parametrize("persistence", [0.0, 0.5])
def test_intervals_hold_the_truth_nine_times_in_ten(persistence):
    rng = np.random.default_rng(3)
    hits, n = 0, 120
    for _ in range(n):
        shift = 0.3 * rng.normal()
        a, b = (measured(rng, sigmoid(STEPS, 800 * np.exp(d)), persistence) for d in (0, shift))
        found = register(a, b, own_ceilings=False, correlation=persistence)
        assert found is not None
        hits += found.low <= shift <= found.high
    # Of 120 draws at 0.9, fewer than 98 or all happen less than once in 500 times.
    assert 98 <= hits < n


def test_a_wider_correlation_widens_the_interval():
    rng = np.random.default_rng(4)
    a, b = (measured(rng, sigmoid(STEPS, 800)) for _ in range(2))
    alone, correlated = (register(a, b, own_ceilings=False, correlation=rho) for rho in (0.0, 0.6))
    assert alone is not None
    assert correlated is not None
    # Of a slow signal the variance grows by (1 + ρ)/(1 − ρ) = 4.
    assert 1.5 < correlated.stderr / alone.stderr < 3


def test_crossings_are_interpolated():
    x, level = np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.5, 0.9])
    assert crossing(x, level, 0.25) == 0.5
    assert crossing(x, level, 0.7) == pytest.approx(1.5)
    assert crossing(x, level, 0.95) == np.inf


def test_zero_standard_errors_are_no_certainty():
    track = Track.of(STEPS, np.ones(30), np.r_[np.full(15, 0.02), np.zeros(15)])
    assert track.error.min() == pytest.approx(0.25 * 0.02)


def test_what_is_not_measured_is_left_out():
    level = sigmoid(STEPS, 800)
    level[::3] = np.nan
    track = Track.of(np.r_[0.0, STEPS], np.r_[0.0, level], None)
    assert track.x.size == 20
    assert not np.isnan(track.level).any()
