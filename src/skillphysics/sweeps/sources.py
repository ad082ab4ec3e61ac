"""What a computation is: the definitions that it reaches, hashed without what documents them.

Only what can change a number counts. Comments, docstrings, formatting and drawings do not, nor does
a definition that the computation never names.
"""

import ast
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
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
        "cli", "errors", "io.curves_file", "io.files", "plotting", "progress",
        "sweeps.computation",
    )
)  # fmt: skip
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_INSTALLED = tuple(
    str(Path(sysconfig.get_path(kind)).resolve()) for kind in ("stdlib", "purelib", "platlib")
)

_SHORTEST = 3

Place = tuple[str, str]
"""A module, and a name that it defines at its top level."""


def source_hash(*roots: Any, texts: Iterable[str] = ()) -> str:
    """A hash of the definitions that functions and classes reach.

    The names that a definition uses are followed to where they are defined, but not into installed
    packages other than skillphysics. Of a `Registry`, those members are followed whose public
    names are in the texts or in strings of the definitions; none where a root is a member, for
    then the roots say which are used. Source files are read once per process: after an edit, start
    Python again.

    Args:
        roots: functions and classes at the top level of modules that can be imported.
        texts: that may name members of registries, such as the text among the settings of a cell.

    Returns:
        16 hexadecimal digits.

    Raises:
        ArgumentError: the source of a root cannot be read.

    Example:
        >>> from skillphysics.theories import Linear, Resource
        >>> source_hash(Linear) == source_hash(Linear), source_hash(Linear) == source_hash(Resource)
        (True, False)
    """
    return _reached_with(tuple(_place(root) for root in roots), texts).hash


def definitions(*roots: Any, texts: Iterable[str] = ()) -> dict[str, str]:
    """The definitions behind `source_hash`: their texts by "module:name".

    Raises:
        ArgumentError: as `source_hash`.
    """
    return dict(_reached_with(tuple(_place(root) for root in roots), texts).definitions)


@dataclass(frozen=True)
class _Reached:
    """What roots reach.

    Attributes:
        definitions: their texts by "module:name".
        names: of the members of registries that are reached.
    """

    definitions: Mapping[str, str]
    names: frozenset[str]

    @cached_property
    def hash(self) -> str:
        digest = hashlib.sha256()
        # Not by the whole path of a module, since a script is called __main__ in one process only.
        named = [(place.rpartition(":")[2], text) for place, text in self.definitions.items()]
        for name, text in sorted(named):
            digest.update(f"{name}\n{text}\n".encode())
        return digest.hexdigest()[:16]


def _reached_with(roots: tuple[Place, ...], texts: Iterable[str]) -> _Reached:
    every = frozenset(texts)
    chosen: frozenset[str] = frozenset()
    while True:
        # Most texts name nothing, so that few sets of them differ.
        reached = _reached(roots, chosen)
        more = {text for text in every - chosen if any(name in text for name in reached.names)}
        if not more:
            return reached
        chosen |= more


@cache
def _reached(roots: tuple[Place, ...], texts: frozenset[str]) -> _Reached:
    waiting = list(roots)
    reached: dict[Place, str] = {}
    registries: dict[Place, Registry[Any]] = {}
    while waiting:
        while waiting:
            place = module, _ = waiting.pop()
            if place in reached or place in registries or module.startswith(_SILENT):
                continue
            if (registry := _registry(place)) is not None:
                registries[place] = registry
                waiting.append(("skillphysics.registry", "Registry"))
                continue
            reached[place] = _text(place)
            waiting += _uses(place)
            # What a module does when it is imported may change what its definitions do.
            waiting += [(module, other) for other in _module(module).statements if other[0] == "<"]
        for at, registry in registries.items():
            if not any(_place(member) in roots for member in registry.values()):
                named = {one for place in reached for one in _named_by(place, at)}
                if any(at in _uses(place) and at in _whole(place) for place in reached):
                    named = set(registry)
                named |= {one for one in registry if any(one in text for text in texts)}
                members = [_place(registry[one]) for one in sorted(named)]
                waiting += [place for place in members if place not in reached]
    return _Reached(
        {f"{module}:{name}": text for (module, name), text in reached.items()},
        frozenset(name for registry in registries.values() for name in registry),
    )


