"""Skills that compete for one pool of resources."""

from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError
from skillphysics.numerics.clock import Norm, clock, spent
from skillphysics.numerics.clock_ce import logits
from skillphysics.numerics.lambert import logit
from skillphysics.theories.base import Theory, at_own_steps, check_choice
from skillphysics.theories.constraints import NON_NEGATIVE, POSITIVE, SIMPLEX, floating, parameter

Criterion = Literal["mse", "ce"]


class LearningTime(NamedTuple):
    """How long each skill takes to a level, and what the time goes to (L25 eq. 3), in steps."""

    task: Float[Array, " n_skill"]
    """t_task: spent on all skills."""
    waste: Float[Array, " n_skill"]
    """t_waste: spent on no skill."""


class Resource(Theory):
    """The Resource model of independent skills (L25 eq. 1), in closed form.

    du_i/dt = −η_eff p_i u_i / D, with D = Σ_j p_j u_j + N0 for norm "l1" (L25), and
    D = √(Σ_j p_j² u_j² + N0²) for norm "l2", the mean-field law of SignGD. Both are solved by
    u_i = e^{−p_i τ(t)} with one clock τ for all skills (L25 eq. 2–3, where C = e^{−τ}), so
    u_i^{1/p_i} is the same number for every skill.

    That is criterion "mse". For "ce" the law is that of L25 eq. 5 without correlations,
    ds_i/dt = η_eff p_i σ(−s_i) / D, whose D has σ(−s_j) in place of u_j, and the level is σ(s_i),
    which starts at 1/2. It is solved too (ours): s_i + e^{s_i} = 1 + p_i τ(t), and for norm "l1"
    η_eff t = Σ_j s_j + N0 τ.

    Attributes:
        frequency: p, [n_skill]. N0 is absolute, so the sum of p matters.
        rate: η_eff, per step: in L25 2√n_dim η, in the mean-field law η√(2 n_dim/π).
        waste: N0, the gradient that reaches no skill, not negative.
        norm: "l1" or "l2".
        criterion: "mse" or "ce".

    Raises:
        ArgumentError: another norm or criterion is given.

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

    def __check_init__(self) -> None:
        check_choice("norm", self.norm, ("l1", "l2"))
        check_choice("criterion", self.criterion, ("mse", "ce"))

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

    def learning_time(self, level: float = 0.9) -> LearningTime:
        """t_task and t_waste until each skill reaches a level (L25 eq. 3), for norm "l1".

        Their sum is the step. t_task = Σ_j s_j / η_eff, with all skills at their levels of that
        time, and t_waste = N0 τ / η_eff. For the same level of the rarest skill t_task grows like
        the number of skills; for the same C = e^{−τ} it does not.

        Raises:
            ArgumentError: the norm is "l2", whose demand is no sum, or the level is not between the
                level at step 0 and 1.

        Example:
            >>> import jax.numpy as jnp
            >>> theory = Resource(jnp.array([0.9, 0.1]), rate=0.01, waste=0.05)
            >>> time = theory.learning_time(0.9)
            >>> time.task.round(), time.waste.round()
            (Array([113., 190.], dtype=float32), Array([ 13., 115.], dtype=float32))
        """
        if self.norm != "l1":
            raise ArgumentError(
                "norm is 'l2', whose demand is no sum of skills and waste; 'l1' is wanted"
            )
        start = 0.0 if self.criterion == "mse" else 0.5
        if not start <= level < 1:
            raise ArgumentError(f"level is {level}; a number from {start:g} to 1 is wanted")
        skill = -np.log1p(-level) if start == 0 else np.log(level) - np.log1p(-level)
        tau = (skill if start == 0 else skill + np.expm1(skill)) / jnp.asarray(self.frequency)
        progress = self.frequency * tau[:, None]
        learned = -jnp.expm1(-progress) if start == 0 else logit(progress)
        return LearningTime(learned.sum(axis=1) / self.rate, self.waste * tau / self.rate)
