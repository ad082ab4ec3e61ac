"""What a computation is: the definitions that it reaches, hashed without what documents them.

Only what can change a number counts. Comments, docstrings, formatting and drawings do not, nor does
a definition that the computation never names.
"""

import ast
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skillphysics.errors import ArgumentError
from skillphysics.registry import Registry

# What changes no number of a result: drawings, messages, and files written and read losslessly.
_SILENT = tuple(
    f"skillphysics.{part}"
    for part in (
        "cli", "errors", "io.curves_file", "io.files", "plotting", "progress", "report",
        "sweeps.computation",
    )
)  # fmt: skip
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_INSTALLED = tuple(
    str(Path(sysconfig.get_path(kind)).resolve()) for kind in ("stdlib", "purelib", "platlib")
)

Place = tuple[str, str]
"""A module, and a name that it defines at its top level."""


def source_hash(*roots: Any) -> str:
    """A hash of the definitions that functions and classes reach.

    The names that a definition uses are followed to where they are defined, but not into installed
    packages other than skillphysics. Of a `Registry` that holds a root,
    other members are not followed. Source files are read once per process: after an edit, start
    Python again.

    Args:
        roots: functions and classes at the top level of modules that can be imported.

    Returns:
        16 hexadecimal digits.

    Raises:
        ArgumentError: the source of a root cannot be read.

    Example:
        >>> from skillphysics.theories import Linear, Resource
        >>> source_hash(Linear) == source_hash(Linear), source_hash(Linear) == source_hash(Resource)
        (True, False)
    """
    digest = hashlib.sha256()
    # Not by the whole path of a module, since a script is called __main__ in one process only.
    reached = definitions(*roots)
    named = [(place.rpartition(":")[2], text) for place, text in reached.items()]
    for name, text in sorted(named):
        digest.update(f"{name}\n{text}\n".encode())
    return digest.hexdigest()[:16]


def definitions(*roots: Any) -> dict[str, str]:
    """The definitions behind `source_hash`: their texts by "module:name".

    Raises:
        ArgumentError: as `source_hash`.
    """
    waiting = [_place(root) for root in roots]
    reached: dict[str, str] = {}
    while waiting:
        place = module, name = waiting.pop()
        key = f"{module}:{name}"
        if key in reached or module.startswith(_SILENT) or _holds(place, roots):
            continue
        reached[key] = _text(place)
        waiting += _uses(place)
        # What a module does when it is imported may change what its definitions do.
        waiting += [(module, other) for other in _module(module).statements if other[0] == "<"]
    return reached


@dataclass(frozen=True)
class _Module:
    """A module as written.

    Attributes:
        statements: those that define a name, by name; those that define none by "<their text>".
        imports: the names that it imports, with the module and the name in it, "" for a module.
        package: what its relative imports start from.
    """

    statements: Mapping[str, tuple[ast.stmt, ...]]
    imports: Mapping[str, Place]
    package: str


def _place(root: Any) -> Place:
    root = inspect.unwrap(getattr(root, "func", root))
    module, name = getattr(root, "__module__", ""), getattr(root, "__qualname__", "")
    place = module, name.partition(".")[0]
    if not _is_defined(place):
        raise ArgumentError(
            f"the source of {name or repr(root)} cannot be read; define it at the top level of a "
            "module that can be imported"
        )
    return place


def _is_defined(place: Place) -> bool:
    module, name = place
    return _file(module) is not None and name in _module(module).statements


def _holds(place: Place, roots: tuple[Any, ...]) -> bool:
    """Whether a definition is a registry of which a root is a member."""
    value = getattr(sys.modules.get(place[0]), place[1], None)
    return isinstance(value, Registry) and any(
        member is root for member in value.values() for root in roots
    )


@cache
def _file(module: str) -> Path | None:
    """The source file of a module; None for what is installed, built in or missing."""
    try:
        spec = find_spec(module) if module else None
    except (ImportError, ValueError):
        spec = None
    path = getattr(sys.modules.get(module), "__file__", None) or getattr(spec, "origin", None)
    if path is None or not path.endswith(".py"):
        return None
    resolved = Path(path).resolve()
    installed = str(resolved).startswith(_INSTALLED)
    return None if installed and module.partition(".")[0] != "skillphysics" else resolved