@cache
def _named_by(place: Place, registry: Place) -> tuple[str, ...]:
    """The members of a registry that strings of a definition may name.

    What the module of the registry says of members chooses none of them.
    """
    members = _registry(registry)
    if members is None or place[0] == registry[0]:
        return ()
    whole, parts = _strings(place)
    return tuple(
        name for name in members
        if any(name in text for text in whole) or any(part in name for part in parts)
    )  # fmt: skip


@dataclass(frozen=True)
class _Module:
    """A module as written.

    Attributes:
        statements: those that define a name, by name; those that define none by "<their text>".
        imports: the names that it imports, with the module and the name in it, "" for a module.
        registered: by name, the definitions that are registered with it: `@name.defjvp`.
        package: what its relative imports start from.
    """

    statements: Mapping[str, tuple[ast.stmt, ...]]
    imports: Mapping[str, Place]
    registered: Mapping[str, tuple[str, ...]]
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


@cache
def _registry(place: Place) -> Registry[Any] | None:
    """The registry that is defined at a place, if each of its members is a definition."""
    module, name = place
    if "Registry(" not in _text(place):
        return None
    value = getattr(import_module(module), name, None)
    if not isinstance(value, Registry):
        return None
    for member in value.values():
        home, member_name = getattr(member, "__module__", ""), getattr(member, "__name__", "")
        if getattr(sys.modules.get(home), member_name, None) is not member:
            return None
        if not _is_defined((home, member_name)):
            return None
    return value


def _is_defined(place: Place) -> bool:
    module, name = place
    return _file(module) is not None and name in _module(module).statements


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
    registered: dict[str, tuple[str, ...]] = {}
    for statement in tree.body:
        if isinstance(statement, _DEFINITIONS):
            for decorator in statement.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                path = _dotted(called) if isinstance(called, ast.Attribute) else []
                if path and path[0] in statements:
                    registered[path[0]] = (*registered.get(path[0], ()), statement.name)
    return _Module(statements, imports, registered, package)


@cache
def _text(place: Place) -> str:
    """The statements of a definition without comments, docstrings and formatting."""
    return ast.unparse(ast.Module(list(_statements(place)), []))


@cache
def _statements(place: Place) -> tuple[ast.stmt, ...]:
    """The statements of a definition without docstrings, which are removed from the module's."""
    module, name = place
    return tuple(_WithoutText().visit(one) for one in _module(module).statements[name])


@cache
def _whole(place: Place) -> frozenset[Place]:
    """What a definition names other than to look up one member, as in a loop over a registry.

    In the module of a registry, that is for its messages.
    """
    module, _ = place
    nodes = [node for one in _statements(place) for node in ast.walk(one)]
    lookups: set[ast.AST] = set()
    for node in nodes:
        if isinstance(node, ast.Subscript):
            lookups.add(node.value)
        elif isinstance(node, ast.Attribute) and node.attr == "get":
            lookups |= {node, node.value}
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            lookups.add(node.comparators[0])
    paths = [
        [node.id] if isinstance(node, ast.Name) else _dotted(node)
        for node in nodes
        if isinstance(node, ast.Name | ast.Attribute) and node not in lookups
    ]
    return frozenset(one for one in _places(place, filter(None, paths)) if one[0] != module)


@cache
def _strings(place: Place) -> tuple[frozenset[str], frozenset[str]]:
    """The strings of a definition, and the parts of those that it puts together."""
    whole, parts = set(), set()
    nodes = [node for one in _statements(place) for node in ast.walk(one)]
    for node in nodes:
        if isinstance(node, ast.Constant):
            whole.add(node.value)
        joined = node.values if isinstance(node, ast.JoinedStr) else []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            joined = [node.left, node.right]
        parts |= {one.value for one in joined if isinstance(one, ast.Constant)}
    # Shorter parts join names that are whole.
    long = {one for one in parts if isinstance(one, str) and len(one.strip()) >= _SHORTEST}
    return frozenset(one for one in whole if isinstance(one, str)), frozenset(long)


