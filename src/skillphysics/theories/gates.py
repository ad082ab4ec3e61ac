"""Gates of dependent skills, as functions of the log-unskill v = −ln u of all skills."""

import itertools
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.domains import one_of
from skillphysics.errors import ArgumentError
from skillphysics.graph import Gate, Graph

Opening = Annotated[Literal["late", "early"], one_of("late", "early")]

# A gate with more parents is tested at fewer than all combinations of open and shut ones.
_MOST_TESTED = 6
_ROUNDING = 1e-6


def gates(
    graph: Graph, log_unskill: Float[Array, " n_skill"], exponent: Float[Array, ""], kind: Opening
) -> Float[Array, " n_skill"]:
    """B_i, the share of its gradient that each skill gets; 1 without parents."""
    most = max(len(parents) for parents in graph.parents)
    if most == 0:
        return jnp.ones_like(log_unskill)
    place = {name: i for i, name in enumerate(graph.names)}
    # The place past the last skill stands for no parent.
    parent = np.full((len(graph), most), len(graph))
    for i, parents in enumerate(graph.parents):
        parent[i, : len(parents)] = [place[name] for name in parents]
    openness = _openness(log_unskill, exponent, kind)
    of_parents = jnp.append(openness, 0)[parent]
    # AND is the product of all, OR the largest, and k the product of the k largest.
    ranked = -jnp.sort(-of_parents, axis=1)
    counted = np.arange(most) < _needed(graph)[:, None]
    share = jnp.prod(jnp.where(counted, ranked, 1), axis=1)
    for i, gate in enumerate(graph.gates):
        if callable(gate):
            share = share.at[i].set(gate(of_parents[i, : len(graph.parents[i])]))
    return share


def check_gates(graph: Graph) -> None:
    """Refuse a gate function that does not return a number between 0 and 1.

    Each is tested with its parents open, shut and half open.

    Raises:
        ArgumentError: names the skill.
    """
    for name, parents, gate in zip(graph.names, graph.parents, graph.gates, strict=True):
        if not callable(gate):
            continue
        for openness in _tested(len(parents)):
            # Inside jit the gate would return a tracer.
            with jax.ensure_compile_time_eval():
                share = np.asarray(gate(jnp.asarray(openness)))
            if share.shape != ():
                raise ArgumentError(
                    f"the gate of skill {name!r} must return a scalar, got an array of shape "
                    f"{share.shape}; reduce over the parents",
                    argument="graph",
                )
            if not -_ROUNDING <= share <= 1 + _ROUNDING:
                shown = ", ".join(f"{x:g}" for x in openness)
                raise ArgumentError(
                    f"the gate of skill {name!r} must return a number between 0 and 1, got "
                    f"{share:g} for parents open by ({shown})",
                    argument="graph",
                )


def _tested(n_parent: int) -> list[np.ndarray]:
    """How open the parents are when a gate is tested."""
    if n_parent <= _MOST_TESTED:
        corners = np.array(list(itertools.product((0.0, 1.0), repeat=n_parent)))
    else:
        one_open = np.eye(n_parent)
        corners = np.concatenate([one_open, 1 - one_open, one_open[:1] * 0, one_open[:1] * 0 + 1])
    return [*corners, np.full(n_parent, 0.5)]


def _needed(graph: Graph) -> np.ndarray:
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
