import json
import os
import sqlite3
import subprocess
import sys

import pytest

from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import FORMATS, read_curves, read_log

NAMES = ["lm-eval", "wide", "long", "parquet", "trainer", "wandb-chart", "wandb-history"]
NAMES += ["tensorboard", "mlruns", "mlflow.db", "recorder", "json-lines", "history", "tidy"]
NAMES += ["tabs", "text", "through-training", "lighteval", "checkpoints", "lightning"]
FORMAT = {"wide": "table", "long": "table", "parquet": "table", "wandb-chart": "wandb"}
FORMAT |= {"json-lines": "json", "history": "json", "tidy": "table", "tabs": "table"}
FORMAT |= dict.fromkeys(("through-training", "lighteval", "checkpoints"), "lm-eval")
FORMAT |= {"lightning": "folder"}
FORMAT |= {"wandb-history": "wandb", "mlruns": "mlflow", "mlflow.db": "mlflow"}


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_recognised(tmp_path, sample, name):
    path = sample.every[name](tmp_path)
    log = read_log(path)
    assert log.format == FORMAT.get(name, name)
    assert log.source == path
    assert list(log.table.columns) == ["run", "step", "task", "metric", "value", "stderr"]
    assert log.table.equals(read_log(str(path), format=log.format).table)


def test_every_sample_is_tested(sample):
    assert set(sample.every) == set(NAMES)


def test_every_reader_names_itself():
    assert {name: reader.FORMAT for name, reader in FORMATS.items()} == {n: n for n in FORMATS}


def test_a_missing_path(tmp_path):
    with pytest.raises(LogError, match="does not exist"):
        read_log(tmp_path / "no.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_path_that_may_not_be_read(tmp_path, sample):
    path = sample.wide(tmp_path / "a.csv")
    path.chmod(0)
    with pytest.raises(LogError, match=r"cannot read.*Permission denied"):
        read_log(path)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet", "a.db", "a.nc"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(LogError, match="is empty"):
        read_log(tmp_path / name)


def test_an_empty_folder(tmp_path):
    with pytest.raises(LogError, match=r"not a known kind.*looked for.*trainer_state\.json"):
        read_log(tmp_path)


@pytest.mark.parametrize("content", [b"hello", b"\x00\x01\x02", b"[1, 2]", b'{"a": 1}'])
def test_other_files(tmp_path, content):
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with pytest.raises(LogError, match=r"not a known kind of training log.*CSV"):
        read_log(path)


def test_a_device_is_no_log():
    with pytest.raises(LogError, match="/dev/null"):
        read_log("/dev/null")


def test_a_folder_of_two_formats(tmp_path, sample):
    sample.trainer(tmp_path / "trainer_state.json")
    sample.tensorboard(tmp_path / "runs" / "a", {"train/loss": [(0, 1.0)]})
    log = read_log(tmp_path)
    assert log.format == "trainer"
    assert any("tensorboard" in note for note in log.notes)
    assert read_log(tmp_path, format="tensorboard").tasks == ("train",)
    sample.mlruns(tmp_path / "mlruns")
    (tmp_path / "trainer_state.json").unlink()
    sample.json(tmp_path / "step1.json", sample.old_results({"piqa": {"acc": 0.5}}))
    with pytest.raises(LogError, match=r"\(lm-eval, tensorboard\); set format='lm-eval'"):
        read_log(tmp_path)


def test_an_unknown_format(tmp_path, sample):
    with pytest.raises(ArgumentError, match=r"format must be one of curves, recorder.*got 'excel'"):
        read_log(sample.wide(tmp_path / "a.csv"), format="excel")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", list(FORMATS))
def test_another_format_is_refused_kindly(tmp_path, sample, name, other):
    path = sample.every[name](tmp_path)
    if other == FORMAT.get(name, name):
        return
    try:
        read_log(path, format=other)
    except LogError as error:
        assert str(path) in str(error)  # noqa: PT017


def test_a_database_is_known_by_its_bytes(tmp_path, sample):
    path = sample.mlflow_db(tmp_path / "store")
    assert read_log(path).format == "mlflow"
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM metrics")
    database.close()
    with pytest.raises(LogError, match="must hold measurements"):
        read_curves(path)


def test_the_import_is_quiet_and_leaves_tensorboard_alone():
    code = "import sys, skillphysics.io; assert 'tensorboard' not in sys.modules"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_source_is_no_absolute_path(tmp_path, sample):
    attrs = read_curves(sample.wide(tmp_path / "a.csv"), chance=0).dataset.attrs
    assert attrs["source"] == "a.csv"
    assert str(tmp_path) not in json.dumps(attrs)
