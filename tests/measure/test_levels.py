from pathlib import Path

import numpy as np
import pytest

from skillphysics.errors import ArgumentError, LogError
from skillphysics.measure.chance import known_chance, most_specific
from skillphysics.measure.levels import levels
from skillphysics.measure.log import Log, finished, listed, make_table


def log(rows, **more):
    """A log of rows (task, metric, step, value) or (task, metric, step, value, run)."""
    full = [(*row, "")[:5] for row in rows]
    task, metric, step, value, run = zip(*full, strict=True)
    table = make_table(run=run, step=step, task=task, metric=metric, value=value)
    return Log(finished(table), Path("some/log.csv"), "table", **more)


def curve(task, metric, *values):
    return [(task, metric, step, value) for step, value in enumerate(values)]


def test_accuracy_between_chance_and_ceiling():
    curves = levels(log(curve("x", "acc", 0.5, 0.6, 0.4, 0.9)), chance=0.5, ceiling=0.9)
    assert curves.level.values.ravel() == pytest.approx([0, 0.25, -0.25, 1])
    assert curves.dataset.attrs["tasks"]["x"] == {
        "key": "x/acc",
        "metric": "acc",
        "kind": "accuracy",
        "chance": 0.5,
        "ceiling": 0.9,
    }


def test_loss_between_start_and_floor():
    measured = log(curve("x", "loss", 4.0, 3.0, 2.5))
    assert levels(measured, floor=2).level.values.ravel().tolist() == [0, 0.5, 0.75]
    given = levels(measured, floor={"*": 0, "x": 2}, start=6.0)
    assert given.level.values.ravel().tolist() == [0.5, 0.75, 0.875]


def test_the_start_is_the_mean_over_runs():
    rows = [("x", "loss", 0, 4.0, "a"), ("x", "loss", 0, 6.0, "b"), ("x", "loss", 1, 1.0, "b")]
    curves = levels(log(rows), floor=1)
    assert curves.dataset.attrs["tasks"]["x"]["start"] == 5
    np.testing.assert_array_equal(curves.level[..., 0], [[0.25, np.nan], [-0.25, 1]])


def test_a_level_is_taken_as_it_is():
    curves = levels(log(curve("x", "", -0.5, 1.5)), metric="level")
    assert curves.level.values.ravel().tolist() == [-0.5, 1.5]


def test_a_perplexity_is_refused_unless_asked_for():
    measured = log(curve("x", "ppl", np.e**3, np.e**2))
    with pytest.raises(LogError, match=r"ppl, the exponential of a loss; .*set metric='ppl'"):
        levels(measured)
    curves = levels(measured, metric="ppl", floor=1.0)
    assert curves.level.values.ravel() == pytest.approx([0, 0.5])
    assert any("logarithm" in note for note in curves.dataset.attrs["notes"])


def test_the_preferred_metric_is_fixed_and_recorded():
    rows = [m for name in ("loss", "exact_match", "acc_norm", "acc") for m in curve("x", name, 0.3)]
    assert levels(log(rows), chance=0).dataset.attrs["tasks"]["x"]["metric"] == "acc"
    chosen = levels(log(rows), metric="acc_norm", chance=0)
    assert chosen.dataset.attrs["tasks"]["x"]["metric"] == "acc_norm"


def test_unusable_tasks_are_named():
    rows = curve("x", "acc", 0.3) + [
        row for i in range(20) for row in curve(f"crows_{i}", "pct_stereotype", 0.5)
    ]
    curves = levels(log(rows), chance=0)
    assert curves.names == ("x",)
    note = "left out: crows_* (20) (no usable metric)"
    assert curves.dataset.attrs["notes"] == [note]
    assert curves.dataset.attrs["left_out"]["crows_7"] == "no usable metric"
    with pytest.raises(LogError, match=r"measures crows_1 only by pct_stereotype"):
        levels(log(rows), skills=["crows_1"])


def test_a_pattern_leaves_out_what_is_unusable():
    rows = curve("x", "acc", 0.3) + curve("xy", "likelihood", 0.5) + curve("xz", "", 0.5)
    curves = levels(log(rows), skills=["x*"], chance=0)
    assert curves.names == ("x",)
    left_out = curves.dataset.attrs["left_out"]
    assert left_out["xy"] == "no usable metric"
    assert "does not name its metric" in left_out["xz"]


def test_a_metric_may_be_asked_for_by_kind():
    rows = curve("x", "acc", 0.3) + curve("x", "nll", 2.0, 1.0)
    about = levels(log(rows), metric="loss", floor=0).dataset.attrs["tasks"]["x"]
    assert about["metric"] == "nll"


