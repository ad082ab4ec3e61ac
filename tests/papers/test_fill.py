"""Parts that a store lacks are computed by an engine; what is finished stays."""

from pathlib import Path

import numpy as np
import pytest

from skillphysics.papers import Recipe, fill
from skillphysics.sweeps import Local, Serial, Store, StoreError, computation_of

PARTS = Path(__file__).parent / "parts.py"


def figure(*sizes, compute="line"):
    """A figure whose computation other processes find by its path."""
    what = computation_of(f"{PARTS}:{compute}")
    parts = {f"line of {n}": {"n": n} for n in sizes}
    return Recipe("paper/fig0", "A line.", lambda scale: parts, what, None, {})


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("*.nc")}


def test_what_is_missing_is_computed_and_shared_parts_once(tmp_path):
    store, few, more = Store(tmp_path / "new"), figure(2), figure(2, 3, 4)
    fill(store, [few], "smoke")
    first = times(store.folder)
    fill(store, [few, more, more], "smoke")
    assert len(store.entries()) == 3
    assert first.items() < times(store.folder).items()
    whole = times(store.folder)
    assert [data.x.size for data in more.data("smoke", store).values()] == [2, 3, 4]
    assert times(store.folder) == whole


def test_parts_come_back_as_they_were_computed(tmp_path):
    computed = figure(2, 3).data("smoke")
    fill(Store(tmp_path), [figure(2, 3)], "smoke", Serial())
    stored = figure(2, 3).data("smoke", Store(tmp_path))
    assert list(stored) == list(computed) == ["line of 2", "line of 3"]
    assert all(stored[name].identical(computed[name]) for name in computed)
    assert stored["line of 2"].name.values.tolist() == ["skill 0", "skill 1"]
    assert stored["line of 2"].x.dtype == np.int64


def test_nothing_starts_where_nothing_is_missing(tmp_path, monkeypatch):
    fill(Store(tmp_path), [figure(2)], "smoke", Serial())
    monkeypatch.setattr(Local, "crew", None)
    fill(Store(tmp_path), [figure(2)], "smoke")


def test_a_part_that_fails_is_named_and_the_others_stay(tmp_path):
    bad = figure(2, -1, 4)
    error = r"1 of 3 parts failed, the first \(paper/fig0, line of -1\) with ValueError: no line"
    for _ in range(2):
        with pytest.raises(StoreError, match=error):
            fill(Store(tmp_path), [bad], "smoke", Serial())
    sound = [entry for entry in Store(tmp_path).entries().values() if entry.failure is None]
    assert sorted(entry.settings["n"] for entry in sound) == [2, 4]


def test_a_process_that_is_killed_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"paper/fig0, line of 9\) with WorkerLostError: a worker"):
        fill(Store(tmp_path), [figure(9, compute="killed")], "smoke")


def test_what_was_finished_before_an_interrupt_stays(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fill(Store(tmp_path), [figure(2, 3, 4, compute="interrupted")], "smoke", Serial())
    assert [entry.settings for entry in Store(tmp_path).entries().values()] == [{"n": 2}]


def test_a_damaged_file_is_computed_again(tmp_path):
    fill(Store(tmp_path), [figure(3)], "smoke", Serial())
    (path,) = tmp_path.glob("*.nc")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    fill(Store(tmp_path), [figure(3)], "smoke", Serial())
    (data,) = figure(3).data("smoke", Store(tmp_path)).values()
    assert data.x.values.tolist() == [0, 1, 2]


def test_one_part_after_the_other_on_a_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    monkeypatch.setattr(Local, "crew", None)
    fill(Store(tmp_path), [figure(2, 3)], "smoke")
    assert len(Store(tmp_path).entries()) == 2


def test_without_a_store_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (data,) = figure(2).data("smoke").values()
    assert data.attrs == {}
    assert not list(tmp_path.iterdir())
