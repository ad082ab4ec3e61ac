"""Fits of small data sets, mostly by the linear theory, which compiles fastest."""

import jax
import numpy as np
import pytest
from scipy import optimize, stats

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference import bootstrap, fit
from skillphysics.theories import Domino, Linear, Measured, Resource

KEY = jax.random.key(0)
# Most tests share these shapes, so that one compiled solve serves them.
STEPS = np.concatenate([[0], np.geomspace(1, 200, 29)])
PULL = np.array([0.1, 0.04, 0.01])
NOISE = 0.02


def linear_level(steps=STEPS, seed: int | None = 0) -> np.ndarray:
    exact = -np.expm1(-np.outer(steps, PULL))
    if seed is None:
        return exact
    return exact + NOISE * np.random.default_rng(seed).normal(size=exact.shape)


def values(result) -> np.ndarray:
    return result.parameters["value"].to_numpy()


def statuses(result, name: str) -> list[str]:
    return result.parameters.loc[name, "status"].tolist()


@pytest.fixture(scope="module")
def noisy() -> Curves:
    return Curves.from_arrays(STEPS, linear_level())


@pytest.fixture(scope="module")
def fitted(noisy):
    return fit(noisy, Linear, key=KEY)


def test_exact_data_give_back_the_parameters():
    result = fit(Curves.from_arrays(STEPS, linear_level(seed=None)), Linear, key=KEY)
    np.testing.assert_allclose(values(result), [*PULL / PULL.sum(), PULL.sum()], rtol=1e-6)
    assert result.converged
    assert result.chi2 < 1e-12


def test_a_fit_describes_itself(noisy, fitted):
    assert list(fitted.parameters.index) == [
        ("frequency", "1"),
        ("frequency", "2"),
        ("frequency", "3"),
        ("rate", ""),
    ]
    assert fitted.parameters["unit"].tolist() == ["", "", "", "1/steps"]
    assert set(fitted.parameters["status"]) == {"free"}
    assert (fitted.n_point, fitted.n_parameter, fitted.held) == (90, 3, ())
    np.testing.assert_allclose(fitted.parameters.loc["frequency", "value"].sum(), 1)
    np.testing.assert_array_equal(fitted.theory.frequency, values(fitted)[:3])
    np.testing.assert_allclose(fitted.levels(STEPS), fitted.predicted, rtol=0, atol=1e-14)
    expected = -np.expm1(-np.outer([3.0, 500.0], values(fitted)[:3] * values(fitted)[3]))
    np.testing.assert_allclose(fitted.levels(np.array([3.0, 500.0])), expected, rtol=1e-12)


def test_the_squared_error_and_what_follows_from_it(noisy, fitted):
    total = 0.0
    for row in range(30):
        for column in range(3):
            total += float(noisy.level[row, column] - fitted.predicted[row, column]) ** 2
    assert fitted.chi2 == pytest.approx(total, rel=1e-12)
    assert fitted.scale == pytest.approx(np.sqrt(total / 87), rel=1e-12)
    assert fitted.deviance == pytest.approx(total, rel=1e-12)
    assert fitted.scale == pytest.approx(NOISE, rel=0.3)  # within three standard errors


def test_standard_errors_weigh_the_squared_error(noisy):
    rng = np.random.default_rng(1)
    stderr = rng.uniform(0.01, 0.03, (30, 3))
    curves = Curves.from_arrays(STEPS, noisy.level.values, level_stderr=stderr)
    result = fit(curves, Linear, key=KEY)
    residual = (result.predicted.values - noisy.level.values) / stderr
    assert result.chi2 == pytest.approx((residual**2).sum(), rel=1e-12)

    def weighted(x):
        return ((-np.expm1(-np.outer(STEPS, x)) - noisy.level.values) / stderr).ravel()

    expected = optimize.least_squares(weighted, PULL, x_scale=PULL, xtol=1e-12, ftol=1e-12)
    assert result.chi2 == pytest.approx(2 * expected.cost, rel=1e-6)
    np.testing.assert_allclose(values(result)[:3] * values(result)[3], expected.x, rtol=1e-4)


