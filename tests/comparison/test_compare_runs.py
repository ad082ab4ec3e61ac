"""Comparisons of runs: what is claimed of seeds, of changes, and of unusable input."""

import json

import numpy as np
import pytest

from skillphysics import Curves, compare_runs
from skillphysics.comparison.compare_runs import _rejected
from skillphysics.comparison.scatter import Spread, excess, moderated
from skillphysics.errors import ArgumentError, CurvesError

from .simulated import HALF, N_QUESTION, STEPS, runs


@pytest.mark.usefixtures("unchecked")
def test_seeds_of_one_experiment_differ_in_nothing():
    rng = np.random.default_rng(0)
    half = HALF[::2]
    claimed = sum(
        bool(
            compare_runs(runs(rng, half=half), runs(rng, half=half), names=["A", "B"])
            .tests["found"]
            .any()
        )
        for _ in range(40)
    )
    # The nominal rate is 4 of 40.
    assert claimed <= 4


@pytest.mark.usefixtures("unchecked")
@pytest.mark.slow
def test_three_seeds_against_three_differ_in_nothing():
    rng = np.random.default_rng(1)
    claimed = sum(
        bool(compare_runs(runs(rng, 3), runs(rng, 3), names=["A", "B"]).tests["found"].any())
        for _ in range(30)
    )
    # The nominal rate is 3 of 30.
    assert claimed <= 3


@pytest.mark.usefixtures("unchecked")
def test_a_doubled_clock_is_found_with_its_factor():
    rng = np.random.default_rng(2)
    found, held = 0, 0
    every = [compare_runs(runs(rng), runs(rng, factor=0.5), names=["A", "B"]) for _ in range(12)]
    for compared in every:
        common = compared.changes[0].common
        assert common is not None
        found += "" in compared.found("B", "common")
        held += common.low <= np.log(0.5) <= common.high
    assert found >= 10
    assert held >= 9
    verdicts = [compared.verdict("B") for compared in every]
    assert sum("by one factor" in verdict for verdict in verdicts) >= 10


def test_one_skill_that_is_learned_later_is_named():
    rng = np.random.default_rng(3)
    factor = np.array([1, 1, 4, 1, 1, 1.0])
    compared = compare_runs(
        runs(rng, 3, scatter=0.1), runs(rng, 3, factor=factor, scatter=0.1), names=["A", "B"]
    )
    assert compared.found("B", "factor") == ["3"]
    row = compared.changes[0].skills.loc["3"]
    assert row["factor_low"] < 4 < row["factor_high"]
    # It was the third before the fourth and the fifth.
    assert set(compared.found("B", "order")) <= {"3 / 4", "3 / 5"}


def test_a_lower_ceiling_is_capacity_and_no_delay():
    rng = np.random.default_rng(4)
    compared = compare_runs(runs(rng), runs(rng, top=0.5), names=["A", "B"])
    assert compared.found("B", "ends") == [""]
    assert not compared.found("B", "factor")
    assert not compared.found("B", "common")
    assert "capacity, not of time" in compared.verdict("B")
    skills = compared.changes[0].skills
    # Four standard errors of the mean of two checkpoints with 500 questions each.
    error = np.sqrt((1 + 0.75) / 500 / 2)
    np.testing.assert_allclose(skills["end_difference"], -0.5, atol=4 * error)


def test_late_skills_that_are_delayed_more_show_as_a_slope():
    rng = np.random.default_rng(5)
    factor = (HALF / HALF[0]) ** 0.8
    compared = compare_runs(
        runs(rng, 3, scatter=0.05),
        runs(rng, 3, factor=factor, scatter=0.05, steps=STEPS * 3),
        names=["A", "B"],
    )
    late = compared.changes[0].late
    assert late is not None
    assert compared.found("B", "late") == [""]
    # ln factor against the mean of both ln t: 0.8/(1 + 0.4).
    assert late.low < 0.8 / 1.4 < late.high
    assert "The later a skill is learned, the more B loses" in compared.verdict("B")


def test_a_delay_that_seeds_explain_is_no_lower_end():
    # Both runs end where the last skill rises, one of them a third later.
    rng = np.random.default_rng(6)
    half = np.r_[HALF[:-1], 8000]
    factor = np.array([1, 1, 1, 1, 1, 1.35])
    compared = compare_runs(
        runs(rng, half=half, scatter=0), runs(rng, half=half, factor=factor, scatter=0),
        names=["A", "B"],
    )  # fmt: skip
    difference = float(compared.changes[0].skills["end_difference"].to_numpy()[5])
    noise = np.sqrt(2 * (1 - 0.5**2) / N_QUESTION)
    assert -difference > 3 * noise
    assert not compared.found("B", "end")


def test_a_comparison_saves_its_page_and_its_numbers(tmp_path):
    compared = compare_runs(
        runs(np.random.default_rng(7)), runs(np.random.default_rng(8)), names=["A", "B"]
    )
    page = compared.save(str(tmp_path / "new" / "folder"))
    assert page == tmp_path / "new" / "folder" / "compare.html"
    written = json.loads(page.with_name("compare.json").read_text(encoding="utf-8"))
    assert written["changes"][0]["verdict"] == compared.verdict("B")
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="it is a file"):
        compared.save(tmp_path / "file")


