"""Two squares: which points ask for which, and the losses of known functions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skillphysics.errors import ArgumentError
from skillphysics.tasks import Squares

KEY = jax.random.key(0)


def test_points_of_the_code_ask_for_one_square_each():
    task = Squares.draw(KEY, "code")
    points, counts = np.asarray(task.points), np.asarray(task.counts)
    assert points.shape == (1000, 2)
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points != 0, counts)
    np.testing.assert_array_equal(counts.sum(0), [990, 10])
    assert (counts.sum(1) == 1).all()
    assert stats.kstest(points[:990, 0], "uniform", (-1, 2)).pvalue > 1e-3


def test_points_of_the_text_always_ask_for_the_first_square():
    task = Squares.draw(KEY, "text", n_samples=400, n_rare=40)
    points = np.asarray(task.points)
    np.testing.assert_array_equal((points != 0).sum(0), [400, 40])
    assert np.asarray(task.counts).all()
    np.testing.assert_allclose(task.frequency, [1, 0.1])
    assert stats.kstest(points[points[:, 1] != 0, 1], "uniform", (-1, 2)).pvalue > 1e-3


@pytest.mark.parametrize("reading", ["code", "text"])
def test_losses_are_those_of_numpy(reading):
    task = Squares.draw(KEY, reading)
    x, y = np.asarray(task.points, np.float64).T

    def predict(points):
        return jnp.stack([0.5 * points[:, 0] ** 2, points[:, 1] ** 2 + 0.1], axis=1)

    first, second = (0.5 * x**2) ** 2, np.full(1000, 0.01)
    if reading == "code":
        loss = (first[y == 0].sum() + second[x == 0].sum()) / 2000
    else:
        loss = (first.sum() + second.sum()) / 2000
    assert float(task.loss(predict, None)) == pytest.approx(loss, rel=1e-4)
    measured = task.measure(predict, KEY)
    assert float(measured["loss"]) == pytest.approx(loss, rel=1e-4)
    skill_loss = np.array([first[x != 0].mean(), 0.01])
    np.testing.assert_allclose(measured["skill_loss"], skill_loss, rtol=1e-4)
    level = [0.75, 1 - 0.01 / (y[y != 0] ** 4).mean()]
    np.testing.assert_allclose(measured["level"], level, rtol=1e-4)


def test_the_zero_function_has_level_zero():
    measured = Squares.draw(KEY, "code").measure(jnp.zeros_like, KEY)
    np.testing.assert_allclose(measured["level"], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Squares.draw(KEY, "both"), "reading must be 'code' or 'text', got 'both'"),
        (lambda: Squares.draw(KEY, "code", n_rare=0), "n_rare must .* got 0"),
        (
            lambda: Squares.draw(KEY, "code", n_samples=10),
            "n_rare must be less than n_samples = 10, got 10",
        ),
        (lambda: Squares.draw(KEY, "code", n_samples=0), "n_samples must .* got 0"),
        (lambda: Squares(np.ones((3, 2)), np.ones((2, 2), bool)), r"got \(3, 2\) and \(2, 2\)"),
        (lambda: Squares(np.eye(2) * np.nan, np.ones((2, 2), bool)), "finite"),
        (lambda: Squares(np.ones((2, 2)) * [1, 0], np.ones((2, 2), bool)), "be 0 in all"),
    ],
)
def test_what_is_wrong_is_said(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()


def test_a_network_of_another_width_is_refused():
    with pytest.raises(ArgumentError, match=r"1000 samples, got shape \(1000, 1\)"):
        Squares.draw(KEY, "code").loss(lambda x: x[:, :1], None)
