"""Skills that are learned in parallel, each with its own time constant."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.constraints import HELD, floating, parameter
from skillphysics.theories.domino import place_in_order
from skillphysics.theories.linear import Linear


class Quanta(Linear):
    """The Quanta model (L25 §3.1): skill n is learned at t_n = 1 / (rate p_n), all in parallel.

    It is `Linear` with a capacity: s_n = 1 − e^{−t / t_n}, as L25 draws it (Fig 9 right,
    t_n = 30 n). At t_n a skill has level 1 − 1/e. If a skill takes C of the n_dim parameters, only
    the n_dim/C most frequent skills are learned.

    Attributes:
        frequency: p, [n_skill].
        rate: per step; a skill of frequency 1 takes 1/rate steps.
        capacity: n_dim/C, the number of skills that can be learned. A fit holds it.

    Example:
        >>> import jax.numpy as jnp
        >>> theory = Quanta(jnp.array([0.5, 0.3, 0.2]), rate=0.1, capacity=2)
        >>> [f"{time:.1f}" for time in theory.learning_time(1 - 1 / 2.718281828)]
        ['20.0', '33.3', 'inf']
        >>> [f"{level:.2f}" for level in theory.levels([20.0])[0]]
        ['0.63', '0.45', '0.00']
    """

    capacity: Float[Array, ""] = eqx.field(
        converter=floating, default=jnp.inf, metadata=parameter(HELD)
    )

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        learned = place_in_order(self.frequency) < self.capacity
        return jnp.where(learned, super().level_at(steps), 0)
