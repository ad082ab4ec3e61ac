"""The mean-field law of Adam in the Geometry model, without free constants."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.domains import DECAY
from skillphysics.numerics.logistic import level_of
from skillphysics.numerics.normal_ratio import mean_ratio
from skillphysics.theories.base import check_steps
from skillphysics.theories.constraints import floating
from skillphysics.theories.geometry_settings import Settings


class _State(NamedTuple):
    """The state of the law; both moments are those before bias correction.

    Attributes:
        skill: s.
        mean: first moment.
        square: second moment.
        decayed: β1^t and β2^t.
    """

    skill: Float[Array, " n_skill"]
    mean: Float[Array, " n_skill"]
    square: Float[Array, "n_skill n_skill"]
    decayed: Float[Array, "2"]


class MeanFieldAdam(Settings):
    """Levels of skills in the Geometry model under Adam, from the settings alone (ours).

    With v = u for "mse" and σ(−s) for "ce", m is Adam's running mean of N_i = p_i v_i, and M is
    that of the second moments over batches, (1 − 1/B) N_i N_j + δ_ij p_i v_i²/B, both after bias
    correction. For task vectors whose entries are like independent Gaussians z, a step raises a
    skill by η√n_dim times the mean of z_i (m·z)/√(zᵀM z + N0²):

        s_i → s_i + η √n_dim (2/√π) ∫_0^∞ [(I + 2y²M)⁻¹ m]_i det(I + 2y²M)^{−1/2} e^{−y²N0²} dy.

    The law is derived in docs/mean-field.md. Each optimizer step costs about n_skill³. It holds if
    the memory of squares spans many batches, 1/(1 − β2) ≫ 1, and without batches at any β. For
    SignGD, where both β are 0, use `MeanField`.

    It has no parameters to fit, so it is not a `Theory`, but it is differentiable in its arrays.
    Arguments are the attributes of `Settings` and those below. Double precision resolves skills
    whose gradient is 10⁻⁶ of the largest, single precision 10⁻³.

    Attributes:
        b1: β1, decay of the running mean.
        b2: β2, decay of the running mean of squares.

    Raises:
        ArgumentError: a setting is outside its domain.

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
            if not isinstance(value, Tracer):
                DECAY.check(name, value)

    def levels(
        self, steps: Float[Array, " n_step"] | np.ndarray | Sequence[float]
    ) -> Float[Array, "n_step n_skill"]:
        """The level of every skill at the given steps.

        Between integer steps it is interpolated linearly.

        Raises:
            ArgumentError: `steps` is not a list of non-negative finite numbers.
        """
        times = check_steps(steps, self.probability.dtype)
        at_integers = _stepped(self, int(np.ceil(np.max(steps, initial=0))))
        integers = jnp.arange(len(at_integers), dtype=at_integers.dtype)
        return jax.vmap(jnp.interp, (None, None, 1), 1)(times, integers, at_integers)

    def _step(self, state: _State) -> _State:
        p = self.probability
        left = 1 - state.skill if self.criterion == "mse" else jax.nn.sigmoid(-state.skill)
        pull = p * left
        square = jnp.outer(pull, pull)
        if self.batch_size is not None:
            alone = 1 / self.batch_size
            square = (1 - alone) * square + alone * jnp.diag(pull * left)
        decayed = state.decayed * jnp.stack([self.b1, self.b2])
        mean = self.b1 * state.mean + (1 - self.b1) * pull
        second = self.b2 * state.square + (1 - self.b2) * square
        ratio = mean_ratio(
            mean / (1 - decayed[0]), second / (1 - decayed[1]), self.waste, self.correlation
        )
        # η√n times the ratio, with the correction of η√(2n/π) at small n that SignGD has.
        rise = jnp.sqrt(jnp.pi / 2) * self.rate * ratio
        return _State(state.skill + rise, mean, second, decayed)


@eqx.filter_jit
def _stepped(law: MeanFieldAdam, n_step: int) -> Float[Array, "n_step_and_1 n_skill"]:
    law = jax.tree.map(jnp.asarray, law)
    n, dtype = law.probability.size, law.probability.dtype

    def advance(state: _State, _: None) -> tuple[_State, Array]:
        state = jax.tree.map(lambda x: x.astype(dtype), law._step(state))
        return state, state.skill

    zero = jnp.zeros(n, dtype)
    start = _State(zero, zero, jnp.zeros((n, n), dtype), jnp.ones(2, dtype))
    _, after = jax.lax.scan(advance, start, length=n_step)
    skill = jnp.concatenate([zero[None], after])
    return level_of(skill, law.criterion)
