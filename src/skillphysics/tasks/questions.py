"""Samples of multitask sparse parity in a compact form (N24; L25 §3.3)."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt32

from skillphysics.numerics.multinomial import Multinomial
from skillphysics.numerics.threefry import fold_in
from skillphysics.tasks.bits import draw_bits, parity, unpack


class Questions(eqx.Module):
    """The skill that each sample asks for, and its bits.

    Attributes:
        skill: counted from 0, [n_sample].
        words: the bits, packed 32 to a word, [n_sample, n_word].
    """

    skill: Int[Array, " n_sample"]
    words: UInt32[Array, "n_sample n_word"]

    @classmethod
    def draw(
        cls, key: Key[Array, ""], skills: Multinomial, n_sample: int, n_bits: int
    ) -> "Questions":
        """Skills by their probabilities and uniform bits; the first do not depend on n_sample."""
        return cls(skills.draw(key, n_sample), draw_bits(fold_in(key, 1), n_sample, n_bits))

    def inputs(self, n_skill: int, n_bits: int) -> Float[Array, "n_sample {n_skill}+{n_bits}"]:
        """The control, one-hot over skills, then the bits, all 0 or 1."""
        control = self.skill[:, None] == jnp.arange(n_skill, dtype=jnp.int32)
        bits = unpack(self.words, n_bits)
        return jnp.concatenate([control.astype(jnp.float32), bits.astype(jnp.float32)], axis=1)

    def odd(self, masks: UInt32[Array, "n_skill n_word"]) -> Int[Array, " n_sample"]:
        """The parity of the masked bits of the requested skill, 0 or 1."""
        return parity(self.words, masks[self.skill])
