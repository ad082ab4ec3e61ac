"""What ReLU units can express of a parity, against a search over all weights."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from skillphysics.errors import ArgumentError
from skillphysics.scaling import parity_strength


def searched(n_unit, n_bits, *, constant, tries):
    """The largest explained share of a parity, by descents from random weights."""
    x = np.array(list(itertools.product((0.0, 1.0), repeat=n_bits)))
    target = np.where(x.sum(1) % 2, -1.0, 1.0)
    rng = np.random.default_rng(0)

    def loss(point):
        first = point[: n_bits * n_unit].reshape(n_bits, n_unit)
        bias, last, c = np.split(point[n_bits * n_unit :], [n_unit, 2 * n_unit])
        before = x @ first + bias
        on = np.maximum(before, 0)
        wrong = (on @ last + c * constant - target) * 2 / len(x)
        back = wrong[:, None] * (before > 0) * last
        gradient = [(x.T @ back).ravel(), back.sum(0), on.T @ wrong, [wrong.sum() * constant]]
        return np.sum(wrong**2) * len(x) / 4, np.concatenate(gradient)

    starts = rng.normal(scale=1.5, size=(tries, (n_bits + 2) * n_unit + 1))
    return 1 - min(minimize(loss, start, jac=True, method="BFGS").fun for start in starts)


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize(("n_bits", "n_unit"), [(2, 1), (2, 2), (2, 3), (3, 1), (3, 2)])
def test_a_search_reaches_it_and_no_more(n_bits, n_unit, constant):
    found = searched(n_unit, n_bits, constant=constant, tries=60)
    assert found == pytest.approx(parity_strength(n_unit, n_bits, constant=constant), abs=1e-3)


@pytest.mark.parametrize("n_bits", [1, 2, 3, 4, 7])
def test_the_units_of_the_docstring_have_it(n_bits):
    """By least squares over the outputs of relu(s − j), on all strings."""
    ones = np.array(list(itertools.product((0, 1), repeat=n_bits))).sum(1)
    target = (-1.0) ** ones
    for n_unit, constant in itertools.product(range(n_bits + 2), (False, True)):
        units = [np.maximum(ones - (n_bits - 1 - i), 0) for i in range(n_unit)]
        features = np.stack([*units, np.full(ones.size, float(constant))], 1)
        weights = np.linalg.lstsq(features, target, rcond=None)[0]
        level = np.mean(features @ weights * target)
        assert parity_strength(n_unit, n_bits, constant=constant) == pytest.approx(level, abs=1e-9)


def test_what_is_no_count_is_refused():
    with pytest.raises(ArgumentError, match="n_unit is -1"):
        parity_strength(-1, 3)
    with pytest.raises(ArgumentError, match="n_bits is 0"):
        parity_strength(1, 0)