def test_equal_standard_errors_change_only_the_unit_of_the_errors(noisy, fitted):
    # Smaller than the residuals, they do not matter; larger ones are a bound.
    for stderr, factor in ((0.01, 1.0), (0.05, 0.05 / fitted.noise["frequency"].scale)):
        curves = Curves.from_arrays(
            STEPS, noisy.level.values, level_stderr=np.full((30, 3), stderr)
        )
        result = fit(curves, Linear, key=KEY)
        np.testing.assert_allclose(values(result), values(fitted), rtol=1e-5)
        np.testing.assert_allclose(
            result.parameters["stderr"], factor * fitted.parameters["stderr"], rtol=1e-4
        )
        assert result.chi2 == pytest.approx(fitted.chi2 / stderr**2, rel=1e-8)


def test_the_same_key_gives_the_same_bits(noisy, fitted):
    again = fit(noisy, Linear, key=KEY)
    assert again.parameters.equals(fitted.parameters)
    assert (again.chi2, again.agreement) == (fitted.chi2, fitted.agreement)
    np.testing.assert_array_equal(again.predicted, fitted.predicted)


def test_the_optimum_does_not_depend_on_the_key(noisy, fitted):
    other = fit(noisy, Linear, key=jax.random.key(7))
    np.testing.assert_allclose(values(other), values(fitted), rtol=1e-4)


def test_what_is_not_measured_does_not_matter(noisy, fitted):
    level = noisy.level.values
    at = [0, 10, 20, 30]
    steps = np.insert(STEPS, at, [-1, 0, 0, 0])
    steps[[0, 11, 22, 33]] = 0, (STEPS[9] + STEPS[10]) / 2, (STEPS[19] + STEPS[20]) / 2, 1e4
    steps[1] = 1e-3  # in place of step 0, where every level of the linear theory is 0 too
    curves = Curves.from_arrays(steps, np.insert(level, at, np.nan, axis=0))
    result = fit(curves, Linear, key=KEY)
    assert result.n_point == 90
    assert result.chi2 == pytest.approx(fitted.chi2, rel=1e-4)
    np.testing.assert_allclose(values(result), values(fitted), rtol=1e-4)
    np.testing.assert_allclose(result.parameters["stderr"], fitted.parameters["stderr"], rtol=1e-3)


def test_two_equal_runs_count_twice(noisy, fitted):
    twice = Curves.from_arrays(STEPS, np.stack([noisy.level.values] * 2))
    result = fit(twice, Linear, key=KEY)
    np.testing.assert_allclose(values(result), values(fitted), rtol=1e-5)
    assert (result.n_point, result.predicted.shape) == (180, (30, 3))
    assert result.chi2 == pytest.approx(2 * fitted.chi2, rel=1e-8)


def test_the_unit_of_steps_only_scales_the_rate(noisy, fitted):
    result = fit(Curves.from_arrays(1000 * STEPS, noisy.level.values), Linear, key=KEY)
    np.testing.assert_allclose(values(result)[:3], values(fitted)[:3], rtol=1e-8)
    np.testing.assert_allclose(values(result)[3], values(fitted)[3] / 1000, rtol=1e-8)
    assert result.chi2 == pytest.approx(fitted.chi2, rel=1e-12)
    assert result.parameters["status"].equals(fitted.parameters["status"])


def test_a_held_parameter_stays_and_is_not_counted(noisy):
    frequency = np.array([6.0, 3.0, 1.0])
    curves = Curves.from_arrays(STEPS, noisy.level.values, frequency=frequency)
    result = fit(curves, Linear, key=KEY, hold=["frequency"])
    assert result.held == ("frequency",)
    assert list(result.parameters.index) == [("rate", "")]
    assert result.n_parameter == 1
    np.testing.assert_array_equal(result.theory.frequency, frequency)


