"""Skills that are learned at once, each at a time of its own."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.constraints import HELD, floating, parameter
from skillphysics.theories.domino import place_in_order
from skillphysics.theories.linear import Linear


class Quanta(Linear):
    """The Quanta model (L25 §3.1): skill n is learned at t_n = 1 / (rate p_n), all in parallel.

    It is `Linear` with a capacity: s_n = 1 − e^{−t / t_n}, which is how L25 draws it (Fig 9 right,
    t_n = 30 n); at t_n a skill is at 1 − 1/e. With n_dim parameters, of which every skill takes C,
    only the n_dim/C most frequent skills are learned.

    Attributes:
        frequency: p, [n_skill].
        rate: per step; a skill of frequency 1 takes 1/rate steps.
        capacity: n_dim/C, how many skills can be learned. A fit holds it.

    Example:
        >>> import jax.numpy as jnp
        >>> theory = Quanta(jnp.array([0.5, 0.3, 0.2]), rate=0.1, capacity=2)
        >>> theory.learning_time.tolist()
        [20.0, 33.3..., inf]
        >>> [f"{level:.2f}" for level in theory.levels([20.0])[0]]
        ['0.63', '0.45', '0.00']
    """

    capacity: Float[Array, ""] = eqx.field(
        converter=floating, default=jnp.inf, metadata=parameter(HELD)
    )

    @property
    def learning_time(self) -> Float[Array, " n_skill"]:
        """t_n, in steps; infinite beyond the capacity."""
        learned = place_in_order(self.frequency) < self.capacity
        return jnp.where(learned, 1 / (self.rate * self.frequency), jnp.inf)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        learned = place_in_order(self.frequency) < self.capacity
        return jnp.where(learned, super().level_at(steps), 0)
