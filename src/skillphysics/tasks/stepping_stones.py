"""Parities that depend on each other as a given graph says (L25 §5, Fig 16)."""

from collections import Counter
from graphlib import TopologicalSorter

from skillphysics.domains import COUNT, Count
from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph


def parity_bits(graph: Graph, n_root_bits: Count = 2) -> dict[str, tuple[int, ...]]:
    """Bits for `Parities` such that every skill is the xor of its parents' labels (L25 Fig 16).

    With the parents learned, a skill is the xor of a few labels; without them, that of many bits. A
    network therefore learns the parents first, and the graph that an inference should find is
    known. Each skill without parents has `n_root_bits` bits. A skill with parents has the bits of
    all of them, and one more bit where its label would otherwise be that of another skill: if it
    has a single parent, or if another skill has the same parents.

    Parents must not share bits, and therefore not ancestors: common bits cancel in the xor, and the
    skill would be no harder than its parents.

    Args:
        graph: dependencies; every gate is AND.
        n_root_bits: bits of a skill without parents.

    Returns:
        The bits of each skill, numbered from 0 without gaps: n_bits is the largest plus 1.

    Raises:
        ArgumentError: a gate is not AND, parents share bits, two skills would be the same parity,
            or n_root_bits is less than 1. The message names the skill.

    Example:
        >>> from skillphysics import Graph
        >>> parity_bits(Graph.given({"y1": [], "y2": [], "y3": ["y1", "y2"], "y4": ["y3"]}))
        {'y1': (0, 1), 'y2': (2, 3), 'y3': (0, 1, 2, 3), 'y4': (0, 1, 2, 3, 4)}
    """
    COUNT.check("n_root_bits", n_root_bits)
    parents = dict(zip(graph.names, graph.parents, strict=True))
    for (name, needed), gate in zip(parents.items(), graph.gates, strict=True):
        if needed and gate not in ("and", len(needed)):
            raise ArgumentError(
                f"the gate of skill {name!r} must be 'and', because a xor needs all parents, got "
                f"{gate!r}"
            )
    twins = Counter(frozenset(needed) for needed in parents.values())
    bits: dict[str, tuple[int, ...]] = {}
    n_used = 0
    for name in TopologicalSorter(parents).static_order():
        needed = parents[name]
        joint = sorted(bit for parent in needed for bit in bits[parent])
        if len(set(joint)) < len(joint):
            raise ArgumentError(
                f"the parents {', '.join(map(repr, needed))} of skill {name!r} must not share "
                "bits, which cancel in the xor; choose parents without a common ancestor"
            )
        alone = len(needed) > 1 and twins[frozenset(needed)] == 1
        n_own = n_root_bits if not needed else 0 if alone else 1
        bits[name] = (*joint, *range(n_used, n_used + n_own))
        n_used += n_own
        same = [other for other in bits if other != name and bits[other] == bits[name]]
        if same:
            raise ArgumentError(
                f"skills {same[0]!r} and {name!r} would be the same parity, of the bits "
                f"{bits[name]}; change the parents of one of them"
            )
    return {name: bits[name] for name in graph.names}