def test_held_frequencies_of_the_curves_set_the_order_of_dominoes():
    level = np.clip(STEPS[:, None] / 60 - np.array([0, 1, 2]), 0, 1)
    for frequency, good in (([3.0, 2.0, 1.0], True), ([1.0, 2.0, 3.0], False)):
        curves = Curves.from_arrays(STEPS, level, frequency=frequency)
        result = fit(curves, Domino, key=KEY, hold=["frequency"])
        assert (result.chi2 < 1e-12) == good
        np.testing.assert_array_equal(result.theory.frequency, frequency)


def test_the_order_of_dominoes_is_found():
    order = np.array([2, 0, 1])
    level = np.clip(STEPS[:, None] / 80 - order, 0, 1)
    noisy = level + 0.005 * np.random.default_rng(0).normal(size=level.shape)
    result = fit(Curves.from_arrays(STEPS, noisy), Domino, key=KEY)
    assert result.scale < 0.01
    assert np.argsort(-result.theory.frequency).tolist() == [1, 2, 0]
    assert statuses(result, "rate") == ["free"]
    assert set(statuses(result, "frequency")) == {"unidentifiable"}


def test_the_values_of_a_theory_are_where_it_begins(noisy, fitted):
    result = fit(noisy, Linear(np.array([5.0, 2.0, 1.0]), rate=0.01), key=KEY)
    # The sum of the frequencies is kept, so the rate is in their unit.
    np.testing.assert_allclose(values(result)[:3].sum(), 8)
    np.testing.assert_allclose(
        values(result)[:3] * values(result)[3], values(fitted)[:3] * values(fitted)[3], rtol=1e-5
    )


def test_a_skill_that_is_never_learned_has_no_frequency():
    level = linear_level()
    level[:, 2] = NOISE * np.random.default_rng(5).normal(size=30)
    result = fit(Curves.from_arrays(STEPS, level), Linear, key=KEY)
    *learned, never = statuses(result, "frequency")
    assert learned == ["free", "free"]
    assert never in ("at bound", "unidentifiable")
    assert result.predicted.values[:, 2].max() < NOISE
    assert statuses(result, "rate") == ["free"]


def test_data_without_waste_put_it_at_its_bound():
    with jax.enable_x64(True):
        theory = Resource(np.array([0.6, 0.3, 0.1]), rate=np.float64(0.04), waste=np.float64(0))
        exact = np.asarray(theory.levels(STEPS))
    level = exact + 0.005 * np.random.default_rng(1).normal(size=exact.shape)
    result = fit(Curves.from_arrays(STEPS, level), Resource, key=KEY)
    waste = result.parameters.loc[("waste", "")]
    assert waste["status"] == "at bound"
    assert waste["value"] < 1e-3
    assert statuses(result, "rate") == ["free"]


def test_skills_that_are_mastered_have_their_ceilings_at_the_bound():
    # Skill 1 and 2 are flat for the second half of the training; 0.8 is the ceiling of the third.
    level = linear_level(3 * STEPS, seed=None) * np.array([1, 1, 0.8])
    level += 0.005 * np.random.default_rng(1).normal(size=level.shape)
    result = fit(Curves.from_arrays(STEPS, level), Linear, key=KEY, ceiling=True)
    ceiling = result.parameters.loc["ceiling"]
    assert ceiling["value"].to_numpy() == pytest.approx([1, 1, 0.8], abs=0.01)
    assert ceiling["status"].tolist()[2] == "free"
    assert "at bound" in ceiling["status"].tolist()[:2]
    assert not (ceiling["high"] > 1).any()
    assert isinstance(result.theory, Measured)


