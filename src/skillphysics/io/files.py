"""Writing files so that a reader never meets half of one."""

import errno
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5netcdf
import h5py
import xarray as xr

from skillphysics.errors import ArgumentError

_FULL = {errno.ENOSPC, errno.EDQUOT}
# HDF5 hides the number of a system error in its text, and raises a RuntimeError when it closes.
_HIDDEN = re.compile(r"\berrno = (\d+)")


@contextmanager
def replacing(path: Path, named: Callable[[Path], str] | None = None) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it once the block ends without an error.

    Until then the old file stays as it was; after an error nothing is left behind. If `path` is a
    symbolic link, its target is replaced and the link is kept. What was written survives a crash
    of the machine.

    Args:
        path: where the file is to be.
        named: its name in place of that of `path`, from what was written, as for a file that is
            named by its content.

    Raises:
        ArgumentError: the folder is missing or cannot be written, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    with writing(path):
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name[:64]}.", suffix=path.suffix
        )
    os.close(handle)
    temporary = Path(name)
    try:
        with writing(path):
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            if named is not None:
                target = target.with_name(named(temporary))
            temporary.replace(target)
            _sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset of numbers and text as netCDF 4, with no value standing for a missing one.

    The file is made in memory, because HDF5 that meets a full disk may crash the process later; and
    without xarray, whose locks belong to the scheduler where a worker of Dask writes.
    """
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        file.dimensions = {str(name): size for name, size in dataset.sizes.items()}
        for name, variable in dataset.variables.items():
            values = variable.values
            kind = h5py.string_dtype() if values.dtype.kind in "OU" else values.dtype
            # HDF5 takes text as objects only.
            written = values.astype(object) if values.dtype.kind == "U" else values
            file.create_variable(str(name), tuple(map(str, variable.dims)), kind, data=written)
        file.attrs.update(dataset.attrs)
    path.write_bytes(buffer.getvalue())


def checksum(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, on systems that open folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the errors of a system or library that cannot write `path` into one sentence.

    Raises:
        ArgumentError: the path cannot be written; says why.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise ArgumentError(f"cannot write {path}: {reason}") from error


def _reason(error: OSError | RuntimeError) -> str | None:
    """Why a file could not be written, or None if an error is about something else."""
    hidden = _HIDDEN.search(str(error))
    number = int(hidden[1]) if hidden else getattr(error, "errno", None)
    if number is None:
        return str(error).partition("\n")[0] if isinstance(error, OSError) else None
    remedy = "; free some space, or choose another folder" if number in _FULL else ""
    return f"{os.strerror(number)}{remedy}"
