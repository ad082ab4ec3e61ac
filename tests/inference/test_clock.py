"""One clock: exact data, an independent minimiser, derivatives, coverage, and what is refused."""

import numpy as np
import pytest
from scipy import optimize

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference import infer_clock
from skillphysics.inference.links import LINKS, logit_of
from skillphysics.inference.rank_one import Point, Problem, levels, slopes, solve
from skillphysics.theories import Multilinear, Resource

STEPS = np.concatenate([[0.0], np.geomspace(1, 1000, 59)])
RATE = np.array([1.0, 0.5, 0.2, 0.08, 0.03])
CLOCK = 2 * STEPS**0.6
EXACT = -np.expm1(-np.outer(CLOCK, RATE))


def noisy(seed: int, scale: float = 0.02, exact: np.ndarray = EXACT) -> Curves:
    error = np.random.default_rng(seed).normal(size=exact.shape)
    return Curves.from_arrays(STEPS, exact + scale * error)


def test_exact_levels_give_the_factors_of_the_singular_value_decomposition():
    clear = (EXACT > 1e-9).all(1) & (EXACT < 1 - 1e-9).all(1)
    left, size, right = np.linalg.svd(-np.log1p(-EXACT[clear]))
    np.testing.assert_array_less(size[1:], 1e-6 * size[0])
    found = infer_clock(Curves.from_arrays(STEPS, EXACT), link="exponential")
    np.testing.assert_allclose(found.ratios("1").value, right[0] / right[0, 0], rtol=1e-5)
    clock = found.clock["value"].to_numpy()[clear]
    np.testing.assert_allclose(clock / clock[0], left[:, 0][: clear.sum()] / left[0, 0], rtol=1e-5)
    assert found.rates["one_clock"].to_numpy().all()


def test_the_geometric_mean_of_the_rates_is_one():
    found = infer_clock(noisy(0))
    assert np.log(found.rates["value"]).mean() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", LINKS)
def test_slopes_are_derivatives(name):
    rng = np.random.default_rng(0)
    problem = Problem(rng.random((6, 3)), rng.random((6, 3)) + 0.5, 3, LINKS[name], np.ones(3))
    point = Point(np.array([0.3, -0.2, 0.0]), 1.5, np.array([0.1, 0.4, 2.0, 0.2, 1.0, 3.0]), 0.0)
    at = slopes(problem, point)
    small = 1e-6

    def change(moved: Point, back: Point) -> np.ndarray:
        upper, lower = (levels(problem.link, one) for one in (moved, back))
        return problem.root_weight * (upper - lower) / (2 * small)

    for i in range(3):
        shift = small * (np.arange(3) == i)
        numeric = change(
            point._replace(log_rate=point.log_rate + shift),
            point._replace(log_rate=point.log_rate - shift),
        )
        np.testing.assert_allclose(at.by_rate[:, i], numeric[:, i], rtol=1e-7, atol=1e-10)
    numeric = change(
        point._replace(clock=point.clock + small), point._replace(clock=point.clock - small)
    )
    np.testing.assert_allclose(at.by_clock, numeric, rtol=1e-7, atol=1e-10)
    numeric = change(
        point._replace(start=point.start + small), point._replace(start=point.start - small)
    )
    np.testing.assert_allclose(at.by_start, numeric, rtol=1e-7, atol=1e-10)


def test_the_cross_entropy_link_is_that_of_the_resource_theory():
    frequency = np.array([0.7, 0.3])
    theory = Resource(frequency, rate=0.05, waste=0.1, criterion="ce")
    level = np.asarray(theory.levels(np.array([10.0, 40.0, 120.0])), np.float64)
    x = LINKS["cross-entropy"].progress(level, 0.0)
    np.testing.assert_allclose(x[:, 0] / x[:, 1], 7 / 3, rtol=1e-4)
    s = logit_of(np.geomspace(1e-6, 1e6, 50))
    np.testing.assert_allclose(s + np.expm1(s), np.geomspace(1e-6, 1e6, 50), rtol=1e-12)