def test_onsets_are_found():
    onset = np.array([2.0, 10.0, 30.0])
    late = np.maximum(STEPS[:, None] - onset, 0)
    curves = Curves.from_arrays(STEPS, -np.expm1(-late * PULL))
    result = fit(curves, Linear, key=KEY, onset=True)
    np.testing.assert_allclose(result.parameters.loc["onset", "value"], onset, rtol=1e-5)
    assert set(result.parameters.loc["onset", "unit"]) == {"steps"}


def test_intervals_are_those_of_curve_fit():
    def model(t, rate):
        return -np.expm1(-rate * t)

    level = model(STEPS, 0.05) + NOISE * np.random.default_rng(2).normal(size=STEPS.size)
    result = fit(Curves.from_arrays(STEPS, level[:, None]), Linear, key=KEY, confidence=0.8)
    (rate,), covariance = optimize.curve_fit(
        model, STEPS, level, p0=0.03, absolute_sigma=False, ftol=1e-13, xtol=1e-13
    )
    found = result.parameters.loc[("rate", "")]
    stderr = np.sqrt(covariance[0, 0])
    # curve_fit takes its Jacobian from differences of 1e-8; the optimum is good to 1e-3 stderr.
    assert found["value"] == pytest.approx(rate, abs=1e-3 * stderr)
    assert found["stderr"] == pytest.approx(stderr, rel=1e-4)
    # Symmetric in the logarithm, by Student's t of the residuals that move the rate.
    reach = stats.t.ppf(0.9, result.noise["frequency"].dof) * found["stderr"] / found["value"]
    assert found["low"] == pytest.approx(found["value"] * np.exp(-reach), rel=1e-12)
    assert found["high"] == pytest.approx(found["value"] * np.exp(reach), rel=1e-12)


def test_resampled_intervals_agree_with_those_of_the_curvature(noisy, fitted):
    found = bootstrap(noisy, fitted, key=KEY, draws=200)
    assert list(found.index) == list(fitted.parameters.index)
    np.testing.assert_array_equal(found["value"], fitted.parameters["value"])
    # A standard deviation of 200 draws is known to 5 %, and the signs resample one data set.
    ratio = found["stderr"] / fitted.parameters["stderr"]
    assert ratio.between(0.7, 1.4).all()
    np.testing.assert_array_less(found["low"], found["value"])
    np.testing.assert_array_less(found["value"], found["high"])
    assert found.equals(bootstrap(noisy, fitted, key=KEY, draws=200))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"draws": 1}, "draws must be an integer of at least 2, got 1"),
        ({"confidence": 0.0}, "confidence must be between 0 and 1, both excluded, got 0.0"),
    ],
)
def test_unusable_arguments_of_the_bootstrap(noisy, fitted, argument, message):
    with pytest.raises(ArgumentError, match=message):
        bootstrap(noisy, fitted, key=KEY, **argument)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"confidence": 1.0}, "confidence must be between 0 and 1, both excluded, got 1.0"),
        (
            {"confidence": float("nan")},
            "confidence must be between 0 and 1, both .* got nan",
        ),
        ({"starts": 0}, "starts must be an integer of at least 1, got 0"),
        ({"hold": ["waste"]}, r"hold must name parameters .*\(frequency, rate\), got 'waste'"),
        ({"theory": Linear(np.ones(2))}, "theory must have 3 skills, as the curves have, got 2"),
    ],
)
def test_unusable_arguments_of_a_fit(noisy, argument, message):
    with pytest.raises(ArgumentError, match=message):
        fit(**{"theory": Linear, "curves": noisy, "key": KEY, **argument})


def test_more_parameters_than_measurements():
    curves = Curves.from_arrays([0, 1, 2], [[0, 0], [0.1, 0.2], [np.nan, 0.4]])
    with pytest.raises(FitError, match="6 parameters cannot be fitted to 5 measurements"):
        fit(curves, Linear, key=KEY, ceiling=True, onset=True)


def test_unusable_curves():
    with pytest.raises(FitError, match="at least 3 steps, got 2"):
        fit(Curves.from_arrays([0, 1], [[0.0], [1.0]]), Linear, key=KEY)
