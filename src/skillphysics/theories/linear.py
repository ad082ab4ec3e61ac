"""Skills that are learned independently, each at a rate proportional to its frequency."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import POSITIVE, SIMPLEX, floating, parameter


class Linear(Separable):
    """The linear model under gradient flow (N24): s_k = 1 − e^{−rate p_k t}.

    It is also the limit N0 → ∞ of the Resource model at fixed rate/N0.

    Attributes:
        frequency: p, [n_skill].
        rate: learning rate η, per step.

    Example:
        >>> import jax.numpy as jnp
        >>> theory = Linear(jnp.array([0.5, 0.25]), rate=2.0)
        >>> theory.levels(jnp.array([0.0, jnp.log(2.0)])).round(3).tolist()[1]
        [0.5, 0.293...]
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return -jnp.expm1(-self.rate * self.frequency * steps)
