"""Columns that a user names: used as they are named, or refused in a sentence that says why."""

import math

import numpy as np
import pytest

from skillphysics.comparison import compare_runs
from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import inspect_log, read_curves, read_log

WIDE = """step,a/acc,b/acc,se,note,empty,total_tokens
1,0.1,0.2,0.01,x,,100
2,0.2,0.3,0.02,y,,250
3,0.3,0.4,0.03,z,,450
"""


@pytest.fixture
def wide(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(WIDE)
    return path


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"stderr": "se"}, "could belong to any of a/acc, b/acc; set value='a/acc'"),
        ({"stderr": "none"}, "has no column 'none' (stderr='none'); the columns are step, a/acc"),
        ({"stderr": "folder"}, "has no column 'folder' (stderr='folder')"),
        (
            {"stderr": "note"},
            "got 'note', which holds no numbers",
        ),
        ({"stderr": "empty", "value": "a/acc"}, "got 'empty', which holds no numbers"),
        (
            {"stderr": "total_tokens"},
            "standard errors, got 'total_tokens', which counts tokens",
        ),
        ({"value": "step"}, "measurements, got 'step', which counts steps by its name"),
        (
            {"value": "total_tokens"},
            "measurements, got 'total_tokens', which counts tokens",
        ),
        ({"value": "folder"}, "has no column 'folder' (value='folder')"),
        ({"task": "a/acc"}, "names of tasks, got 'a/acc', which is a measurement"),
        ({"run": "a/acc"}, "names of runs, got 'a/acc', which is a measurement"),
    ],
)
def test_a_column_that_cannot_be_what_it_is_named_for(wide, columns, text):
    with pytest.raises(LogError) as refused:
        read_log(wide, **columns)
    assert text in str(refused.value)


def test_standard_errors_only_where_nothing_is_measured(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,a/acc,se\n1,0.1,\n2,0.2,\n3,,0.1\n")
    with pytest.raises(LogError, match="stderr='se' is empty in all rows with a measurement"):
        read_log(path, stderr="se")


def test_the_standard_errors_of_one_column(wide, tmp_path):
    log = read_log(wide, value="a/acc", stderr="se")
    assert log.table["stderr"].tolist() == [0.01, 0.02, 0.03]
    # Also where its name does not say that it is a metric.
    tidy = tmp_path / "tidy.csv"
    tidy.write_text("step,task,foo,se\n1,a,0.1,0.01\n1,b,0.2,0.02\n2,a,0.3,0.03\n2,b,0.4,0.04\n")
    assert read_log(tidy, stderr="se").table["stderr"].tolist() == [0.01, 0.03, 0.02, 0.04]


def test_a_column_of_values_alone_names_its_skill(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,foo,bar\n1,0.1,3\n2,0.2,4\n")
    assert read_curves(path, value="foo", metric="level").names == ("foo",)


def test_a_task_column_whose_labels_are_numbers(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,difficulty,acc\n1,0.5,0.1\n1,2,0.2\n2,0.5,0.3\n2,2,0.4\n")
    assert read_log(path, task="difficulty").tasks == ("0.5", "2")


@pytest.mark.parametrize("cell", ["", "  "])
def test_a_task_without_a_name(tmp_path, cell):
    path = tmp_path / "log.csv"
    path.write_text(f"step,task,value\n1,a,0.1\n2,{cell},0.2\n")
    with pytest.raises(LogError, match="row 3, column 'task' must hold a name, got an empty cell"):
        read_log(path)


def test_a_number_for_all_tasks_that_is_not_finite(wide):
    with pytest.raises(ArgumentError, match=r"^chance must be finite, got nan"):
        read_curves(wide, chance=math.nan)
    with pytest.raises(ArgumentError, match="chance of 'a' must be finite, got inf"):
        read_curves(wide, chance={"a": math.inf})


# --- tokens beside steps ------------------------------------------------------------------------


def test_tokens_are_kept_beside_steps(wide, tmp_path):
    curves = read_curves(wide, chance=0)
    assert curves.axis == "steps"
    assert curves.dataset["tokens"].values.tolist() == [100, 250, 450]
    curves.save(tmp_path / "curves.nc")
    assert Curves.load(tmp_path / "curves.nc").dataset["tokens"].values.tolist() == [100, 250, 450]
    inspection = inspect_log(wide, chance=0)
    assert "total_tokens" not in inspection.left_out
    assert any("'total_tokens' counts the tokens" in note for note in inspection.notes)


@pytest.mark.parametrize(
    "tokens",
    ["100,250,250", "100,50,450", "100,,450"],
    ids=["constant", "falling", "missing"],
)
def test_what_is_no_count_of_tokens_at_every_step_is_not_kept(tmp_path, tokens):
    path = tmp_path / "log.csv"
    rows = zip((1, 2, 3), tokens.split(","), strict=True)
    path.write_text("step,a/acc,tokens\n" + "".join(f"{s},0.{s},{t}\n" for s, t in rows))
    assert "tokens" not in read_curves(path, chance=0).dataset.coords


def test_runs_with_other_batches_have_no_tokens_in_common(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,run,a/acc,tokens\n1,x,0.1,10\n2,x,0.2,20\n1,y,0.1,20\n2,y,0.2,40\n")
    assert "tokens" not in read_curves(path, chance=0).dataset.coords
    for name, factor in (("x", 10), ("y", 20)):
        folder = tmp_path / "runs"
        folder.mkdir(exist_ok=True)
        rows = "".join(f"{s},0.{s},{s * factor}\n" for s in (1, 2))
        (folder / f"{name}.csv").write_text("step,a/acc,tokens\n" + rows)
    assert "tokens" not in read_curves(folder, chance=0).dataset.coords


def test_tokens_are_an_axis_of_a_comparison(tmp_path):
    """Twice the tokens a step, half the steps: the same curves over tokens."""
    steps = np.geomspace(10, 1000, 12).round()
    sides = []
    for name, faster in (("a", 1), ("b", 2)):
        half = np.array([100, 200, 400]) / faster
        level = steps[:, None] ** 3 / (half**3 + steps[:, None] ** 3)
        path = tmp_path / f"{name}.csv"
        table = np.column_stack([steps, 1000 * faster * steps, level])
        np.savetxt(path, table, delimiter=",", header="step,tokens,x,y,z", comments="")
        sides.append(read_curves(path, metric="level"))
    compared = compare_runs(*sides, names=["a", "b"], axis="tokens")
    assert compared.axis == "tokens"
    np.testing.assert_allclose(compared.changes[0].skills["factor"], 1, rtol=0.02)
    by_steps = compare_runs(*sides, names=["a", "b"])
    np.testing.assert_allclose(by_steps.changes[0].skills["factor"], 0.5, rtol=0.02)
