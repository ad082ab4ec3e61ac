import inspect
import time

import numpy as np
import pytest
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, CurvesError

NAN, INF = np.nan, np.inf
STEPS = [0, 10, 20]
LEVEL = [[0.0, 0.0], [0.8, 0.1], [1.0, 0.5]]


def dataset(**changes) -> xr.Dataset:
    parts = {
        "level": (("step", "skill"), np.array(LEVEL)),
        "step": ("step", STEPS),
        "skill": ("skill", ["a", "b"]),
        **changes,
    }
    variables = {"level", "level_stderr", "loss", "extra"}
    return xr.Dataset(
        {k: v for k, v in parts.items() if k in variables and v is not None},
        {k: v for k, v in parts.items() if k not in variables and v is not None},
    )


def one(steps, level) -> Curves:
    return Curves.from_arrays(steps, np.array(level, dtype=float)[:, None])


def learned(steps, level, at: float = 0.5) -> float:
    return one(steps, level).learning_time(at).item()


# --- construction


def test_canonical_form():
    curves = Curves.from_arrays(
        np.array([0, 1], np.int32),
        np.array([[[0, 1]], [[1, 0]]], np.int8).transpose(1, 0, 2),
        skill=["a", "b"],
        level_stderr=np.full((1, 2, 2), 0.1, np.float32),
        loss=[[2.0, 1.0]],
        frequency=[3, 1],
        tokens=[0, 1000],
        attrs={"seed": 1, "path": ("x", "y")},
    )
    found = curves.dataset
    assert found["level"].dims == ("run", "step", "skill")
    assert (found["level"].dtype, found["level_stderr"].dtype) == (np.float64, np.float32)
    assert (found["step"].dtype, found["tokens"].dtype) == (np.int64, np.int64)
    assert (found["skill"].dtype, found["run"].values.tolist()) == (object, ["0"])
    assert found["loss"].dims == ("run", "step")
    assert found["frequency"].values.tolist() == [3, 1]
    assert found.attrs == {"seed": 1, "path": ["x", "y"]}
    assert curves.names == ("a", "b")
    assert curves.skills.frequency is not None
    assert curves.skills.frequency.tolist() == [3, 1]
    assert Curves(found).dataset.identical(found)


def test_dimensions_are_ordered():
    curves = Curves(dataset(level=(("skill", "step"), np.array(LEVEL).T)))
    assert curves.level.dims == ("step", "skill")
    assert curves.level.values.tolist() == LEVEL


def test_levels_are_never_clipped():
    assert one([0, 1], [-0.3, 1.2]).level.values.ravel().tolist() == [-0.3, 1.2]


def test_further_quantities_are_kept():
    curves = Curves(dataset(extra=("step", [True, False, True])))
    assert curves.dataset["extra"].values.tolist() == [1, 0, 1]
    assert curves.dataset["extra"].dtype == np.float64


def test_what_is_given_is_copied():
    level = np.array(LEVEL)
    curves = Curves.from_arrays(STEPS, level)
    level[0, 0] = 9
    assert curves.level.values[0, 0] == 0


