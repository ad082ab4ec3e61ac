"""Computations: functions from settings to results that a sweep can find again by name."""

import copy
import dataclasses
import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.domains import WHOLE_NUMBER
from skillphysics.errors import ArgumentError
from skillphysics.registry import unknown
from skillphysics.sweeps.sources import source_hash

Settings = Mapping[str, Any]
"""The arguments of one cell by name: numbers, text, flags, None, and lists of them."""

Result = xr.Dataset | Curves


@dataclass(frozen=True)
class Computation:
    """A function from settings to a dataset, as a sweep runs it; `computation` makes one.

    Attributes:
        name: where to find it again: "simulate geometry", or "package.module:function".
        function: called with the settings by keyword.
        together: settings that may differ between cells of one call, which share a program. The
            function is given lists for these, one entry per cell, and returns a list of results.
        revision: to be raised by hand where results change for a reason that the source does not
            show, such as another version of a library.
        shared: of these, the settings that should agree in one call where enough cells allow it,
            because the call then holds once what they decide.
        reads: settings that are paths; results depend on what the files hold.
        uses: what else the results of given settings depend on: functions and classes that the
            function finds by a name in its settings.
        accepts: which settings it takes, if the signature of the function does not tell.
    """

    name: str
    function: Callable[..., Any]
    together: tuple[str, ...] = ()
    revision: int = 1
    shared: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    uses: Callable[[Settings], tuple[Any, ...]] | None = None
    accepts: "Accepted | None" = None

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """The function itself."""
        return self.function(*args, **settings)

    def run(self, cells: Sequence[Settings]) -> list[xr.Dataset]:
        """The results of cells that differ in the settings `together` only.

        Raises:
            ArgumentError: the function returns something else than one dataset per cell.
        """
        # A function may change the lists that it is given.
        cells = copy.deepcopy(list(cells))
        if not self.together:
            return [_dataset(self, self.function(**cell)) for cell in cells]
        given = [name for name in self.together if name in cells[0]]
        lists = {name: [cell[name] for cell in cells] for name in given}
        results = self.function(**{**cells[0], **lists})
        if not isinstance(results, list | tuple) or len(results) != len(cells):
            raise ArgumentError(
                f"{self.name} must return a list of {len(cells)} results, one per cell, got "
                f"{type(results).__name__}"
            )
        return [_dataset(self, one) for one in results]

    def form(self, cell: Settings) -> Hashable:
        """What must be equal in cells of one call; None where every cell has its own."""
        if not self.together:
            return None
        kept = {name: value for name, value in cell.items() if name not in self.together}
        return canonical(kept), tuple(name for name in self.together if name in cell)

    def check(self, cell: Settings) -> None:
        """Check the names of settings.

        Raises:
            ArgumentError: one is unknown or missing.
        """
        accepted = self._accepted
        for name in cell:
            if not accepted.others and name not in accepted.names:
                raise unknown(f"setting of {self.name}", name, accepted.names)
        for name in accepted.required:
            if name not in cell:
                raise ArgumentError(f"{name} is a setting that {self.name} needs; add it")

    def key(self, cell: Settings) -> str:
        """What the result of a cell is stored under: it differs if what is computed differs.

        A hash of the name, the revision, the settings, and the sources of the computation.
        """
        module, _, name = self.name.rpartition(":")
        # A file keeps its results when it moves.
        name = f"{Path(module).name}:{name}" if module.endswith(".py") else self.name
        files = [_content(Path(cell[setting])) for setting in self.reads if setting in cell]
        identity = [name, self.revision, self._hash(cell), canonical(cell), *files]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]

    def _hash(self, cell: Settings) -> str:
        others = () if self.uses is None else self.uses(cell)
        return source_hash(self.function, *others, texts=_texts(cell))

    @cached_property
    def _accepted(self) -> "Accepted":
        return accepted_by(self.function) if self.accepts is None else self.accepts