@pytest.mark.parametrize(("name", "seed"), [("exponential", 0), ("cross-entropy", 1)])
def test_no_other_minimiser_finds_less(name, seed):
    """Brute force over the rates and the increments of the clock."""
    rng = np.random.default_rng(seed)
    link, rate = LINKS[name], np.array([1.0, 0.4, 0.15])
    exact = link.level(np.geomspace(0.1, 20, 12)[:, None] * rate, 0.0)
    level = exact + 0.05 * rng.normal(size=exact.shape)
    problem = Problem(level, np.ones_like(level), 12, link, np.ones(3))
    found = solve(problem)

    def residual(free: np.ndarray) -> np.ndarray:
        clock = np.cumsum(free[2:] ** 2)
        return (level - link.level(clock[:, None] * np.exp(np.append(0, free[:2])), 0.0)).ravel()

    start = np.concatenate(
        [np.log(rate[1:]), np.sqrt(np.diff(np.geomspace(0.1, 20, 12), prepend=0))]
    )
    brute = optimize.least_squares(residual, start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    assert found.loss <= 2 * brute.cost * (1 + 1e-6)
    np.testing.assert_allclose(found.log_rate[1:] - found.log_rate[0], brute.x[:2], atol=2e-3)


def test_intervals_hold_the_truth_as_often_as_they_say():
    inside, errors = [], []
    for seed in range(40):
        ratio = infer_clock(noisy(seed), link="exponential").ratios("1")
        inside.append(
            (ratio["low"].to_numpy() <= RATE)[1:] & (ratio["high"].to_numpy() >= RATE)[1:]
        )
        errors.append(np.log(ratio["value"].to_numpy() / RATE)[1:])
    # 160 intervals, of which those of one draw are correlated.
    assert 0.82 < np.mean(inside) < 0.97
    assert (np.abs(np.mean(errors, 0)) < 3 * np.std(errors, 0) / np.sqrt(40)).all()


def test_runs_share_rates_and_not_clocks():
    rng = np.random.default_rng(3)
    level = np.stack([-np.expm1(-np.outer(c, RATE)) for c in (CLOCK, 0.3 * STEPS**0.8)])
    curves = Curves.from_arrays(STEPS, level + 0.02 * rng.normal(size=level.shape))
    found = infer_clock(curves, link="exponential")
    one = infer_clock(curves.select(runs="0"), link="exponential")
    assert (found.rates["stderr"].to_numpy() < one.rates["stderr"].to_numpy()).all()
    np.testing.assert_allclose(found.ratios("1").value, RATE, rtol=0.1)
    late = found.clock["value"].xs(STEPS[30], level="step")
    expected = 0.3 * STEPS[30] ** 0.8 / CLOCK[30]
    assert late.to_numpy()[1] / late.to_numpy()[0] == pytest.approx(expected, rel=0.1)


def test_the_skill_with_another_clock_is_named():
    level = EXACT.copy()
    level[:, 2] = -np.expm1(-((0.04 * CLOCK) ** 2))
    found = infer_clock(noisy(0, exact=level), link="exponential")
    assert found.rates.index[~found.rates["one_clock"].to_numpy(bool)].tolist() == ["3"]
    assert found.p < 1e-3
    # Its power of τ is 2: the rate grows.
    assert found.rates["factor"].to_numpy()[2] > 1.3
    assert any("3 does not share the clock" in note for note in found.notes)
    # The others are right nevertheless.
    ratio = found.ratios("1").drop("3")
    np.testing.assert_allclose(ratio["value"], np.delete(RATE, 2), rtol=0.15)


def test_a_bad_checkpoint_is_found():
    curves = noisy(1)
    level = curves.level.values.copy()
    level[25] += 0.15 * np.array([1, -1, 1, -1, 1])
    found = infer_clock(Curves.from_arrays(STEPS, level), link="exponential")
    p = found.clock["p"].to_numpy()
    assert np.nanargmin(p) == 25
    assert np.nanmin(p) < 1e-4


def test_the_link_is_found():
    ce = Resource(RATE, rate=1.0, waste=0.01, criterion="ce")
    sigmoid = Multilinear(RATE, rate=0.3)
    steps = np.concatenate([[0.0], np.geomspace(0.5, 500, 59)])
    for name, theory in (("cross-entropy", ce), ("sigmoid", sigmoid)):
        level = np.asarray(theory.levels(steps), np.float64)
        found = infer_clock(
            Curves.from_arrays(
                steps, level + 0.01 * np.random.default_rng(0).normal(size=level.shape)
            )
        )
        assert found.link == name
        np.testing.assert_allclose(found.ratios("1").value, RATE, rtol=0.1)


def test_missing_levels_do_not_matter():
    curves = noisy(2)
    level = curves.level.values.copy()
    level[np.random.default_rng(0).random(level.shape) < 0.3] = np.nan
    level[20] = np.nan
    found = infer_clock(Curves.from_arrays(STEPS, level), link="exponential")
    np.testing.assert_allclose(found.ratios("1").value, RATE, rtol=0.15)
    assert found.clock["low"].isna().iloc[20]


def test_what_cannot_be_answered_is_said():
    one = Curves.from_arrays(STEPS, EXACT[:, :1])
    with pytest.raises(FitError, match="at least two skills, got 1"):
        infer_clock(one)
    with pytest.raises(FitError, match="at least 3 steps, got 2"):
        infer_clock(Curves.from_arrays([0, 1], EXACT[:2]))
    with pytest.raises(FitError, match="no skill is learned"):
        infer_clock(Curves.from_arrays(STEPS, np.zeros_like(EXACT)))
    with pytest.raises(FitError, match="learned at the first checkpoint"):
        infer_clock(noisy(0, 0.01, np.ones_like(EXACT)))
    with pytest.raises(ArgumentError, match="link must be"):
        infer_clock(noisy(0), link="linear")
    with pytest.raises(ArgumentError, match="to must be one of the skills"):
        infer_clock(noisy(0), link="exponential").ratios("nobody")


def test_rates_that_the_levels_leave_open_are_open():
    """A skill learned between two checkpoints has any rate above a bound; one at 0 has none."""
    level = np.stack([STEPS > 0, *EXACT.T, np.zeros(60)], axis=1)
    error = 0.02 * np.random.default_rng(0).normal(size=level.shape)
    found = infer_clock(Curves.from_arrays(STEPS, level + error), link="exponential")
    open_ones = found.rates.index[found.rates["status"].to_numpy() == "unidentifiable"].tolist()
    assert open_ones == ["1", "7"]
    assert found.rates["low"].isna().tolist() == [True, *[False] * 5, True]
    np.testing.assert_allclose(found.ratios("2").value.iloc[1:6], RATE, rtol=0.15)
    assert any("1, 7 is not determined" in note for note in found.notes)


def test_identical_skills_and_levels_of_another_scale_are_said():
    curves = noisy(0)
    level = curves.level.values
    twins = infer_clock(
        Curves.from_arrays(STEPS, np.column_stack([level, level[:, 1]])), link="exponential"
    )
    assert twins.ratios("2").value.iloc[-1] == pytest.approx(1, abs=1e-6)
    assert any("identical" in note for note in twins.notes)
    percent = infer_clock(Curves.from_arrays(STEPS, 100 * level), link="exponential")
    assert any("outside of 0 to 1" in note for note in percent.notes)


def test_falling_levels_break_the_clock():
    falling = infer_clock(noisy(0, exact=EXACT[::-1]), link="exponential")
    assert any("fall" in note for note in falling.notes)