def test_losses_beside_accuracies_wait_for_a_floor():
    rows = curve("x", "acc", 0.3) + curve("train", "loss", 2.0, 1.0)
    curves = levels(log(rows), chance=0)
    assert curves.names == ("x",)
    assert "as floor" in curves.dataset.attrs["left_out"]["train/loss"]
    assert levels(log(rows), chance=0, floor=0).names == ("x", "train")


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        (curve("new", "acc", 0.3), {}, r"new is unknown; set chance=\{'new': 0.25\}"),
        (
            curve("x", "acc", 30.0),
            {"chance": 0},
            r"between 0 and 1, got 30; set ceiling=100",
        ),
        (curve("x", "acc", -0.3), {"chance": 0}, r"between 0 and 1, got -0.3"),
        (curve("x", "acc", 300.0), {"chance": 0}, r"'x/acc' must be .* got 300; set metric='loss'"),
        (curve("x", "acc", 0.3), {"chance": 1}, r"at least 0 and below its ceiling 1, got 1"),
        (
            curve("x", "loss", 2.0),
            {},
            r"model on x is unknown; set floor=\{'x': 1.7\}",
        ),
        (curve("x", "loss", 2.0), {"floor": 2}, r"must be below the start of the loss, 2, got 2"),
        (curve("x", "loss", 2.0), {"floor": 0, "chance": 0.5}, r"chance must be left out"),
        (curve("x", "acc", 0.3), {"chance": 0, "floor": 0}, r"floor must be left out"),
        (curve("x", "", 2.0), {}, r"does not name the metric of x; set metric='accuracy'"),
        (curve("x", "acc", 0.3), {"metric": "f1"}, r"no metric 'f1'; the metrics are acc"),
        (curve("x", "", 0.3), {"metric": "f1"}, r"no metric 'f1'; it names no metric"),
        (curve("x", "foo", 0.3), {"metric": "foo"}, r"scale of x is unknown; set chance"),
        (
            curve("x", "acc", 9.0, 3.0),
            {"chance": 0},
            r"got 9; its values fall; set metric='loss'",
        ),
        (curve("x", "acc", 0.3), {"metric": "loss"}, r"no metric 'loss' of x; the metrics are acc"),
        (
            curve("piqa", "acc", 0.3),
            {"skills": ["pika"]},
            r"matches 'pika'; similar names are",
        ),
        (curve("x", "acc", 0.3), {"chance": {"y*": 0.5}}, r"chance: no task matches 'y\*'"),
        (
            curve("x", "ppl", 0.0),
            {"metric": "ppl", "floor": 0},
            r"ppl of 'x' must be positive, as a perplexity, got 0",
        ),
        (
            curve("x", "acc", np.inf),
            {"chance": 0},
            r"'x' must be finite, .* at step 0",
        ),
    ],
)
def test_what_cannot_be_a_level_is_refused(rows, arguments, message):
    with pytest.raises(LogError, match=message):
        levels(log(rows), **arguments)


@pytest.mark.parametrize("chance", [float("nan"), float("inf"), {"x": float("nan")}])
def test_numbers_given_are_finite(chance):
    with pytest.raises(ArgumentError, match="finite"):
        levels(log(curve("x", "acc", 0.3)), chance=chance)


def test_percent():
    curves = levels(log(curve("piqa", "acc", 50.0, 100.0)), ceiling=100)
    assert curves.level.values.ravel().tolist() == [0, 1]
    curves = levels(log(curve("x", "acc", 50.0)), ceiling=100, chance=0.5)
    assert any("below one percent" in note for note in curves.dataset.attrs["notes"])


def test_the_most_specific_pattern_counts():
    given = {"*": 0.0, "arc_*": 0.25, "arc_easy": 0.2}
    rows = [m for name in ("arc_easy", "arc_hard", "else") for m in curve(name, "acc", 0.5)]
    tasks = levels(log(rows), chance=given).dataset.attrs["tasks"]
    assert [about["chance"] for about in tasks.values()] == [0.2, 0.25, 0.0]


def test_what_is_given_comes_before_what_the_log_states():
    rows = curve("piqa", "acc", 0.5) + curve("y", "acc", 0.5)
    stated = levels(log(rows, chance={"*": 0.1})).dataset.attrs["tasks"]
    assert [about["chance"] for about in stated.values()] == [0.1, 0.1]
    given = levels(log(rows, chance={"*": 0.1}), chance={"y": 0.3}).dataset.attrs["tasks"]
    assert [about["chance"] for about in given.values()] == [0.1, 0.3]


def test_skills_come_in_the_order_asked_for():
    rows = [m for name in ("a1", "b", "a2", "[x]") for m in curve(name, "level", 0.5)]
    assert levels(log(rows), skills=["b", "a*", "[x]", "b"]).names == ("b", "a1", "a2", "[x]")


