import os
import signal
import subprocess
import sys
import time

import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import Recorder, read_curves, read_log


def last_step(log):
    return int(np.asarray(log.table["step"]).max())


def test_what_is_recorded_is_read(tmp_path, sample):
    path = sample.recording(tmp_path / "skills.jsonl")
    curves = read_curves(path, chance={"mul": 0})
    assert curves.level.sel(skill="add").values.tolist() == [0, 0.5, 1]
    assert curves.level.sel(skill="mul").values.tolist() == [0.1, 0.1, 0.1]
    assert curves.dataset["level_stderr"].sel(skill="add").values.tolist() == [0.02] * 3


def test_scalars_of_any_framework(tmp_path):
    with Recorder(tmp_path / "a", metric="level") as recorder:
        recorder.record(np.int64(0), {"x": np.float32(0.1), "y": jnp.float32(0.2), "z": 1})
        recorder.record(jnp.int32(1), {"x": np.array(0.3), "y": float("nan")})
        recorder.record(1.5, {"x": -0.1})
    table = read_log(tmp_path / "a").table
    assert table[["task", "step", "value"]].to_numpy().tolist() == [
        ["x", 0, float(np.float32(0.1))],
        ["x", 1, 0.3],
        ["x", 1.5, -0.1],
        ["y", 0, float(np.float32(0.2))],
        ["z", 0, 1],
    ]


@pytest.mark.parametrize(
    ("step", "values", "stderr", "message"),
    [
        (5, {"x": 0.5}, None, "step must increase from one record to the next, got 5 after 5"),
        (4, {"x": 0.5}, None, "got 4 after 5"),
        (float("nan"), {"x": 0.5}, None, "step must be non-negative and finite"),
        (float("inf"), {"x": 0.5}, None, "step must be non-negative and finite, got inf"),
        (6, {}, None, "at least one name"),
        (6, {"": 0.5}, None, "non-empty text"),
        (6, {"x": "0.5"}, None, "the value of 'x' must be a number, got '0.5'"),
        (6, {"x": None}, None, "must be a number, got None"),
        (6, {"x": True}, None, "must be a number, got True"),
        (6, {"x": float("inf")}, None, "must be finite"),
        (6, {"x": 50.0}, None, "between 0 and 1"),
        (6, {"x": -0.1}, None, "between 0 and 1"),
        (6, {"x": np.array([0.1, 0.2])}, None, "must be a single number"),
        (6, {"x": 0.5, "y": 1j}, None, "must be a single number"),
        (6, {"x": 0.5}, {"y": 0.1}, "stderr must be of skills in values, got 'y'"),
        (6, {"x": 0.5}, {"x": -0.1}, "stderr of 'x' must be non-negative and finite"),
    ],
)
def test_bad_values_raise_and_write_nothing(tmp_path, step, values, stderr, message):
    path = tmp_path / "a.jsonl"
    with Recorder(path, metric="accuracy") as recorder:
        recorder.record(5, {"x": 0.5})
        before = path.read_bytes()
        with pytest.raises(ArgumentError, match=message):
            recorder.record(step, values, stderr=stderr)
        assert path.read_bytes() == before
        recorder.record(7, {"x": 0.5})


def test_a_closed_recorder(tmp_path):
    recorder = Recorder(tmp_path / "a", metric="loss")
    recorder.close()
    recorder.close()
    with pytest.raises(ArgumentError, match="closed"):
        recorder.record(0, {"x": 1.0})


def test_a_recording_is_continued(tmp_path, sample):
    path = sample.recording(tmp_path / "a.jsonl")
    with Recorder(path, metric="accuracy", chance={"add": 0.5}) as recorder:
        with pytest.raises(
            ArgumentError, match=r"a\.jsonl already holds steps up to 20, .*got 20;.*overwrite=True"
        ):
            recorder.record(20, {"add": 0.5})
        recorder.record(30, {"add": 0.5})
    assert last_step(read_log(path)) == 30


@pytest.mark.parametrize("cut", [1, 2, 30, 80])
def test_a_torn_line_is_read_past_and_repaired(tmp_path, sample, cut):
    path = sample.recording(tmp_path / "a.jsonl")
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    log = read_log(path)
    assert any("middle of a line" in note for note in log.notes)
    kept = last_step(log)
    with Recorder(path, metric="accuracy", chance={"add": 0.5}) as recorder:
        recorder.record(kept + 1, {"add": 0.5})
    log = read_log(path)
    assert log.notes == ()
    assert last_step(log) == kept + 1


def test_a_torn_header_is_begun_again(tmp_path, sample):
    path = sample.recording(tmp_path / "a.jsonl")
    path.write_bytes(path.read_bytes()[:20])
    with Recorder(path, metric="accuracy", chance={"add": 0.5}) as recorder:
        recorder.record(1, {"add": 0.5})
    assert len(read_log(path).table) == 1


