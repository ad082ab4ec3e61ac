"""Task vectors: the directions in parameter space that belong to the skills (L25 §2.2)."""

from collections.abc import Callable
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key
from numpy.typing import ArrayLike

from skillphysics.domains import COUNT, one_of
from skillphysics.errors import ArgumentError
from skillphysics.registry import Registry


def orthogonal(key: Key[Array, ""], n_skill: int, n_dim: int) -> Float[Array, "{n_skill} {n_dim}"]:
    """Random orthonormal vectors.

    Raises:
        ArgumentError: there are more skills than dimensions.
    """
    _check_room(n_skill, n_dim, "n_dim")
    return jax.random.orthogonal(key, n_dim, (), jnp.float32, m=n_skill).T


def unit(key: Key[Array, ""], n_skill: int, n_dim: int) -> Float[Array, "{n_skill} {n_dim}"]:
    """Random directions of norm 1."""
    entries = jax.random.normal(key, (n_skill, n_dim), jnp.float32)
    return entries / jnp.linalg.norm(entries, axis=1, keepdims=True)


def gaussian(key: Key[Array, ""], n_skill: int, n_dim: int) -> Float[Array, "{n_skill} {n_dim}"]:
    """Independent entries from N(0, 1/n_dim), not normalized (L25 Fig 15)."""
    return jax.random.normal(key, (n_skill, n_dim), jnp.float32) / jnp.sqrt(jnp.float32(n_dim))


def modular(key: Key[Array, ""], n_skill: int, n_dim: int) -> Float[Array, "{n_skill} {n_dim}"]:  # noqa: ARG001
    """One parameter per skill: e_i for i ≤ n_dim and 0 beyond (L25 §6.2); nothing is random."""
    return jnp.eye(n_skill, n_dim, dtype=jnp.float32)


VECTORS: Registry[Callable[..., Float[Array, "n_skill n_dim"]]] = Registry(
    "kind of task vectors",
    {"orthogonal": orthogonal, "unit": unit, "gaussian": gaussian, "modular": modular},
)
"""Kinds of task vectors by name: functions of a key, n_skill and n_dim."""

KIND = one_of(*VECTORS)
Kind = Annotated[str, KIND]


def draw_vectors(
    kind: str, key: Key[Array, ""], n_skill: int, n_dim: int, name: str = "n_dim"
) -> Float[Array, "{n_skill} {n_dim}"]:
    """Task vectors of a named kind, float32; `name` is that of the argument `n_dim` in messages.

    Raises:
        ArgumentError: the kind is not known, n_dim is less than 1, or the vectors do not fit.
    """
    draw = VECTORS[KIND.check("vectors", kind)]
    COUNT.check(name, n_dim)
    if kind == "orthogonal":
        _check_room(n_skill, n_dim, name)
    return draw(key, n_skill, n_dim)


def check_vectors(name: str, vectors: ArrayLike, n_skill: int) -> Float[Array, "{n_skill} n"]:
    """Vectors, one per skill, as float32.

    Raises:
        ArgumentError: they are not a matrix of finite real numbers with one row per skill.
    """
    given = np.asarray(vectors)
    if given.ndim != 2 or not np.issubdtype(given.dtype, np.number) or np.iscomplexobj(given):
        raise ArgumentError(
            f"{name} must be a matrix of real numbers with one row per skill, got an array of "
            f"shape {given.shape} and dtype {given.dtype}",
            argument=name,
        )
    if len(given) != n_skill:
        raise ArgumentError(
            f"{name} must have one row for each of the {n_skill} skills, got {len(given)} rows",
            argument=name,
        )
    # Numbers beyond float32 are not finite in it.
    with np.errstate(over="ignore"):
        if not np.isfinite(given.astype(np.float32)).all():
            raise ArgumentError(f"{name} must be finite in float32", argument=name)
    return jnp.asarray(vectors, jnp.float32)


def _check_room(n_skill: int, n_dim: int, name: str) -> None:
    if n_skill > n_dim:
        raise ArgumentError(
            f"{name} must be at least {n_skill} for {n_skill} orthogonal vectors, got {n_dim}; "
            "increase it, or choose vectors 'unit' or 'gaussian'",
            argument=name,
        )
