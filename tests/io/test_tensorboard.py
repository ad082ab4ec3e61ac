import sys

import numpy as np
import pytest

from skillphysics.errors import LogError
from skillphysics.io import levels, read_log


def test_every_point_arrives(tmp_path, sample):
    points = [(step, float(np.float32(step / 20_000))) for step in range(0, 20_000, 2)]
    log = read_log(sample.tensorboard(tmp_path / "run", {"qa/acc": points}))
    assert list(zip(log.table["step"], log.table["value"], strict=True)) == points
    assert log.table["run"].unique().tolist() == [""]


def test_subfolders_are_runs(tmp_path, sample):
    for run in ("lr 1", "deep/lr 2"):
        sample.tensorboard(tmp_path / run, {"qa/acc": [(0, 0.5), (10, 0.75)]})
    curves = levels(read_log(tmp_path), chance=0.5)
    assert curves.dataset["run"].values.tolist() == ["deep/lr 2", "lr 1"]
    assert curves.level.sel(run="lr 1").values.ravel().tolist() == [0, 0.5]


def test_scalars_of_tensorflow_two(tmp_path, sample):
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path))
    for step in (0, 1):
        value = sample.proto("summary").Summary.Value(tag="qa/acc")
        # Like Keras, which names the plugin with the first event only.
        if step == 0:
            value.metadata.plugin_data.plugin_name = "scalars"
        value.tensor.dtype = 1
        value.tensor.float_val.append(step / 2)
        summary = sample.proto("summary").Summary(value=[value])
        writer.add_event(sample.proto("event").Event(step=step, summary=summary))
    writer.close()
    log = read_log(tmp_path)
    assert log.table["value"].tolist() == [0, 0.5]


def test_a_restart_replaces_what_came_after_it(tmp_path, sample):
    sample.tensorboard(tmp_path, {"x/acc": [(0, 0.0), (1, 0.5), (2, 0.75), (1, 0.25), (3, 1.0)]})
    log = read_log(tmp_path)
    assert log.table[["step", "value"]].to_numpy().tolist() == [[0, 0], [1, 0.25], [3, 1]]
    notes = " ".join(log.notes)
    assert "1 measurements repeat a step (x), and the later ones are kept" in notes
    assert "1 more from before the training was resumed" in notes


def events(folder):
    return next(folder.glob("*tfevents*"))


def test_a_running_training_ends_within_an_event(tmp_path, sample):
    file = events(sample.tensorboard(tmp_path, {"x/acc": [(i, 0.5) for i in range(10)]}))
    file.write_bytes(file.read_bytes()[:-5])
    log = read_log(file)
    assert len(log.table) == 9
    assert any("middle of an event" in note for note in log.notes)


def test_damage_before_the_end_is_no_end(tmp_path, sample):
    file = events(sample.tensorboard(tmp_path, {"x/acc": [(i, 0.5) for i in range(10)]}))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(LogError, match=r"damaged"):
        read_log(file)


def test_two_tags_of_one_thing(tmp_path, sample):
    sample.tensorboard(tmp_path, {"x/acc": [(0, 0.5)], "acc/x": [(0, 0.5)]})
    assert read_log(tmp_path).tasks == ("x/acc", "acc/x")


def test_without_the_package_the_extra_is_named(tmp_path, sample, monkeypatch):
    sample.tensorboard(tmp_path, {"x/acc": [(0, 0.5)]})
    name = "tensorboard.backend.event_processing.event_file_loader"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(LogError, match=r"skillphysics\[logs\]"):
        read_log(tmp_path)