@dataclass(frozen=True)
class Accepted:
    """Which settings a computation takes.

    Attributes:
        names: all of them.
        required: those without a default.
        others: whether it takes any other as well.
    """

    names: tuple[str, ...]
    required: tuple[str, ...] = ()
    others: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell of a sweep: a computation and its settings.

    Attributes:
        computation: what is computed.
        settings: of this cell.

    Raises:
        ArgumentError: a setting is unknown, missing or nothing that JSON can hold.

    Example:
        >>> cell = Cell(computation_of("simulate linear"), {"n_skill": 2, "steps": 10})
        >>> len(cell.key)
        32
    """

    computation: Computation
    settings: Settings

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", plain(self.settings))
        self.computation.check(self.settings)

    @cached_property
    def key(self) -> str:
        """See `Computation.key`."""
        return self.computation.key(self.settings)


def computation(
    function: Callable[..., Any] | None = None,
    *,
    together: Sequence[str] = (),
    revision: int = 1,
) -> Any:
    """A decorator that declares how a sweep runs a function.

    A plain function needs no decorator: it is called once per cell.

    Args:
        function: a function at the top level of a module, from settings by keyword to an
            `xarray.Dataset` or to Curves.
        together: settings that may differ between cells of one call; see `Computation`.
        revision: see `Computation`.

    Returns:
        A `Computation`, which can be called like the function.

    Raises:
        ArgumentError: the revision is no integer of at least 0, or `together` names no argument.

    Example:
        >>> @computation(together=["seed"])
        ... def squares(seed, power=2):
        ...     return [xr.Dataset({"value": one**power}) for one in seed]
        >>> squares.together
        ('seed',)
    """
    if function is None:
        return lambda one: computation(one, together=together, revision=revision)
    WHOLE_NUMBER.check("revision", revision)
    accepted = accepted_by(function)
    for name in together:
        if name not in accepted.names and not accepted.others:
            raise unknown(f"argument of {function.__name__}", name, accepted.names)
    return Computation(_reference(function), function, tuple(together), revision)


def computation_of(compute: "str | Computation | Callable[..., Any]") -> Computation:
    """A computation from its name, or from a function.

    Args:
        compute: "package.module:function", "path/of/a/file.py:function", the name of a computation
            of this package ("simulate geometry", "train domino", "fit"), or a function.

    Raises:
        ArgumentError: there is none, or a function that other processes cannot import.

    Example:
        >>> computation_of("simulate geometry").together
        ('seed', 'learning_rate', 'optimizer', 'alpha', 'ratio')
    """
    if isinstance(compute, Computation):
        return compute
    if isinstance(compute, str):
        return _imported(compute) if ":" in compute else _built_in(compute)
    if not callable(compute):
        raise ArgumentError(
            f"compute must be a function or the name of one, got {compute!r}", argument="compute"
        )
    reference = _reference(compute)
    if "." in reference.rpartition(":")[2]:
        raise ArgumentError(
            f"{reference} cannot be imported by other processes; define the function at the top "
            "level of a module",
            argument="compute",
        )
    return Computation(reference, compute)


def plain(value: Any) -> Any:
    """Settings as JSON has them: NumPy numbers become Python's, arrays and tuples become lists.

    Raises:
        ArgumentError: a value is none of these, or not finite.

    Example:
        >>> plain({"width": np.int64(8), "shares": np.array([0.5, 0.25])})
        {'width': 8, 'shares': [0.5, 0.25]}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | range):
        return [plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ArgumentError(
                f"text in settings must be valid Unicode, got {value!r}", argument="settings"
            ) from error
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and np.isfinite(value):
        return value
    raise ArgumentError(
        f"settings must be finite numbers, text, flags, None or lists of them, got {value!r}",
        argument="settings",
    )


def canonical(cell: Settings) -> str:
    """Settings as text: equal for equal settings in any order."""
    return json.dumps(plain(cell), sort_keys=True)


def accepted_by(function: Callable[..., Any]) -> Accepted:
    """The settings that a function takes, from its signature."""
    names, required, others = [], [], False
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"the arguments of {function!r} cannot be read; give a function in Python"
        ) from error
    for name, parameter in parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            others = True
        elif parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(name)
            if parameter.default is parameter.empty:
                required.append(name)
    return Accepted(tuple(names), tuple(required), others)


def _texts(value: Any) -> Iterator[str]:
    """All text in settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _content(path: Path) -> str:
    """A hash of a file, or of all files of a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            digest.update(f"{file.relative_to(path)}\n".encode())
            digest.update(file.read_bytes())
        elif not path.is_dir():
            raise ArgumentError(f"{path} does not exist; give the path of a file or folder")
    return digest.hexdigest()


def _dataset(what: Computation, result: Any) -> xr.Dataset:
    if isinstance(result, Curves):
        return result.dataset
    if isinstance(result, xr.Dataset):
        return result
    raise ArgumentError(
        f"{what.name} must return an xarray.Dataset or Curves, got {type(result).__name__}; for "
        'numbers, return xr.Dataset({"name": number})'
    )


def _built_in(name: str) -> Computation:
    # Its computations train worlds and networks, which takes seconds to import.
    from skillphysics.sweeps.built_in import built_in

    return built_in(name)


def _reference(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", None)
    if name is None:
        raise ArgumentError(
            f"compute must be a function at the top level of a module, got {function!r}; define "
            "one that calls it",
            argument="compute",
        )
    module = function.__module__
    if module in ("__main__", "__mp_main__"):
        path = getattr(sys.modules[module], "__file__", None)
        if path is None:
            raise ArgumentError(
                f"{name} must be defined in a file, so that other processes can import it; write "
                "it to a module",
                argument="compute",
            )
        module = str(Path(path).resolve())
    return f"{module}:{name}"


def _imported(reference: str) -> Computation:
    module_name, _, name = reference.rpartition(":")
    try:
        module = _module(module_name)
    # An empty name is a ValueError.
    except (ImportError, OSError, SyntaxError, ValueError) as error:
        raise ArgumentError(
            f"{module_name or 'the module'} of {reference!r} cannot be imported: {error}; give "
            "package.module:function or file.py:function",
            argument="compute",
        ) from error
    found: Any = getattr(module, name, None)
    if not callable(found):
        names = [k for k, v in vars(module).items() if callable(v) and not k.startswith("_")]
        raise unknown(f"function of {module_name}", name, names)
    if module_name.endswith(".py"):
        # A cell may change the working directory.
        reference = f"{Path(module_name).resolve()}:{name}"
    if isinstance(found, Computation):
        return dataclasses.replace(found, name=reference)
    return Computation(reference, found)


def _module(name: str) -> Any:
    if not name.endswith(".py"):
        # As `python -m` does: what lies in the working directory can be imported.
        if str(Path.cwd()) not in sys.path and "" not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return import_module(name)
    path = Path(name).resolve()
    main = sys.modules.get("__main__")
    if main is not None and getattr(main, "__file__", None) == str(path):
        return main
    # The name of a module that was made of a file depends on nothing but the file.
    alias = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if alias not in sys.modules:
        spec = spec_from_file_location(alias, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ImportError(f"{path} is no Python file")
        module = module_from_spec(spec)
        sys.modules[alias] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[alias]
            raise
    return sys.modules[alias]
