"""What learning times tell about frequencies, against Monte Carlo and closed forms."""

from typing import Any

import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.inference.line import Prior
from skillphysics.inference.occurrence import (
    PRIORS,
    frequency_law,
    infer_frequencies,
    relative_times,
)

Z90 = 1.6448536
ZIPF = np.arange(1, 9) ** -1.5


def draw(rng, prior, log_frequency):
    """Learning times of a network from the prior; the most frequent skill has the scatter φ."""
    kappa = np.exp(rng.normal(prior.log_kappa, prior.log_kappa_sd))
    sigma = np.exp(rng.normal(prior.log_sigma, prior.log_sigma_sd))
    scatter = np.full(log_frequency.size, sigma)
    scatter[np.argmax(log_frequency)] = np.hypot(sigma, prior.first_sd)
    return np.exp(5 - kappa * log_frequency + scatter * rng.normal(size=log_frequency.size)), kappa


def held(true, interval):
    return (interval.low <= true) & (true <= interval.high)


def weighted_quantiles(value, weight):
    order = np.argsort(value)
    below = np.cumsum(weight[order]) / weight.sum()
    return np.interp([0.5, 0.05, 0.95], below, value[order])


@pytest.mark.parametrize("batches", ["fresh", "full"])
def test_inferred_frequencies_agree_with_monte_carlo(batches):
    prior, rng, n = PRIORS[batches], np.random.default_rng(0), 1_000_000
    kappa = np.exp(rng.normal(prior.log_kappa, prior.log_kappa_sd, n))
    sigma = np.exp(rng.normal(prior.log_sigma, prior.log_sigma_sd, n))
    of_first = np.sqrt(sigma**2 + prior.first_sd**2 + 0.1**2) * rng.normal(size=n)
    of_other = np.sqrt(sigma**2 + 0.3**2) * rng.normal(size=n)
    expected = np.quantile(-(np.log(12) - of_other + of_first) / kappa, [0.5, 0.05, 0.95])
    found = infer_frequencies([120, 10, np.nan], [0.3, 0.1, 0.0], batches=batches)
    assert found.reference == 1
    np.testing.assert_allclose([x[0] for x in found.log_ratio], expected, atol=0.015)
    np.testing.assert_array_equal([x[1] for x in found.log_ratio], 0)
    assert np.isnan([x[2] for x in found.log_ratio]).all()


def test_the_law_agrees_with_monte_carlo():
    prior, rng, n = PRIORS["fresh"], np.random.default_rng(1), 4_000_000
    # As its docstring has it.
    prior = prior._replace(log_kappa_sd=2 * prior.log_kappa_sd)
    time = np.array([100.0, 260.0, 330.0, 900.0, 500.0])
    frequency = np.array([8.0, 4.0, 2.0, 1.0, np.nan])
    error = np.array([0.0, 0.2, 0.0, 0.1, 0.15])
    kappa = np.exp(rng.normal(prior.log_kappa, prior.log_kappa_sd, n))
    sigma = np.exp(rng.normal(prior.log_sigma, prior.log_sigma_sd, n))
    c = rng.uniform(4.5, 8.5, n)
    log_weight = np.zeros(n)
    for i in range(4):
        variance = sigma**2 + error[i] ** 2 + (prior.first_sd**2 if i == 0 else 0)
        rest = np.log(time[i]) - c + kappa * np.log(frequency[i])
        log_weight -= (rest**2 / variance + np.log(variance)) / 2
    weight = np.exp(log_weight - log_weight.max())
    scatter = np.hypot(sigma, error[4]) * rng.normal(size=n)
    predicted = np.exp((c + scatter - np.log(time[4])) / kappa)
    law = frequency_law(time, frequency, error)
    frequencies = [x[4] for x in law.frequency]
    np.testing.assert_allclose(frequencies, weighted_quantiles(predicted, weight), rtol=0.02)
    kappas = [x[0] for x in law.kappa]
    np.testing.assert_allclose(kappas, weighted_quantiles(kappa, weight), rtol=0.01)
    scatters = [x[0] for x in law.scatter]
    np.testing.assert_allclose(scatters, weighted_quantiles(sigma, weight), rtol=0.03)
    assert np.isnan(law.frequency.median[:4]).all()


