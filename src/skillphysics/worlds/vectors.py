"""Task vectors: the directions in parameter space that the skills ask for (L25 §2.2)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key
from numpy.typing import ArrayLike

from skillphysics.errors import ArgumentError


def orthogonal(key: Key[Array, ""], n_task: int, n_dim: int) -> Float[Array, "{n_task} {n_dim}"]:
    """Random orthonormal vectors.

    Raises:
        ArgumentError: there are more tasks than dimensions.
    """
    if n_task > n_dim:
        raise ArgumentError(
            f"{n_task} orthogonal task vectors do not fit into n_dim = {n_dim} dimensions; "
            "take vectors 'unit' or 'gaussian', or n_dim of at least n_task"
        )
    return jax.random.orthogonal(key, n_dim, (), jnp.float32, m=n_task).T


def unit(key: Key[Array, ""], n_task: int, n_dim: int) -> Float[Array, "{n_task} {n_dim}"]:
    """Random directions of norm 1."""
    entries = jax.random.normal(key, (n_task, n_dim), jnp.float32)
    return entries / jnp.linalg.norm(entries, axis=1, keepdims=True)


def gaussian(key: Key[Array, ""], n_task: int, n_dim: int) -> Float[Array, "{n_task} {n_dim}"]:
    """Entries N(0, 1/n_dim), not normalised (L25 Fig 15)."""
    return jax.random.normal(key, (n_task, n_dim), jnp.float32) / jnp.sqrt(jnp.float32(n_dim))


def modular(key: Key[Array, ""], n_task: int, n_dim: int) -> Float[Array, "{n_task} {n_dim}"]:  # noqa: ARG001
    """One parameter a task: e_i for i ≤ n_dim, zero for the rest (L25 §6.2); nothing is random."""
    return jnp.eye(n_task, n_dim, dtype=jnp.float32)


VECTORS: Mapping[str, Callable[..., Float[Array, "n_task n_dim"]]] = MappingProxyType(
    {"orthogonal": orthogonal, "unit": unit, "gaussian": gaussian, "modular": modular}
)
"""Kinds of task vectors by name: functions of a key, n_task and n_dim."""


def draw_vectors(
    kind: str, key: Key[Array, ""], n_task: int, n_dim: int
) -> Float[Array, "{n_task} {n_dim}"]:
    """Task vectors of a named kind, float32.

    Raises:
        ArgumentError: the kind is not known, n_dim is less than 1, or the vectors do not fit.
    """
    if kind not in VECTORS:
        raise ArgumentError(f"vectors is {kind!r}; one of {', '.join(VECTORS)} is wanted")
    if not isinstance(n_dim, int) or n_dim < 1:
        raise ArgumentError(f"n_dim is {n_dim}; at least one dimension is wanted")
    return VECTORS[kind](key, n_task, n_dim)


def check_vectors(name: str, vectors: ArrayLike, n_task: int) -> Float[Array, "{n_task} n"]:
    """Vectors, one for each task, as float32.

    Raises:
        ArgumentError: they are no matrix of finite real numbers with so many rows.
    """
    given = np.asarray(vectors)
    if given.ndim != 2 or not np.issubdtype(given.dtype, np.number) or np.iscomplexobj(given):
        raise ArgumentError(
            f"{name} has shape {given.shape} and type {given.dtype}; real numbers, a row for each "
            "task, are wanted"
        )
    if len(given) != n_task:
        raise ArgumentError(f"{name} has {len(given)} rows; {n_task} skills want one each")
    # Numbers beyond float32 are not finite in it.
    with np.errstate(over="ignore"):
        if not np.isfinite(given.astype(np.float32)).all():
            raise ArgumentError(f"{name} has an entry that is not finite")
    return jnp.asarray(vectors, jnp.float32)