def test_names_keep_trailing_nothing():
    assert Curves.from_arrays([0], [[1.0]], skill=["a "]).names == ("a ",)
    assert Curves.from_arrays([0], [[1.0, 1.0]]).skills.frequency is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": None}, "must have a variable 'level'"),
        ({"level": ("step", [0, 1, 2])}, r"got \('step',\)"),
        (
            {"level": (("step", "task"), LEVEL)},
            r"level must have the dimensions \(step, skill\).*got \('step', 'task'\)",
        ),
        ({"level": (("step", "skill"), [["a", "b"]] * 3)}, "level must be numbers, got type <U1"),
        ({"level": (("step", "skill"), np.array(LEVEL) * 1j)}, "level must be real numbers"),
        ({"level": (("step", "skill"), [[0, 0], [INF, 0], [1, 1]])}, "step 10, skill a"),
        ({"step": None}, "must have a coordinate 'step'"),
        ({"step": ("step", ["a", "b", "c"])}, "steps must be real numbers, got type <U1"),
        (
            {"step": ("step", np.array([0, 1, 2]) * 1j)},
            "steps must be real numbers, got type complex128",
        ),
        ({"step": ("step", [0, NAN, 2])}, "must be finite, got nan at position 1"),
        ({"step": ("step", [0, 1, INF])}, "must be finite, got inf at position 2"),
        ({"step": ("step", [-1, 1, 2])}, "steps must be non-negative, got -1"),
        ({"step": ("step", [0, 2, 2])}, "strictly increase, got 2 after 2"),
        ({"step": ("step", [0, 2, 1])}, "strictly increase, got 1 after 2"),
        ({"skill": None}, "'skill' must have a coordinate of names"),
        ({"skill": ("skill", ["a", "a"])}, "'a' more than once"),
        ({"skill": ("skill", ["a", ""])}, "skill must hold non-empty text, got ''"),
        ({"skill": ("skill", [1, 2])}, "non-empty text, got 1"),
        ({"skill": ("skill", ["a", "b\n"])}, "control character"),
        (
            {"frequency": ("step", [1, 1, 1])},
            r"frequency must have the dimension \(skill,\), got \('step',\)",
        ),
        ({"frequency": ("skill", [1, 0])}, r"frequency\[1\] must be positive and finite, got 0.0"),
        (
            {"frequency": ("skill", [NAN, 1])},
            r"frequency\[0\] must be positive and finite, got nan",
        ),
        (
            {"tokens": ("skill", [1, 2])},
            r"numbers with the dimension \(step,\), got int64 with \('skill',\)",
        ),
        ({"tokens": ("step", ["1", "2", "3"])}, r"got <U1 with \('step',\)"),
        ({"tokens": ("step", [0, 2, 1])}, "tokens must be finite, non-negative and non-decreasing"),
        ({"tokens": ("step", [-1, 2, 3])}, "tokens must be"),
        ({"tokens": ("step", [0, 2, NAN])}, "tokens must be"),
        ({"colour": ("skill", [1, 2])}, "cannot have a coordinate 'colour'"),
        ({"level_stderr": ("step", [0, 0, 0])}, "level_stderr must have the dimensions"),
        ({"level_stderr": (("step", "skill"), -np.array(LEVEL))}, "negative number"),
        (
            {"level_stderr": (("step", "skill"), np.full((3, 2), INF))},
            "level_stderr must be finite, or NaN",
        ),
        ({"loss": (("step", "skill"), LEVEL)}, "loss must have the dimensions"),
        ({"extra": (("step", "layer"), LEVEL)}, "extra must have the dimensions"),
        ({"extra": ("step", ["x", "y", "z"])}, "extra must be numbers"),
    ],
)
def test_what_is_no_curves(change, message):
    with pytest.raises(CurvesError, match=message):
        Curves(dataset(**change))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [1.0]), "got 1 dimensions"),
        (([0], np.ones((1, 1, 1, 1))), "got 4 dimensions"),
        (([0, 1], LEVEL), "shapes of the arrays do not match"),
        (([], np.ones((0, 2))), "at least one step, got none"),
        ((STEPS, np.ones((3, 0))), "skill must hold at least one name"),
    ],
)
def test_arrays_that_are_no_curves(arguments, message):
    with pytest.raises(CurvesError, match=message):
        Curves.from_arrays(*arguments)


def test_attributes_are_json():
    for attrs in ({"x": NAN}, {"x": object()}):
        with pytest.raises(CurvesError, match="must be JSON values"):
            Curves.from_arrays(STEPS, LEVEL, attrs=attrs)


# --- selections and means


def test_select_orders_as_asked():
    curves = Curves.from_arrays(STEPS, LEVEL, skill=["a", "b"], frequency=[3, 1])
    found = curves.select(["b", "a"])
    assert found.names == ("b", "a")
    assert found.level.values.tolist() == [row[::-1] for row in LEVEL]
    assert found.dataset["frequency"].values.tolist() == [1, 3]
    assert curves.select(iter(["b"])).names == ("b",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["c"], "no skill 'c'; the skills are 1, 2"),
        ([], "at least one name"),
        (["1", "1"], "more than once"),
    ],
)
def test_unusable_selections(names, message):
    with pytest.raises(ArgumentError, match=message):
        Curves.from_arrays(STEPS, LEVEL).select(names)


