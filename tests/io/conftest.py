"""Small logs of every format, written by hand in the shapes that the tools write."""

import csv
import importlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture(scope="session")
def pythia(shared: Path) -> Path:
    return shared / "data" / "pythia"


def write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def old_results(tasks: Mapping[str, Mapping[str, float]], arguments: str = "") -> dict:
    return {"results": tasks, "versions": {}, "config": {"model_args": arguments}}


def new_results(path: Path, tasks: Mapping[str, Mapping[str, object]], **more: object) -> Path:
    arguments = more.pop("arguments", "pretrained=EleutherAI/pythia-70m,revision=step1000")
    content = {
        "results": {task: {"alias": task, **values} for task, values in tasks.items()},
        "configs": {},
        "versions": {},
        "n-shot": {},
        "config": {"model": "hf", "model_args": arguments, "limit": more.pop("limit", None)},
        **more,
    }
    return write_json(path, content)


def lm_eval(folder: Path) -> Path:
    for step, acc in ((0, 0.25), (10, 0.5), (20, 0.75)):
        tasks = {"sciq": {"acc": acc, "acc_stderr": 0.01}, "piqa": {"acc": 0.5 + acc / 2}}
        write_json(folder / f"toy_step{step}.json", old_results(tasks))
    return folder


def csv_file(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def wide(path: Path) -> Path:
    return csv_file(
        path, [["step", "add/acc", "mul/acc"], [0, 0.0, 0.1], [10, 0.5, ""], [20, 1.0, 0.75]]
    )


def long(path: Path) -> Path:
    rows = [["step", "skill", "value", "stderr", "run", "metric"]]
    for run in ("a", "b"):
        for step in (0, 10, 20):
            rows += [[step, "add", step / 20, 0.01, run, "acc"]]
            rows += [[step, "mul", step / 40, "", run, "acc"]]
    return csv_file(path, rows)


def parquet(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    pq.write_table(pa.table(dict(columns)), path)
    return path


def trainer(path: Path) -> Path:
    history = []
    for step in (100, 200, 300):
        history.append({"epoch": step / 100, "step": step, "loss": 3 - step / 100, "grad_norm": 1})
        history.append({"epoch": step / 100, "step": step, "eval_nli_loss": 2 - step / 300})
        history.append({"step": step, "eval_qa_accuracy": step / 400, "eval_qa_runtime": 1.5})
    history.append({"step": 300, "train_loss": 1.2, "train_runtime": 9.0, "total_flos": 1e15})
    return write_json(path, {"global_step": 300, "epoch": 3.0, "log_history": history})


def wandb_chart(path: Path) -> Path:
    head = ["Step"]
    for run in ("seed - 1", "seed - 2"):
        head += [f"{run} - add/acc{end}" for end in ("", "__MIN", "__MAX")]
    rows = [[step, *[step / 20] * 3, *([""] * 3 if step == 10 else [0.5] * 3)] for step in (0, 10)]
    return csv_file(path, [head, *rows])


def wandb_history(path: Path) -> Path:
    return parquet(
        path,
        {
            "_step": [0, 1, 2, 3],
            "_runtime": [1.0, 2.0, 3.0, 4.0],
            "_timestamp": [1e9, 1e9, 1e9, 1e9],
            "train/loss": [3.0, None, 2.0, None],
            "add/acc": [None, 0.25, None, 0.75],
            "note": ["x", None, None, None],
        },
    )


def proto(name: str) -> Any:
    """A module of messages, which are made on import and so unknown to a type checker."""
    return importlib.import_module(f"tensorboard.compat.proto.{name}_pb2")


def tensorboard(folder: Path, points: Mapping[str, Sequence[tuple[int, float]]]) -> Path:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    folder.mkdir(parents=True, exist_ok=True)
    writer = EventFileWriter(str(folder))
    for tag, series in points.items():
        for step, value in series:
            value = proto("summary").Summary.Value(tag=tag, simple_value=value)
            summary = proto("summary").Summary(value=[value])
            writer.add_event(proto("event").Event(step=step, summary=summary, wall_time=1.0))
    writer.close()
    return folder


def mlruns(folder: Path) -> Path:
    for index, run in enumerate(("a" * 32, "b" * 32)):
        place = folder / "0" / run
        (place / "metrics" / "eval").mkdir(parents=True)
        (place / "tags").mkdir()
        (place / "tags" / "mlflow.runName").write_text(f"seed {index}")
        (place / "meta.yaml").write_text("lifecycle_stage: active\n")
        rows = [f"170000000{step} {step / 4 + index / 8} {step}" for step in (0, 1, 2)]
        (place / "metrics" / "eval" / "qa_accuracy").write_text("\n".join(rows) + "\n")
    return folder


def mlflow_db(path: Path) -> Path:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE runs (run_uuid TEXT, name TEXT, lifecycle_stage TEXT)")
        database.execute(
            "CREATE TABLE metrics (key TEXT, value REAL, timestamp INTEGER, run_uuid TEXT, "
            "step INTEGER, is_nan INTEGER)"
        )
        database.executemany(
            "INSERT INTO runs VALUES (?, ?, ?)",
            [("r1", "first", "active"), ("r2", "second", "active"), ("r3", "gone", "deleted")],
        )
        database.executemany(
            "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)",
            [
                ("qa/acc", 0.25, 1, "r1", 0, 0),
                ("qa/acc", 0.0, 2, "r1", 10, 1),
                ("qa/acc", 0.75, 3, "r1", 20, 0),
                ("qa/acc", 0.5, 4, "r2", 10, 0),
                ("qa/acc", 0.9, 5, "r3", 10, 0),
                ("system/cpu_utilization", 50.0, 6, "r1", 0, 0),
            ],
        )
    database.close()
    return path


def recording(path: Path) -> Path:
    from skillphysics.io import Recorder

    with Recorder(path, metric="accuracy", chance={"add": 0.5}) as recorder:
        for step in (0, 10, 20):
            recorder.record(step, {"add": 0.5 + step / 40, "mul": 0.1}, stderr={"add": 0.01})
    return path


def json_lines(path: Path) -> Path:
    rows = [
        {"step": step, "eval": {"qa": {"acc": step / 20, "acc_stderr": 0.01}}, "train/loss": 3.0}
        for step in (0, 10, 20)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def tidy(path: Path) -> Path:
    rows: list[list[object]] = [["seed", "step", "task", "acc", "loss", "note"]]
    for seed in (0, 1):
        for step in (0, 10, 20):
            rows += [[seed, step, task, step / 20, 3 - step / 10, "x"] for task in ("add", "mul")]
    return csv_file(path, rows)


def tabs(path: Path) -> Path:
    path.write_text("step\tadd/acc\tmul/acc\n0\t0.1\tNA\n10\t0.5\t0.25\n", encoding="utf-8")
    return path


def text_log(path: Path) -> Path:
    lines = [
        f" iteration {step}/ 300 | lm loss: {4 - step / 100:.3E} | grad norm: 1.0 |\n"
        f" validation loss at iteration {step} | lm loss value: 3.5E+00 |\n"
        for step in (100, 200, 300)
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def through_training(path: Path) -> Path:
    results = {task: {"acc": [0.5, 0.6, 0.7], "acc_stderr": [0.1] * 3} for task in ("piqa", "sciq")}
    return write_json(path, {"checkpoints": [10, 20, 30], "results": results})


def lighteval(folder: Path) -> Path:
    for step in (1000, 2000):
        content = {
            "config_general": {"model_name": f"org/m-step-{step}"},
            "results": {"lighteval|piqa|0|0": {"acc": 0.6, "acc_stderr": 0.01}, "all": {"acc": 1}},
        }
        write_json(folder / f"m-step-{step}" / "results_2030-01-01T00-00-00.json", content)
    return folder


def checkpoints(folder: Path) -> Path:
    for step in (1000, 2000):
        content = old_results({"piqa": {"acc": 0.6}}, f"pretrained=m/ep0-ba{step}-rank0")
        write_json(folder / f"ep0-ba{step}-rank0" / "results_2030-01-01T00-00-00.json", content)
    return folder


def lightning(folder: Path) -> Path:
    for version in (0, 1):
        (folder / f"version_{version}").mkdir(parents=True)
        rows = [
            ["epoch", "step", "train_loss_step", "val_acc_epoch"],
            [0, 9, 3, ""],
            [0, 9, "", 0.5],
        ]
        csv_file(folder / f"version_{version}" / "metrics.csv", rows)
    return folder


EVERY: dict[str, Callable[[Path], Path]] = {
    "lm-eval": lambda folder: lm_eval(folder / "evals"),
    "wide": lambda folder: wide(folder / "wide.csv"),
    "long": lambda folder: long(folder / "long.csv"),
    "parquet": lambda folder: parquet(
        folder / "wide.parquet", {"step": [0, 5], "add": [0.0, 1.0], "mul": [None, 0.5]}
    ),
    "trainer": lambda folder: trainer(folder / "trainer_state.json"),
    "wandb-chart": lambda folder: wandb_chart(folder / "chart.csv"),
    "wandb-history": lambda folder: wandb_history(folder / "history.parquet"),
    "tensorboard": lambda folder: tensorboard(
        folder / "events", {"qa/acc": [(0, 0.0), (10, 0.5)], "train/loss": [(0, 3.0), (10, 2.0)]}
    ),
    "mlruns": lambda folder: mlruns(folder / "mlruns"),
    "mlflow.db": lambda folder: mlflow_db(folder / "mlflow.db"),
    "recorder": lambda folder: recording(folder / "skills.jsonl"),
    "json-lines": lambda folder: json_lines(folder / "metrics.jsonl"),
    "history": lambda folder: write_json(
        folder / "history.json", {"loss": [3, 2, 1], "val_accuracy": [0.1, 0.5, 0.75]}
    ),
    "tidy": lambda folder: tidy(folder / "tidy.csv"),
    "tabs": lambda folder: tabs(folder / "tabs.tsv"),
    "text": lambda folder: text_log(folder / "train.log"),
    "through-training": lambda folder: through_training(folder / "through_training.json"),
    "lighteval": lambda folder: lighteval(folder / "lighteval"),
    "checkpoints": lambda folder: checkpoints(folder / "checkpoints"),
    "lightning": lambda folder: lightning(folder / "lightning_logs"),
}


@pytest.fixture(scope="session")
def sample() -> SimpleNamespace:
    """The functions above: test modules cannot import a conftest."""
    return SimpleNamespace(
        csv=csv_file,
        every=EVERY,
        json=write_json,
        lm_eval=lm_eval,
        long=long,
        mlflow_db=mlflow_db,
        mlruns=mlruns,
        new_results=new_results,
        old_results=old_results,
        parquet=parquet,
        proto=proto,
        recording=recording,
        tensorboard=tensorboard,
        trainer=trainer,
        wandb_chart=wandb_chart,
        wandb_history=wandb_history,
        wide=wide,
    )
