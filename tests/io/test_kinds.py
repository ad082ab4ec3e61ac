"""The kinds of logs that people bring, each written here in a few lines."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import read_curves, read_log


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def curve(curves, skill):
    measured = curves.level.sel(skill=skill).dropna("step")
    return dict(zip(measured["step"].values.tolist(), measured.values.tolist(), strict=True))


def notes(curves):
    return "\n".join(curves.dataset.attrs["notes"])


# --- the axis ---------------------------------------------------------------------------------


def test_a_step_is_carried_to_rows_that_lack_it(tmp_path):
    text = "_step,_runtime,train/global_step,train/loss,copy/acc\n"
    text += "0,0,,,0.5\n1,1,50,2.0,\n2,2,,,0.25\n3,3,100,1.0,\n4,4,,,0.75\n"
    curves = read_curves(write(tmp_path / "h.csv", text), chance=0)
    assert curve(curves, "copy") == {50: 0.25, 100: 0.75}
    assert "2 rows without 'train/global_step'" in notes(curves)
    assert "1 before the first step are ignored" in notes(curves)


def test_a_step_logged_too_rarely_is_not_carried(tmp_path):
    text = "_step,_runtime,train/global_step,copy/acc\n0,0,50,0.1\n1,1,,0.2\n2,2,,0.3\n"
    path = write(tmp_path / "h.csv", text)
    with pytest.raises(LogError, match=r"several lie .* set step='train/global_step'"):
        read_curves(path, chance=0)
    assert curve(read_curves(path, chance=0, step="_step"), "copy") == {0: 0.1, 1: 0.2, 2: 0.3}


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("tokens_seen", "tokens"),
        ("epoch", "epochs"),
        ("total_flops", "FLOP"),
        ("step", "steps"),
        ("batch_idx", "batches"),
    ],
)
def test_the_axis_is_chosen_and_named(tmp_path, name, axis):
    text = "step,tokens_seen,epoch,total_flops,batch_idx,x/acc\n1,2,3,4,5,0.1\n6,7,8,9,10,0.5\n"
    curves = read_curves(write(tmp_path / "a.csv", text), step=name, chance=0)
    assert curves.axis == axis
    at = text.split("\n")[0].split(",").index(name)
    assert curves.steps.tolist() == [1 + at, 6 + at]


def test_an_unknown_column_is_refused(tmp_path):
    path = write(tmp_path / "a.csv", "step,x/acc\n0,0.1\n")
    with pytest.raises(LogError, match=r"no column 'steps' \(step='steps'\); the columns are"):
        read_curves(path, step="steps")


def test_columns_of_a_format_without_columns(tmp_path, sample):
    with pytest.raises(ArgumentError, match=r"step must be left out .*'lm-eval'.*got 'x'"):
        read_log(sample.lm_eval(tmp_path / "evals"), step="x")


def test_names_of_checkpoints_are_steps_where_nothing_else_is(tmp_path):
    text = "checkpoint,copy/acc\nout/checkpoint-20,0.5\nout/checkpoint-10,0.1\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curve(curves, "copy") == {10: 0.1, 20: 0.5}
    curves = read_curves(write(tmp_path / "b.csv", "ckpt,copy/acc\n1k,0.1\n2k,0.5\n"), chance=0)
    assert curves.steps.tolist() == [1000, 2000]


def test_a_counter_that_begins_again_in_each_epoch(tmp_path):
    text = "epoch,step,loss\n0,0,3\n0,1,2\n1,0,1.5\n1,1,1\n"
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LogError, match=r"row 4: 'step' restarts in each epoch.*set step='epoch'"):
        read_curves(path, floor=0)
    assert read_curves(path, floor=0, step="epoch").level.values.ravel().tolist() == [0, 0.5]


def test_axes_are_never_joined(tmp_path):
    write(tmp_path / "logs" / "a.csv", "step,copy/acc\n0,0.1\n")
    write(tmp_path / "logs" / "b.csv", "epoch,sort/acc\n0,0.1\n")
    with pytest.raises(LogError, match=r"must count the same, got steps in .* and epochs in"):
        read_curves(tmp_path / "logs", chance=0)


# --- rows -------------------------------------------------------------------------------------


def test_an_overlap_after_a_resume(tmp_path):
    rows = [(0, 0.1), (10, 0.2), (20, 0.3), (25, 0.35), (10, 0.25), (20, 0.4), (30, 0.5)]
    text = "step,x/acc\n" + "".join(f"{step},{value}\n" for step, value in rows)
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curve(curves, "x") == {0: 0.1, 10: 0.25, 20: 0.4, 30: 0.5}
    assert "2 measurements repeat a step (x), and the later ones are kept" in notes(curves)
    assert "1 more from before the training was resumed" in notes(curves)


def test_one_point_measured_again_forgets_no_others(tmp_path):
    text = "step,x/acc\n0,0.1\n10,0.2\n20,0.3\n30,0.4\n10,0.25\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curve(curves, "x") == {0: 0.1, 10: 0.25, 20: 0.3, 30: 0.4}


def test_points_out_of_order_are_kept(tmp_path):
    text = "step,x/acc\n30,0.4\n20,0.3\n25,0.35\n0,0.1\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curve(curves, "x") == {0: 0.1, 20: 0.3, 25: 0.35, 30: 0.4}


@pytest.mark.parametrize("nothing", ["", "NA", "N/A", "n/a", "null", "None", "-", "nan", "NaN"])
def test_not_measured(tmp_path, nothing):
    text = f"step,x/acc,y/acc\n0,{nothing},0.1\n1,0.5,0.2\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curve(curves, "x") == {1: 0.5}


@pytest.mark.parametrize(
    "text",
    [
        "step;x/acc\n0;0,25\n1;0,5\n",
        "step\tx/acc\n0\t0.25\n1\t0.5\n",
        "step, x/acc\n0, 0.25\n1, 0.5\n",
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
def test_separators(tmp_path, text, suffix):
    curves = read_curves(write(tmp_path / f"a{suffix}", text), chance=0)
    assert curve(curves, "x") == {0: 0.25, 1: 0.5}


# --- tidy and long ----------------------------------------------------------------------------


def test_seeds_and_run_names_together(tmp_path):
    rows = [(run, seed, step) for run in ("a", "b") for seed in (0, 1) for step in (0, 10)]
    text = "run_name,seed,step,task,acc,acc_stderr\n"
    text += "".join(f"{run},{seed},{step},x,{step / 20},0.01\n" for run, seed, step in rows)
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curves.dataset["run"].values.tolist() == ["a, 0", "a, 1", "b, 0", "b, 1"]
    assert curves.dataset["level_stderr"].values.ravel().tolist() == [0.01] * 8
    by_seed = read_curves(tmp_path / "a.csv", chance=0, run="seed")
    assert by_seed.dataset["run"].values.tolist() == ["0", "1"]
    assert "repeat a step" in notes(by_seed)


def test_columns_are_named_by_hand(tmp_path):
    text = "when,who,what,how_well,plus_minus\n"
    text += "0,a,x,0.1,0.01\n0,b,x,0.2,0.01\n5,a,x,0.5,0.02\n5,b,x,0.6,0.02\n"
    path = write(tmp_path / "a.csv", text)
    said: dict[str, Any] = {"step": "when", "run": "who", "task": "what", "value": "how_well"}
    curves = read_curves(path, **said, stderr="plus_minus", metric="accuracy", chance=0)
    assert curves.axis == "when"
    assert curves.names == ("x",)
    assert curves.dataset["run"].values.tolist() == ["a", "b"]
    assert curves.level.sel(run="b", step=5).item() == 0.6
    assert curves.dataset["level_stderr"].sel(run="a", step=5).item() == 0.02


def test_a_tag_a_row(tmp_path):
    text = "step,tag,value\n0,eval/copy/acc,0.1\n0,eval/sort/acc,0.2\n5,eval/copy/acc,0.5\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curve(curves, "copy") == {0: 0.1, 5: 0.5}
    assert curve(curves, "sort") == {0: 0.2}


def test_a_name_that_changes_with_every_step_is_no_run(tmp_path):
    text = "step,model,copy/acc\n0,m-0,0.1\n10,m-10,0.5\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert "run" not in curves.dataset
    assert "name of a checkpoint" in notes(curves)


def test_a_constant_dataset_is_no_task(tmp_path):
    text = "step,dataset,copy/acc,sort/acc\n0,c4,0.1,0.2\n5,c4,0.5,0.6\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curves.names == ("copy", "sort")
    assert curves.dataset.attrs["left_out"] == {"dataset": "text"}


# --- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        {"loss": [3, 2, 1], "accuracy": [0.1, 0.5, 0.9], "val_accuracy": [0.1, 0.4, 0.8]},
        {"history": {"accuracy": [0.1, 0.5, 0.9], "val_accuracy": [0.1, 0.4, 0.8]}, "params": {}},
        [
            {"epoch": i, "accuracy": a, "val_accuracy": b}
            for i, (a, b) in enumerate([(0.1, 0.1), (0.5, 0.4), (0.9, 0.8)])
        ],
    ],
)
def test_histories_of_keras(tmp_path, content):
    path = write(tmp_path / "history.json", json.dumps(content))
    curves = read_curves(path, chance=0)
    assert curves.axis == "epochs"
    assert curve(curves, "accuracy") == {0: 0.1, 1: 0.5, 2: 0.9}
    assert curve(curves, "val") == {0: 0.1, 1: 0.4, 2: 0.8}


@pytest.mark.parametrize(
    "rows",
    [
        [{"step": s, "eval": {"piqa": {"acc": a}}} for s, a in ((10, 0.5), (20, 0.75))],
        [
            {"iteration": s, "results": {"piqa": {"acc,none": a}}}
            for s, a in ((10, 0.5), (20, 0.75))
        ],
        [{"step": s, "task": "piqa", "acc": a} for s, a in ((10, 0.5), (20, 0.75))],
        [{"global_step": s, "loss": 1, "piqa_acc": a} for s, a in ((10, 0.5), (20, 0.75))],
    ],
)
def test_json_lines(tmp_path, rows):
    text = "\n".join(map(json.dumps, rows))
    for name in ("a.jsonl", "metrics.json"):
        curves = read_curves(write(tmp_path / name, text + "\n"))
        assert curve(curves, "piqa") == {10: 0, 20: 0.5}
    whole = read_curves(write(tmp_path / "list.json", json.dumps(rows)))
    assert curve(whole, "piqa") == {10: 0, 20: 0.5}


def test_json_lines_that_are_still_written(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"step": 1, "piqa/acc": 0.5}\n{"step": 2, "piqa/')
    curves = read_curves(path)
    assert curves.steps.tolist() == [1]
    assert "middle of a line" in notes(curves)


def test_results_by_step_in_one_file(tmp_path):
    content = {f"step{s}": {"piqa": {"acc": a}} for s, a in ((2000, 0.75), (1000, 0.5))}
    curves = read_curves(write(tmp_path / "a.json", json.dumps(content)))
    assert curve(curves, "piqa") == {1000: 0, 2000: 0.5}


MEGATRON = """[2024-01-01 12:00:00] building
 iteration      100/    1000 | consumed samples:        12800 | elapsed time per iteration (ms): \