RUNS = Curves.from_arrays(
    STEPS, np.stack([LEVEL, np.array(LEVEL) / 2]), run=["adam", "sgd"], loss=[[3, 2, 1], [3, 3, 3]]
)


def test_a_run_selected_is_curves_again():
    found = RUNS.select(runs="sgd")
    assert found.level.dims == ("step", "skill")
    assert found.dataset.attrs["run"] == "sgd"
    np.testing.assert_array_equal(found.level, np.array(LEVEL) / 2)
    assert found.dataset["loss"].values.tolist() == [3, 3, 3]
    # What xarray itself leaves behind.
    assert Curves(RUNS.dataset.sel(run="sgd")).dataset.identical(found.dataset)
    assert Curves(RUNS.dataset.isel(run=1)).dataset.identical(found.dataset)


def test_runs_selected_stay_runs():
    found = RUNS.select("2", runs=["sgd", "adam"])
    assert found.dataset["run"].values.tolist() == ["sgd", "adam"]
    assert found.names == ("2",)
    with pytest.raises(ArgumentError, match="no run 'lion'; the runs are adam, sgd"):
        RUNS.select(runs="lion")
    with pytest.raises(ArgumentError, match="these curves have no runs"):
        RUNS.select(runs="sgd").select(runs="sgd")


def test_runs_are_joined():
    first = Curves.from_arrays([0, 10], [[0, 0.1], [1, 0.2]], skill=["a", "b"], frequency=[2, 1],
        loss=[2, 1], attrs={"optimizer": "adam", "tasks": {"a": 1}, "notes": ["x"]})  # fmt: skip
    second = Curves.from_arrays([0, 5], [[0.0], [0.5]], skill=["c"], tokens=[0, 9],
        attrs={"optimizer": "sgd", "tasks": {"c": 2}, "notes": ["y", "x"]})  # fmt: skip
    found = Curves.concat([first, second])
    np.testing.assert_array_equal(
        found.level,
        [
            [[0, 0.1, NAN], [NAN, NAN, NAN], [1, 0.2, NAN]],
            [[NAN, NAN, 0], [NAN, NAN, 0.5], [NAN, NAN, NAN]],
        ],
    )
    assert (found.names, found.steps.tolist()) == (("a", "b", "c"), [0, 5, 10])
    np.testing.assert_array_equal(found.dataset["loss"], [[2, NAN, 1], [NAN] * 3])
    np.testing.assert_array_equal(found.dataset["run_frequency"], [[2, 1, NAN], [NAN] * 3])
    np.testing.assert_array_equal(found.dataset["run_tokens"], [[NAN] * 3, [0, 9, NAN]])
    assert found.dataset.attrs == {
        "optimizer": ["adam", "sgd"],
        "tasks": {"a": 1, "c": 2},
        "notes": ["x", "y"],
    }


def test_what_selection_parts_joining_brings_together():
    parts = [RUNS.select(runs=name) for name in ("adam", "sgd")]
    assert Curves.concat(parts).dataset.equals(RUNS.dataset)
    equal = Curves.from_arrays(STEPS, LEVEL, frequency=[2, 1], tokens=[0, 1, 2])
    found = Curves.concat([equal] * 2, names=["p", "q"]).dataset
    assert found["frequency"].values.tolist() == [2, 1]
    assert found["tokens"].values.tolist() == [0, 1, 2]
    assert set(found.data_vars) == {"level"}


def test_names_of_joined_runs():
    named = Curves.concat([RUNS, RUNS.select(runs="sgd")], names=["a", "b"])
    assert named.dataset["run"].values.tolist() == ["a, adam", "a, sgd", "b"]
    plain = Curves.from_arrays(STEPS, LEVEL)
    assert Curves.concat([plain, plain]).dataset["run"].values.tolist() == ["0", "1"]
    with pytest.raises(CurvesError, match="'sgd' more than once; set names"):
        Curves.concat([RUNS, RUNS.select(runs="sgd")])
    with pytest.raises(ArgumentError, match=r"names must hold 2 names.*got 1"):
        Curves.concat([RUNS, RUNS], names=["a"])
    with pytest.raises(ArgumentError, match="at least one, got none"):
        Curves.concat([])
    with pytest.raises(CurvesError, match="got steps and epochs"):
        Curves.concat([plain, Curves.from_arrays(STEPS, LEVEL, attrs={"axis": "epochs"})])


