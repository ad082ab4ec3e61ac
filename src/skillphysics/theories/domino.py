"""Skills that are learned strictly one after the other."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import HELD, POSITIVE, SIMPLEX, floating, parameter


class Domino(Separable):
    """The Domino model (L25 eq. 6): the n-th skill (from 0) rises linearly from n t0 to (n + 1) t0.

    t0 = 1/rate. The most frequent skill is learned first. Only the order of the frequencies
    matters. The model is the limit N0 → 0 of the Resource model under a strong hierarchy
    p_1 ≫ p_2 ≫ … (L25 §2.6).

    Attributes:
        frequency: [n_skill]. Only the order counts: a fit searches over orders and reports the
            frequencies as unidentifiable.
        rate: η_eff = 1/t0, in skills per step.
        capacity: the number of skills that can be learned, in order. A fit holds it.

    Example:
        >>> import jax.numpy as jnp
        >>> Domino(jnp.array([0.3, 0.7]), rate=0.1).levels(jnp.array([5.0, 15.0]))
        Array([[0. , 0.5],
               [0.5, 1. ]], dtype=float32)
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    capacity: Float[Array, ""] = eqx.field(
        converter=floating, default=jnp.inf, metadata=parameter(HELD)
    )

    @property
    def position(self) -> Int[Array, " n_skill"]:
        """Place of each skill in the chain, from 0. Skills of equal frequency keep their order."""
        return place_in_order(self.frequency)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        position = self.position
        rise = jnp.clip(self.rate * steps - position.astype(steps.dtype), 0, 1)
        return jnp.where(position < self.capacity, rise, 0)


def place_in_order(frequency: Float[Array, " n_skill"]) -> Int[Array, " n_skill"]:
    """Rank of each skill, 0 for the most frequent. Skills of equal frequency keep their order."""
    return jnp.argsort(jnp.argsort(-frequency, stable=True), stable=True)
