"""Skills that compete for one pool of resources."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.domains import Criterion, between
from skillphysics.errors import ArgumentError
from skillphysics.numerics.clock import clock, spent
from skillphysics.numerics.clock_ce import logits
from skillphysics.numerics.lambert import logit
from skillphysics.theories.base import Theory, at_own_steps
from skillphysics.theories.constraints import NON_NEGATIVE, POSITIVE, SIMPLEX, floating, parameter
from skillphysics.theories.options import Norm


class TimeSplit(NamedTuple):
    """The time until each skill reaches a level, in two parts (L25 eq. 3).

    Attributes:
        skills: steps spent on all skills together, t_task of L25.
        waste: steps wasted, t_waste of L25.
    """

    skills: Float[Array, " n_skill"]
    waste: Float[Array, " n_skill"]


class Resource(Theory):
    """The Resource model of independent skills (L25 eq. 1), in closed form.

    du_i/dt = −η_eff p_i u_i / D, with D = Σ_j p_j u_j + N0 for norm "l1" (L25), and
    D = √(Σ_j p_j² u_j² + N0²) for norm "l2", the mean-field law of SignGD. Both are solved by
    u_i = e^{−p_i τ(t)} with one clock τ for all skills (L25 eq. 2–3, where C = e^{−τ}), so
    u_i^{1/p_i} is the same number for every skill.

    These are the equations of criterion "mse". For "ce" they are L25 eq. 5 without correlations:
    ds_i/dt = η_eff p_i σ(−s_i) / D, with σ(−s_j) in place of u_j in D. Levels start at
    1/2. The solution (ours) is s_i + e^{s_i} = 1 + p_i τ(t), with η_eff t = Σ_j s_j + N0 τ for norm
    "l1".

    Attributes:
        frequency: p, [n_skill]. N0 is absolute, so the sum of p matters.
        rate: η_eff, per step: 2√n_dim η in L25, η√(2 n_dim/π) in the mean-field law.
        waste: N0 ≥ 0, the part of the gradient that reaches no skill.
        norm: "l1" or "l2".
        criterion: "mse" or "ce".

    Raises:
        ArgumentError: a parameter or an option is outside its domain.

    Example:
        >>> import jax.numpy as jnp
        >>> alone = Resource(jnp.array([1.0]), rate=0.1, waste=0.0)
        >>> alone.levels(jnp.array([0.0, 5.0, 10.0, 20.0])).round(3).T  # linear, then learned
        Array([[0. , 0.5, 1. , 1. ]], dtype=float32)
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    waste: Float[Array, ""] = eqx.field(
        converter=floating, default=0.1, metadata=parameter(NON_NEGATIVE)
    )
    norm: Norm = eqx.field(static=True, default="l1")
    criterion: Criterion = eqx.field(static=True, default="mse")

    @property
    def start(self) -> float:
        return 0.0 if self.criterion == "mse" else 0.5

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        if self.criterion == "ce":
            return at_own_steps(self._levels_ce, steps)
        return self.level_on(clock(self.rate * steps, self.frequency, self.waste, self.norm))

    @property
    def separable(self) -> bool:
        return self.criterion == "mse"

    def clock(self, steps: Float[Array, " n_step"]) -> Float[Array, " n_step"]:
        return clock(self.rate * steps, self.frequency, self.waste, self.norm)

    def level_on(self, tau: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return -jnp.expm1(-self.frequency * tau)

    def clock_shares(
        self, steps: Float[Array, " n_step"], tau: Float[Array, " n_step"]
    ) -> tuple[Float[Array, "n_step n_skill"], Float[Array, " n_step"]]:
        # η_eff t = E(τ; p, N0), so at a fixed step dτ = (t dη_eff − dE)/D, a sum over parameters.
        by_skill, by_waste, demand = spent(tau, self.frequency, self.waste, self.norm)
        return -by_skill / demand[:, None], (self.rate * steps - by_waste) / demand

    def _levels_ce(self, steps: Float[Array, " n"]) -> Float[Array, "n n_skill"]:
        return jax.nn.sigmoid(logits(self.rate * steps, self.frequency, self.waste, self.norm))

    def time_split(self, level: float = 0.9) -> TimeSplit:
        """The steps until each skill reaches a level, split into skills and waste (L25 eq. 3).

        The sum of both is `learning_time`. t_task = Σ_j s_j / η_eff, with all skills at their
        levels of that time, and t_waste = N0 τ / η_eff. At the same level of the rarest skill
        t_task grows like the number of skills; at the same C = e^{−τ} it does not.

        Args:
            level: at least the level at step 0, and below 1.

        Raises:
            ArgumentError: the norm is "l2", whose demand is not a sum, or the level is out of
                range.

        Example:
            >>> import jax.numpy as jnp
            >>> theory = Resource(jnp.array([0.9, 0.1]), rate=0.01, waste=0.05)
            >>> time = theory.time_split(0.9)
            >>> time.skills.round(), time.waste.round()
            (Array([113., 190.], dtype=float32), Array([ 13., 115.], dtype=float32))
        """
        if self.norm != "l1":
            raise ArgumentError(
                "norm must be 'l1', got 'l2', whose demand is not a sum of skills and waste",
                argument="norm",
            )
        between(self.start, 1, below=True).check("level", level)
        if self.criterion == "mse":
            skill = effort = -np.log1p(-level)
        else:
            skill = np.log(level) - np.log1p(-level)
            effort = skill + np.expm1(skill)
        tau = effort / jnp.asarray(self.frequency)
        progress = self.frequency * tau[:, None]
        learned = -jnp.expm1(-progress) if self.criterion == "mse" else logit(progress)
        return TimeSplit(learned.sum(axis=1) / self.rate, self.waste * tau / self.rate)
