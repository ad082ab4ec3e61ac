"""The mean-field law of Adam in the Geometry model, with no constant to fit."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError
from skillphysics.numerics.normal_ratio import mean_ratio
from skillphysics.theories.base import check_steps
from skillphysics.theories.constraints import floating
from skillphysics.theories.geometry_settings import Settings


class _State(NamedTuple):
    """What the law steps: levels and the two memories, before their bias is corrected."""

    skill: Float[Array, " n_skill"]
    mean: Float[Array, " n_skill"]
    square: Float[Array, "n_skill n_skill"]
    kept: Float[Array, "2"]
    """β1^t and β2^t."""


class MeanFieldAdam(Settings):
    """Levels of skills in the Geometry model under Adam, from the settings alone (ours).

    With v = u for "mse" and σ(−s) for "ce", m is Adam's running mean of N_i = p_i v_i and M that of
    the second moments over batches, (1 − 1/B) N_i N_j + δ_ij p_i v_i²/B, both with their bias
    corrected. For task vectors whose entries are like independent Gaussians z, a step raises a
    skill by η√n_dim times the mean of z_i (m·z)/√(zᵀM z + N0²), which is an integral,

        s_i → s_i + η √n_dim (2/√π) ∫_0^∞ [(I + 2y²M)⁻¹ m]_i det(I + 2y²M)^{−1/2} e^{−y²N0²} dy.

    docs/mean-field.md derives it. It goes one optimizer step at a time, and each costs about
    n_skill³. It holds while the memory of squares has many batches, 1/(1 − β2) ≫ 1; without
    batches, at any β. SignGD, whose β are 0, sees one batch at a time, and `MeanField` is its law.

    Nothing here is fitted, so it is no `Theory`; it is differentiable in its arrays all the same.

    Args:
        settings: as the attributes of `Settings`. In double precision it resolves skills whose
            gradient is 10⁻⁶ of the largest; in single precision, 10⁻³.

    Attributes:
        b1: β1, of the running mean.
        b2: β2, of the running mean of squares.

    Raises:
        ArgumentError: a setting is out of its range.

    Example:
        >>> import jax.numpy as jnp
        >>> law = MeanFieldAdam(jnp.array([0.9, 0.1]), 1000, 3e-4, batch_size=128)
        >>> [f"{level:.2f}" for level in law.levels([0, 197, 527])[:, 1]]
        ['0.00', '0.36', '0.90']
    """

    b1: Float[Array, ""] = eqx.field(converter=floating, default=0.9)
    b2: Float[Array, ""] = eqx.field(converter=floating, default=0.999)

    def __check_init__(self) -> None:
        for name in ("b1", "b2"):
            value = getattr(self, name)
            if not isinstance(value, Tracer) and not 0 <= float(value) < 1:
                raise ArgumentError(f"{name} is {value}; a number from 0 to below 1 is wanted")

    def levels(
        self, steps: Float[Array, " n_step"] | np.ndarray | Sequence[float]
    ) -> Float[Array, "n_step n_skill"]:
        """The level of every skill at the given steps: s, or σ(s) for "ce"; linear in between.

        Raises:
            ArgumentError: steps are no list of finite numbers from 0 up.
        """
        times = check_steps(steps, self.frequency.dtype)
        at_all = _stepped(self, int(np.ceil(np.max(steps, initial=0))))
        every = jnp.arange(len(at_all), dtype=at_all.dtype)
        return jax.vmap(jnp.interp, (None, None, 1), 1)(times, every, at_all)

    def _step(self, state: _State) -> _State:
        p = self.frequency / self.frequency.sum()
        left = 1 - state.skill if self.criterion == "mse" else jax.nn.sigmoid(-state.skill)
        pull = p * left
        square = jnp.outer(pull, pull)
        if self.batch_size is not None:
            alone = 1 / self.batch_size
            square = (1 - alone) * square + alone * jnp.diag(pull * left)
        kept = state.kept * jnp.stack([self.b1, self.b2])
        mean = self.b1 * state.mean + (1 - self.b1) * pull
        second = self.b2 * state.square + (1 - self.b2) * square
        ratio = mean_ratio(
            mean / (1 - kept[0]), second / (1 - kept[1]), self.waste, self.correlation
        )
        # η√n times the ratio; what SignGD's rate has beyond η√(2n/π) at small n holds here too.
        rise = jnp.sqrt(jnp.pi / 2) * self.rate * ratio
        return _State(state.skill + rise, mean, second, kept)


@eqx.filter_jit
def _stepped(law: MeanFieldAdam, n_step: int) -> Float[Array, "n_step_and_1 n_skill"]:
    law = jax.tree.map(jnp.asarray, law)
    n, dtype = law.frequency.size, law.frequency.dtype

    def one(state: _State, _: None) -> tuple[_State, Array]:
        state = jax.tree.map(lambda x: x.astype(dtype), law._step(state))
        return state, state.skill

    nothing = jnp.zeros(n, dtype)
    start = _State(nothing, nothing, jnp.zeros((n, n), dtype), jnp.ones(2, dtype))
    _, after = jax.lax.scan(one, start, length=n_step)
    skill = jnp.concatenate([nothing[None], after])
    return skill if law.criterion == "mse" else jax.nn.sigmoid(skill)
