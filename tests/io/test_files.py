"""Files are replaced as a whole, through links, and a full disk is one sentence."""

import errno
import os
import subprocess
import sys

import pytest

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.io.files import replacing

CURVES = Curves.from_arrays([0, 1], [[0.0], [1.0]])


def test_the_target_of_a_link_is_replaced(tmp_path):
    real, link = tmp_path / "data" / "real.nc", tmp_path / "link.nc"
    real.parent.mkdir()
    real.write_bytes(b"old")
    link.symlink_to(real)
    CURVES.save(link)
    assert link.is_symlink()
    assert not real.is_symlink()
    assert Curves.load(real).dataset.identical(CURVES.dataset)
    assert sorted(path.name for path in real.parent.iterdir()) == ["real.nc"]


def test_a_link_to_nothing_yet(tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to("real.csv")
    CURVES.save(link)
    assert link.is_symlink()
    assert Curves.load(tmp_path / "real.csv").dataset.identical(CURVES.dataset)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("Can't write data (file write failed: time = today\n, errno = 28, error message"),
        RuntimeError("Can't decrement id ref count (file write failed, errno = 28, error message"),
    ],
)
def test_a_full_disk(tmp_path, error):
    path = tmp_path / "a.nc"
    path.write_text("old")

    def write():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(ArgumentError, match=r"a\.nc: No space left on device; free some space"):
        write()
    assert [file.name for file in tmp_path.iterdir()] == ["a.nc"]
    assert path.read_text() == "old"


def test_other_errors_pass(tmp_path):
    with pytest.raises(RuntimeError, match="bug"), replacing(tmp_path / "a"):
        raise RuntimeError("bug")
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource
import sys
import numpy as np
from skillphysics import Curves
from skillphysics.errors import ArgumentError
curves = Curves.from_arrays(np.arange(20_000), np.random.default_rng(0).normal(size=(20_000, 5)))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    curves.save(sys.argv[1])
except ArgumentError as error:
    print(error)
"""


@pytest.mark.parametrize("end", [".nc", ".csv", ".parquet"])
def test_a_file_that_cannot_grow(tmp_path, end):
    path = tmp_path / f"a{end}"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LIMITED, str(path)],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "JAXTYPING_DISABLE": "1"},
    )
    assert done.stdout == f"cannot write {path}: File too large\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