def test_with_known_scatter_the_law_is_least_squares():
    rng, sigma = np.random.default_rng(2), 0.3
    x = rng.normal(size=60)
    y = 7 - 0.8 * x + sigma * rng.normal(size=60)
    known = np.append(np.exp(x), np.nan)
    time = np.exp(np.append(y, 7.0))
    law = frequency_law(time, known, prior=Prior(0.0, 30.0, np.log(sigma), 1e-6, 0.0))
    slope, intercept = np.polyfit(x, y, 1)
    deviation = sigma / np.sqrt(((x - x.mean()) ** 2).sum())
    expected = -slope + deviation * Z90 * np.array([0, -1, 1])
    # The prior is flat in ln κ: that moves κ by deviation²/κ, a twentieth of the deviation.
    np.testing.assert_allclose([v[0] for v in law.kappa], expected, atol=deviation / 15)
    assert law.frequency.median[-1] == pytest.approx(np.exp((intercept - 7) / -slope), rel=0.01)
    # The standardised residual of one skill of the others' line.
    x_, y_ = x[1:], y[1:]
    slope, intercept = np.polyfit(x_, y_, 1)
    further = (x[0] - x_.mean()) ** 2 / ((x_ - x_.mean()) ** 2).sum()
    score = (y[0] - intercept - slope * x[0]) / (sigma * np.sqrt(1 + 1 / 59 + further))
    assert law.deviation[0] == pytest.approx(score, abs=0.02)


@pytest.mark.parametrize("kappa", [0.4, 1.0, 2.5])
def test_an_exact_power_law_gives_its_exponent(kappa):
    frequency = np.arange(1, 21) ** -1.5
    law = frequency_law(100 * frequency**-kappa, frequency)
    assert held(kappa, law.kappa).all()
    assert law.kappa.median[0] == pytest.approx(kappa, rel=0.03)
    assert not law.off_line.any()


def test_inferred_frequencies_cover_over_networks():
    rng, inside = np.random.default_rng(3), []
    for _ in range(200):
        time, _ = draw(rng, PRIORS["fresh"], np.log(ZIPF))
        first, log_ratio = infer_frequencies(time)
        others = np.arange(8) != first
        inside.append(held(np.log(ZIPF / ZIPF[first]), log_ratio)[others].mean())
    assert 0.86 < np.mean(inside) < 0.94


@pytest.mark.parametrize("places", [[0, 4, 7], [0, 1, 2], [1, 2, 3, 5, 6]])
def test_predicted_frequencies_cover_over_networks(places):
    rng, inside, kappas = np.random.default_rng(4), [], []
    known = np.full(8, np.nan)
    known[places] = ZIPF[places]
    for _ in range(150):
        time, kappa = draw(rng, PRIORS["fresh"], np.log(ZIPF))
        law = frequency_law(time, known)
        inside.append(held(ZIPF, law.frequency)[np.isnan(known)].mean())
        kappas.append(held(kappa, law.kappa)[0])
    # The law takes κ from a wider distribution than these networks do.
    assert 0.86 < np.mean(inside) < 0.96
    assert 0.86 < np.mean(kappas) < 0.99


def test_skills_off_the_line_are_named_and_others_are_not():
    rng, wrong, found = np.random.default_rng(5), [], []
    for _ in range(100):
        time, _ = draw(rng, PRIORS["fresh"], np.log(ZIPF))
        wrong.append(frequency_law(time, ZIPF).off_line.mean())
        time[4] *= 12
        law = frequency_law(time, ZIPF)
        found.append(law.off_line[4] and law.deviation[4] > 3)
    assert np.mean(wrong) < 0.01
    assert np.mean(found) > 0.9


def test_units_and_order_do_not_matter():
    rng = np.random.default_rng(6)
    time, _ = draw(rng, PRIORS["fresh"], np.log(ZIPF))
    known = np.where(np.arange(8) % 2, np.nan, ZIPF)
    law, scaled = frequency_law(time, known), frequency_law(1e3 * time, 50 * known)
    np.testing.assert_allclose(scaled.kappa, law.kappa, rtol=1e-6)
    np.testing.assert_allclose(scaled.frequency, 50 * np.array(law.frequency), rtol=1e-6)
    order = rng.permutation(8)
    turned = frequency_law(time[order], known[order])
    np.testing.assert_allclose(turned.deviation, law.deviation[order], atol=1e-6)
    np.testing.assert_allclose(turned.frequency, np.array(law.frequency)[:, order], rtol=1e-6)


