import sqlite3

import numpy as np
import pytest

from skillphysics.errors import LogError
from skillphysics.io import levels, read_log


def test_a_store_of_files(tmp_path, sample):
    store = sample.mlruns(tmp_path / "mlruns")
    curves = levels(read_log(store), chance=0)
    assert curves.dataset["run"].values.tolist() == ["seed 0", "seed 1"]
    assert curves.names == ("qa",)
    np.testing.assert_array_equal(curves.level[..., 0], [[0, 0.25, 0.5], [0.125, 0.375, 0.625]])
    one = levels(read_log(store / "0" / ("b" * 32)), chance=0)
    assert one.level.values.ravel().tolist() == [0.125, 0.375, 0.625]


def test_deleted_runs_are_left_out(tmp_path, sample):
    store = sample.mlruns(tmp_path / "mlruns")
    (store / "0" / ("a" * 32) / "meta.yaml").write_text("lifecycle_stage: deleted\n")
    assert read_log(store).table["value"].tolist() == [0.125, 0.375, 0.625]


def test_runs_of_one_name_are_told_apart(tmp_path, sample):
    store = sample.mlruns(tmp_path / "mlruns")
    for run in ("a" * 32, "b" * 32):
        (store / "0" / run / "tags" / "mlflow.runName").write_text("same")
    assert read_log(store).table["run"].unique().tolist() == ["same (aaaaaaaa)", "same (bbbbbbbb)"]


@pytest.mark.parametrize("line", ["1700000003 high 3", "1700000003", "x 1 2"])
def test_a_bad_line_is_named(tmp_path, sample, line):
    store = sample.mlruns(tmp_path / "mlruns")
    file = store / "0" / ("a" * 32) / "metrics" / "eval" / "qa_accuracy"
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(LogError, match=rf"qa_accuracy, row 4 must be .*, got '{line}'"):
        read_log(store)


def test_metrics_without_steps_are_refused(tmp_path, sample):
    store = sample.mlruns(tmp_path / "mlruns")
    file = store / "0" / ("a" * 32) / "metrics" / "qa" / "acc"
    file.parent.mkdir()
    file.write_text("1 0.5 0\n2 0.6 0\n")
    with pytest.raises(LogError, match=r"'qa/acc' was logged 2 times without a step.*step=…"):
        read_log(store)


def test_the_later_of_two_values_is_kept(tmp_path, sample):
    store = sample.mlruns(tmp_path / "mlruns")
    file = store / "0" / ("a" * 32) / "metrics" / "eval" / "qa_accuracy"
    file.write_text("5 0.5 1\n3 0.25 1\n1 0 0\n")
    log = read_log(store / "0" / ("a" * 32))
    assert log.table["value"].tolist() == [0, 0.5]
    assert any("1 measurements repeat a step (qa)" in note for note in log.notes)


def test_a_database(tmp_path, sample):
    log = read_log(sample.mlflow_db(tmp_path / "mlflow.db"))
    assert log.table[["run", "step", "task", "metric", "value"]].to_numpy().tolist() == [
        ["first", 0, "qa", "acc", 0.25],
        ["first", 20, "qa", "acc", 0.75],
        ["second", 10, "qa", "acc", 0.5],
    ]


def test_a_database_is_only_read(tmp_path, sample):
    path = sample.mlflow_db(tmp_path / "mlflow.db")
    before = path.read_bytes()
    read_log(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["mlflow.db"]


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    with pytest.raises(LogError, match=r"must be a database of MLflow: no such table"):
        read_log(path)
