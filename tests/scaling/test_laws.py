"""Exponents, prefactors and conditions against the exact sums."""

import jax
import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.scaling import (
    Decoupled,
    basis_strength,
    calibrate_basis,
    calibrate_shots,
    calibrate_time,
    compute_optimal,
    compute_optimal_exact,
    compute_prefactor,
    few_skill_correction,
    scaling_law,
    shot_strength,
    time_prefactor,
)

ALPHA = (1.3, 1.6, 1.9)
LAYERS = ("linear", "multilinear")


def slope(amounts, losses):
    return -np.polyfit(np.log(amounts), np.log(losses), 1)[0]


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("alpha", ALPHA)
def test_measured_exponents_are_the_theory_over_four_decades(alpha, layers):
    with jax.enable_x64(True):
        model = Decoupled(alpha, layers=layers)
        amounts = np.rint(np.geomspace(1e4, 1e8, 9))
        cases = {
            "time": (model.loss(amounts), "steps"),
            "data": (model.data_limit(amounts), "n_data"),
            "parameters": (model.parameter_limit(amounts), "n_basis"),
        }
        for resource, (loss, name) in cases.items():
            law = scaling_law(model, resource, **{name: 1e6})
            for amount in amounts[[0, -1]]:
                law = scaling_law(model, resource, **{name: float(amount)})
                assert law.valid, law.conditions
                exact = float(loss.value[list(amounts).index(amount)])
                assert float(law.loss(amount)) == pytest.approx(exact, rel=0.01)
            assert slope(amounts, np.asarray(loss.value)) == pytest.approx(law.exponent, abs=0.01)


@pytest.mark.parametrize(
    ("resource", "point", "text"),
    [
        ("time", {"steps": 1e6, "n_basis": 100}, "N^alpha >> T"),
        ("time", {"steps": 1e3, "n_data": 1e6}, "D >> T^3"),
        ("time", {"steps": 5.0}, "many skills are learned"),
        ("data", {"n_data": 1e5, "steps": 1e5}, "T >> D log D"),
        ("data", {"n_data": 5.0}, "many skills are seen"),
        ("parameters", {"n_basis": 1e4, "steps": 1e4}, "T >> N^alpha"),
        (
            "compute",
            {"steps": 1e3, "n_basis": 1e4},
            "N^alpha ~ T: within 1 % of the best loss",
        ),
    ],
)
def test_points_where_a_law_fails_are_flagged(resource, point, text):
    with jax.enable_x64(True):
        law = scaling_law(Decoupled(1.6), resource, **point)
        assert not law.valid
        assert text in {one.text for one in law.conditions if not one.holds}


def test_too_few_skills_are_flagged_where_the_measured_exponent_is_off():
    with jax.enable_x64(True):
        model = Decoupled(1.3, 50_000)
        amounts = np.geomspace(1e2, 1e6, 9)
        law = scaling_law(model, "time", steps=1e6)
        measured = slope(amounts, np.asarray(model.loss(amounts).value))
    assert abs(measured - law.exponent) > 0.01
    assert not law.valid


@pytest.mark.parametrize(("alpha", "published"), [(1.3, 1.29), (1.6, 1.20), (1.9, 1.06)])
def test_the_time_prefactors_are_the_published_ones(alpha, published):
    with jax.enable_x64(True):
        model = Decoupled(alpha)
        found = 2 * time_prefactor(model)
        assert found == pytest.approx(published, abs=0.005)
        exact = float(model.loss(1e9).value) * 1e9 ** ((alpha - 1) / alpha)
        assert found / 2 == pytest.approx(exact, rel=1e-9)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("alpha", ALPHA)
@pytest.mark.parametrize("n_skill", [np.inf, 50_000])
def test_the_compute_prefactor_is_that_of_the_best_split(alpha, n_skill):
    with jax.enable_x64(True):
        model = Decoupled(alpha, n_skill, target_scale=5.0)
        compute = 1e5
        exact = compute_optimal_exact(model, compute)
        formula = compute_optimal(model, compute)
        gain = (alpha - 1) / (alpha + 1)
        law = compute_prefactor(model) * compute**-gain - few_skill_correction(model)
    assert exact.loss == pytest.approx(law, rel=0.01)
    # The minimum is flat: near it the loss moves with the square.
    assert formula.n_basis == pytest.approx(exact.n_basis, rel=0.03)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("start", [0.5, 0.7, 0.9])