def test_skills_without_a_time_change_nothing():
    time = np.array([100.0, 300.0, 500.0, 900.0])
    known = np.array([8.0, 4.0, 2.0, np.nan])
    law = frequency_law(time, known)
    more = frequency_law([*time, np.inf, np.nan], [*known, 1.0, np.nan])
    np.testing.assert_allclose(more.kappa, law.kappa)
    np.testing.assert_allclose(np.array(more.frequency)[:, :4], law.frequency)
    assert np.isnan(np.array(more.frequency)[:, 4:]).all()
    assert np.isnan(more.deviation[4:]).all()
    assert not more.off_line.any()


@pytest.mark.parametrize("n_run", [1, 2, 4])
def test_relative_times_cover_over_networks(n_run):
    rng, inside = np.random.default_rng(7), []
    mean = np.log([100, 500, 900, 2000, 6000])
    for _ in range(1500):
        # The prior for the variance over seeds, as its docstring has it.
        sigma = 0.13 * np.sqrt(4 / rng.chisquare(4))
        shift = rng.normal(size=(n_run, 1))
        time = np.exp(mean + shift + sigma * rng.normal(size=(n_run, 5)))
        first, log_ratio = relative_times(time[0] if n_run == 1 else time)
        if first == 0:
            inside.append(held(mean - mean[0], log_ratio)[1:].mean())
    assert len(inside) > 1400
    assert 0.88 < np.mean(inside) < 0.92


def test_many_runs_give_the_plain_interval_of_a_mean():
    rng = np.random.default_rng(8)
    log_time = np.log([100, 500, 900, 2000]) + 0.3 * rng.normal(size=(200, 4))
    first, log_ratio = relative_times(np.exp(log_time))
    assert first == 0
    np.testing.assert_allclose(log_ratio.median[1:], (log_time[:, 1:] - log_time[:, :1]).mean(0))
    reach = Z90 * 0.3 * np.sqrt(2 / 200)
    np.testing.assert_allclose((log_ratio.high - log_ratio.median)[1:], reach, rtol=0.1)


def test_errors_of_one_run_widen_its_relative_times():
    def reach(*arguments):
        log_ratio = relative_times(*arguments).log_ratio
        return log_ratio.high[1] - log_ratio.median[1]

    assert reach([10, 20], [0.3, 0.4]) > 1.5 * reach([10, 20])
    assert reach([[10, 20], [11, 23]], 0.4) == reach([[10, 20], [11, 23]])


LAW = ([1, 2, 3, 4], [4, 3, 2, 1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: infer_frequencies([]), "half_time must have shape"),
        (lambda: infer_frequencies([[1, 2], [2, 3]]), "one number per skill"),
        (lambda: infer_frequencies([1, 0]), "half_time must be positive, got 0.0"),
        (lambda: infer_frequencies([np.nan, np.inf]), "finite for at least one skill"),
        (lambda: infer_frequencies([1, 2], [0.1]), "half_time_log_stderr must be a scalar"),
        (lambda: infer_frequencies([1, 2], [0.1, -1]), "half_time_log_stderr must be non-negative"),
        (lambda: infer_frequencies([1, 2], prior=Prior(0, 0, 0, 1, 0)), "prior must have finite"),
        (lambda: frequency_law(LAW[0], LAW[1][:3]), r"frequency must have shape \(4,\)"),
        (lambda: frequency_law(LAW[0], [1, 2, 3, 0]), "frequency must be positive and finite"),
        (lambda: frequency_law(LAW[0], [1, 2, 3, np.inf]), "frequency must be positive and finite"),
        (lambda: frequency_law([1, 2, np.inf, 4], [3, 2, 1, np.nan]), "at least 3 .* got 2"),
        (lambda: frequency_law(LAW[0], np.ones(4)), "frequency must differ"),
        (lambda: relative_times(np.ones((2, 2, 2))), "half_time must have shape"),
        (lambda: relative_times([[1, np.nan], [np.inf, 2]]), "finite in every run"),
    ],
)  # fmt: skip
def test_what_is_unusable_is_refused(call, words):
    with pytest.raises(ArgumentError, match=words):
        call()


def test_an_unknown_kind_of_batches_is_refused():
    # Past the type checker of the tests, as a caller without one would.
    unchecked: Any = getattr(infer_frequencies, "__wrapped__", infer_frequencies)
    with pytest.raises(ArgumentError, match="'fresh' or 'full'"):
        unchecked([1, 2], batches="some")
