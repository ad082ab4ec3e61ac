"""Results are found again where nothing changed, and computed where anything did."""

import numpy as np
import pytest
import xarray as xr

from skillphysics.errors import ArgumentError
from skillphysics.papers import Cache, cache

calls: list[dict] = []


def squares(n, **settings):
    calls.append({"n": n, **settings})
    return xr.Dataset(
        {"square": ("n", np.arange(n) ** 2), "name": ("n", [f"skill {i}" for i in range(n)])},
        attrs={"dropped": "yes"},
    )


def cubes(n):
    calls.append({"n": n})
    return xr.Dataset({"cube": ("n", np.arange(n) ** 3)})


@pytest.fixture(autouse=True)
def forgotten():
    calls.clear()


def test_the_same_settings_are_computed_once(tmp_path):
    kept = Cache(tmp_path / "new" / "folder")
    first = kept.get(squares, {"n": 3})
    second = kept.get(squares, {"n": 3})
    assert len(calls) == 1
    assert second.identical(first)
    assert second.name.values.tolist() == ["skill 0", "skill 1", "skill 2"]


def test_other_settings_functions_and_sources_are_computed(tmp_path, monkeypatch):
    kept = Cache(tmp_path)
    kept.get(squares, {"n": 3})
    kept.get(squares, {"n": 4})
    kept.get(cubes, {"n": 3})
    assert len(calls) == 3
    monkeypatch.setattr(cache.inspect, "getsource", lambda module: "another text")
    kept.get(squares, {"n": 3})
    assert len(calls) == 4
    monkeypatch.setattr(cache, "version", lambda name: "9.9")
    kept.get(squares, {"n": 3})
    assert len(calls) == 5


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_flipped_bit_is_seen(tmp_path, place):
    kept = Cache(tmp_path)
    whole = kept.get(squares, {"n": 3})
    (path,) = tmp_path.glob("*.nc")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert kept.get(squares, {"n": 3}).identical(whole)
    assert len(calls) == 2


def test_a_missing_checksum_means_unfinished(tmp_path):
    kept = Cache(tmp_path)
    kept.get(squares, {"n": 3})
    (mark,) = tmp_path.glob("*.sha256")
    mark.unlink()
    kept.get(squares, {"n": 3})
    assert len(calls) == 2


def test_an_interrupted_computation_leaves_nothing(tmp_path):
    def interrupted(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cache(tmp_path).get(interrupted, {"n": 3})
    assert not list(tmp_path.iterdir())


def test_without_a_folder_nothing_is_kept():
    assert Cache(None).get(squares, {"n": 2}).attrs == {}
    Cache(None).get(squares, {"n": 2})
    assert len(calls) == 2


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="cannot write"):
        Cache(tmp_path / "file").get(squares, {"n": 3})
