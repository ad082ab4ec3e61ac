"""Size and correlation of errors, recovered from the residuals of fits that have absorbed some."""

import numpy as np

from skillphysics.inference.noise import Noise, measure_noise

N_STEP, N_SKILL = 40, 400


def errors(scale: float, correlation: float) -> np.ndarray:
    """Errors [n_step, n_skill], each skill a series of its own."""
    place = np.arange(N_STEP)
    root = np.linalg.cholesky(correlation ** np.abs(place[:, None] - place))
    return scale * root @ np.random.default_rng(0).normal(size=(N_STEP, N_SKILL))


def measured(error: np.ndarray, *, known: bool = False) -> tuple[list[Noise], Noise]:
    """The noise of fits of a bump and a plateau to pure errors, skill by skill."""
    t = np.arange(N_STEP)
    shape = np.stack([np.exp(-((t - 12) ** 2) / 20), t / N_STEP > 0.5]).astype(float)
    basis = np.linalg.qr(shape.T)[0]
    residual = error - basis @ (basis.T @ error)
    jacobian = np.broadcast_to(shape[:, None, :, None], (2, 1, N_STEP, N_SKILL))
    every = np.ones((1, N_STEP, N_SKILL), bool)
    return measure_noise(residual[None], every, jacobian, known=known)


def test_size_and_correlation_are_those_of_the_errors():
    for scale, correlation in ((0.5, 0.0), (2.0, 0.3), (1.0, 0.7)):
        own, alike = measured(errors(scale, correlation))
        # Over seeds the scale of 400 series of 40 varies by 1 %, the correlation by 0.012.
        np.testing.assert_allclose(alike.scale, scale, rtol=0.04)
        np.testing.assert_allclose(alike.correlation, correlation, atol=0.04)
        for noise in own:
            np.testing.assert_allclose(noise.scale, scale, rtol=0.08)


def test_calm_points_do_not_hide_errors_where_it_matters():
    error = errors(1.0, 0.0)
    error[20:] *= 0.01
    (bump, _), alike = measured(error)
    assert alike.scale < 0.85
    np.testing.assert_allclose(bump.scale, 1.0, rtol=0.15)


def test_known_errors_are_the_least():
    own, alike = measured(errors(0.2, 0.0), known=True)
    assert [one.scale for one in (*own, alike)] == [1.0, 1.0, 1.0]


def test_the_mean_of_correlated_errors_varies_more():
    # Variance of the mean of n → ∞ points of an AR(1) process, times n.
    assert Noise(2.0, 0.5, 10.0).inflation == 12.0
