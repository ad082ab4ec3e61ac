"""The multilinear model against gradient flow on its layers, and N24's times of stages."""

import jax
import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.theories import Multilinear

from ..oracles.multilinear import integrated_strength

FREQUENCY, RATE, SCALE, START = np.array([0.6, 0.3, 0.1]), 0.05, 5.0, 0.05


def levels(times):
    with jax.enable_x64(True):
        theory = Multilinear(
            FREQUENCY,
            rate=np.float64(RATE),
            initial_share=np.float64(START / SCALE),
            target_scale=np.float64(SCALE),
        )
        return np.asarray(theory.levels(times))


def test_levels_solve_gradient_flow_on_two_layers():
    times = np.linspace(0, 150, 40)
    for i, frequency in enumerate(FREQUENCY):
        strength = integrated_strength(times, frequency, RATE, SCALE, START)
        np.testing.assert_allclose(levels(times)[:, i], strength / SCALE, rtol=0, atol=1e-10)


@pytest.mark.parametrize("epsilon", [0.05, 0.2])
def test_stages_take_the_times_of_the_formulas(epsilon):
    # SCIENCE.md §4: R/S passes ε at τ_e and 1 − ε at τ_e + τ_s.
    pace = RATE * FREQUENCY * SCALE
    emergence = np.log((SCALE / START - 1) / (1 / epsilon - 1)) / (2 * pace)
    saturation = np.log(1 / epsilon - 1) / pace
    # Linear interpolation errs by (Δt)²/8 times the curvature over the slope, about 1e-7 here.
    times = np.linspace(0, 300, 30_001)
    curves = Curves.from_arrays(times, levels(times))
    np.testing.assert_allclose(curves.emergence_time(epsilon), emergence, rtol=1e-5)
    np.testing.assert_allclose(curves.saturation_time(epsilon), saturation, rtol=1e-5)
    theory = Multilinear(FREQUENCY, rate=RATE, initial_share=START / SCALE, target_scale=SCALE)
    np.testing.assert_allclose(theory.emergence_time(epsilon), emergence, rtol=1e-5)
    np.testing.assert_allclose(theory.saturation_time(epsilon), saturation, rtol=1e-5)
    ends = emergence + saturation
    np.testing.assert_array_equal(theory.stage_like(epsilon), ends[:-1] < emergence[1:])