def test_the_same_run_twice_is_identical():
    curves = runs(np.random.default_rng(7))
    compared = compare_runs(curves, curves, names=["A", "B"])
    assert not any(compared.tests["found"])
    assert compared.verdict("B").startswith("A and B have the same numbers")
    other = runs(np.random.default_rng(8))
    assert "same numbers" not in compare_runs(curves, other, names=["A", "B"]).verdict("B")
    np.testing.assert_allclose(compared.changes[0].skills["factor"], 1, atol=0.01)


def test_tokens_are_an_axis():
    rng = np.random.default_rng(8)
    a, b = runs(rng, scatter=0), runs(rng, factor=0.5, scatter=0)
    compared = compare_runs(a, b, names=["A", "B"], axis="tokens", per_step=[1000, 2000])
    assert compared.axis == "tokens"
    # Half the steps of twice as many tokens: no change.
    np.testing.assert_allclose(compared.changes[0].skills["factor"], 1, atol=0.2)


def test_losses_are_held_against_the_anchors_of_the_baseline():
    steps = np.geomspace(10, 1000, 20)
    loss = 1 + 3 * np.exp(-steps / 100)

    def read(start: float) -> Curves:
        level = (start - loss) / (start - 1)
        task = {"metric": "loss", "kind": "loss", "start": start, "floor": 1.0}
        return Curves.from_arrays(steps, level[:, None], skill=["x"], attrs={"tasks": {"x": task}})

    compared = compare_runs(read(4.0), read(5.0), names=["A", "B"])
    assert compared.changes[0].skills.loc["x", "end_difference"] == pytest.approx(0, abs=1e-9)
    assert compared.changes[0].skills.loc["x", "factor"] == pytest.approx(1, abs=0.01)
    assert any("those of the baseline" in note for note in compared.changes[0].pair.notes)


def test_skills_measured_in_other_ways_are_left_out():
    rng = np.random.default_rng(9)
    a, b = (
        Curves(c.dataset.assign_attrs(tasks={"1": {"metric": m}}))
        for c, m in ((runs(rng), "acc"), (runs(rng), "acc_norm"))
    )
    compared = compare_runs(a, b, names=["A", "B"])
    assert "1" not in compared.changes[0].skills.index
    assert any("acc_norm" in note for note in compared.changes[0].pair.notes)


def _curves(steps: np.ndarray, names: list[str], **attrs: object) -> Curves:
    level = np.outer(steps / steps[-1], np.ones(len(names)))
    return Curves.from_arrays(steps, level, skill=names, attrs=attrs)


def _bad() -> dict[str, tuple[Curves, Curves, str]]:
    good = _curves(np.arange(1.0, 21), ["x"])
    nan = Curves.from_arrays(np.arange(1.0, 21), np.full((20, 1), np.nan), skill=["x"])
    return {
        "skills": (good, _curves(np.arange(1.0, 21), ["y"]), "must have a skill in common"),
        "axis": (good, _curves(np.arange(1.0, 21), ["x"], axis="epochs"), "counts epochs"),
        "steps": (good, _curves(np.arange(100.0, 120), ["x"]), "must overlap in steps"),
        "checkpoint": (
            good,
            _curves(np.array([5.0]), ["x"]),
            "4 checkpoints after .* got 1",
        ),
        "nan": (good, nan, "all NaN"),
    }


@pytest.mark.parametrize("case", _bad())
def test_unusable_runs_are_refused_in_a_sentence(case):
    a, b, text = _bad()[case]
    with pytest.raises(CurvesError, match=text):
        compare_runs(a, b, names=["A", "B"])


def test_unusable_arguments_are_refused():
    good = _curves(np.arange(1.0, 21), ["x"])
    with pytest.raises(ArgumentError, match="others must contain at least one"):
        compare_runs(good)
    with pytest.raises(ArgumentError, match="different names"):
        compare_runs(good, good, names=["A", "A"])
    with pytest.raises(ArgumentError, match="axis must be one of"):
        compare_runs(good, good, axis="hours")
    with pytest.raises(ArgumentError, match="per_step must be given, since"):
        compare_runs(good, good, axis="tokens")
    with pytest.raises(ArgumentError, match="must be positive"):
        compare_runs(good, good, axis="FLOP", per_step=[0.0])
    with pytest.raises(ArgumentError, match="one for each"):
        compare_runs(good, good, axis="FLOP", per_step=[1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match="seed_scatter must be positive"):
        compare_runs(good, good, seed_scatter=-1.0)


def test_benjamini_and_hochberg_by_hand():
    p = np.array([0.01, 0.2, 0.03, 0.04])
    # At 10 % of four: thresholds 0.025, 0.05, 0.075, 0.1 for the ordered p 0.01, 0.03, 0.04, 0.2.
    assert _rejected(p, np.ones(4), 4, 0.1).tolist() == [True, False, True, True]


def test_scatter_beyond_errors_is_recovered():
    rng = np.random.default_rng(10)
    error = rng.uniform(0.05, 0.2, 4000)
    value = 0.3 * rng.normal(size=4000) * np.sqrt(2) + error * rng.normal(size=4000)
    assert excess(value, error, np.ones((4000, 1)), 2.0) == pytest.approx(0.3, rel=0.05)
    assert excess(error * 0, error, np.ones((4000, 1)), 2.0) == 0


def test_a_prior_and_data_weigh_by_their_freedom():
    spread = moderated(Spread(1.0, 4.0), 2.0, 12.0)
    assert spread.value == pytest.approx(np.sqrt((4 * 1 + 12 * 4) / 16))
    assert spread.freedom == 16
    assert moderated(Spread(1.0, np.inf), 2.0, 12.0) == Spread(1.0, np.inf)
