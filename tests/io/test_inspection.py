import json
import time

import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import FitError, LogError
from skillphysics.io import inspect_log, read_curves, read_log
from skillphysics.measure.describe import reading_paragraph
from skillphysics.measure.learning import learning
from skillphysics.measure.levels import curves_of, understand
from skillphysics.measure.thinning import thinned

TEXT = "step,epoch,note,copy_acc,sort_acc,train_loss\n0,0,hi,0.1,0.2,3.5\n1000,1,ho,0.5,,2.5\n"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(TEXT)
    return path


def test_everything_is_named(log):
    inspection = inspect_log(log, chance={"copy": 0.1})
    assert inspection.format == "table"
    assert inspection.axis == "steps"
    assert inspection.steps == (0, 1000)
    assert inspection.runs == ()
    copy, sort = inspection.skills
    assert (copy.name, copy.key, copy.metric, copy.kind) == ("copy", "copy_acc", "acc", "accuracy")
    assert (copy.direction, copy.zero, copy.one) == ("rises", 0.1, 1)
    assert (copy.measurements, copy.first, copy.last) == (2, 0.1, 0.5)
    assert (sort.zero, sort.measurements, sort.first, sort.last) == (None, 1, 0.2, 0.2)
    assert inspection.left_out["note"] == "text"
    assert "clock" in inspection.left_out["epoch"]
    assert "as floor" in inspection.left_out["train_loss"]
    assert any("chance level of sort is unknown" in note for note in inspection.notes)
    assert inspection.arguments[0] == {"chance": {"copy": 0.1, "sort": None}}
    assert {"chance": {"copy": 0.1}, "step": "epoch"} in inspection.arguments


def test_json(log):
    content = inspect_log(log, floor=1, metric="loss").to_json()
    assert list(content) == [
        "format", "axis", "steps", "runs", "skills", "left_out", "notes", "arguments",
    ]  # fmt: skip
    assert content["steps"] == {"number": 2, "first": 0, "last": 1000}
    assert content["skills"] == [
        {
            "name": "train",
            "key": "train_loss",
            "metric": "loss",
            "kind": "loss",
            "direction": "falls",
            "chance": None,
            "ceiling": None,
            "start": 3.5,
            "floor": 1.0,
            "measurements": 2,
            "first": 3.5,
            "last": 2.5,
        }
    ]
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_the_paragraph(log):
    assert inspect_log(log, chance=0.1).paragraph == (
        "log.csv is read as a table with 2 steps from 0 to 1,000. 2 skills are measured, by acc: "
        "copy, sort. Level 0 is chance (0.1), level 1 is 1. Left out: epoch (a clock, a setting, a "
        "speed or a counter); note (text); train_loss (a loss)."
    )


def test_the_report_says_the_same(log, tmp_path):
    curves = read_curves(log, chance=0.1)
    assert reading_paragraph(curves) == inspect_log(log, chance=0.1).paragraph
    curves.save(tmp_path / "curves.nc")
    assert reading_paragraph(Curves.load(tmp_path / "curves.nc")) == reading_paragraph(curves)


def test_curves_that_were_never_a_log():
    curves = Curves.from_arrays([0, 1], np.zeros((2, 2)))
    assert reading_paragraph(curves).startswith("These curves have 2 steps from 0 to 1. 2 skills")


