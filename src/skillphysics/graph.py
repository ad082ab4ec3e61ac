"""Dependencies between skills: a graph with a gate for each skill that has parents (L25 §5)."""

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
"""How a skill waits for its parents: "and" for all of them, "or" for one of them, an integer for
that many of them, or a function of how open each parent is, [n_parent], that returns a number
between 0 and 1."""


@dataclass(frozen=True)
class Graph:
    """Skills, the parents of each, and the gate with which it waits for them.

    Attributes:
        names: one distinct name per skill.
        parents: the names of the parents of each skill.
        gates: the gate of each skill: "and", "or", an integer number of parents, or a function;
            None for a skill without parents.

    Raises:
        ArgumentError: a parent is not a skill or is repeated, the graph has a cycle, a gate is none
            of the above, or a skill without parents has a gate. The message names the skill.

    Example:
        >>> graph = Graph.given({"add": [], "carry": [], "sum": ["add", "carry"]})
        >>> graph.parents, graph.gates
        (((), (), ('add', 'carry')), (None, None, 'and'))
        >>> Graph.given({"add": ["sum"], "sum": ["add"]})
        Traceback (most recent call last):
        ...
        skillphysics.errors.ArgumentError: graph must not have a cycle, got 'add' → 'sum' → 'add'
    """

    names: tuple[str, ...]
    parents: tuple[tuple[str, ...], ...]
    gates: tuple[Gate | None, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names(self.names, "names"))
        if not len(self.names) == len(self.parents) == len(self.gates):
            raise ArgumentError(
                "names, parents and gates must have one entry per skill, got "
                f"{len(self.names)}, {len(self.parents)} and {len(self.gates)}"
            )
        known = set(self.names)
        for name, parents, gate in zip(self.names, self.parents, self.gates, strict=True):
            _check_parents(name, parents, known)
            _check_gate(name, parents, gate)
        try:
            TopologicalSorter(dict(zip(self.names, self.parents, strict=True))).prepare()
        except CycleError as error:
            cycle = " → ".join(repr(name) for name in error.args[1])
            raise ArgumentError(
                f"graph must not have a cycle, got {cycle}", argument="parents"
            ) from error

    @classmethod
    def given(
        cls, parents: Mapping[str, Sequence[str]], gates: Mapping[str, Gate] | None = None
    ) -> "Graph":
        """A graph from the parents of every skill. The default gate is "and".

        Raises:
            ArgumentError: the parents of a skill are no list, a gate is for no skill of the graph,
                or as for `Graph`.

        Example:
            >>> Graph.given({"a": [], "b": [], "c": ["a", "b"]}, {"c": "or"}).gates
            (None, None, 'or')
        """
        for name, needed in parents.items():
            if isinstance(needed, str):
                raise ArgumentError(
                    f"the parents of skill {name!r} must be a list of names, got {needed!r}",
                    argument="parents",
                )
        gates = {} if gates is None else gates
        unknown = [name for name in gates if name not in parents]
        if unknown:
            raise ArgumentError(
                f"gates must be for skills of the graph, got one for {unknown[0]!r}",
                argument="gates",
            )
        return cls(
            tuple(parents),
            tuple(tuple(needed) for needed in parents.values()),
            tuple(gates.get(name, "and" if needed else None) for name, needed in parents.items()),
        )

    @classmethod
    def from_networkx(cls, graph: "nx.DiGraph") -> "Graph":
        """A graph whose edges go from a parent to the skill that needs it.

        A node may have the attribute `gate`. Names that are not strings are converted by `str`.

        Raises:
            ArgumentError: the graph is undirected, or as for `Graph`.
        """
        if not graph.is_directed():
            raise ArgumentError(
                "graph must be directed, with edges from a parent to the skill that needs it; "
                "use networkx.DiGraph",
                argument="graph",
            )
        return cls.given(
            {str(name): [str(p) for p, _ in graph.in_edges(name)] for name in graph},
            {
                str(name): data["gate"]
                for name, data in graph.nodes(data=True)
                if data.get("gate") is not None
            },
        )

    def to_networkx(self) -> "nx.DiGraph":
        """The same graph in networkx, with the attribute `gate` for skills with parents.

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
            fault = "itself; remove it"
        elif parent not in known:
            fault = f"{parent!r}, which is not a skill of the graph"
        elif parent in parents[:place]:
            fault = f"{parent!r} twice"
        else:
            continue
        raise ArgumentError(
            f"the parents of skill {name!r} must be distinct other skills, got {fault}",
            argument="parents",
        )


def _check_gate(name: str, parents: Sequence[str], gate: object) -> None:
    if gate is None and not parents:
        return
    if not parents:
        raise ArgumentError(
            f"skill {name!r} has no parents, so its gate must be None, got {gate!r}",
            argument="gates",
        )
    if isinstance(gate, int) and not isinstance(gate, bool):
        most = len(parents)
        if not 1 <= gate <= most:
            raise ArgumentError(
                f"the gate of skill {name!r} must be between 1 and {most}, its number of parents, "
                f"got {gate}",
                argument="gates",
            )
    elif gate not in ("and", "or") and not callable(gate):
        raise ArgumentError(
            f"the gate of skill {name!r} must be 'and', 'or', an integer or a function, "
            f"got {gate!r}",
            argument="gates",
        )
