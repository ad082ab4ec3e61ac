"""Skills that are learned independently, each at a rate proportional to its frequency."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Theory
from skillphysics.theories.constraints import POSITIVE, SIMPLEX, parameter


class Linear(Theory):
    """The linear model under gradient flow (N24): s_k = 1 − e^{−rate p_k t}.

    It is also the limit N0 → ∞ of the Resource model at a fixed rate/N0.

    Attributes:
        frequency: p, [n_skill].
        rate: learning rate η, per step.

    Example:
        >>> import jax.numpy as jnp
        >>> Linear(jnp.array([0.5, 0.25]), rate=2.0).levels(jnp.array([0.0, jnp.log(2.0)]))
        Array([[0. , 0. ],
               [0.5, 0.29289323]], dtype=float32)
    """

    frequency: Float[Array, " n_skill"] = parameter(SIMPLEX)
    rate: Float[Array, ""] = parameter(POSITIVE, unit="1/steps", default=1.0)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return -jnp.expm1(-self.rate * self.frequency * steps)
