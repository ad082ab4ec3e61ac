"""Skills that compete for one pool of resources."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError
from skillphysics.theories.base import Theory
from skillphysics.theories.clock import Norm, clock
from skillphysics.theories.constraints import NON_NEGATIVE, POSITIVE, SIMPLEX, parameter


class Resource(Theory):
    """The Resource model of independent skills (L25 eq. 1), in closed form.

    du_i/dt = −η_eff p_i u_i / D, with D = Σ_j p_j u_j + N0 for norm "l1" (L25), and
    D = √(Σ_j p_j² u_j² + N0²) for norm "l2", the mean-field law of SignGD. Both are solved by
    u_i = e^{−p_i τ(t)} with one clock τ for all skills (L25 eq. 2–3, where C = e^{−τ}), so
    u_i^{1/p_i} is the same number for every skill.

    Attributes:
        frequency: p, [n_skill]. N0 is absolute, so the sum of p matters.
        rate: η_eff, per step: in L25 2√n_dim η, in the mean-field law η√(2 n_dim/π).
        waste: N0, the gradient that reaches no skill, not negative.
        norm: "l1" or "l2".

    Raises:
        ArgumentError: another norm is given.

    Example:
        >>> import jax.numpy as jnp
        >>> alone = Resource(jnp.array([1.0]), rate=0.1, waste=0.0)
        >>> alone.levels(jnp.array([0.0, 5.0, 10.0, 20.0])).round(3).T  # linear, then learned
        Array([[0. , 0.5, 1. , 1. ]], dtype=float32)
    """

    frequency: Float[Array, " n_skill"] = eqx.field(
        converter=jnp.asarray, metadata=parameter(SIMPLEX)
    )
    rate: Float[Array, ""] = eqx.field(
        converter=jnp.asarray, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    waste: Float[Array, ""] = eqx.field(
        converter=jnp.asarray, default=0.1, metadata=parameter(NON_NEGATIVE)
    )
    norm: Norm = eqx.field(static=True, default="l1")

    def __check_init__(self) -> None:
        if self.norm not in ("l1", "l2"):
            raise ArgumentError(f"norm is {self.norm!r}; 'l1' or 'l2' is wanted")

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        tau = clock(self.rate * steps, self.frequency, self.waste, self.norm)
        return -jnp.expm1(-self.frequency * tau)
