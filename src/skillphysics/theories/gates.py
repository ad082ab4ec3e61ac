"""Gates of dependent skills, as functions of the log-unskill v = −ln u of all skills."""

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.graph import Gate, Graph

Opening = Literal["late", "early"]


def gates(
    graph: Graph, log_unskill: Float[Array, " n_skill"], exponent: Float[Array, ""], kind: Opening
) -> Float[Array, " n_skill"]:
    """B_i, the share of its gradient that each skill gets: 1 without parents."""
    most = max(len(parents) for parents in graph.parents)
    if most == 0:
        return jnp.ones_like(log_unskill)
    place = {name: i for i, name in enumerate(graph.names)}
    # The place past the last skill stands for no parent.
    parent = np.full((len(graph), most), len(graph))
    for i, parents in enumerate(graph.parents):
        parent[i, : len(parents)] = [place[name] for name in parents]
    opened = _openness(log_unskill, exponent, kind)
    mine = jnp.append(opened, 0)[parent]
    # AND is the product of all and OR the largest; the k largest make the gate in between.
    ranked = -jnp.sort(-mine, axis=1)
    counted = np.arange(most) < _wanted(graph)[:, None]
    share = jnp.prod(jnp.where(counted, ranked, 1), axis=1)
    for i, gate in enumerate(graph.gates):
        if callable(gate):
            share = share.at[i].set(gate(mine[i, : len(graph.parents[i])]))
    return share


def _wanted(graph: Graph) -> np.ndarray:
    """How many parents each skill waits for."""

    def number(gate: Gate | None, n_parent: int) -> int:
        return gate if isinstance(gate, int) else n_parent if gate == "and" else int(gate == "or")

    return np.array([number(g, len(p)) for g, p in zip(graph.gates, graph.parents, strict=True)])


def _openness(
    log_unskill: Float[Array, " n_skill"], exponent: Float[Array, ""], kind: Opening
) -> Float[Array, " n_skill"]:
    if kind == "late":
        return -jnp.expm1(-exponent * log_unskill)
    # s^γ has no slope at s = 0.
    started = log_unskill > 0
    log_level = jnp.log(-jnp.expm1(-jnp.where(started, log_unskill, 1)))
    return jnp.where(started, jnp.exp(exponent * log_level), jnp.zeros_like(log_unskill))
