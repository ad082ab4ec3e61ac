"""Skills that are learned independently by a product of two layers."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from skillphysics.domains import FRACTION, inside
from skillphysics.numerics.logistic import learned, log_odds
from skillphysics.theories.base import Separable
from skillphysics.theories.constraints import HELD, POSITIVE, SHARE, SIMPLEX, floating, parameter


class Multilinear(Separable):
    """The multilinear model under gradient flow (N24): sigmoidal growth of every skill.

    R_k/S = 1 / (1 + (S/r − 1) e^{−2 η p_k S t}), with target scale S and initial strength r. The
    exponent belongs to the loss ½E(f* − f)². The authors' code trains on twice that loss, so its η
    is half of this one.

    Attributes:
        frequency: p, [n_skill].
        rate: learning rate η, per step.
        initial_share: r/S, between 0 and 1: the level at step 0.
        target_scale: S. Levels depend on η S only, so a fit holds S.

    Example:
        >>> import jax.numpy as jnp
        >>> theory = Multilinear(jnp.array([1.0]), initial_share=0.2)
        >>> [f"{level:.3f}" for level in theory.levels(jnp.array([0.0, jnp.log(2.0)]))[:, 0]]
        ['0.200', '0.500']
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    initial_share: Float[Array, ""] = eqx.field(
        converter=floating, default=0.01, metadata=parameter(SHARE)
    )
    target_scale: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(HELD)
    )

    @property
    def start(self) -> Float[Array, ""]:
        return self.initial_share

    def emergence_time(self, epsilon: float = 0.05) -> Float[Array, " n_skill"]:
        """Steps τ_e(k) = ln[(S/r − 1)/(1/ε − 1)]/(2 η p_k S) until R_k/S = ε (N24), [n_skill].

        Negative if a skill starts above ε.
        """
        FRACTION.check("epsilon", epsilon)
        theory = jax.tree.map(jnp.asarray, self)
        log_odds_gained = float(log_odds(epsilon)) - log_odds(theory.initial_share)
        return log_odds_gained / (2 * theory.rate * theory.target_scale * theory.frequency)

    def saturation_time(self, epsilon: float = 0.05) -> Float[Array, " n_skill"]:
        """Steps τ_s(k) = ln(1/ε − 1)/(η p_k S) from R_k/S = ε to 1 − ε (N24), [n_skill]."""
        inside(0, 0.5).check("epsilon", epsilon)
        theory = jax.tree.map(jnp.asarray, self)
        pace = theory.rate * theory.target_scale * theory.frequency
        return -float(log_odds(epsilon)) / pace

    def stage_like(self, epsilon: float = 0.05) -> Bool[Array, " n_skill_less_1"]:
        """Whether each skill saturates before the next rarer one emerges (N24).

        τ_s(k) < τ_e(k + 1) − τ_e(k), with skills sorted by falling frequency.

        Example:
            >>> import jax.numpy as jnp
            >>> frequency = jnp.array([0.7, 0.2, 0.1])
            >>> Multilinear(frequency, initial_share=1e-6).stage_like().tolist()
            [True, True]
            >>> Multilinear(frequency, initial_share=0.02).stage_like().tolist()
            [False, False]
        """
        order = jnp.argsort(-self.frequency)
        emergence, saturation = self.emergence_time(epsilon)[order], self.saturation_time(epsilon)
        return saturation[order][:-1] < jnp.diff(emergence)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        exponent = self.rate * self.target_scale * self.frequency * steps
        return learned(log_odds(self.initial_share), exponent)
