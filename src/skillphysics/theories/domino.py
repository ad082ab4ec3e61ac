"""Skills that are learned strictly one after the other."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import HELD, POSITIVE, SIMPLEX, floating, parameter


class Domino(Separable):
    """The Domino model (L25 eq. 6): the n-th skill (from 0) rises linearly from n t0 to (n + 1) t0.

    t0 = 1/rate. Skills fall in the order of their frequencies, the most frequent first; nothing
    else of the frequencies matters. It is the limit N0 → 0 of the Resource model under a strong
    hierarchy p_1 ≫ p_2 ≫ … (L25 §2.6).

    Attributes:
        frequency: [n_skill], of which only the order counts: a fit tries orders, and reports the
            frequencies as unidentifiable.
        rate: η_eff = 1/t0, in skills per step.
        capacity: how many skills can be learned; the chain stops there. A fit holds it.

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
        """Place of each skill in the chain, from 0; equal frequencies fall in their order."""
        return place_in_order(self.frequency)

    @property
    def learning_time(self) -> Float[Array, " n_skill"]:
        """When each skill is at level 1, in steps; infinite beyond the capacity."""
        position = self.position
        return jnp.where(position < self.capacity, (position + 1) / self.rate, jnp.inf)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        position = self.position
        rise = jnp.clip(self.rate * steps - position.astype(steps.dtype), 0, 1)
        return jnp.where(position < self.capacity, rise, 0)


def place_in_order(frequency: Float[Array, " n_skill"]) -> Int[Array, " n_skill"]:
    """Place of each skill from the most frequent, from 0; equal frequencies keep their order."""
    return jnp.argsort(jnp.argsort(-frequency, stable=True), stable=True)
