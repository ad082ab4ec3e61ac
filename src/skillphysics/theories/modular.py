"""Skills that are learned side by side, each in a part of the network of its own."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import HELD, POSITIVE, SIMPLEX, floating, parameter
from skillphysics.theories.domino import place_in_order


class ModularDomino(Separable):
    """The Domino model of a modular network (L25 §6.1): all skills rise together.

    The n_dim parameters are divided equally among n_task modules. A skill has n_dim/n_task of them
    for itself, so its η_eff ∝ √n_dim is less by √n_task: s = t η_eff / √n_task, up to 1. All are
    learned after √n_task/η_eff steps, where the shared network of `Domino` takes n_task/η_eff.
    With a capacity, that many modules are made, for the most frequent skills.

    Attributes:
        frequency: [n_skill], of which the number counts, and with a capacity the order.
        rate: η_eff of the whole network, in skills per step, as in `Domino`.
        capacity: how many skills have a module. A fit holds it.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Domino
        >>> frequency = jnp.array([0.4, 0.3, 0.2, 0.1])
        >>> ModularDomino(frequency, rate=0.1).learning_time.tolist()
        [20.0, 20.0, 20.0, 20.0]
        >>> Domino(frequency, rate=0.1).learning_time.tolist()
        [10.0, 20.0, 30.0, 40.0]
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    capacity: Float[Array, ""] = eqx.field(
        converter=floating, default=jnp.inf, metadata=parameter(HELD)
    )

    @property
    def learning_time(self) -> Float[Array, " n_skill"]:
        """When each skill is at level 1, in steps; infinite beyond the capacity."""
        return jnp.where(self._has_module, jnp.sqrt(self._n_module) / self.rate, jnp.inf)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        rise = jnp.clip(self.rate * steps / jnp.sqrt(self._n_module), 0, 1)
        return jnp.where(self._has_module, rise, 0)

    @property
    def _has_module(self) -> Array:
        return place_in_order(self.frequency) < self.capacity

    @property
    def _n_module(self) -> Array:
        made = jnp.minimum(jnp.ceil(self.capacity), self.frequency.size)
        return jnp.maximum(made, 1).astype(self.frequency.dtype)