def test_a_log_that_does_not_say_what_it_measures(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,copy,sort\n0,0.1,0.2\n5,0.5,0.6\n")
    inspection = inspect_log(path)
    assert [skill.name for skill in inspection.skills] == ["copy", "sort"]
    assert [skill.last for skill in inspection.skills] == [0.5, 0.6]
    assert inspection.arguments == ({"metric": "accuracy"},)
    assert any("does not name the metric" in note for note in inspection.notes)
    with pytest.raises(LogError, match="no metric 'f1'"):
        inspect_log(path, metric="f1")


def test_runs_and_epochs(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,seed,copy_acc\n0,1,0.1\n1,1,0.5\n0,2,0.3\n1,2,0.7\n")
    inspection = inspect_log(path, chance=0)
    assert (inspection.axis, inspection.runs) == ("epochs", ("1", "2"))
    skill = inspection.skills[0]
    assert (skill.measurements, skill.first, skill.last) == (4, 0.2, 0.6)
    assert "2 epochs from 0 to 1 in 2 runs (1, 2)" in inspection.paragraph


def test_every_format(tmp_path, sample):
    for make in sample.every.values():
        path = make(tmp_path)
        assert inspect_log(path).skills


def test_all_arguments_that_are_shown_read_the_log(tmp_path, sample):
    paths = [make(tmp_path) for make in sample.every.values()]
    assert sum(readable(path, given) for path in paths for given in shown(path)) > len(paths)


def shown(path):
    scales: dict = {"chance": 0.01} if path.suffix != ".json" else {}
    try:
        return inspect_log(path, **scales).arguments
    except LogError:
        return inspect_log(path).arguments


def readable(path, given):
    """Whether a log can be read, with 0.25 for each unknown number."""
    filled: dict = {
        name: {task: 0.25 if number is None else number for task, number in value.items()}
        if isinstance(value, dict)
        else value
        for name, value in given.items()
    }
    try:
        return bool(read_curves(path, **filled).names)
    except LogError as error:
        # With a known metric, the ends of its scale may still be unknown.
        assert "metric" in given, given
        assert "is unknown" in str(error), given  # noqa: PT017
        return False


# --- logs that a report refuses -----------------------------------------------------------------


def refused(path, **given):
    """The notes of a log that `report` refuses, after what it says when it does."""
    with pytest.raises((FitError, LogError)) as error:
        learning(thinned(read_curves(path, **given)))
    return str(error.value), inspect_log(path, **given).to_json()["notes"]


@pytest.mark.parametrize("given", [{"metric": "level"}, {}])
def test_two_checkpoints_are_too_few(tmp_path, given):
    path = tmp_path / "log.csv"
    path.write_text("step,copy\n0,0.1\n5,0.5\n")
    note = "a report needs at least 3 steps, got 2"
    assert any(one.startswith(note) for one in inspect_log(path, **given).notes)
    path.write_text("step,copy\n0,0.1\n5,0.5\n9,0.7\n")
    assert not any("report needs" in one for one in inspect_log(path, **given).notes)


@pytest.mark.parametrize("drift", [0.0, -0.3])
def test_no_skill_shows_learning(tmp_path, drift):
    noise = np.random.default_rng(0).normal(scale=0.02, size=(40, 3))
    level = 0.25 + noise + drift * np.linspace(0, 0.5, 40)[:, None]
    path = tmp_path / "log.csv"
    table = np.column_stack([np.arange(40) * 10, level])
    np.savetxt(path, table, delimiter=",", header="step,a_acc,b_acc,c_acc", comments="")
    said, notes = refused(path, chance=0.25)
    assert "give a longer log or other skills" in said
    assert f"no theory can be fitted to this log: {said}" in notes
    # One skill that is learned is enough.
    table[:, 1] += np.linspace(0, 0.6, 40)
    np.savetxt(path, table, delimiter=",", header="step,a_acc,b_acc,c_acc", comments="")
    assert not any("refuses" in note for note in inspect_log(path, chance=0.25).notes)


def test_accuracies_in_percent_without_a_ceiling(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,a_f1,b_exact_match\n0,0,1\n10,30,20\n20,60,50\n")
    said, notes = refused(path, ceiling=2, chance=0)
    assert "must be between 0 and 2" in said
    assert f"no theory can be fitted to this log: {said}" in notes


def test_what_a_report_refuses_is_said_within_a_second(tmp_path):
    path = tmp_path / "log.csv"
    table = np.column_stack([np.arange(400), np.zeros((400, 200))])
    header = ",".join(["step", *(f"t{i}_acc" for i in range(200))])
    np.savetxt(path, table, delimiter=",", header=header, comments="", fmt="%g")
    reading = understand(read_log(path), chance=0)
    begun = time.process_time()
    with pytest.raises(FitError):
        learning(thinned(curves_of(reading)))
    # A tenth of that on an idle core.
    assert time.process_time() - begun < 1
