"""Skills that are learned independently by a product of two layers."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Theory
from skillphysics.theories.constraints import HELD, POSITIVE, SHARE, SIMPLEX, parameter


class Multilinear(Theory):
    """The multilinear model under gradient flow (N24): sigmoidal growth of every skill.

    R_k/S = 1 / (1 + (S/r − 1) e^{−2 η p_k S t}), with target scale S and initial strength r. The
    exponent is that of the loss ½E(f* − f)²; the authors' code trains on twice that, so its η is
    half of this one.

    Attributes:
        frequency: p, [n_skill].
        rate: learning rate η, per step.
        initial_share: r/S, between 0 and 1: the level at step 0.
        target_scale: S. Only η S shows in levels, so a fit holds S.

    Example:
        >>> import jax.numpy as jnp
        >>> theory = Multilinear(jnp.array([1.0]), initial_share=0.2)
        >>> [f"{level:.3f}" for level in theory.levels(jnp.array([0.0, jnp.log(2.0)]))[:, 0]]
        ['0.200', '0.500']
    """

    frequency: Float[Array, " n_skill"] = eqx.field(
        converter=jnp.asarray, metadata=parameter(SIMPLEX)
    )
    rate: Float[Array, ""] = eqx.field(
        converter=jnp.asarray, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    initial_share: Float[Array, ""] = eqx.field(
        converter=jnp.asarray, default=0.01, metadata=parameter(SHARE)
    )
    target_scale: Float[Array, ""] = eqx.field(
        converter=jnp.asarray, default=1.0, metadata=parameter(HELD)
    )

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        start = jnp.log(self.initial_share) - jnp.log1p(-self.initial_share)
        return jax.nn.sigmoid(start + 2 * self.rate * self.target_scale * self.frequency * steps)
