import pytest

from skillphysics.errors import LogError
from skillphysics.io import levels, read_log


def test_a_chart_has_a_run_a_column(tmp_path, sample):
    log = read_log(sample.wandb_chart(tmp_path / "chart.csv"))
    assert log.format == "wandb"
    curves = levels(log, chance=0)
    assert curves.dataset["run"].values.tolist() == ["seed - 1", "seed - 2"]
    assert curves.level.sel(run="seed - 1", step=10).item() == 0.5
    assert curves.level.sel(run="seed - 2").isnull().values.ravel().tolist() == [False, True]


def test_means_over_steps_are_mentioned(tmp_path, sample):
    rows = [["Step", "a - x/acc", "a - x/acc__MIN", "a - x/acc__MAX"], [0, 0.5, 0.4, 0.6]]
    assert any("__MIN" in note for note in read_log(sample.csv(tmp_path / "a.csv", rows)).notes)


def test_a_chart_over_another_axis(tmp_path, sample):
    rows = [["train/global_step", "a - x/acc"], [0, 0.5]]
    assert read_log(sample.csv(tmp_path / "a.csv", rows)).table["step"].tolist() == [0]
    rows[0][0] = "Relative Time (Process)"
    with pytest.raises(LogError, match=r"must be steps, got 'Relative Time .*'Step'"):
        read_log(sample.csv(tmp_path / "a.csv", rows))


def test_a_plain_table_with_dashes_is_no_chart(tmp_path, sample):
    log = read_log(
        sample.csv(tmp_path / "a.csv", [["step", "add - easy", "add - hard"], [0, 1, 0]])
    )
    assert log.format == "table"
    assert log.tasks == ("add - easy", "add - hard")


def test_a_history(tmp_path, sample):
    log = read_log(sample.wandb_history(tmp_path / "h.parquet"))
    table = log.table[["step", "task", "metric", "value"]]
    assert table.to_numpy().tolist() == [
        [0, "train", "loss", 3.0],
        [2, "train", "loss", 2.0],
        [1, "add", "acc", 0.25],
        [3, "add", "acc", 0.75],
    ]
    assert log.left_out["note"] == "text"


def test_optimizer_steps_come_before_calls_of_log(tmp_path, sample):
    rows = [["_step", "_timestamp", "train/global_step", "eval/qa_accuracy"], [0, 1, 500, 0.5]]
    log = read_log(sample.csv(tmp_path / "h.csv", rows))
    assert log.table["step"].tolist() == [500]
    assert log.tasks == ("qa",)
    assert any("train/global_step" in note for note in log.notes)


def test_a_sampled_history_is_mentioned(tmp_path, sample):
    rows = [["_step", "_timestamp", "x/acc"], *[[i, i, 0.5] for i in range(500)]]
    log = read_log(sample.csv(tmp_path / "h.csv", rows))
    assert any("scan_history" in note for note in log.notes)


def test_text_where_an_accuracy_belongs(tmp_path, sample):
    rows = [["_step", "_timestamp", "x/acc"], [0, 1, "high"]]
    with pytest.raises(LogError, match="row 2, column 'x/acc' holds 'high'"):
        read_log(sample.csv(tmp_path / "h.csv", rows))


def test_a_step_measured_twice(tmp_path, sample):
    rows = [["Step", "a - x/acc"], [0, 0.5], [0, 0.6]]
    log = read_log(sample.csv(tmp_path / "c.csv", rows))
    assert log.table["value"].tolist() == [0.6]
    assert any("repeat a step (x)" in note for note in log.notes)


def test_another_table_is_refused_by_name(tmp_path, sample):
    with pytest.raises(LogError, match=r"must be an export of Weights & Biases.*'table'"):
        read_log(sample.wide(tmp_path / "w.csv"), format="wandb")
