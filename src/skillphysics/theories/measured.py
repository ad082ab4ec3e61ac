"""A measurement of skills, with an onset and a ceiling."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from skillphysics.theories.base import Theory
from skillphysics.theories.constraints import NON_NEGATIVE, SHARE, floating, parameter


def _optional(value: ArrayLike | None) -> Array | None:
    return None if value is None else floating(value)


class Measured(Theory):
    """A theory with onsets and ceilings: level_i(t) = ceiling_i · s_i(max(t − onset_i, 0)).

    Both are nuisance parameters for real curves, and either may be absent.

    Attributes:
        theory: the theory of the skills.
        ceiling: level of a mastered skill, between 0 and 1, [n_skill], or None for 1.
        onset: steps before a skill starts, [n_skill], or None for 0.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Linear
        >>> measured = Measured(Linear(jnp.array([1.0])), ceiling=jnp.array([0.8]),
        ...                     onset=jnp.array([5.0]))
        >>> measured.levels(jnp.array([4.0, 5.0 + jnp.log(2.0)])).round(3)
        Array([[0. ],
               [0.4]], dtype=float32)
    """

    theory: Theory
    ceiling: Float[Array, " n_skill"] | None = eqx.field(
        converter=_optional, default=None, metadata=parameter(SHARE)
    )
    onset: Float[Array, " n_skill"] | None = eqx.field(
        converter=_optional, default=None, metadata=parameter(NON_NEGATIVE, unit="steps")
    )

    @property
    def frequency(self) -> Float[Array | np.ndarray, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.theory.frequency

    @classmethod
    def example(cls) -> "Measured":
        from skillphysics.theories.linear import Linear

        dtype = jnp.result_type(float)
        # No rate · (step − onset) of the conformance tests is an integer, a kink of Domino.
        onset = np.array([0.33, 0.13, 1.27], dtype)
        return cls(Linear.example(), np.array([0.9, 0.5, 0.7], dtype), onset)

    @property
    def rises(self) -> bool:
        return self.theory.rises

    @property
    def closed(self) -> bool:
        return self.theory.closed

    @property
    def start(self) -> Array | float:
        return self.theory.start if self.ceiling is None else self.ceiling * self.theory.start

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        if self.onset is not None:
            steps = jnp.maximum(steps - self.onset, 0)
        return self._scaled(self.theory.level_at(steps))

    @property
    def separable(self) -> bool:
        # With onsets every skill has its own steps, and so its own clock.
        return self.theory.separable and self.onset is None

    def clock(self, steps: Float[Array, " n_step"]) -> Float[Array, " n_step"]:
        return self.theory.clock(steps)

    def level_on(self, tau: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return self._scaled(self.theory.level_on(tau))

    def clock_shares(
        self, steps: Float[Array, " n_step"], tau: Float[Array, " n_step"]
    ) -> tuple[Float[Array, "n_step n_skill"], Float[Array, " n_step"]] | None:
        return self.theory.clock_shares(steps, tau)

    def _scaled(self, level: Float[Array, "n_step n_skill"]) -> Float[Array, "n_step n_skill"]:
        return level if self.ceiling is None else self.ceiling * level
