"""Results on disk, found again by the settings that made them."""

import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr

from skillphysics.errors import ArgumentError
from skillphysics.io.files import replacing


@dataclass(frozen=True)
class Cache:
    """A folder of results, each in a netCDF file beside its checksum.

    A result belongs to its settings, to the function that computes it with the source of its
    module, and to the version of skillphysics; where one of them differs, or the file is damaged,
    it is computed. Figures of the same data share them.

    Attributes:
        folder: where they are, made when first written; None keeps nothing.

    Example:
        >>> import tempfile
        >>> def squares(n): return xr.Dataset({"square": ("n", [i * i for i in range(n)])})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first = Cache(Path(folder)).get(squares, {"n": 3})
        ...     second = Cache(Path(folder)).get(squares, {"n": 3})
        >>> first.identical(second)
        True
    """

    folder: Path | None

    def get(self, compute: Callable[..., xr.Dataset], settings: Mapping[str, Any]) -> xr.Dataset:
        """`compute(**settings)`, from the folder where it holds that.

        Raises:
            ArgumentError: the folder cannot be written.
        """
        path = self.path(compute, settings)
        found = None if path is None else _read(path)
        if found is None:
            found = compute(**settings).drop_attrs()
            if path is not None:
                _write(found, path)
        return found

    def path(self, compute: Callable[..., xr.Dataset], settings: Mapping[str, Any]) -> Path | None:
        """Where the result is kept, None if nowhere."""
        if self.folder is None:
            return None
        module = "-".join(compute.__module__.split(".")[-2:])
        return self.folder / f"{module}-{_mark(compute, settings)}.nc"


def _mark(compute: Callable[..., Any], settings: Mapping[str, Any]) -> str:
    module = sys.modules[compute.__module__]
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):
        source = ""
    told = [compute.__qualname__, dict(settings), version("skillphysics"), source]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def is_whole(path: Path) -> bool:
    """Whether a result is there, as it was written."""
    try:
        wanted = path.with_suffix(".sha256").read_text()
        return hashlib.sha256(path.read_bytes()).hexdigest() == wanted
    except OSError:
        return False


def _read(path: Path) -> xr.Dataset | None:
    return xr.load_dataset(path, engine="h5netcdf") if is_whole(path) else None


def _write(dataset: xr.Dataset, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(f"cannot write {path.parent}: {error.strerror or error}") from error
    with replacing(path) as aside:
        dataset.to_netcdf(aside, engine="h5netcdf")
        mark = hashlib.sha256(aside.read_bytes()).hexdigest()
    with replacing(path.with_suffix(".sha256")) as aside:
        aside.write_text(mark)
