"""Quanta, Domino and its modular variant: learning times, capacity and their limits."""

import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.theories import Domino, Linear, ModularDomino, Quanta

FREQUENCY = np.array([0.2, 0.5, 0.3])
STEPS = np.arange(0.0, 400)


def test_quanta_learn_in_a_time_inverse_to_the_frequency():
    theory = Quanta(FREQUENCY, rate=0.1)
    time = theory.learning_time(1 - np.exp(-1))
    np.testing.assert_allclose(time, 10 / FREQUENCY, rtol=1e-6)
    level = Curves.from_arrays(STEPS, theory.levels(STEPS))
    np.testing.assert_allclose(level.learning_time(1 - np.exp(-1)), 10 / FREQUENCY, rtol=2e-3)


def test_figure_9_right():
    # 1 − exp(−t/(30 n)) for p_n ∝ 1/n.
    order = np.arange(1, 11)
    found = Quanta(1.0 / order, rate=1 / 30).levels(STEPS)
    np.testing.assert_allclose(found, 1 - np.exp(-STEPS[:, None] / (30 * order)), atol=1e-6)


def test_an_endless_capacity_is_plain():
    plain = Linear(FREQUENCY, rate=0.1).levels(STEPS)
    np.testing.assert_array_equal(Quanta(FREQUENCY, rate=0.1).levels(STEPS), plain)
    np.testing.assert_array_equal(Quanta(FREQUENCY, rate=0.1, capacity=3).levels(STEPS), plain)


@pytest.mark.parametrize("make", [Quanta, Domino, ModularDomino])
def test_the_most_frequent_skills_fill_the_capacity(make):
    theory = make(FREQUENCY, rate=0.1, capacity=2)
    assert np.isinf(theory.learning_time()).tolist() == [True, False, False]
    level = np.asarray(theory.levels([1e4]))[0]
    np.testing.assert_allclose(level, [0, 1, 1])
    assert not np.asarray(make(FREQUENCY, rate=0.1, capacity=0.0001).levels([1e4]))[0, 0]


@pytest.mark.parametrize("n_skill", [1, 4, 100])
def test_modules_take_the_square_root_of_the_time(n_skill):
    # L25 §6.1: T ∝ n_skill/√n_dim shared and √n_skill/√n_dim modular, with one factor.
    frequency = np.arange(1.0, n_skill + 1) ** -2
    shared = Domino(frequency, rate=0.02).learning_time(0.999)
    modular = ModularDomino(frequency, rate=0.02).learning_time(0.999)
    np.testing.assert_allclose(shared.max(), (n_skill - 0.001) / 0.02, rtol=1e-6)
    np.testing.assert_allclose(modular, 0.999 * np.sqrt(n_skill) / 0.02, rtol=1e-6)
    level = ModularDomino(frequency, rate=0.02).levels([float(modular[0])])
    np.testing.assert_allclose(level, 0.999, rtol=1e-6)