def test_how_curves_are_shown():
    assert repr(RUNS) == "<Curves: 2 skills, 3 steps from 0 to 20, 2 runs, level 0 to 1>"
    unmeasured = Curves.from_arrays([5], [[NAN]], skill=["<b>"], attrs={"axis": "epochs"})
    assert repr(unmeasured) == "<Curves: 1 skill, 1 epoch, level not measured>"
    assert "1 skill: &lt;b&gt;" in unmeasured._repr_html_()
    assert "2 runs: adam, sgd" in RUNS._repr_html_()


def test_many_names_are_not_all_listed():
    with pytest.raises(ArgumentError, match=r"8, … \(20 in all\)"):
        Curves.from_arrays([0], np.ones((1, 20))).select(["x"])


def test_mean_of_runs():
    level = np.array([[[0.0], [0.2], [NAN], [NAN]], [[0.1], [0.4], [0.7], [NAN]]])
    curves = Curves.from_arrays(
        [0, 1, 2, 3], level, loss=[[4, 3, 2, 1], [4, 1, 0, NAN]], tokens=[0, 1, 2, 3],
        level_stderr=np.ones((2, 4, 1)), attrs={"seed": 1},
    )  # fmt: skip
    found = curves.mean_run().dataset
    assert set(found.dims) == {"step", "skill"}
    np.testing.assert_allclose(found["level"].values.ravel(), [0.05, 0.3, 0.7, NAN])
    # Of two values: half their difference.
    np.testing.assert_allclose(found["level_stderr"].values.ravel(), [0.05, 0.1, NAN, NAN])
    np.testing.assert_allclose(found["loss"].values, [4, 2, 1, 1])
    assert found["tokens"].values.tolist() == [0, 1, 2, 3]
    assert found.attrs == {"seed": 1}


def test_the_mean_of_curves_without_runs_is_themselves():
    curves = Curves.from_arrays(STEPS, LEVEL)
    assert curves.mean_run() is curves


# --- times


@pytest.mark.parametrize(
    ("steps", "level", "time"),
    [
        ([0, 10, 20], [0, 0.4, 0.8], 12.5),
        ([0, 10, 20], [0, 0.5, 0.8], 10),
        ([0, 10, 20], [0, 0.8, 0.1], 6.25),  # the first crossing counts
        ([0, 10, 20], [0, 0.1, 0.4], INF),  # measured to the end, never reached
        ([0, 10, 20], [0, 0.1, NAN], NAN),  # nothing is known of the end
        ([0, 10, 20], [NAN, NAN, NAN], NAN),
        ([0, 10, 20], [0, NAN, 1], 10),  # interpolated over the gap
        ([0, 10, 20], [NAN, 0, 1], 15),  # not measured at first, below when it was
        ([0, 10, 20], [NAN, 0.6, 1], NAN),  # already above when first measured
        ([5, 10, 20], [0.6, 0.7, 1], NAN),
        ([0, 10, 20], [0.6, 0.7, 1], 0),  # above from the beginning
        ([0, 10, 20], [0.5, 0.2, 0.1], 0),
        ([0, 10, 20], [0, 1, NAN], 5),  # what comes later does not matter
        ([2.5], [0.1], INF),
    ],
)
def test_learning_time(steps, level, time):
    np.testing.assert_equal(learned(steps, level), float(time))


def test_learning_times_of_runs_and_negative_levels():
    level = np.array([LEVEL, [[0.0, -1.0], [0.2, 0.0], [0.6, 1.0]]])
    times = Curves.from_arrays(STEPS, level, skill=["a", "b"]).learning_time(0.5)
    assert times.dims == ("run", "skill")
    np.testing.assert_allclose(times, [[6.25, 20], [17.5, 15]])
    assert times.attrs == {"units": "steps", "level": 0.5}
    assert one([0, 10], [-0.4, 0]).learning_time(-0.2).item() == 5


