"""Measured skills that are mixtures of many latent skills, as benchmarks are."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.domains import Count
from skillphysics.theories.base import Theory
from skillphysics.theories.constraints import NON_NEGATIVE, floating, parameter


class Composite(Theory):
    """A theory of latent skills, where each measured skill is a mixture of many of them.

    Skill i is a mixture of `n_latent` latent skills with Zipf weights P_ik ∝ k^−a_i that sum to
    one. Latent skill (i, k) has frequency p_i P_ik and obeys the theory `base`. All latent skills
    take part in it, so in a Resource model they compete for one pool. The level of skill i is
    Σ_k P_ik s_ik. For a ceiling below one see `skillphysics.theories.Measured`.

    Attributes:
        base: the theory, with one frequency p_i per measured skill.
        exponent: Zipf exponents a_i of the latent skills, [n_skill].
        n_latent: latent skills per measured skill.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Linear
        >>> mixed = Composite(Linear(jnp.array([0.5, 0.5])), exponent=jnp.array([30.0, 0.0]),
        ...                   n_latent=10)
        >>> [f"{level:.3f}" for level in mixed.levels([2.0])[0]]  # one skill; ten rare skills
        ['0.632', '0.095']
    """

    base: Theory
    exponent: Float[Array, " n_skill"] = eqx.field(
        converter=floating, metadata=parameter(NON_NEGATIVE)
    )
    n_latent: Count = eqx.field(static=True, default=24)

    @classmethod
    def example(cls) -> "Composite":
        from skillphysics.theories.linear import Linear

        return cls(Linear.example(), np.full(3, 2.0, jnp.result_type(float)), 8)

    @property
    def rises(self) -> bool:
        return self.base.rises

    @property
    def closed(self) -> bool:
        return self.base.closed

    @property
    def start(self) -> Array | float:
        return self.base.start

    @property
    def frequency(self) -> Float[Array | np.ndarray, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.base.frequency

    @property
    def weight(self) -> Float[Array, "n_skill n_latent"]:
        """Share P_ik of each latent skill in its measured skill."""
        rank = jnp.arange(1, self.n_latent + 1, dtype=self.exponent.dtype)
        share = jnp.exp(-self.exponent[:, None] * jnp.log(rank))
        return share / share.sum(axis=1, keepdims=True)

    @property
    def separable(self) -> bool:
        return self.base.separable

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return self._mixed(self._latent.level_at, steps)

    def clock(self, steps: Float[Array, " n_step"]) -> Float[Array, " n_step"]:
        return self._latent.clock(steps)

    def level_on(self, tau: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return self._mixed(self._latent.level_on, tau)

    def clock_shares(
        self, steps: Float[Array, " n_step"], tau: Float[Array, " n_step"]
    ) -> tuple[Float[Array, "n_step n_skill"], Float[Array, " n_step"]] | None:
        shares = self._latent.clock_shares(steps, tau)
        if shares is None:
            return None
        return shares[0].reshape(tau.size, -1, self.n_latent).sum(axis=-1), shares[1]

    @property
    def _latent(self) -> Theory:
        """The theory of all latent skills."""
        frequency = (self.frequency[:, None] * self.weight).reshape(-1)
        return eqx.tree_at(lambda base: base.frequency, self.base, frequency)

    def _mixed(
        self, latent: Callable[[Array], Array], at: Float[Array, "n_step #n_skill"]
    ) -> Float[Array, "n_step n_skill"]:
        """Levels of the measured skills from those of their latent skills."""
        own = at if at.shape[1] == 1 else jnp.repeat(at, self.n_latent, axis=1)
        weight = self.weight
        return (weight * latent(own).reshape(-1, *weight.shape)).sum(axis=-1)


def composite(make: Callable[[Array], Theory], n_latent: int = 24) -> Callable[[Array], Composite]:
    """A function from frequencies to a composite theory, which a fit can take.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.theories import Linear
        >>> composite(Linear)(jnp.array([0.5, 0.5])).n_latent
        24
    """

    def of(frequency: Array) -> Composite:
        return Composite(make(frequency), jnp.full_like(frequency, 2), n_latent)

    return of
