"""Theories that contain each other: the same levels where the parameters say so."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.theories import SIMPLE, Composite, Domino, Linear, Measured, Resource

FREQUENCY = np.array([0.2, 0.5, 0.3])
STEPS = np.array([0.0, 0.4, 1.3, 2.45, 3.7, 9.0])


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("exponent", [40.0, 60.0])
def test_a_steep_composite_is_its_base(name, exponent):
    # Shares of the latent skills beyond the first are at most 2^−40, or 1e-12.
    with jax.enable_x64(True):
        base = SIMPLE[name](jnp.asarray(FREQUENCY))
        found = Composite(base, np.full(3, exponent), n_latent=4).levels(STEPS)
        np.testing.assert_allclose(found, base.levels(STEPS), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SIMPLE)
def test_a_composite_of_one_latent_skill_is_its_base(name):
    with jax.enable_x64(True):
        base = SIMPLE[name](jnp.asarray(FREQUENCY))
        found = Composite(base, np.full(3, 1.5), n_latent=1).levels(STEPS)
        np.testing.assert_allclose(found, base.levels(STEPS), rtol=0, atol=1e-15)


def test_a_composite_is_the_weighted_mean_of_all_latent_skills():
    exponent = np.array([0.0, 1.0, 2.5])
    rank = np.arange(1, 5)
    share = rank ** -exponent[:, None] / (rank ** -exponent[:, None]).sum(1, keepdims=True)
    with jax.enable_x64(True):
        base = Resource(FREQUENCY, rate=np.float64(1.0), waste=np.float64(0.1))
        flat = Resource(
            (FREQUENCY[:, None] * share).ravel(), rate=base.rate, waste=base.waste
        ).levels(STEPS)
        found = Composite(base, exponent, n_latent=4).levels(STEPS)
        expected = (share * np.asarray(flat).reshape(-1, 3, 4)).sum(-1)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", SIMPLE)
def test_a_perfect_measurement_is_the_theory(name):
    with jax.enable_x64(True):
        theory = SIMPLE[name](jnp.asarray(FREQUENCY))
        for seen in (Measured(theory), Measured(theory, np.ones(3), np.zeros(3))):
            np.testing.assert_array_equal(seen.levels(STEPS), theory.levels(STEPS))


def test_a_measurement_is_late_and_capped():
    with jax.enable_x64(True):
        theory = Linear(FREQUENCY, rate=np.float64(2.0))
        onset, ceiling = np.array([0.0, 1.0, 5.0]), np.array([1.0, 0.5, 0.0])
        late = np.maximum(STEPS[:, None] - onset, 0)
        np.testing.assert_allclose(
            Measured(theory, ceiling, onset).levels(STEPS),
            ceiling * (1 - np.exp(-2 * FREQUENCY * late)),
            rtol=1e-14,
        )


def test_dominoes_fall_in_order_of_frequency_and_stop_at_the_capacity():
    theory = Domino(FREQUENCY, rate=0.5, capacity=2)
    found = theory.levels([0, 1, 2, 3, 4, 100])
    expected = [[0, 0, 0], [0, 0.5, 0], [0, 1, 0], [0, 1, 0.5], [0, 1, 1], [0, 1, 1]]
    np.testing.assert_allclose(found, expected)


def test_equal_dominoes_fall_in_their_order():
    level = Domino(np.ones(3), rate=1.0).levels([0.5, 1.5, 2.5])
    np.testing.assert_allclose(level, [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]])