def test_skills_may_start_near_the_target_but_not_at_it(start):
    with jax.enable_x64(True):
        model = Decoupled(1.6, initial_strength=start)
        exact = compute_optimal_exact(model, 1e6)
        assert compute_optimal(model, 1e6).loss == pytest.approx(exact.loss, rel=1e-3)
        with pytest.raises(ArgumentError, match=r"at most 0\.9 of target_scale"):
            compute_optimal(Decoupled(1.6, initial_strength=0.99), 1e6)
        with pytest.raises(ArgumentError, match="compute must be positive and finite, got -1"):
            compute_optimal(model, -1.0)


@pytest.mark.parametrize("alpha", [1.1, 1.3, 1.5, 1.7])
def test_few_skills_lower_the_loss_by_the_correction(alpha):
    with jax.enable_x64(True):
        model = Decoupled(alpha, 50_000)
        for steps in (1e2, 1e3, 1e4):
            law = time_prefactor(model) * steps ** (-(alpha - 1) / alpha)
            corrected = law - few_skill_correction(model)
            exact = float(model.loss(steps).value)
            assert corrected == pytest.approx(exact, rel=0.005)
            assert abs(corrected - exact) < abs(law - exact)


def test_calibrations_find_the_constants_of_one_skill():
    steps = np.linspace(0, 3000, 200)
    level = 1 / (1 + 499 * np.exp(-2 * 0.02 / 22 * 5 * steps))
    found = calibrate_time(
        Curves.from_arrays(steps, level[:, None]), rate=0.02, target_scale=5, initial_strength=0.01
    )
    assert found.constant == pytest.approx(1 / 22, rel=1e-6)
    data = np.array([100, 200, 400, 700, 1000, 2000])
    curves = Curves.from_arrays(data, shot_strength(data, 800.0)[:, None])
    assert calibrate_shots(curves).constant == pytest.approx(800, rel=1e-6)
    width = np.arange(1, 13)
    curves = Curves.from_arrays(width, basis_strength(width, 1, 4.0)[:, None])
    assert calibrate_basis(curves).constant == pytest.approx(4, rel=1e-6)


def test_the_error_of_a_calibration_is_the_scatter_of_repeats():
    steps, rng = np.linspace(50, 3000, 40), np.random.default_rng(0)
    level = 1 / (1 + 499 * np.exp(-2 * 0.02 / 22 * 5 * steps))
    found = [
        calibrate_time(
            Curves.from_arrays(steps, (level + 0.02 * rng.normal(size=40))[:, None]),
            rate=0.02,
            target_scale=5,
            initial_strength=0.01,
        )
        for _ in range(60)
    ]
    scatter = np.std([one.constant for one in found], ddof=1)
    # The scatter of sixty numbers is known to 1/√(2·59), 9 %.
    assert np.mean([one.stderr for one in found]) == pytest.approx(scatter, rel=0.35)


def test_a_law_without_a_sum_is_refused():
    with (
        jax.enable_x64(True),
        pytest.raises(ArgumentError, match=r"alpha must be above 1 and .* got 0\.9"),
    ):
        scaling_law(Decoupled(0.9, 1000), "time", steps=10.0)


def test_a_law_without_its_amount_says_which_one_is_missing():
    model = Decoupled(1.6)
    for resource, name in (("time", "steps"), ("data", "n_data"), ("parameters", "n_basis")):
        with pytest.raises(ArgumentError, match=f"{name} must be positive and .* pass {name}=…"):
            scaling_law(model, resource)
    with pytest.raises(ArgumentError, match="n_basis must be positive and finite for the law in"):
        scaling_law(model, "compute", steps=10.0)


@pytest.mark.usefixtures("unchecked")
def test_one_skill_is_not_many():
    with jax.enable_x64(True):
        for resource, point, text in (
            ("time", {"steps": 1e6}, "many skills are learned"),
            ("compute", {"steps": 1e6, "n_basis": 10.0}, "many skills are learned"),
            ("data", {"n_data": 1e6}, "many skills are seen"),
        ):
            law = scaling_law(Decoupled(1.6, 1), resource, **point)
            holds = {condition.text: condition.holds for condition in law.conditions}
            assert not holds[text]
            many = scaling_law(Decoupled(1.6, 1e12), resource, **point)
            assert {condition.text: condition.holds for condition in many.conditions}[text]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("alpha", [1 + 1e-9, 1000.0])
@pytest.mark.parametrize("layers", LAYERS)
def test_extreme_exponents_give_a_law_without_warnings(alpha, layers):
    # Warnings are errors in these tests.
    with jax.enable_x64(True):
        model = Decoupled(alpha, 1e6, layers=layers)
        point = {"steps": 1e9, "n_data": 1e12, "n_basis": 1e6}
        for resource in ("time", "data", "parameters", "compute"):
            law = scaling_law(model, resource, **point)
            assert np.isfinite(law.prefactor)
            assert isinstance(law.valid, bool)
