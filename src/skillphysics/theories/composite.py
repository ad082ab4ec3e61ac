"""Tasks that are mixtures of many latent skills, as benchmarks are."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Theory
from skillphysics.theories.constraints import NON_NEGATIVE, floating, parameter


class Composite(Theory):
    """A theory of latent skills, seen through tasks that each need many of them.

    Task i is a mixture of `n_latent` skills with Zipf weights P_ik ∝ k^−a_i that sum to one. The
    latent skill (i, k) occurs with frequency p_i P_ik and obeys the theory `base`, in which all
    latent skills of all tasks take part, so in a Resource model they compete for one pool. The
    level of the task is Σ_k P_ik s_ik. A ceiling below one, of a task that is never mastered, is a
    matter of the measurement (`skillphysics.theories.Measured`).

    Attributes:
        base: the theory, with one frequency p_i per task.
        exponent: Zipf exponents a_i of the latent skills, [n_skill].
        n_latent: latent skills per task.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Linear
        >>> tasks = Composite(Linear(jnp.array([0.5, 0.5])), exponent=jnp.array([30.0, 0.0]),
        ...                   n_latent=10)
        >>> [f"{level:.3f}" for level in tasks.levels([2.0])[0]]  # one skill; ten rare skills
        ['0.632', '0.095']
    """

    base: Theory
    exponent: Float[Array, " n_skill"] = eqx.field(
        converter=floating, metadata=parameter(NON_NEGATIVE)
    )
    n_latent: int = eqx.field(static=True, default=24)

    @property
    def frequency(self) -> Float[Array, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.base.frequency

    @property
    def weight(self) -> Float[Array, "n_skill n_latent"]:
        """Share P_ik of each latent skill in its task."""
        rank = jnp.arange(1, self.n_latent + 1, dtype=self.exponent.dtype)
        share = jnp.exp(-self.exponent[:, None] * jnp.log(rank))
        return share / share.sum(axis=1, keepdims=True)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        weight = self.weight
        latent = eqx.tree_at(
            lambda base: base.frequency, self.base, (self.frequency[:, None] * weight).reshape(-1)
        )
        own = steps if steps.shape[1] == 1 else jnp.repeat(steps, self.n_latent, axis=1)
        level = latent.level_at(own).reshape(-1, *weight.shape)
        return (weight * level).sum(axis=-1)


def composite(make: Callable[[Array], Theory], n_latent: int = 24) -> Callable[[Array], Composite]:
    """What makes a composite of a theory from frequencies, for a fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Linear
        >>> composite(Linear)(jnp.array([0.5, 0.5])).n_latent
        24
    """

    def of(frequency: Array) -> Composite:
        return Composite(make(frequency), jnp.full_like(frequency, 2), n_latent)

    return of