@cache
def _module(name: str) -> _Module:
    path = _file(name)
    assert path is not None  # noqa: S101
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    statements: dict[str, tuple[ast.stmt, ...]] = {}
    imports: dict[str, Place] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports |= _imports(statement, package)
        elif not _is_text(statement) and not _is_for_typing(statement):
            for bound in _bound(statement) or [f"<{ast.unparse(statement)}>"]:
                statements[bound] = (*statements.get(bound, ()), statement)
    return _Module(statements, imports, package)


@cache
def _text(place: Place) -> str:
    """The statements of a definition without comments, docstrings and formatting."""
    module, name = place
    whole = ast.Module(list(_module(module).statements[name]), [])
    # Parsed once more, because a transformer changes its tree.
    return ast.unparse(_WithoutText().visit(ast.parse(ast.unparse(whole))))


@cache
def _uses(place: Place) -> tuple[Place, ...]:
    """The definitions that a definition names."""
    module, name = place
    source = _module(module)
    nodes = [node for one in source.statements[name] for node in ast.walk(one)]
    known = dict(source.imports)
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            known |= _imports(node, source.package)
    found: dict[Place, None] = {}
    for node in nodes:
        for path in _named(node):
            if path[0] in known:
                start = known[path[0]]
                found |= dict.fromkeys(_resolved(start[0], [start[1], *path[1:]]))
            elif path[0] in source.statements:
                found[module, path[0]] = None
    return tuple(one for one in found if one != place)


def _named(node: ast.AST) -> Iterator[list[str]]:
    """The dotted names that a node is; text may be the name of a class, in quotes."""
    if isinstance(node, ast.Name):
        yield [node.id]
    elif isinstance(node, ast.Attribute):
        parts: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield [inner.id, *reversed(parts)]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield [node.value]


def _resolved(module: str, path: list[str]) -> Iterator[Place]:
    """Where a dotted name is defined, through the modules that pass it on."""
    path = [part for part in path if part]
    while path and _file(module) is not None:
        name = path[0]
        source = _module(module)
        if name in source.statements:
            yield module, name
            return
        if name in source.imports:
            module, first = source.imports[name]
            path = [first, *path[1:]] if first else path[1:]
        elif _file(f"{module}.{name}") is not None:
            module, path = f"{module}.{name}", path[1:]
        else:
            # A package that imports its names when they are used.
            value = getattr(import_module(module), name, None)
            place = getattr(value, "__module__", ""), getattr(value, "__name__", name)
            if place[0] != module and _is_defined(place):
                yield place
            return


def _imports(statement: ast.Import | ast.ImportFrom, package: str) -> dict[str, Place]:
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: (
                alias.name if alias.asname else alias.name.partition(".")[0], ""
            )
            for alias in statement.names
        }  # fmt: skip
    base = statement.module or ""
    if statement.level:
        parents = package.split(".")
        above = parents[: len(parents) - statement.level + 1]
        base = ".".join([*above, base] if base else above)
    return {alias.asname or alias.name: (base, alias.name) for alias in statement.names}


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a statement defines at the top level."""
    if isinstance(statement, _DEFINITIONS):
        return [statement.name]
    names = [
        node.id if isinstance(node, ast.Name) else node.name
        for node in ast.walk(statement)
        if isinstance(node, _DEFINITIONS)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    return list(dict.fromkeys(names))


class _WithoutText(ast.NodeTransformer):
    """Removes docstrings, and the text below fields and constants."""

    def visit(self, node: ast.AST) -> Any:
        visited = self.generic_visit(node)
        body = getattr(visited, "body", None)
        if isinstance(body, list):
            kept = [one for one in body if not _is_text(one)]
            visited.body = kept or [ast.Pass()]  # pyright: ignore[reportAttributeAccessIssue]
        return visited


def _is_text(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _is_for_typing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