@pytest.mark.parametrize("level", [NAN, INF, "x", None, True])
def test_unusable_level(level):
    with pytest.raises(ArgumentError, match="level must be finite"):
        # Without the check of types that tests add.
        inspect.unwrap(Curves.learning_time)(one([0, 1], [0, 1]), level)


@pytest.mark.parametrize(
    ("level", "time"),
    [
        ([0, 0.1, 0.9], 10),
        ([0, 0.5, 0.5], INF),  # emerges, never saturates
        ([0, 0.0, 0.0], INF),  # never emerges
        ([0, 0.5, NAN], NAN),
        ([NAN, 0.5, 1], NAN),  # saturates, its emergence is unknown
        ([NAN, 0.5, 0.5], NAN),
        ([0.5, 0.5, 0.9], 20),  # there from the beginning
    ],
)
def test_saturation_time(level, time):
    curves = one([0, 10, 20], level)
    np.testing.assert_allclose(curves.saturation_time(0.1), [time], rtol=1e-12)
    np.testing.assert_array_equal(curves.emergence_time(0.1), curves.learning_time(0.1))


@pytest.mark.parametrize("epsilon", [0.0, 0.5, -1.0, NAN])
def test_unusable_epsilon(epsilon):
    for method in (Curves.emergence_time, Curves.saturation_time):
        with pytest.raises(
            ArgumentError, match=r"epsilon must be between 0 and 0\.5, both excluded"
        ):
            method(one([0, 1], [0, 1]), epsilon)


@pytest.mark.parametrize(
    ("level", "time"),
    [
        ([0, 1, 0], INF),  # an overshoot that ends below
        ([0, 1, 0, 1], 25),  # the last crossing counts
        ([0, 1, 1], 5),
        ([1, 0, 1], 15),
        ([1, 1, 1], 0),
        ([NAN, 1, 1], NAN),
        ([0, 1, NAN], 5),
        ([0, 1, 0, NAN], NAN),
        ([NAN, NAN], NAN),
    ],
)
def test_learning_times_that_last(level, time):
    steps = [0, 10, 20, 30][: len(level)]
    found = one(steps, level).learning_time(0.5, lasting=True).item()
    np.testing.assert_equal(found, float(time))


def test_learning_times_become_a_table(tmp_path):
    curves = Curves.from_arrays(STEPS, LEVEL, skill=["a", "b"])
    curves.learning_time(0.5).to_pandas().to_csv(tmp_path / "times.csv")
    assert (tmp_path / "times.csv").read_text() == "skill,learning_time\na,6.25\nb,20.0\n"


# --- the collapse


def test_collapse_by_hand():
    curves = Curves.from_arrays([0, 1], [[0.0, 0.75], [1.5, NAN]], frequency=[1, 0.5])
    found = curves.collapse()
    # u = max(1 − s, 0) to the power 1 and 2; overshoot counts as learned.
    np.testing.assert_allclose(found, [[1, 0.0625], [0, NAN]])
    assert found.dims == ("step", "skill")


def test_collapse_wants_frequencies():
    with pytest.raises(CurvesError, match="have no frequencies"):
        Curves.from_arrays(STEPS, LEVEL).collapse()


def test_many_skills_are_quick():
    rng = np.random.default_rng(0)
    rising = np.sort(rng.uniform(size=(20, 10_000)), axis=0)
    begin = time.perf_counter()
    times = Curves.from_arrays(np.arange(20), rising).learning_time(0.5)
    # Takes a third of a second; the bound only tells linear from quadratic.
    assert time.perf_counter() - begin < 10
    assert np.isfinite(times).mean() > 0.99


def test_the_axis_counts_steps_unless_the_attributes_say_otherwise():
    assert Curves.from_arrays([0, 1], [[0.0], [1.0]]).axis == "steps"
    epochs = Curves.from_arrays([0, 1], [[0.0], [1.0]], attrs={"axis": "epochs"})
    assert epochs.select(["1"]).axis == "epochs"
    with pytest.raises(CurvesError, match="'axis' must be text, got 3"):
        Curves.from_arrays([0, 1], [[0.0], [1.0]], attrs={"axis": 3})