@pytest.mark.parametrize("content", [b"my notes", b"my notes\n", b"{}\n"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_other_files_are_never_touched(tmp_path, content, overwrite):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match="is not a recording"):
        Recorder(path, metric="loss", overwrite=overwrite)
    assert path.read_bytes() == content


def test_a_recording_is_begun_anew(tmp_path, sample):
    path = sample.recording(tmp_path / "a.jsonl")
    with Recorder(path, metric="level", overwrite=True) as recorder:
        recorder.record(0, {"x": 0.25})
    assert read_curves(path).level.values.tolist() == [[0.25]]


def test_losses_are_recorded(tmp_path):
    with Recorder(tmp_path / "a", metric="level") as recorder:
        recorder.record(0, {"x": 0.0}, loss=jnp.float32(2.5))
        recorder.record(1, {"x": 0.5})
        recorder.record(2, {"x": 1.0}, loss=float("nan"))
        recorder.record(3, {"x": 1.0}, loss=0.5)
        with pytest.raises(ArgumentError, match="loss must be finite, got inf"):
            recorder.record(4, {"x": 1.0}, loss=float("inf"))
    loss = read_curves(tmp_path / "a").dataset["loss"]
    assert loss.dims == ("step",)
    np.testing.assert_array_equal(loss, [2.5, np.nan, np.nan, 0.5])


def test_another_header_is_refused(tmp_path, sample):
    path = sample.recording(tmp_path / "a.jsonl")
    for metric, chance in (("loss", None), ("accuracy", 0.5), ("accuracy", None)):
        with pytest.raises(ArgumentError, match=r"was begun with .*another file"):
            Recorder(path, metric=metric, chance=chance)


@pytest.mark.parametrize(
    ("metric", "chance", "message"),
    [
        ("acc", None, "'accuracy', 'loss' or 'level'"),
        ("loss", 0.5, "only accuracies have one"),
        ("accuracy", 1.0, "chance of '\\*' must be at least 0 and below 1, got 1.0"),
        ("accuracy", {"x": -0.5}, "chance of 'x'"),
    ],
)
def test_bad_headers(tmp_path, metric, chance, message):
    with pytest.raises(ArgumentError, match=message):
        Recorder(tmp_path / "a", metric=metric, chance=chance)
    assert not (tmp_path / "a").exists()


def test_a_missing_folder(tmp_path):
    with pytest.raises(ArgumentError, match="cannot write"):
        Recorder(tmp_path / "no" / "a", metric="loss")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"step": 10', b'"step": 0', r"row 3: steps must increase, got 0 after 0"),
        (b'"step": 10', b'"step": -1', r"row 3, step must be non-negative and finite, got -1"),
        (b'"step": 10, ', b"", r"row 3 must have a step and values"),
        (b'"step": 10', b'"step": 10,,', r"row 3 must be JSON"),
        (b'{"add": 0.75', b'{"add": "x"', r"row 3, 'add' must be a number, got 'x'"),
        (b'"metric": "accuracy"', b'"metric": "f1"', r"row 1 must be the header of a recording"),
    ],
)
def test_damaged_recordings(tmp_path, sample, old, new, message):
    path = sample.recording(tmp_path / "a.jsonl")
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    with pytest.raises(LogError, match=message):
        read_log(path)


def test_a_full_disk(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    with Recorder(path, metric="loss") as recorder:
        recorder.record(0, {"x": 1.0})
        before = path.read_bytes()
        whole = os.write
        monkeypatch.setattr(os, "write", lambda handle, line: whole(handle, line[:7]))
        with pytest.raises(ArgumentError, match="No space left on device; free some space"):
            recorder.record(1, {"x": 1.0})
        monkeypatch.undo()
        assert path.read_bytes() == before
        recorder.record(1, {"x": 1.0})
    assert read_log(path).table["step"].tolist() == [0, 1]


WRITER = """
import sys
from skillphysics.io.recorder import Recorder, read
from pathlib import Path
path = Path(sys.argv[1])
with Recorder(path, metric="loss") as recorder:
    table = read(path).table
    first = int(table["step"].max()) + 1 if len(table) else 0
    print(first, flush=True)
    for step in range(first, 10_000_000):
        recorder.record(step, {f"skill {i}": step / 7 for i in range(50)})
        print(step, flush=True)
"""


def kill_and_check(path, times, seed):
    """Kills a recording process again and again; all that it reported as written is there."""
    rng = np.random.default_rng(seed)
    for _ in range(times):
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            reported = process.stdout.read().split("\n")[:-1]
        log = read_log(path)
        steps = sorted(set(log.table["step"]))
        assert steps == list(range(len(steps)))
        if reported:
            assert steps[-1] in (int(reported[-1]), int(reported[-1]) + 1)
        counts = log.table.groupby("step", observed=True).size()
        assert set(counts) <= {50}


def test_a_kill_loses_at_most_the_last_line(tmp_path):
    kill_and_check(tmp_path / "a.jsonl", times=2, seed=0)


@pytest.mark.slow
def test_fifty_kills(tmp_path):
    kill_and_check(tmp_path / "a.jsonl", times=50, seed=1)
