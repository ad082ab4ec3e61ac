"""Many draws of every theory: which one wins, and how often an interval holds the truth."""

from collections import Counter
from dataclasses import dataclass

import jax
import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.inference import compare, fit
from skillphysics.theories import SIMPLE

from .draws import draw


@dataclass(frozen=True)
class Study:
    """Winners by true theory, and for every interval of the true theory whether it held it."""

    winners: dict[str, Counter[str]]
    covered: dict[str, list[bool]]

    @classmethod
    def of(cls, seeds: range) -> "Study":
        winners = {name: Counter() for name in SIMPLE}
        covered = {name: [] for name in SIMPLE}
        for name in SIMPLE:
            for seed in seeds:
                drawn = draw(SIMPLE[name], seed)
                outcome = compare(drawn.noisy, SIMPLE, key=jax.random.key(seed))
                winners[name][outcome.winner] += 1
                table = outcome.fits[name].parameters
                # Rounding at a bound: an interval that starts at 0 holds a truth of 0.
                inside = (table["low"] <= drawn.truth + 1e-12) & (
                    drawn.truth - 1e-12 <= table["high"]
                )
                covered[name] += inside[table["status"] != "unidentifiable"].tolist()
            print(name, dict(winners[name]), f"coverage {np.mean(covered[name]):.3f}", flush=True)  # noqa: T201
        return cls(winners, covered)

    @property
    def pooled(self) -> float:
        return float(np.mean(np.concatenate(list(self.covered.values()))))


def test_the_true_theory_wins_and_is_recovered():
    # One test for both, so that each theory is compiled once. Fixed seeds: each draw was won when
    # the test was written.
    study = Study.of(range(1))
    assert study.winners == {name: Counter({name: 1}) for name in SIMPLE}
    for name, make in SIMPLE.items():
        drawn = draw(make, 0)
        table = fit(drawn.exact, make, key=jax.random.key(0)).parameters
        known = np.flatnonzero(table["status"] != "unidentifiable")
        assert known.size > 0
        found = table["value"].to_numpy()[known]
        np.testing.assert_allclose(found, drawn.truth[known], rtol=1e-5, err_msg=name)


def test_a_log_that_goes_on_after_learning_says_no_more():
    steps, pull = np.arange(0, 3001, 20.0), np.array([0.02, 0.01, 0.006])
    exact = -np.expm1(-np.outer(steps, pull))
    rng = np.random.default_rng(0)
    share = rng.binomial(400, exact) / 400
    inside = np.clip(share, 0.5 / 400, 1 - 0.5 / 400)
    stderr = np.sqrt(inside * (1 - inside) / 400)
    gaps, widths = [], []
    for last in (1000, 3000):
        part = steps <= last
        curves = Curves.from_arrays(steps[part], share[part], level_stderr=stderr[part])
        theories = {name: SIMPLE[name] for name in ("linear", "multilinear")}
        outcome = compare(curves, theories, key=jax.random.key(0))
        gaps.append(outcome.table["aic"]["multilinear"] - outcome.table["aic"]["linear"])
        ratios = outcome.fits["linear"].ratios("frequency", to="1")
        widths.append(np.log(ratios["high"].to_numpy() / ratios["low"].to_numpy())[1:])
    # At step 1000 the last skill is at 0.998. The longer log has three times the checkpoints.
    np.testing.assert_allclose(gaps[1], gaps[0], rtol=0.05)
    np.testing.assert_allclose(widths[1], widths[0], rtol=0.05)


@pytest.mark.slow
def test_the_true_theory_wins_and_intervals_cover():
    study = Study.of(range(100))
    print(f"pooled coverage {study.pooled:.4f}")  # noqa: T201
    lost = {name: won for name, won in study.winners.items() if won[name] < 95}
    assert not lost
    # 100 draws give some 3700 intervals, though not independent ones: four standard errors of 0.9
    # with as many as 1000 independent ones are 0.04.
    assert 0.86 <= study.pooled <= 0.94