@cache
def _uses(place: Place) -> tuple[Place, ...]:
    """The definitions that a definition names."""
    module, name = place
    source = _module(module)
    registered = [(module, one) for one in source.registered.get(name, ())]
    paths = [path for one in source.statements[name] for path in _named(one, frozenset())]
    found = dict.fromkeys([*registered, *_places(place, paths)])
    return tuple(one for one in found if one != place)


def _places(place: Place, paths: Iterable[list[str]]) -> Iterator[Place]:
    """Where the dotted names in a definition are defined."""
    module, _ = place
    known = _known(place)
    for path in paths:
        if path[0] in known:
            start = known[path[0]]
            yield from _resolved(start[0], [start[1], *path[1:]])
        elif path[0] in _module(module).statements:
            yield module, path[0]


@cache
def _known(place: Place) -> Mapping[str, Place]:
    """The names that are imported where a definition is, and in it."""
    module, name = place
    source = _module(module)
    known = dict(source.imports)
    for statement in source.statements[name]:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                known |= _imports(node, source.package)
    return known


def _named(node: ast.AST, own: frozenset[str]) -> Iterator[list[str]]:
    """The dotted names in a node that are looked up at the top level of its module.

    Args:
        node: of a syntax tree.
        own: names that belong to the functions around it.
    """
    if isinstance(node, ast.Name):
        if node.id not in own:
            yield [node.id]
        return
    if isinstance(node, ast.Attribute) and (path := _dotted(node)):
        if path[0] not in own:
            yield path
        return
    inside: list[ast.AST] = []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        inside += node.body if isinstance(node.body, list) else [node.body]
        inner = own | _owned(node)
    elif isinstance(node, _COMPREHENSIONS):
        targets = [one for each in node.generators for one in ast.walk(each.target)]
        first = node.generators[0].iter
        inside = [one for one in _below(node) if one is not first]
        inner = own | {one.id for one in targets if isinstance(one, ast.Name)}
    for child in _below(node):
        if child not in inside:
            yield from _named(child, own)
    for child in inside:
        yield from _named(child, inner)  # pyright: ignore[reportPossiblyUnboundVariable]


def _below(node: ast.AST) -> list[ast.AST]:
    """The children of a node; of a comprehension and of quoted annotations, what is in them."""
    if isinstance(node, _COMPREHENSIONS):
        heads = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        loops = [part for each in node.generators for part in (each.target, each.iter, *each.ifs)]
        return [*heads, *loops]
    quoted = [getattr(node, name, None) for name in ("annotation", "returns")]
    return list(ast.iter_child_nodes(node)) + [
        parsed for one in quoted if isinstance(one, ast.Constant) and (parsed := _unquoted(one))
    ]


def _unquoted(node: ast.Constant) -> ast.expr | None:
    try:
        return ast.parse(str(node.value), mode="eval").body
    except SyntaxError:
        return None


def _owned(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The names that are bound in a function itself, other than by imports."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    names = {one.arg for one in [*every, arguments.vararg, arguments.kwarg] if one is not None}
    elsewhere: set[str] = set()
    waiting: list[ast.AST] = list(function.body) if isinstance(function.body, list) else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            elsewhere |= set(node.names)
        elif isinstance(node, _DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            elsewhere |= set(_imports(node, ""))
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda, *_COMPREHENSIONS)):
            waiting += ast.iter_child_nodes(node)
    return names - elsewhere


def _dotted(node: ast.Attribute) -> list[str]:
    """The parts of a dotted name; none where it starts with something else than a name."""
    parts: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    return [inner.id, *reversed(parts)] if isinstance(inner, ast.Name) else []


def _resolved(module: str, path: list[str]) -> Iterator[Place]:
    """Where a dotted name is defined, through the modules that pass it on."""
    path = [part for part in path if part]
    while path and _file(module) is not None:
        name = path[0]
        source = _module(module)
        if name in source.statements:
            yield module, name
            return
        if source.imports.get(name, (module, name)) != (module, name):
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
