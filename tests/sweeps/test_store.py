"""Results come back as they were, and damage is found."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from skillphysics.errors import SkillphysicsError
from skillphysics.sweeps import Cell, Computation, Store, StoreError, computation_of, sweep
from skillphysics.sweeps.store import Done, Failure, check_storable
from skillphysics.sweeps.upkeep import waste


def kept(store: Path, value: xr.Dataset) -> xr.Dataset:
    cell = Cell(Computation("constant", product), {"a": 1})
    Store(store).add([Done(cell, value, 0.0)])
    opened = Store(store)
    return opened.read(opened.entries()[cell.key])


def product(a: int, b: int = 1) -> xr.Dataset:
    return xr.Dataset({"y": a * b})


@pytest.mark.parametrize(
    "value",
    [
        xr.Dataset({"y": 1.5}),
        xr.Dataset({"y": ("x", np.arange(3, dtype=np.int32))}),
        xr.Dataset({"y": ("x", np.array([np.nan, -np.inf, 1e-300]))}, {"x": ["a", "b", "ü"]}),
        xr.Dataset({"flag": ("x", [True, False]), "text": ("x", np.array(["", "µ"], object))}),
        xr.Dataset({"a name/with spaces": (("cell", "my dim"), np.zeros((2, 3), np.float32))}),
        xr.Dataset({"manifest": 1, "cell": ("z", [1.0])}, {"label": ((), "one")}),
        xr.Dataset({"y": (("step", "x"), np.zeros((2, 0)))}, {"step": [0, 10]}),
        xr.Dataset({}, {"x": [1, 2]}),
        xr.Dataset({"y": 1}, attrs={"alpha": 2.0, "names": ["a", "b"]}),
    ],
    ids=range(9),
)
def test_a_result_comes_back_as_it_was(store, value):
    found = kept(store, value)
    xr.testing.assert_identical(found, value)
    for name in value.variables:
        if value[name].dtype.kind != "U":
            assert found[name].dtype == value[name].dtype


def test_files_are_netcdf_that_others_can_read(cells, store):
    sweep(cells("batched"), {"a": [1, 2]}, {"b": 3}, store=store)
    (path,) = store.glob("*.nc")
    with xr.open_dataset(path, engine="h5netcdf") as found:
        assert found["y"].dims == ("cell",)
        assert found["y"].values.tolist() == [3, 6]
        assert {"versions", "machine", "written"} <= set(found.attrs)
        manifest = json.loads(found["manifest"].item())
    assert [cell["settings"] for cell in manifest["cells"]] == [{"b": 3, "a": 1}, {"b": 3, "a": 2}]


def test_what_netcdf_cannot_hold_is_an_error_of_the_cell(cells, store):
    with pytest.warns(UserWarning, match="2 of 2 cells failed"):
        found = sweep(cells("complex_numbers"), {"i": [1, 2]}, store=store)
    assert "must hold numbers, text or flags, got type complex128" in found["failure"].item(0)


def test_a_flipped_bit_anywhere_is_found_named_and_computed_again(cells, store):
    grid = {"a": [1, 2, 3]}
    whole = sweep(cells("batched"), grid, store=store).load()
    (path,) = store.glob("*.nc")
    content = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(0, len(content), 40):
        damaged = bytearray(content)
        damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        assert Store(store).damaged() == [path]
    again = sweep(cells("batched"), grid, store=store)
    xr.testing.assert_identical(again.load(), whole)
    assert f"{path.name} is damaged" in (store / "sweep.log").read_text()


@pytest.mark.parametrize("size", [0, 1, 100, 4000])
def test_a_truncated_file_is_found_and_computed_again(cells, store, size):
    whole = sweep(cells("batched"), {"a": [1, 2, 3]}, store=store).load()
    (path,) = store.glob("*.nc")
    path.write_bytes(path.read_bytes()[:size])
    assert Store(store).damaged() == [path]
    xr.testing.assert_identical(sweep(cells("batched"), {"a": [1, 2, 3]}, store=store), whole)


def test_a_flipped_bit_that_hdf5_does_not_notice_is_not_believed(cells, store):
    sweep(cells("batched"), {"a": [1, 2, 3]}, store=store)
    (path,) = store.glob("*.nc")
    content = path.read_bytes()
    # Somewhere in the numbers, where HDF5 notices nothing.
    place = content.index(np.array([1, 2, 3], np.int64).tobytes())
    path.write_bytes(content[:place] + b"\x02" + content[place + 1 :])
    opened = Store(store)
    entry = next(iter(opened.entries().values()))
    with pytest.raises(StoreError, match="damaged"):
        opened.read(entry)


def test_a_result_hides_a_failure_of_the_same_cell(store):
    cell = Cell(Computation("product", product), {"a": 1})
    Store(store).add([Done(cell, Failure("ValueError: no", "…"), 0.0)])
    assert Store(store).entries()[cell.key].failure is not None
    Store(store).add([Done(cell, xr.Dataset({"y": 1}), 0.0)])
    assert Store(store).entries()[cell.key].failure is None


def test_a_store_is_no_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StoreError, match="must be a folder, got the file"):
        Store(path)


def test_files_of_others_are_left_alone(cells, store):
    sweep(cells("product"), {"a": [1]}, store=store)
    with h5py.File(store / "other.nc", "w") as file:
        file["y"] = 1
    others = ["text.nc", ".gitignore", ".notes.nc", "sweeps/.keep"]
    aside = [".x.nc.abcd_123.nc", "sweeps/.0123.json.abcd_123.json"]
    for name in [*others, *aside]:
        (store / name).write_text("hello")
        os.utime(store / name, (0, 0))
    damaged = store / f"product.{'0' * 32}.nc"
    damaged.write_text("hello")
    fresh = store / ".y.nc.abcd_123.nc"
    fresh.write_text("a driver writes this")
    assert Store(store).damaged() == [damaged]
    assert len(Store(store).entries()) == 1
    found = {one.path: one.why for one in waste(Store(store))}
    assert found == {damaged: "damaged"} | dict.fromkeys(
        [store / name for name in aside], "abandoned"
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (xr.Dataset({3: 1.0}), "names in a result must be text without null characters, got 3"),
        (xr.Dataset({"a": ((7,), [1.0])}), "names in a result must be text .* got 7"),
        (xr.Dataset({"a": "x\0y"}), "text in 'a' of a result must be valid Unicode"),
        (xr.Dataset({"a": "\udc80"}), "text in 'a' of a result must be valid Unicode"),
        (xr.Dataset({"a": ("x", np.array(["b", None], object))}), "'a' .* got type object"),
    ],
    ids=range(5),
)  # fmt: skip
def test_results_that_no_file_can_hold(value, message):
    with pytest.raises(SkillphysicsError, match=message):
        check_storable(value)


def test_get_computes_again_what_is_damaged(cells, store):
    cell = Cell(computation_of(cells("product")), {"a": 1})
    first = Store(store).get(cell)
    (path,) = store.glob("*.nc")
    content = bytearray(path.read_bytes())
    content[content.index(b"cell 1")] ^= 1
    path.write_bytes(content)
    xr.testing.assert_identical(Store(store).get(cell), first)


def fill(compute: str, folder: Path) -> None:
    for start in range(0, 400, 4):
        sweep(compute, {"i": range(start, start + 4)}, {"seconds": 0.0}, store=folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_one_error_and_the_store_stays_valid(cells, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603
        [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("this machine does not let a test mount a small disk")
    try:
        with pytest.raises(SkillphysicsError, match=r"No space left on device; free some space"):
            fill(cells("wait"), folder)
        assert Store(folder).damaged() == []
        assert len(Store(folder).entries()) > 4
        assert [path for path in folder.glob(".*") if path.is_file()] == []
    finally:
        subprocess.run([shutil.which("umount") or "umount", folder], check=True)  # noqa: S603


def test_a_folder_that_cannot_be_written_is_one_error(cells, tmp_path, monkeypatch):
    folder = tmp_path / "store"
    sweep(cells("product"), {"a": [1]}, store=folder)
    if os.geteuid() == 0:
        # Root writes everywhere, so the system's refusal is played.
        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("tempfile.mkstemp", refuse)
    else:
        folder.chmod(0o555)
    # What is there needs no writing.
    assert sweep(cells("product"), {"a": [1]}, store=folder)["y"].sel(x=2).item() == 1
    with pytest.raises(SkillphysicsError, match=r"cannot write .*: Permission denied"):
        sweep(cells("product"), {"a": [1, 2]}, store=folder)
    folder.chmod(0o755)


def test_two_stores_that_are_joined_by_copying_are_one(cells, tmp_path):
    sweep(cells("product"), {"a": [1, 2]}, store=tmp_path / "one")
    sweep(cells("product"), {"a": [2, 3]}, store=tmp_path / "two")
    for path in (tmp_path / "two").glob("*.nc"):
        shutil.copy(path, tmp_path / "one")
    found = sweep(cells("product"), {"a": [1, 2, 3]}, store=tmp_path / "one")
    assert found["y"].sel(x=2).values.tolist() == [1, 2, 3]
    assert "3 cells" not in (tmp_path / "one" / "sweep.log").read_text()


def test_get_computes_once(store):
    cell = Cell(computation_of("simulate linear"), {"steps": 5, "n_skill": 2})
    first = Store(store).get(cell)
    (path,) = store.glob("*.nc")
    xr.testing.assert_identical(Store(store).get(cell), first)
    assert list(store.glob("*.nc")) == [path]