def test_only_members_are_asked_for_by_name():
    measured = log(curve("hendrycksTest-law", "acc", 0.5), members=frozenset({"hendrycksTest-law"}))
    with pytest.raises(LogError, match=r"only parts of larger families.*set skills=\['\*'\]"):
        levels(measured)
    assert levels(measured, skills="*").names == ("hendrycksTest-law",)


def test_one_named_run_is_no_dimension():
    curves = levels(log([("x", "level", 0, 0.5, "seed 1")]))
    assert curves.level.dims == ("step", "skill")
    assert curves.dataset.attrs["run"] == "seed 1"


def test_names_that_curves_cannot_hold_name_the_file():
    with pytest.raises(LogError, match=r"log\.csv: .*control character"):
        levels(log(curve("a\nb", "level", 0.5)))


def test_nothing_measured():
    with pytest.raises(LogError, match="must hold measurements"):
        levels(log([("x", "acc", 0, np.nan)]))


@pytest.mark.parametrize(
    ("task", "chance"),
    [
        ("lambada_openai", 0),
        ("winogrande", 0.5),
        ("arc_easy", 0.25),
        ("hendrycksTest-abstract_algebra", 0.25),
        ("mmlu_anatomy", 0.25),
        ("mmlu_pro_law", None),
        ("truthfulqa_mc1", None),
        ("my task", None),
    ],
)
def test_known_chance(task, chance):
    assert known_chance(task, free_text=False) == chance


def test_no_guess_wins_in_free_text():
    assert known_chance("arc_easy", free_text=True) is None
    assert known_chance("gsm8k", free_text=True) == 0


def test_most_specific_prefers_the_name_to_any_pattern():
    assert most_specific({"a*": 1, "abc*": 2, "abcd": 3}, "abcd") == 3
    assert most_specific({"a*": 1, "abc*": 2}, "abcd") == 2
    assert most_specific({"a*": 1}, "b") is None


def test_listed():
    assert listed([f"a_{i}" for i in range(30)]) == "a_* (30)"
    assert listed("abcdefgh").endswith("… (8 in all)")


def test_a_number_for_all_is_for_those_that_are_not_known():
    rows = [row for name in ("piqa", "new") for row in curve(name, "acc", 0.75)]
    curves = levels(log(rows), chance=0.25)
    tasks = curves.dataset.attrs["tasks"]
    assert [about["chance"] for about in tasks.values()] == [0.5, 0.25]
    assert any(
        "piqa 0.5" in note and "used for new" in note for note in curves.dataset.attrs["notes"]
    )
    stated = levels(log(rows, chance={"*": 0.1}), chance=0.25).dataset.attrs["tasks"]
    assert [about["chance"] for about in stated.values()] == [0.1, 0.1]
    by_name = levels(log(rows), chance={"p*": 0.1, "*": 0.3}).dataset.attrs["tasks"]
    assert [about["chance"] for about in by_name.values()] == [0.1, 0.3]


def test_nothing_is_said_where_a_number_for_all_agrees():
    curves = levels(log(curve("piqa", "acc", 0.75)), chance=0.5)
    assert curves.dataset.attrs["notes"] == []


def test_metrics_of_no_guesses_start_at_zero():
    rows = curve("x", "pass@1", 0.25) + curve("y", "mcc", -0.25) + curve("z", "wer", 0.5, 0.25)
    curves = levels(log(rows))
    assert curves.level[0].values.tolist() == [0.25, -0.25, 0]
    assert curves.level[1, 2].item() == 0.5


def test_scores_from_0_to_100_are_seen_as_such():
    curves = levels(log(curve("x", "bleu", 20.0, 30.0)))
    assert curves.level.values.ravel().tolist() == [0.2, 0.3]
    assert "x: values above 1 are read as percent" in curves.dataset.attrs["notes"]


def test_chance_is_known_for_accuracies_only():
    with pytest.raises(LogError, match="chance level of piqa is unknown"):
        levels(log(curve("piqa", "f1", 0.5)))


def test_beside_columns_that_say_so_one_that_does_not_is_left_out():
    rows = curve("x", "acc", 0.5) + curve("reward", "", 0.5)
    assert levels(log(rows), metric="accuracy", chance=0).names == ("x",)
    asked = levels(log(rows), metric="accuracy", chance=0, skills=["x", "reward"])
    assert asked.names == ("x", "reward")
    both = curve("x", "", 0.5) + curve("smooth loss of x", "", 0.5)
    assert levels(log(both), metric="accuracy", chance=0).names == ("x",)
