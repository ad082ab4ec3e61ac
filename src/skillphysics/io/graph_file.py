"""Files for dependency graphs: YAML, and GraphML as networkx and graph editors write it.

YAML has one entry per skill, all of whose parts are optional:

    skills:
      add: {frequency: 1}
      carry: {frequency: 0.1}
      sum: {frequency: 1, needs: [add, carry], gate: or}

A gate is `and` (the default), `or`, or a number of parents. GraphML has an edge from each parent to
the skill that needs it, and nodes with the data `frequency` and `gate`.
"""

import re
import sys
from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from skillphysics.errors import ArgumentError
from skillphysics.graph import Gate, Graph
from skillphysics.io.files import replacing
from skillphysics.skills import Skills

_PARTS = ("frequency", "needs", "gate")
_NODE = re.compile(rb"<node\s[^>]*\bid\s*=\s*[\"']([^\"']*)[\"']")


def read_graph(path: str | Path) -> tuple[Graph, Skills]:
    """A graph and its skills from a file that ends in `.yaml`, `.yml` or `.graphml`.

    The frequencies of the skills are unknown if the file has none.

    Raises:
        ArgumentError: the file cannot be read or is not a valid graph. The message names the file
            and the skill.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "graph.yaml")
        ...     text = "skills: {add: {frequency: 2}, sum: {needs: [add], frequency: 1}}"
        ...     _ = path.write_text(text)
        ...     graph, skills = read_graph(path)
        >>> graph.names, skills.frequency.tolist()
        (('add', 'sum'), [2.0, 1.0])
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".yaml", ".yml", ".graphml"):
        raise ArgumentError(
            f"path must end in .yaml, .yml or .graphml, got {str(path)!r}", argument="path"
        )
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ArgumentError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        parts = _from_graphml(text) if ending == ".graphml" else _from_yaml(text)
        graph = Graph.given(
            {name: one["needs"] for name, one in parts.items()},
            {name: one["gate"] for name, one in parts.items() if one["gate"] is not None},
        )
        return graph, _skills({name: one["frequency"] for name, one in parts.items()})
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from error


def write_graph(graph: Graph, path: str | Path, skills: Skills | None = None) -> None:
    """Write a graph, and optionally the frequencies of its skills.

    Args:
        graph: the graph.
        path: a file name that ends in `.yaml`, `.yml` or `.graphml`.
        skills: the skills of the graph, in its order.

    Raises:
        ArgumentError: a gate is a function, the skills are not those of the graph, or the file
            cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "graph.graphml")
        ...     write_graph(Graph.given({"add": [], "sum": ["add"]}), path)
        ...     read_graph(path)[0].names
        ('add', 'sum')
    """
    path = Path(path)
    for name, gate in zip(graph.names, graph.gates, strict=True):
        if callable(gate):
            raise ArgumentError(
                f"the gate of skill {name!r} must be a word or a number to be written, got a "
                "function"
            )
    if skills is not None and skills.names != graph.names:
        raise ArgumentError(
            "skills must have the names of the graph in the same order", argument="skills"
        )
    frequency = None if skills is None else skills.frequency
    with replacing(path) as temporary:
        if path.suffix.lower() == ".graphml":
            import networkx as nx

            tree = graph.to_networkx()
            for _, data in tree.nodes(data=True):
                if "gate" in data:
                    data["gate"] = str(data["gate"])
            for i, name in enumerate(graph.names if frequency is not None else ()):
                tree.nodes[name]["frequency"] = float(frequency[i])  # pyright: ignore[reportOptionalSubscript]
            nx.write_graphml(tree, temporary)
            return
        if path.suffix.lower() not in (".yaml", ".yml"):
            raise ArgumentError(
                f"path must end in .yaml, .yml or .graphml, got {str(path)!r}", argument="path"
            )
        import yaml

        entries: dict[str, dict[str, Any]] = {name: {} for name in graph.names}
        for i, entry in enumerate(entries.values()):
            if frequency is not None:
                entry["frequency"] = float(frequency[i])
            if graph.parents[i]:
                entry |= {"needs": list(graph.parents[i]), "gate": graph.gates[i]}
        written = yaml.safe_dump({"skills": entries}, sort_keys=False, allow_unicode=True)
        temporary.write_text(written, encoding="utf-8")


def _from_yaml(text: bytes) -> dict[str, dict[str, Any]]:
    import yaml

    class Strict(yaml.SafeLoader):
        """Refuses repeated names, of which YAML silently keeps the last."""

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if isinstance(key, Hashable) and key in keys[:place]:
                raise ArgumentError(f"{key!r} is repeated; keep it once")
        return loader.construct_mapping(node, deep=True)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    try:
        # A few nested aliases can expand to more than any memory holds.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Strict)):
            raise ArgumentError("aliases (*name) are not allowed; write out their content")
        content = yaml.load(text, Strict)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, ArgumentError):
            raise
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f"; line {mark.line + 1} is not"
        raise ArgumentError(f"the content must be YAML{place}") from error
    entries = content.get("skills") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise ArgumentError("the content must be 'skills:' with one entry per skill")
    unknown = [key for key in content if key != "skills"]
    if unknown:
        raise ArgumentError(f"the only key must be 'skills', got {unknown[0]!r}")
    names = [str(name) for name in entries]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ArgumentError(f"{name!r} is repeated; keep it once")
    return {str(name): _entry(str(name), entry) for name, entry in entries.items()}


def _entry(name: str, entry: object) -> dict[str, Any]:
    given: dict[Any, Any] = {} if entry is None else entry  # pyright: ignore[reportAssignmentType]
    if not isinstance(given, dict):
        raise ArgumentError(
            f"skill {name!r} must have {', '.join(_PARTS)} or none of them, got {entry!r}"
        )
    unknown = [part for part in given if part not in _PARTS]
    if unknown:
        raise ArgumentError(f"skill {name!r} may have {', '.join(_PARTS)}, got {unknown[0]!r}")
    needs = [] if given.get("needs") is None else given["needs"]
    if not isinstance(needs, list):
        raise ArgumentError(f"needs of skill {name!r} must be a list of skills, got {needs!r}")
    return {
        "frequency": given.get("frequency"),
        "needs": [str(parent) for parent in needs],
        "gate": given.get("gate"),
    }


def _from_graphml(text: bytes) -> dict[str, dict[str, Any]]:
    import networkx as nx

    repeated = [name for name, n in Counter(_NODE.findall(text)).items() if n > 1]
    if repeated:
        raise ArgumentError(f"{repeated[0].decode(errors='replace')!r} is repeated; keep it once")
    if text.count(b"<graph ") + text.count(b"<graph>") > 1:
        raise ArgumentError("the file must hold one graph, got several")
    try:
        tree = nx.parse_graphml(text)
    # Networkx passes on whatever its parser raises, for example KeyError.
    except Exception as error:
        raise ArgumentError("the content must be GraphML") from error
    if not tree.is_directed():
        raise ArgumentError("edges must be directed, from a parent to a skill")
    return {
        str(name): {
            "frequency": data.get("frequency"),
            "needs": [str(parent) for parent, _ in tree.in_edges(name)],
            "gate": _gate(data.get("gate")),
        }
        for name, data in tree.nodes(data=True)
    }


def _gate(text: object) -> Gate | Any:
    """A gate from GraphML, which may hold a number as text."""
    return int(text) if isinstance(text, str) and text.isdecimal() else text


def _skills(frequency: Mapping[str, object]) -> Skills:
    missing = [name for name, value in frequency.items() if value is None]
    if len(missing) == len(frequency):
        return Skills.unknown(frequency)
    if missing:
        raise ArgumentError(
            f"all skills must have a frequency or none, and {missing[0]!r} has none"
        )
    for name, value in frequency.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ArgumentError(
                f"the frequency of skill {name!r} must be a number like 1.0e-5, got {value!r}"
            )
        if not 0 < value < sys.float_info.max:
            raise ArgumentError(
                f"the frequency of skill {name!r} must be positive and finite, got {value}"
            )
    return Skills.given([float(value) for value in frequency.values()], tuple(frequency))  # pyright: ignore[reportArgumentType]
