"""Files that describe a sweep, in TOML."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillphysics.domains import COUNT
from skillphysics.errors import ArgumentError
from skillphysics.registry import unknown
from skillphysics.sweeps.computation import computation_of
from skillphysics.sweeps.driver import MOST_TOGETHER
from skillphysics.sweeps.grid import Grid

_KEYS = ("compute", "name", "together", "settings", "grid", "cells")
_RANGE = re.compile(r"(-?\d+):(-?\d+)(?::(\d+))?")


@dataclass(frozen=True)
class Spec:
    """What a file asks for.

    Attributes:
        grid: the cells.
        name: a name for people; that of the file by default.
        together: the most cells that share a program.
    """

    grid: Grid
    name: str
    together: int


def read_spec(path: Path) -> Spec:
    r"""The sweep that a TOML file describes.

    `compute` names the computation, as for `computation_of`. The table `settings` holds what is the
    same in all cells. Either the table `grid` holds a list of values per setting, or a range of
    integers as text ("0:20", "0:100:5", the end excluded), for every combination; or an array of
    tables `cells` holds the settings of each cell. `name` and `together` may be given. Paths of
    files in `compute` are relative to the file.

    Raises:
        ArgumentError: the file cannot be read, a key is unknown or missing, or as `Grid`.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> text = 'compute = "simulate linear"\nsettings.steps = 10\ngrid.alpha = "1:4"'
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "exponents.toml"
        ...     _ = path.write_text(text)
        ...     read_spec(path).grid.dims
        {'alpha': [1, 2, 3]}
    """
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError(f"cannot read {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path} is not valid TOML: {error}") from error
    for key in held:
        if key not in _KEYS:
            raise unknown(f"key of {path.name}", key, _KEYS)
    if not isinstance(held.get("compute"), str):
        raise ArgumentError(
            f'{path} must name what is computed, as in compute = "simulate geometry"'
        )
    if ("grid" in held) == ("cells" in held):
        raise ArgumentError(f"{path} must have either a table [grid] or an array [[cells]]")
    settings = _table(path, "settings", held.get("settings", {}))
    if "grid" in held:
        grid = _table(path, "grid", held["grid"])
        over: Any = {name: _values(values) for name, values in grid.items()}
    else:
        over = held["cells"]
        if not isinstance(over, list) or not all(isinstance(cell, dict) for cell in over):
            raise ArgumentError(f"cells of {path} must be an array of tables, [[cells]]")
    computation = computation_of(_found(held["compute"], path.parent))
    return Spec(
        Grid(computation, over, settings),
        str(held.get("name", path.stem)),
        COUNT.check("together", held.get("together", MOST_TOGETHER)),
    )


def _table(path: Path, name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ArgumentError(f"{name} of {path} must be a table, [{name}], got {value!r}")
    return value


def _values(values: Any) -> Any:
    matched = _RANGE.fullmatch(values) if isinstance(values, str) else None
    if matched is None:
        return values
    return list(range(int(matched[1]), int(matched[2]), int(matched[3] or 1)))


def _found(reference: str, folder: Path) -> str:
    module, separator, name = reference.rpartition(":")
    if separator and module.endswith(".py") and not Path(module).is_absolute():
        return f"{(folder / module).resolve()}:{name}"
    return reference
