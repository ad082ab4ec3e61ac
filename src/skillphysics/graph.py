"""Which skills need which: a graph of dependencies with a gate a skill (L25 §5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from jaxtyping import Array, Float

from skillphysics.domains import check_names
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    import networkx as nx

Gate = str | int | Callable[[Float[Array, " n_parent"]], Float[Array, ""]]
"""How a skill waits for its parents: "and" for all of them, "or" for one of them, a number for so
many of them; or a function of how open each parent is, between 0 and 1, in their order."""


@dataclass(frozen=True)
class Graph:
    """Skills, the parents that each needs, and the gate with which it waits for them.

    Attributes:
        names: one distinct name per skill.
        parents: the names of the parents of each skill.
        gates: the gate of each skill: "and", "or", a number k of parents, or a function; None for
            a skill without parents.

    Raises:
        ArgumentError: a parent is no skill or is named twice, skills need each other in a circle, a
            gate is none of those above, or a skill without parents has one. The message names the
            skill.

    Example:
        >>> graph = Graph.given({"add": [], "carry": [], "sum": ["add", "carry"]})
        >>> graph.parents, graph.gates
        (((), (), ('add', 'carry')), (None, None, 'and'))
        >>> Graph.given({"add": ["sum"], "sum": ["add"]})
        Traceback (most recent call last):
        ...
        skillphysics.errors.ArgumentError: skills need each other in a circle: 'add' → 'sum' → 'add'
    """

    names: tuple[str, ...]
    parents: tuple[tuple[str, ...], ...]
    gates: tuple[Gate | None, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names(self.names, "names"))
        if not len(self.names) == len(self.parents) == len(self.gates):
            raise ArgumentError(
                f"there are {len(self.names)} names, {len(self.parents)} parents and "
                f"{len(self.gates)} gates; one of each a skill is wanted"
            )
        known = set(self.names)
        for name, parents, gate in zip(self.names, self.parents, self.gates, strict=True):
            _check_parents(name, parents, known)
            _check_gate(name, parents, gate)
        try:
            TopologicalSorter(dict(zip(self.names, self.parents, strict=True))).prepare()
        except CycleError as error:
            circle = " → ".join(repr(name) for name in error.args[1])
            raise ArgumentError(f"skills need each other in a circle: {circle}") from error

    @classmethod
    def given(
        cls, parents: Mapping[str, Sequence[str]], gates: Mapping[str, Gate] | None = None
    ) -> "Graph":
        """A graph from the parents of every skill; a gate that is not given is "and".

        Example:
            >>> Graph.given({"a": [], "b": [], "c": ["a", "b"]}, {"c": "or"}).gates
            (None, None, 'or')
        """
        for name, needed in parents.items():
            if isinstance(needed, str):
                raise ArgumentError(f"skill {name!r} needs {needed!r}; a list of skills is wanted")
        gates = {} if gates is None else gates
        unknown = [name for name in gates if name not in parents]
        if unknown:
            raise ArgumentError(f"there is a gate for {unknown[0]!r}, which is no skill")
        return cls(
            tuple(parents),
            tuple(tuple(needed) for needed in parents.values()),
            tuple(gates.get(name, "and" if needed else None) for name, needed in parents.items()),
        )

    @classmethod
    def from_networkx(cls, graph: "nx.DiGraph") -> "Graph":
        """A graph whose edges go from a parent to the skill that needs it.

        A node may have the attribute `gate`. Names that are no text are written out.

        Raises:
            ArgumentError: edges have no direction, or as for `Graph`.
        """
        if not graph.is_directed():
            raise ArgumentError("edges have no direction; each is wanted from a parent to a skill")
        return cls.given(
            {str(name): [str(p) for p, _ in graph.in_edges(name)] for name in graph},
            {
                str(name): data["gate"]
                for name, data in graph.nodes(data=True)
                if data.get("gate") is not None
            },
        )

    def to_networkx(self) -> "nx.DiGraph":
        """The same graph for networkx, with the attribute `gate` where there are parents.

        Example:
            >>> Graph.from_networkx(Graph.given({"a": [], "b": ["a"]}).to_networkx()).parents
            ((), ('a',))
        """
        import networkx as nx

        graph = nx.DiGraph()
        graph.add_nodes_from(self.names)
        for name, parents, gate in zip(self.names, self.parents, self.gates, strict=True):
            graph.add_edges_from((parent, name) for parent in parents)
            if gate is not None:
                graph.nodes[name]["gate"] = gate
        return graph

    def __len__(self) -> int:
        return len(self.names)


def _check_parents(name: str, parents: Sequence[str], known: set[str]) -> None:
    for place, parent in enumerate(parents):
        if parent == name:
            raise ArgumentError(f"skill {name!r} needs itself; take it from its own parents")
        if parent not in known:
            raise ArgumentError(f"skill {name!r} needs {parent!r}, which is no skill")
        if parent in parents[:place]:
            raise ArgumentError(f"skill {name!r} needs {parent!r} twice; once is enough")


def _check_gate(name: str, parents: Sequence[str], gate: object) -> None:
    if gate is None and not parents:
        return
    if not parents:
        raise ArgumentError(f"skill {name!r} has gate {gate!r} but no parents to wait for")
    if isinstance(gate, int) and not isinstance(gate, bool):
        if not 1 <= gate <= len(parents):
            raise ArgumentError(
                f"skill {name!r} waits for {gate} of its {len(parents)} parents; "
                f"a number from 1 to {len(parents)} is wanted"
            )
    elif gate not in ("and", "or") and not callable(gate):
        raise ArgumentError(
            f"skill {name!r} has gate {gate!r}; 'and', 'or', a number of parents or a function "
            "is wanted"
        )
