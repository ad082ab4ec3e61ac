"""Skills that are learned in parallel, each in its own module of the network."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import HELD, POSITIVE, SIMPLEX, floating, parameter
from skillphysics.theories.domino import place_in_order


class ModularDomino(Separable):
    """The Domino model of a modular network (L25 §6.1): all skills rise together.

    The n_dim parameters are divided equally among n_skill modules, one per skill. Since η_eff
    grows like the square root of the number of parameters, a module has η_eff/√n_skill, and
    s = t η_eff/√n_skill up to 1. All skills are learned after √n_skill/η_eff steps, where the
    shared network of `Domino` takes n_skill/η_eff. A capacity is a number of modules; the most
    frequent skills get them.

    Attributes:
        frequency: [n_skill]. Only their number counts and, with a capacity, their order.
        rate: η_eff of the whole network, in skills per step, as in `Domino`.
        capacity: the number of modules. A fit holds it.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Domino
        >>> frequency = jnp.array([0.4, 0.3, 0.2, 0.1])
        >>> ModularDomino(frequency, rate=0.1).learning_time(0.5).tolist()
        [10.0, 10.0, 10.0, 10.0]
        >>> Domino(frequency, rate=0.1).learning_time(0.5).tolist()
        [5.0, 15.0, 25.0, 35.0]
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    capacity: Float[Array, ""] = eqx.field(
        converter=floating, default=jnp.inf, metadata=parameter(HELD)
    )

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        rise = jnp.clip(self.rate * steps / jnp.sqrt(self._n_module), 0, 1)
        return jnp.where(self._has_module, rise, 0)

    @property
    def _has_module(self) -> Array:
        return place_in_order(self.frequency) < self.capacity

    @property
    def _n_module(self) -> Array:
        n_module = jnp.minimum(jnp.ceil(self.capacity), self.frequency.size)
        return jnp.maximum(n_module, 1).astype(self.frequency.dtype)
