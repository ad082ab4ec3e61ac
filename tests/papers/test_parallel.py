"""Missing parts are computed in processes of their own; what is finished stays."""

import os

import pytest
import xarray as xr

from skillphysics.papers import Cache, Recipe, fill, parallel


def line(n):
    return {"d": {"x": {"dims": ["n"], "data": list(range(n))}}}


def figure(parts, compute=xr.Dataset.from_dict):
    """A figure whose computation another process finds by its name."""
    return Recipe("paper/fig0", "A line.", lambda scale: parts, compute, None, {})


def results(folder):
    return sorted(path.name for path in folder.glob("*.nc"))


def test_what_is_missing_is_computed_and_shared_parts_once(tmp_path):
    cache = Cache(tmp_path)
    few, more = figure({"a": line(2)}), figure({"a": line(2), "b": line(3), "c": line(4)})
    fill(cache, [few], "smoke")
    (first,) = results(tmp_path)
    changed = (tmp_path / first).stat().st_mtime_ns
    fill(cache, [few, more, more], "smoke")
    assert len(results(tmp_path)) == 3
    assert (tmp_path / first).stat().st_mtime_ns == changed
    assert [data.x.size for data in more.data("smoke", cache).values()] == [2, 3, 4]


def test_nothing_starts_where_nothing_is_missing(tmp_path, monkeypatch):
    cache, all_ = Cache(tmp_path), [figure({"a": line(2)})]
    fill(cache, all_, "smoke")
    monkeypatch.setattr(parallel, "_SPAWN", None)
    fill(cache, all_, "smoke")


def test_an_error_is_raised_here_and_what_was_finished_stays(tmp_path, monkeypatch):
    # One after the other, so that the first is finished when the second fails.
    monkeypatch.setattr(parallel, "_cores", lambda: 1)
    parts = {"a": line(2), "b": {"d": {"x": {"data": [0]}}}, "c": line(4)}
    finished = Cache(tmp_path).path(xr.Dataset.from_dict, line(2))
    with pytest.raises(ValueError, match="without the key 'dims'"):
        fill(Cache(tmp_path), [figure(parts)], "smoke")
    assert finished in tmp_path.iterdir()


def test_a_process_that_is_killed_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="the process that computed paper/fig0, a was killed"):
        fill(Cache(tmp_path), [figure({"a": {"status": 9}}, os._exit)], "smoke")


def test_one_part_after_the_other_on_a_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel.jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(parallel, "_SPAWN", None)
    fill(Cache(tmp_path), [figure({"a": line(2), "b": line(3)})], "smoke")
    assert len(results(tmp_path)) == 2
