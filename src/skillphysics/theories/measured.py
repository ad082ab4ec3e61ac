"""How a measurement sees a skill: late, and never quite mastered."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from skillphysics.theories.base import Theory
from skillphysics.theories.constraints import NON_NEGATIVE, SHARE, parameter


def _array_or_none(value: ArrayLike | None) -> Array | None:
    return None if value is None else jnp.asarray(value)


class Measured(Theory):
    """A theory seen through a measurement: level_i(t) = ceiling_i · s_i(max(t − onset_i, 0)).

    Nuisance parameters for real curves, either of which may be absent.

    Attributes:
        theory: the theory of the skills themselves.
        ceiling: level of a mastered skill, between 0 and 1, [n_skill], or None for 1.
        onset: steps before a skill starts, [n_skill], or None for 0.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Linear
        >>> seen = Measured(Linear(jnp.array([1.0])), ceiling=jnp.array([0.8]),
        ...                 onset=jnp.array([5.0]))
        >>> seen.levels(jnp.array([4.0, 5.0 + jnp.log(2.0)])).round(3)
        Array([[0. ],
               [0.4]], dtype=float32)
    """

    theory: Theory
    ceiling: Float[Array, " n_skill"] | None = eqx.field(
        converter=_array_or_none, default=None, metadata=parameter(SHARE)
    )
    onset: Float[Array, " n_skill"] | None = eqx.field(
        converter=_array_or_none, default=None, metadata=parameter(NON_NEGATIVE, unit="steps")
    )

    @property
    def frequency(self) -> Float[Array | np.ndarray, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.theory.frequency

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        if self.onset is not None:
            steps = jnp.maximum(steps - self.onset, 0)
        return self._seen(self.theory.level_at(steps))

    @property
    def separable(self) -> bool:
        # With onsets every skill has steps of its own, and so a clock of its own.
        return self.theory.separable and self.onset is None

    def clock(self, steps: Float[Array, " n_step"]) -> Float[Array, " n_step"]:
        return self.theory.clock(steps)

    def level_on(self, tau: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return self._seen(self.theory.level_on(tau))

    def clock_shares(
        self, steps: Float[Array, " n_step"], tau: Float[Array, " n_step"]
    ) -> tuple[Float[Array, "n_step n_skill"], Float[Array, " n_step"]] | None:
        return self.theory.clock_shares(steps, tau)

    def _seen(self, level: Float[Array, "n_step n_skill"]) -> Float[Array, "n_step n_skill"]:
        return level if self.ceiling is None else self.ceiling * level