512.3 | learning rate: 1.000E-04 | global batch size:   128 | lm loss: 4.0E+00 | loss scale: 1.0 \
| grad norm: 1.234 | number of skipped iterations:   0 | number of nan iterations:   0 |
 iteration      200/    1000 | consumed samples:        25600 | lm loss: 3.0E+00 | loss scale: 1.0 |
 validation loss at iteration 200 | lm loss value: 3.5E+00 | lm loss PPL: 3.3E+01 |
 iteration      300/    1000 | consumed samples:        38400 | lm loss: 2.0E+00 | loss scale: 1.0 |
"""
NANO = """number of parameters: 10.65M
step 0: train loss 4.0000, val loss 4.5
iter 0: loss 4.0, time 38322.91ms, mfu -100.00%
iter 10: loss 3.0, time 322.91ms, mfu 3.00%
step 250: train loss 2.0, val loss 2.25
"""
TRAINER = """{'loss': 4.0, 'learning_rate': 5e-05, 'epoch': 0.5}
{'loss': 2.0, 'learning_rate': 4e-05, 'epoch': 1.0}
{'eval_loss': 2.5, 'eval_runtime': 3.2, 'epoch': 1.0}
"""
LOGGING = """2024-01-01 12:00:00,123 INFO step=100 loss=4.0 lr=1e-4
2024-01-01 12:00:01,123 INFO step=200 loss=3.0 lr=1e-4
"""
KERAS = """Epoch 1/3 - 10s - loss: 4.0 - val_loss: 4.5
Epoch 2/3 - 10s - loss: 2.0 - val_loss: 2.25
"""


@pytest.mark.parametrize(
    ("text", "axis", "skill", "expected"),
    [
        (MEGATRON, "steps", "train", {100: 0, 200: 0.25, 300: 0.5}),
        (MEGATRON, "steps", "validation", {200: 0}),
        (NANO, "steps", "val", {0: 0, 250: 0.5}),
        (NANO, "steps", "loss", {0: 0, 10: 0.25}),
        (TRAINER, "epochs", "train", {0.5: 0, 1: 0.5}),
        (LOGGING, "steps", "train", {100: 0, 200: 0.25}),
        (KERAS, "epochs", "val", {1: 0, 2: 0.5}),
    ],
)
@pytest.mark.parametrize("suffix", [".log", ".txt", ""])
def test_text_logs(tmp_path, text, axis, skill, expected, suffix):
    curves = read_curves(write(tmp_path / f"train{suffix}", text), floor=0)
    assert curves.axis == axis
    assert curve(curves, skill) == expected


def test_prose_is_no_log(tmp_path):
    with pytest.raises(LogError, match="not a known kind of training log"):
        read_log(write(tmp_path / "notes.txt", "Lost 3 keys\nstep one: find them\n"))


def lighteval(path, tasks, name):
    content = {
        "config_general": {"model_name": name, "lighteval_sha": "?"},
        "results": {**tasks, "all": {"acc": 0.123}},
        "versions": {},
    }
    return write(path, json.dumps(content))


def test_results_of_lighteval(tmp_path):
    for step, acc in ((1000, 0.5), (2000, 0.75)):
        tasks = {"lighteval|piqa|0|0": {"acc": acc, "acc_stderr": 0.01}}
        tasks["leaderboard|arc:easy|0"] = {"acc": 0.25, "acc_norm": 0.4}
        path = tmp_path / "results" / "org" / f"m-step-{step}" / "results_2030-01-01T00-00-00.json"
        lighteval(path, tasks, f"org/m-step-{step}")
    curves = read_curves(tmp_path)
    assert curves.names == ("arc:easy", "piqa")
    assert curve(curves, "piqa") == {1000: 0, 2000: 0.5}
    assert curve(curves, "arc:easy") == {1000: 0, 2000: 0}


# --- folders ----------------------------------------------------------------------------------


def test_versions_of_lightning_are_runs(tmp_path):
    for version in (0, 1):
        folder = tmp_path / "lightning_logs" / f"version_{version}"
        write(folder / "metrics.csv", "epoch,step,train_loss_step,val_acc\n0,9,3,\n0,10,,0.25\n")
        write(folder / "hparams.yaml", "lr: 1")
    curves = read_curves(tmp_path / "lightning_logs", chance=0)
    assert curves.dataset["run"].values.tolist() == ["version_0", "version_1"]
    assert curves.level.values.ravel().tolist() == [0.25, 0.25]
    one = read_curves(tmp_path / "lightning_logs" / "version_0", chance=0)
    assert "run" not in one.dataset


def test_a_table_a_split(tmp_path):
    for name, acc in (("train", 0.5), ("val", 0.25)):
        write(tmp_path / f"{name}.csv", f"step,acc\n0,0\n10,{acc}\n")
    curves = read_curves(tmp_path, chance=0)
    assert "run" not in curves.dataset
    assert curve(curves, "train") == {0: 0, 10: 0.5}
    assert curve(curves, "val") == {0: 0, 10: 0.25}


def test_a_table_a_task_is_asked_about(tmp_path):
    for name, acc in (("copy", 0.5), ("sort", 0.25)):
        write(tmp_path / "evals" / f"{name}.csv", f"step,acc\n0,0\n10,{acc}\n")
    as_runs = read_curves(tmp_path / "evals", chance=0)
    assert as_runs.dataset["run"].values.tolist() == ["copy", "sort"]
    assert "if they are tasks, set task='folder'" in notes(as_runs)
    curves = read_curves(tmp_path / "evals", chance=0, task="folder")
    assert curve(curves, "sort") == {0: 0, 10: 0.25}


def test_charts_of_the_same_runs_are_tasks(tmp_path):
    for name in ("copy", "sort"):
        text = "Step,a - acc,b - acc\n0,0.1,0.2\n5,0.5,0.6\n"
        write(tmp_path / f"wandb_export_{name}.csv", text)
    curves = read_curves(tmp_path, chance=0)
    assert curves.names == ("copy", "sort")
    assert curves.dataset["run"].values.tolist() == ["a", "b"]


def test_event_files_of_a_resumed_training(tmp_path, sample):
    for i, points in enumerate(([(0, 0.0), (10, 0.25), (20, 0.5)], [(10, 0.125), (30, 0.75)])):
        folder = sample.tensorboard(tmp_path / str(i), {"x/acc": points})
        file = next(folder.glob("*tfevents*"))
        file.rename(tmp_path / f"events.out.tfevents.{100 + i}.host")
        folder.rmdir()
    curves = read_curves(tmp_path, chance=0)
    assert curve(curves, "x") == {0: 0, 10: 0.125, 30: 0.75}


def test_empty_event_files_beside_others(tmp_path, sample):
    sample.tensorboard(tmp_path, {"x/acc": [(0, 0.0), (10, 0.25)]})
    write(tmp_path / "events.out.tfevents.1.host.profile-empty", "")
    assert curve(read_curves(tmp_path, chance=0), "x") == {0: 0, 10: 0.25}


def test_a_chart_of_the_machine_beside_others(tmp_path):
    write(tmp_path / "a.csv", "Step,r - copy/acc\n0,0.1\n5,0.5\n")
    write(tmp_path / "b.csv", "Step,r - system/gpu.0.memory\n0,10\n5,50\n")
    curves = read_curves(tmp_path, chance=0)
    assert curves.names == ("copy",)
    assert curves.dataset.attrs["left_out"]["b.csv"] == "not a training log"


def test_a_marked_restart(tmp_path, sample):
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    event = sample.proto("event")
    writer = EventFileWriter(str(tmp_path))
    for step, value in ((0, 0.0), (10, 0.5), (20, 0.75), (None, None), (12, 0.25)):
        if step is None:
            log = event.SessionLog(status=event.SessionLog.START)
            writer.add_event(event.Event(step=11, session_log=log))
            continue
        value = sample.proto("summary").Summary.Value(tag="x/acc", simple_value=value)
        writer.add_event(
            event.Event(step=step, summary=sample.proto("summary").Summary(value=[value]))
        )
    writer.close()
    curves = read_curves(tmp_path, chance=0)
    assert curve(curves, "x") == {0: 0, 10: 0.5, 12: 0.25}
    assert "1 points from before a restart" in notes(curves)


def test_runs_with_folders_of_splits(tmp_path, sample):
    for run in ("a", "b"):
        for split in ("train", "validation"):
            sample.tensorboard(tmp_path / run / split, {"epoch_accuracy": [(0, 0.5), (1, 0.75)]})
    curves = read_curves(tmp_path, chance=0)
    assert curves.axis == "epochs"
    assert curves.names == ("train", "validation")
    assert curves.dataset["run"].values.tolist() == ["a", "b"]


# --- names ------------------------------------------------------------------------------------


def test_metrics_of_any_name(tmp_path):
    text = "step,copy/truth,sort/truth,else\n0,1,2,3\n10,3,4,5\n"
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LogError, match=r"copy, sort is unknown; set chance=….*floor=…"):
        read_curves(path, metric="truth")
    curves = read_curves(path, metric="truth", chance=0, ceiling=4)
    assert curve(curves, "copy") == {0: 0.25, 10: 0.75}
    assert curves.names == ("copy", "sort")
    one = read_curves(path, metric="else", chance=0, ceiling=10)
    assert curve(one, "else") == {0: 0.3, 10: 0.5}


def test_a_whole_column_may_be_the_metric(tmp_path):
    text = "epoch,accuracy,val_accuracy\n0,0.1,0.2\n1,0.5,0.6\n"
    curves = read_curves(write(tmp_path / "a.csv", text), metric="val_accuracy", chance=0)
    assert curve(curves, "val") == {0: 0.2, 1: 0.6}
    assert curves.names == ("val",)


def test_errors_fall_to_zero(tmp_path):
    text = "step,clean/wer,noisy_error_rate\n0,0.8,0.5\n10,0.2,0.25\n"
    curves = read_curves(write(tmp_path / "a.csv", text))
    assert curve(curves, "clean")[10] == pytest.approx(0.75)
    assert curve(curves, "noisy")[10] == pytest.approx(0.5)


def test_names_are_told_apart(tmp_path):
    names = [f"eval/downstream/{task}_val_rc_5shot_len_norm" for task in ("piqa", "hellaswag")]
    text = ",".join(["step", *names]) + "\n0,0.5,0.25\n10,0.75,0.4\n"
    curves = read_curves(write(tmp_path / "a.csv", text))
    assert curves.names == ("piqa", "hellaswag")
    tasks = curves.dataset.attrs["tasks"]
    assert [about["key"] for about in tasks.values()] == names
    assert [about["chance"] for about in tasks.values()] == [0.5, 0.25]
    assert read_curves(tmp_path / "a.csv", skills=["piqa"]).names == ("piqa",)
    assert read_curves(tmp_path / "a.csv", skills=["hellaswag_val*"]).names == ("hellaswag",)


# --- real data --------------------------------------------------------------------------------


def test_the_ladder(shared):
    path = shared / "data" / "olmo-ladder" / "1B-10xC.csv"
    curves = read_curves(path)
    assert curves.level.shape == (163, 20)
    assert curves.axis == "steps"
    chance = {name: about["chance"] for name, about in curves.dataset.attrs["tasks"].items()}
    known = {"piqa_val": 0.5, "boolq_val": 0.5, "winogrande_val": 0.5, "csqa_val": 0.2}
    known["socialiqa_val"] = 1 / 3
    assert chance == {name: known.get(name, 0.25) for name in curves.names}
    assert max(map(len, curves.names)) <= 25
    lines = [line.split(",") for line in path.read_text().splitlines()]
    at = lines[0].index("eval/downstream/arc_easy_test_rc_5shot_len_norm")
    expected = [(float(line[at]) - 0.25) / 0.75 for line in lines[1:]]
    np.testing.assert_allclose(curves.level.sel(skill="arc_easy_test"), expected, rtol=1e-12)
    tokens = read_curves(path, step="throughput/total_tokens")
    assert tokens.axis == "tokens"
    assert tokens.steps[0] == 1572864000
    bits = read_curves(path, metric="bpb", floor=0)
    assert bits.level.shape == (163, 20)
    assert all(about["metric"] == "bpb" for about in bits.dataset.attrs["tasks"].values())


def test_gemstone(shared):
    path = shared / "data" / "gemstone" / "lighteval.csv"
    with pytest.raises(LogError, match="set metric='accuracy'"):
        read_curves(path)
    curves = read_curves(path, metric="accuracy")
    assert curves.level.shape == (12, 34, 9)
    expected = (0.254 - 0.25) / 0.75
    first = curves.level.sel(run="1024x28", step=2385, skill="arc:challenge").item()
    assert first == pytest.approx(expected)
    errors = curves.dataset["level_stderr"].sel(run="1024x28", step=2385, skill="arc:challenge")
    assert errors.item() == pytest.approx(0.01377220656516854 / 0.75)


@pytest.mark.parametrize(
    "content",
    [
        {"checkpoints": ["step1000", "step2000"], "piqa": {"acc": [0.5, 0.75]}},
        {"steps": [1000, 2000], "results": {"piqa": {"acc,none": [0.5, 0.75]}}},
        {
            "model": "m",
            "checkpoints": {
                "step2000": {"piqa": {"acc": 0.75}},
                "step1000": {"piqa": {"acc": 0.5}},
            },
        },
        {"results": {"1000": {"piqa": {"acc": 0.5}}, "2000": {"piqa": {"acc": 0.75}}}},
        {"results": [{"step": s, "piqa": {"acc": a}} for s, a in ((1000, 0.5), (2000, 0.75))]},
        {"piqa": {"acc": {"1000": 0.5, "2000": 0.75}}},
    ],
)
def test_results_over_checkpoints_in_one_json(tmp_path, content):
    curves = read_curves(write(tmp_path / "a.json", json.dumps(content)))
    assert curve(curves, "piqa") == {1000: 0, 2000: 0.5}
    assert curves.axis == "steps"


def results(path, acc, model):
    content = {
        "results": {"piqa": {"acc,none": acc}},
        "config": {"model_args": f"pretrained={model}"},
    }
    return write(path / "results_2030-01-01T00-00-00.000000.json", json.dumps(content))


@pytest.mark.parametrize(
    ("names", "steps", "axis"),
    [
        (["step_1000_tokens_4B", "step_2000_tokens_8B"], [1000, 2000], "steps"),
        (["ep0-ba1000", "ep1-ba2000"], [1000, 2000], "steps"),
        (["epoch-1", "epoch-2"], [1, 2], "epochs"),
        (["1B-tokens", "2B-tokens"], [1e9, 2e9], "tokens"),
        (["step1k", "step2k"], [1000, 2000], "steps"),
        (["0001000", "0002000"], [1000, 2000], "steps"),
        (["m-s3-update500", "m-s3-update700"], [500, 700], "steps"),
    ],
)
def test_steps_in_names_of_checkpoints(tmp_path, names, steps, axis):
    for name, acc in zip(names, (0.5, 0.75), strict=True):
        results(tmp_path / "evals" / name, acc, f"runs/{name}")
    curves = read_curves(tmp_path / "evals")
    assert curves.steps.tolist() == steps
    assert curves.axis == axis


@pytest.mark.parametrize(
    "names", [["seed_1", "seed_2"], ["llama-1B", "llama-7B"], ["lr1-wd2", "lr3-wd4"]]
)
def test_numbers_that_are_no_steps(tmp_path, names):
    for name in names:
        results(tmp_path / "evals" / name, 0.5, f"runs/{name}")
    with pytest.raises(LogError, match=r"step<N>"):
        read_curves(tmp_path / "evals")


def test_names_of_composer_and_fairseq(tmp_path):
    text = "step,metrics/piqa/0-shot/InContextLearningMultipleChoiceAccuracy\n0,0.5\n10,0.75\n"
    assert read_curves(write(tmp_path / "a.csv", text)).level.values.ravel().tolist() == [0, 0.5]
    line = '2030 | INFO | train | {{"epoch": 1, "train_loss": "{}", "train_num_updates": "{}"}}\n'
    path = write(tmp_path / "train.log", line.format(4.0, 100) + line.format(2.0, 200))
    assert curve(read_curves(path, floor=0), "train") == {100: 0, 200: 0.5}


def test_a_log_beside_the_folder_of_a_tracker(tmp_path):
    write(tmp_path / "wandb" / "run-1" / "run-1.wandb", "x")
    write(tmp_path / "wandb" / "run-1" / "files" / "output.log", "step 1: loss 2\nstep 2: loss 1\n")
    write(tmp_path / "history.csv", "step,copy_acc\n0,0.1\n")
    assert read_curves(tmp_path, chance=0).names == ("copy",)
    with pytest.raises(LogError, match="local folder"):
        read_curves(tmp_path / "wandb")


def test_other_files_of_a_folder_are_named(tmp_path):
    write(tmp_path / "metrics.csv", "step,copy_acc\n0,0.1\n")
    write(tmp_path / "predictions.csv", "question,answer\nwhy,because\n")
    write(tmp_path / "answers.json", '{"a": {"b": "c"}}')
    write(tmp_path / "notes.txt", "Nothing to see here\n")
    curves = read_curves(tmp_path, chance=0)
    assert curves.names == ("copy",)
    left_out = curves.dataset.attrs["left_out"]
    assert left_out == dict.fromkeys(("answers.json", "predictions.csv"), "not a training log")
    write(tmp_path / "damaged.csv", "step,copy_acc\n0,0.1,3\n")
    with pytest.raises(LogError, match=r"damaged\.csv, row 2 must have 2 cells"):
        read_curves(tmp_path, chance=0)


@pytest.mark.parametrize("name", ["eval_set", "lr", "split"])
def test_rows_that_differ_in_an_unknown_column(tmp_path, name):
    text = f"step,{name},acc\n0,1,0.1\n0,2,0.2\n5,1,0.5\n5,2,0.6\n"
    text = text.replace(",1,", ",one,").replace(",2,", ",two,") if name != "lr" else text
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(
        LogError, match=rf"rows 2 and 3 have the same step.*task='{name}'.*run='{name}'"
    ):
        read_curves(path, chance=0)
    curves = read_curves(path, chance=0, task=name)
    assert curves.level.values.tolist() == [[0.1, 0.2], [0.5, 0.6]]
    assert "run" not in curves.dataset
    assert read_curves(path, chance=0, run=name).dataset.sizes["run"] == 2


def test_rows_of_every_process_are_no_tasks(tmp_path):
    text = "step,host,acc\n0,a,0.1\n0,b,0.1\n5,a,0.5\n5,b,0.5\n"
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curves.level.values.ravel().tolist() == [0.1, 0.5]


def test_clocks_of_a_resumed_training_are_no_tasks(tmp_path):
    rows = [(0, 1.5, 0.1), (10, 2.5, 0.2), (20, 3.5, 0.3), (10, 9.5, 0.25), (20, 10.5, 0.4)]
    text = "step,wall_time,acc\n" + "".join(f"{s},{t},{a}\n" for s, t, a in rows)
    curves = read_curves(write(tmp_path / "a.csv", text), chance=0)
    assert curve(curves, "acc") == {0: 0.1, 10: 0.25, 20: 0.4}


def test_a_loss_is_said_to_be_one(tmp_path):
    path = write(tmp_path / "a.csv", "step,copy/CrossEntropyLoss\n0,4.8\n5,2.0\n")
    with pytest.raises(LogError, match=r"CrossEntropyLoss, of kind loss; set metric='loss'"):
        read_curves(path, metric="accuracy", chance=0)
