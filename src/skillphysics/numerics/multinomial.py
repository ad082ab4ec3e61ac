"""How often each skill occurs in a batch."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt32

from skillphysics.numerics.threefry import random_words


class Multinomial(eqx.Module):
    """Counts of independent draws from a finite distribution, by Walker's alias method.

    A draw takes a cell uniformly, then the cell's own skill or its alias, so its cost does not
    depend on the number of skills, and the counts of a batch are exact up to 32-bit thresholds:
    every probability is right to about 2^−32. Distributions that are given the same key share
    their uniform numbers, under `vmap` too.

    Attributes:
        threshold: [n_cell], the probability 2^−32 · threshold that a cell keeps its own skill.
        alias: [n_cell], the skill that it gives otherwise.
        n_skill: number of skills; the cells are as many, rounded up to a power of two.
        total: number of draws in a batch.

    Example:
        >>> import jax
        >>> draws = Multinomial(np.array([0.75, 0.25]), total=1000)
        >>> draws(jax.random.key(0)).tolist()
        [757, 243]
    """

    threshold: UInt32[Array, " n_cell"]
    alias: Int[Array, " n_cell"]
    n_skill: int = eqx.field(static=True)
    total: int = eqx.field(static=True)

    def __init__(self, probability: Float[np.ndarray, " n_skill"], total: int) -> None:
        threshold, alias = _alias_table(probability)
        self.threshold = jnp.asarray(threshold)
        self.alias = jnp.asarray(alias)
        self.n_skill = probability.size
        self.total = total

    def draw(self, key: Key[Array, ""], n: int) -> Int[Array, " {n}"]:
        """`n` skills, one after the other."""
        cell, keep = random_words(key, n)
        # A power of two divides the range of the integers, so cells are exactly uniform.
        cell = (cell & jnp.uint32(self.threshold.size - 1)).astype(jnp.int32)
        return jnp.where(keep < self.threshold[cell], cell, self.alias[cell])

    def __call__(self, key: Key[Array, ""]) -> Int[Array, " n_skill"]:
        """The counts of one batch; they sum to `total`."""
        skill = self.draw(key, self.total)
        return jnp.zeros(self.threshold.size, jnp.int32).at[skill].add(1)[: self.n_skill]


def _alias_table(probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Walker's table in Vose's order: cells that are too full give to those that are not."""
    n_cell = 1 << (probability.size - 1).bit_length()
    full = np.zeros(n_cell)
    full[: probability.size] = probability / probability.sum() * n_cell
    alias = np.arange(n_cell, dtype=np.int32)
    content = full.tolist()
    poor = [cell for cell, value in enumerate(content) if value < 1]
    rich = [cell for cell, value in enumerate(content) if value >= 1]
    while poor and rich:
        taker, giver = poor.pop(), rich[-1]
        alias[taker] = giver
        content[giver] -= 1 - content[taker]
        if content[giver] < 1:
            poor.append(rich.pop())
    # What is left differs from 1 by rounding only; such a cell is its own alias.
    threshold = np.minimum(np.rint(np.array(content) * 2.0**32), 2.0**32 - 1).astype(np.uint32)
    return threshold, alias
