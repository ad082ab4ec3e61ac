"""Small logs in the shape of public ones, each with the answer that is right for it.

Every case stands for a kind; the same kinds are tested without the shared folder in
`test_kinds.py`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import LogError
from skillphysics.io import inspect_log, read_curves


@pytest.fixture
def cases(shared: Path) -> Path:
    return shared / "data" / "cases"


def sigmoid(steps, at, width=100.0, top=1.0):
    return top / (1 + np.exp(-(np.asarray(steps) - at) / width))


def notes(curves: Curves) -> str:
    return "\n".join(curves.dataset.attrs["notes"])


def chance_of(curves: Curves) -> dict[str, float]:
    return {name: about["chance"] for name, about in curves.dataset.attrs["tasks"].items()}


def two_skills(curves: Curves, *, steps=range(0, 2000, 100), names=("copy", "sort")):
    """Copy is learned at step 400 and sort at step 1100 of most cases, with a width of 100."""
    assert curves.names == names
    assert curves.steps.tolist() == list(steps)
    np.testing.assert_allclose(curves.level[:, 0], sigmoid(steps, 400, 120), atol=0.15)
    assert "run" not in curves.dataset


def column(path: Path, name: str, separator: str = ",") -> np.ndarray:
    """A column as it is in the file, read without the package."""
    rows = [line.split(separator) for line in path.read_text().splitlines()]
    at = rows[0].index(name)
    return np.array([float(row[at]) for row in rows[1:] if row[at] not in ("", name)])


def test_01_a_number_for_all_leaves_known_levels_alone(cases):
    evals = cases / "01-chance-for-all" / "evals"
    with pytest.raises(LogError) as refused:
        read_curves(evals)
    assert "chance level of truthfulqa_mc1 is unknown" in str(refused.value)
    assert "chance={'truthfulqa_mc1': 0.25}" in str(refused.value)
    assert "gsm8k" not in str(refused.value)
    curves = read_curves(evals, chance=0.25)
    assert chance_of(curves) == {"gsm8k": 0.0, "piqa": 0.5, "truthfulqa_mc1": 0.25}
    assert "gsm8k 0, piqa 0.5" in notes(curves)
    by_name = read_curves(evals, chance={"*": 0.25, "piqa": 0.4})
    assert chance_of(by_name) == {"gsm8k": 0.0, "piqa": 0.4, "truthfulqa_mc1": 0.25}


def test_02_the_step_of_the_optimizer_is_carried(cases):
    curves = read_curves(cases / "02-wandb-step-gaps" / "history.csv", chance=0)
    assert curves.steps.tolist() == list(range(300, 3300, 300))
    assert curves.names == ("copy", "sort")
    assert curves.level.sel(step=900, skill="copy").item() == 0.5
    assert "10 rows without 'train/global_step'" in notes(curves)


def test_03_the_newest_checkpoint_may_come_first(cases):
    curves = read_curves(cases / "03-tb-newest-first" / "events", chance=0)
    assert curves.steps.tolist() == [0, 400, 800, 1200, 1600, 2000]
    assert curves.names == ("copy", "sort")
    assert not np.isnan(curves.level.values).any()
    assert curves.level.sel(step=400, skill="copy").item() == 0.5


@pytest.mark.parametrize(
    ("folder", "names", "first"),
    [
        ("add_scalars", ("copy", "sort"), [0.0344, 0.0001]),
        ("splits", ("train", "validation"), [0.0344, 0.0006]),
        ("tasks/eval", ("copy", "sort"), [0.0344, 0.0001]),
        ("tasks", ("copy", "sort"), [0.0344, 0.0001]),
    ],
)
def test_05_folders_of_tasks_and_splits_are_no_runs(cases, folder, names, first):
    path = cases / "05-tb-folder-per-task" / folder
    curves = read_curves(path, chance=0, task="folder" if folder == "tasks/eval" else None)
    assert "run" not in curves.dataset
    assert curves.names == names
    assert curves.steps.tolist() == list(range(0, 2200, 200))
    np.testing.assert_allclose(curves.level[0], first, atol=1e-4)


def test_06_no_column_is_read_against_its_name(cases):
    folder = cases / "06-metric-takes-other-columns"
    curves = read_curves(folder / "a.csv", metric="accuracy", chance=0)
    assert curves.names == ("copy", "sort")
    keys = [about["key"] for about in curves.dataset.attrs["tasks"].values()]
    assert keys == ["copy_acc", "sort_acc"]
    curves = read_curves(folder / "b.csv", metric="loss", floor=1)
    assert [about["key"] for about in curves.dataset.attrs["tasks"].values()] == ["train_loss_step"]
    assert curves.level[-1].item() == pytest.approx(
        (6.1114 - column(folder / "b.csv", "train_loss_step")[-1]) / (6.1114 - 1)
    )
    assert set(curves.dataset.attrs["left_out"]) == {
        "train_perplexity_step",
        "epoch_time",
        "num_tokens",
        "flops",
    }


def test_07_the_epoch_of_lightning_is_no_clock(cases):
    path = cases / "07-lightning-epoch-suffix" / "metrics.csv"
    curves = read_curves(path, chance=0)
    assert curves.names == ("val",)
    assert curves.dataset.attrs["tasks"]["val"]["key"] == "val_acc_epoch"
    assert curves.steps.tolist() == list(range(299, 3299, 300))
    np.testing.assert_array_equal(curves.level[:, 0], column(path, "val_acc_epoch"))


def test_09_one_model_at_six_steps(cases):
    curves = read_curves(cases / "09-step-tokens-path" / "evals")
    assert curves.steps.tolist() == list(range(1000, 7000, 1000))
    assert curves.level[-1].item() == pytest.approx((0.899 - 0.5) / 0.5)


@pytest.mark.parametrize(
    ("folder", "unit", "axis"),
    [
        ("iter", 1000, "steps"),
        ("ba", 1000, "steps"),
        ("bare", 1000, "steps"),
        ("words", 1_000_000, "words"),
    ],
)
def test_10_the_number_that_differs_is_the_step(cases, folder, unit, axis):
    curves = read_curves(cases / "10-checkpoint-names" / folder)
    assert curves.steps.tolist() == [unit * i for i in range(1, 7)]
    assert curves.axis == axis
    assert curves.names == ("piqa",)


def test_12_text_columns_are_left_out(cases):
    curves = read_curves(cases / "12-text-column" / "evals.csv", chance=0)
    two_skills(curves)
    assert curves.dataset.attrs["left_out"] == {"checkpoint": "text", "config": "text"}
    assert "left out: checkpoint, config (text)" in notes(curves)


def test_13_the_index_of_pandas_is_left_out(cases):
    curves = read_curves(cases / "13-index-column" / "evals.csv", chance=0)
    two_skills(curves)
    assert "(a column without a name)" in notes(curves)


@pytest.mark.parametrize(
    "name",
    [
        "current_steps",
        "global_steps",
        "iter_num",
        "num_updates",
        "train-step",
        "train_steps",
        "trainer-step",
        "training_steps",
    ],
)
def test_14_names_of_optimizer_steps(cases, name):
    curves = read_curves(cases / "14-step-names" / f"{name}.csv", chance=0)
    two_skills(curves)
    assert curves.axis == "steps"


@pytest.mark.parametrize("name", ["table", "chart"])
def test_15_a_log_of_epochs_says_so(cases, name):
    curves = read_curves(cases / "15-epoch-only" / f"{name}.csv", chance=0)
    assert curves.axis == "epochs"
    assert curves.steps.tolist() == list(range(20))
    assert curves.names == (("accuracy", "val") if name == "table" else ("val",))
    assert curves.level.sel(step=8, skill="val").item() == 0.5
    assert "epochs" in notes(curves)


def test_17_a_header_in_the_middle(cases):
    curves = read_curves(cases / "17-header-again" / "log.csv", chance=0)
    two_skills(curves)
    assert "1 repeated headers are skipped" in notes(curves)


@pytest.mark.parametrize(("name", "repeats"), [("resumed", 6), ("twice", 40)])
def test_18_repeated_rows(cases, name, repeats):
    curves = read_curves(cases / "18-csv-resume" / f"{name}.csv", chance=0)
    two_skills(curves)
    assert f"{repeats} measurements repeat a step" in notes(curves)


def test_20_a_column_a_metric_and_a_row_a_task(cases):
    curves = read_curves(cases / "20-tidy-metrics" / "evals.csv", chance=0)
    assert curves.names == ("A", "B", "C")
    assert curves.dataset["run"].values.tolist() == ["0", "1"]
    assert curves.steps.tolist() == list(range(0, 3000, 100))
    assert curves.level.sel(run="0", step=500, skill="A").item() == 0.5
    assert not np.isnan(curves.level.values).any()
    assert {a["metric"] for a in curves.dataset.attrs["tasks"].values()} == {"exact_match"}


@pytest.mark.parametrize("name", ["benchmark", "dataset", "score"])
def test_21_other_names_for_task_and_value(cases, name):
    path = cases / "21-long-synonyms" / f"{name}.csv"
    curves = read_curves(path, metric="accuracy", chance=0)
    two_skills(curves)


def test_22_the_history_of_a_trainer_as_a_table(cases):
    path = cases / "22-log-history-csv" / "log_history.csv"
    curves = read_curves(path, chance=0, floor=0)
    assert curves.names == ("train", "copy")
    assert curves.steps.tolist() == list(range(100, 3100, 100))
    loss = column(path, "loss")
    expected = (loss[0] - loss) / loss[0]
    np.testing.assert_allclose(curves.level.sel(skill="train"), expected)
    assert "mean over the whole run" in curves.dataset.attrs["left_out"]["train_loss"]


def test_23_json_lines(cases):
    folder = cases / "23-json-lines"
    two_skills(read_curves(folder / "metrics.jsonl", chance=0))
    curves = read_curves(folder / "trainer_log.jsonl", floor=0)
    assert curves.names == ("train", "eval")
    assert curves.steps.tolist() == list(range(10, 210, 10))
    rows = [json.loads(line) for line in (folder / "trainer_log.jsonl").read_text().splitlines()]
    evals = {row["current_steps"]: row["eval_loss"] for row in rows if "eval_loss" in row}
    measured = curves.level.sel(skill="eval").dropna("step")
    assert measured["step"].values.tolist() == sorted(evals)
    first = evals[min(evals)]
    np.testing.assert_allclose(measured, [(first - evals[s]) / first for s in sorted(evals)])
    assert "repeat a step" in notes(curves)


def test_25_results_along_checkpoints(cases):
    path = cases / "25-json-over-checkpoints" / "through_training.json"
    curves = read_curves(path)
    assert curves.names == ("piqa", "lambada")
    assert curves.steps.tolist() == list(range(1000, 7000, 1000))
    assert curves.level.sel(step=2000, skill="piqa").item() == pytest.approx(0.4)
    assert curves.level.sel(step=4000, skill="lambada").item() == 0.4
    error = curves.dataset["level_stderr"].sel(step=1000, skill="piqa").item()
    assert error == pytest.approx(0.02)


@pytest.mark.parametrize("name", ["events", "trainer_state.json"])
def test_26_pointers_of_git_lfs(cases, name):
    with pytest.raises(LogError, match=r"Git LFS pointer.*'git lfs pull'"):
        read_curves(cases / "26-lfs-pointer" / name)


def test_27_the_output_folder_of_a_trainer(cases):
    curves = read_curves(cases / "27-trainer-output-folder" / "out", chance=0)
    assert curves.dataset.attrs["format"] == "trainer"
    assert curves.names == ("copy",)
    assert curves.steps.tolist() == list(range(300, 3300, 300))
    assert curves.level[3].item() == 0.5
    assert "tensorboard" in notes(curves)


def test_28_a_chart_a_skill(cases):
    curves = read_curves(cases / "28-folder-of-charts" / "charts", metric="accuracy", chance=0)
    two_skills(curves)
    assert curves.dataset.attrs["run"] == "r1"


def test_29_names_of_metrics(cases):
    folder = cases / "29-metric-names"
    curves = read_curves(folder / "acc.csv", chance=0)
    tasks = curves.dataset.attrs["tasks"]
    header = (folder / "acc.csv").read_text().splitlines()[0].split(",")[1:]
    assert [about["key"] for about in tasks.values()] == header
    assert {about["kind"] for about in tasks.values()} == {"accuracy"}
    for i, key in enumerate(header):
        np.testing.assert_array_equal(curves.level[:, i], column(folder / "acc.csv", key))
    curves = read_curves(folder / "loss.csv", floor=0)
    tasks = curves.dataset.attrs["tasks"]
    header = (folder / "loss.csv").read_text().splitlines()[0].split(",")[1:]
    assert [about["key"] for about in tasks.values()] == header
    assert {about["kind"] for about in tasks.values()} == {"loss"}


def test_30_chance_is_known_behind_a_prefix(cases):
    curves = read_curves(cases / "30-eval-prefix" / "evals.csv")
    assert chance_of(curves) == {"piqa": 0.5, "arc_easy": 0.25}
    assert curves.level.sel(step=400, skill="piqa").item() == pytest.approx(0.4)


def test_32_a_skill_below_chance_is_read_as_it_is(cases):
    curves = read_curves(cases / "32-below-chance" / "evals.csv")
    assert chance_of(curves) == {"qqp": 0.5, "piqa": 0.5, "lambada": 0.0}
    assert (curves.level.sel(skill="qqp") < 0).all()
    assert curves.level.sel(step=20000, skill="qqp").item() == pytest.approx((0.372 - 0.5) / 0.5)


def test_33_a_long_log(cases):
    path = cases / "33-long-loss-log" / "loss.csv"
    curves = read_curves(path, floor=1.7)
    loss = column(path, "loss")
    assert curves.level.shape == (loss.size, 1)
    np.testing.assert_allclose(curves.level[:, 0], (loss[0] - loss) / (loss[0] - 1.7))


def test_34_a_loss_is_not_asked_for_percent(cases):
    path = cases / "34-percent-hint" / "evals.csv"
    curves = read_curves(path, metric="accuracy", chance=0)
    assert curves.dataset.attrs["tasks"]["copy"]["key"] == "copy_len_norm"
    assert "copy/CrossEntropyLoss" in curves.dataset.attrs["left_out"]


def test_35_the_local_folder_of_a_tracker(cases):
    with pytest.raises(LogError, match=r"local folder of Weights & Biases.*scan_history\(\).*csv"):
        read_curves(cases / "35-wandb-folder" / "wandb")


def test_37_tabs(cases):
    two_skills(read_curves(cases / "37-tsv" / "curves.tsv", chance=0))


def test_every_case_can_be_inspected(cases):
    refused = {"26-lfs-pointer", "35-wandb-folder"}
    seen = 0
    for case in sorted(path for path in cases.iterdir() if path.is_dir()):
        for log in sorted(case.iterdir()):
            if log.name == "expect.txt" or case.name in refused:
                continue
            inspection = inspect_log(log)
            assert inspection.skills
            assert inspection.paragraph
            json.dumps(inspection.to_json(), allow_nan=False)
            seen += 1
    assert seen > 40
