"""Which bits each skill of a multitask parity asks about."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError


def draw_subsets(
    key: Key[Array, ""], n_task: int, n_bits: int, size: int, *, disjoint: bool
) -> Int[Array, "{n_task} {size}"]:
    """Random sets of `size` bits out of `n_bits`, one a skill, each in increasing order.

    Disjoint sets share no bit ("mutually exclusive", N24: size 3 of 32 bits); others are drawn
    independently of each other (L25 §3.3: size 3 of 100 bits) and can coincide.

    Raises:
        ArgumentError: a number is less than 1, or the bits do not suffice.

    Example:
        >>> import jax
        >>> draw_subsets(jax.random.key(0), 3, n_bits=9, size=3, disjoint=True).tolist()
        [[0, 1, 8], [4, 5, 6], [2, 3, 7]]
    """
    check_count("n_task", n_task)
    check_count("size", size)
    check_count("n_bits", n_bits)
    wanted = n_task * size if disjoint else size
    if wanted > n_bits:
        sets = f"{n_task} disjoint sets" if disjoint else "a set"
        raise ArgumentError(
            f"n_bits is {n_bits}; for {sets} of {size} bits at least {wanted} are wanted"
            + (", or disjoint=False" if disjoint else "")
        )
    if disjoint:
        chosen = jax.random.permutation(key, jnp.arange(n_bits, dtype=jnp.int32))[:wanted]
        return jnp.sort(chosen.reshape(n_task, size), axis=1)
    order = jnp.argsort(jax.random.bits(key, (n_task, n_bits), jnp.uint32), axis=1)
    return jnp.sort(order[:, :size].astype(jnp.int32), axis=1)
