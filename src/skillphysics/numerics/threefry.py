"""JAX's random bits, computed at once.

A CPU runs `jax.random`'s Threefry as a loop of small pieces, which costs more than the bits when a
step of training needs few of them. Here its twenty rounds are written out and become one piece of
code; the bits are the same.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key, UInt32

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def fold_in(key: Key[Array, ""], data: Int[Array, ""] | int) -> Key[Array, ""]:
    """The key that `jax.random.fold_in` gives."""
    words = jax.random.key_data(key)
    if words.shape != (2,):
        return jax.random.fold_in(key, data)
    zero = jnp.zeros((), jnp.uint32)
    folded = jnp.stack(_threefry(words, zero, jnp.asarray(data).astype(jnp.uint32)))
    return jax.random.wrap_key_data(folded, impl=jax.random.key_impl(key))


def random_words(
    key: Key[Array, ""], n: int
) -> tuple[UInt32[Array, " {n}"], UInt32[Array, " {n}"]]:
    """Two independent arrays of uniform 32-bit integers."""
    words = jax.random.key_data(key)
    if words.shape != (2,):
        first, second = jax.random.bits(key, (2, n), jnp.uint32)
        return first, second
    # A loop, if of two turns, is a border: else each use of a word would compute it again.
    half = -(-n // 2)

    def block(start: UInt32[Array, ""]) -> tuple[UInt32[Array, "half"], UInt32[Array, "half"]]:
        counter = start + jnp.arange(half, dtype=jnp.uint32)
        return _threefry(words, jnp.zeros_like(counter), counter)

    first, second = jax.lax.map(block, jnp.arange(2, dtype=jnp.uint32) * jnp.uint32(half))
    return first.reshape(-1)[:n], second.reshape(-1)[:n]


def _threefry(
    key: UInt32[Array, "2"], first: UInt32[Array, "..."], second: UInt32[Array, "..."]
) -> tuple[UInt32[Array, "..."], UInt32[Array, "..."]]:
    """Threefry-2x32 of a counter of two words (Salmon et al. 2011)."""
    keys = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(_PARITY))
    first, second = first + keys[0], second + keys[1]
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            first = first + second
            second = first ^ ((second << rotation) | (second >> (32 - rotation)))
        first = first + keys[(block + 1) % 3]
        second = second + keys[(block + 2) % 3] + jnp.uint32(block + 1)
    return first, second
