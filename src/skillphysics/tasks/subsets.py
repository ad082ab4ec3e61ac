"""The bits of each skill of a multitask parity."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from skillphysics.domains import COUNT, Count
from skillphysics.errors import ArgumentError


def draw_subsets(
    key: Key[Array, ""], n_skill: Count, n_bits: Count, size: Count, *, disjoint: bool
) -> Int[Array, "{n_skill} {size}"]:
    """Random sets of `size` bits out of `n_bits`, one per skill, each in increasing order.

    Disjoint sets share no bit ("mutually exclusive", N24: size 3 of 32 bits); others are drawn
    independently of each other (L25 §3.3: size 3 of 100 bits) and can coincide.

    Raises:
        ArgumentError: a number is less than 1, or there are too few bits.

    Example:
        >>> import jax
        >>> draw_subsets(jax.random.key(0), 3, n_bits=9, size=3, disjoint=True).tolist()
        [[0, 1, 8], [4, 5, 6], [2, 3, 7]]
    """
    COUNT.check("n_skill", n_skill)
    COUNT.check("size", size)
    COUNT.check("n_bits", n_bits)
    n_used = n_skill * size if disjoint else size
    if n_used > n_bits:
        sets = f"{n_skill} disjoint sets" if disjoint else "a set"
        raise ArgumentError(
            f"n_bits must be at least {n_used} for {sets} of {size} bits, got {n_bits}",
            argument="n_bits",
        )
    if disjoint:
        chosen = jax.random.permutation(key, jnp.arange(n_bits, dtype=jnp.int32))[:n_used]
        return jnp.sort(chosen.reshape(n_skill, size), axis=1)
    order = jnp.argsort(jax.random.bits(key, (n_skill, n_bits), jnp.uint32), axis=1)
    return jnp.sort(order[:, :size].astype(jnp.int32), axis=1)
