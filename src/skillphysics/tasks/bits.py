"""Strings of random bits, packed 32 to a word, and parities of subsets of them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt32

from skillphysics.errors import ArgumentError
from skillphysics.numerics.threefry import random_words

_WORD = 32


def draw_bits(key: Key[Array, ""], n_sample: int, n_bits: int) -> UInt32[Array, "{n_sample} _"]:
    """Uniform bits as words, [n_sample, n_word]: bit b is bit b mod 32 of word b // 32.

    The first rows do not depend on the number of rows; bits beyond n_bits are random, too.
    """
    n_word = -(-n_bits // _WORD)
    pairs = random_words(key, -(-n_sample * n_word // 2))
    return jnp.stack(pairs, axis=1).reshape(-1)[: n_sample * n_word].reshape(n_sample, n_word)


def unpack(words: UInt32[Array, "n_sample n_word"], n_bits: int) -> Int[Array, "n_sample {n_bits}"]:
    """The bits as integers 0 or 1, [n_sample, n_bits]."""
    bits = (words[:, :, None] >> jnp.arange(_WORD, dtype=jnp.uint32)) & 1
    return bits.reshape(words.shape[0], -1)[:, :n_bits].astype(jnp.int32)


def mask_of(subset: tuple[int, ...], n_bits: int) -> UInt32[np.ndarray, " n_word"]:
    """Words with ones at the bits of a subset, [n_word]."""
    words = np.zeros(-(-n_bits // _WORD), np.uint32)
    for bit in subset:
        words[bit // _WORD] |= np.uint32(1 << bit % _WORD)
    return words


def parity(
    words: UInt32[Array, "*#rows n_word"], masks: UInt32[Array, "*#rows n_word"]
) -> Int[Array, "*rows"]:
    """Whether the number of ones among the masked bits is odd: 1 or 0."""
    odd = jnp.bitwise_xor.reduce(words & masks, axis=-1)
    return (jax.lax.population_count(odd) & 1).astype(jnp.int32)


def below(
    key: Key[Array, ""], n_sample: int, probability: Float[Array, " n_skill"]
) -> Float[Array, "{n_sample} n_skill"]:
    """1 with the given probabilities, else 0, [n_sample, n_skill].

    With one key, what is 1 at a lower probability is 1 at a higher one.
    """
    words = draw_bits(key, n_sample, _WORD * probability.size)
    # From 24 bits, so that the uniform numbers are below 1 in float32.
    uniform = (words >> 8).astype(jnp.float32) * 2.0**-24
    return (uniform < probability).astype(jnp.float32)


def check_subset(name: str, subset: tuple[int, ...], n_bits: int) -> None:
    """Check that a subset holds distinct bits from 0 to n_bits − 1.

    Raises:
        ArgumentError: it does not, or it is empty.
    """
    if not subset or len(set(subset)) < len(subset) or not all(0 <= b < n_bits for b in subset):
        raise ArgumentError(
            f"{name} must have at least one bit, distinct and from 0 to {n_bits - 1}, got "
            f"{tuple(subset)}"
        )
