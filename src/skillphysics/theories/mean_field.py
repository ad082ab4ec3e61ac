"""The mean-field law of sign descent in the Geometry model, without free constants."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.numerics.batch_average import BatchAverage
from skillphysics.theories.base import check_steps, solvable
from skillphysics.theories.geometry_settings import Settings, step_waste
from skillphysics.theories.resource import Resource

# The variance of a learned skill settles within this share of its learning time, not at once, so
# that the solver can take longer steps. Its final value is unchanged.
_SETTLING = 0.02
_TOLERANCE = 1e-4
_MOST_SOLVER_STEPS = 1 << 15


class _State(NamedTuple):
    """What the law integrates.

    Attributes:
        mean: −ln u for independent skills with loss "mse", otherwise s.
        spread: the variance of u, in units of η_eff².
    """

    mean: Float[Array, " n_skill"]
    spread: Float[Array, " n_skill"]


class MeanField(Settings):
    """Levels of skills in the Geometry model under SignGD, from the settings alone (ours).

    For task vectors whose entries are like independent Gaussians,
    ds_i/dt = η_eff E_w[Σ_j C_ij w_j v_j / D_w], D_w² = Σ_ij w_i v_i C_ij v_j w_j + N0², with v = u
    for "mse" and σ(−s) for "ce", the shares w of a batch, and the variance of every u due to finite
    steps (derived in docs/mean-field.md). It holds for small steps, η_eff ≪ 1.

    It has no parameters to fit, so it is not a `Theory`, but it is differentiable in its arrays.
    Arguments are the attributes of `Settings`.

    Example:
        >>> import jax.numpy as jnp
        >>> law = MeanField(jnp.array([0.9, 0.1]), n_dim=1000, learning_rate=3e-4, batch_size=128)
        >>> [f"{level:.2f}" for level in law.levels([0, 65, 130, 210])[:, 1]]
        ['0.00', '0.07', '0.26', '0.85']
    """

    def resource(self) -> Resource:
        """The closed form for these settings: one N0 for steps and noise, and no batches.

        Example:
            >>> law = MeanField(jnp.array([0.9, 0.1]), n_dim=1000, learning_rate=3e-4)
            >>> round(float(law.resource().waste), 5)
            0.00341
        """
        floor = step_waste(self.probability, self.n_dim, 1.0) * self.learning_rate
        waste = jnp.hypot(self.waste, floor)
        return Resource(self.probability, rate=self.rate, waste=waste, norm="l2")

    def levels(
        self, steps: Float[Array, " n_step"] | np.ndarray | Sequence[float]
    ) -> Float[Array, "n_step n_skill"]:
        """The level of every skill at the given steps.

        Raises:
            ArgumentError: `steps` is not a list of non-negative finite numbers, or they go on so
                long after all skills are learned that the solver runs out of steps.
        """
        times = check_steps(steps, self.probability.dtype)
        order = jnp.argsort(times)
        with solvable(steps):
            return self._levels(times[order])[jnp.argsort(order)]

    @eqx.filter_jit
    def _levels(self, times: Float[Array, " n_step"]) -> Float[Array, "n_step n_skill"]:
        """Levels at increasing steps."""
        import diffrax

        from skillphysics.numerics.ode import solve

        law: MeanField = jax.tree.map(jnp.asarray, self)
        p = law.probability / law.probability.sum()
        average = None if law.batch_size is None else BatchAverage(p, law.batch_size)
        zero = jnp.zeros_like(p)
        solution = solve(
            lambda state: law._speed(state, p, average),
            start=_State(zero, zero),
            end=times[-1],
            solver=diffrax.Bosh3(),
            controller=diffrax.PIDController(rtol=_TOLERANCE, atol=_TOLERANCE),
            saveat=diffrax.SaveAt(ts=times),
            most_steps=_MOST_SOLVER_STEPS,
        )
        assert solution.ys is not None  # noqa: S101
        mean = solution.ys.mean
        if law.criterion == "ce":
            return jax.nn.sigmoid(mean)
        return -jnp.expm1(-mean) if law.correlation is None else mean

    def _speed(self, state: _State, p: Array, average: BatchAverage | None) -> _State:
        """Eq. 9 to 11."""
        rate = self.rate
        bounces = self.criterion == "mse"
        spread = rate**2 * jnp.maximum(state.spread, 0) if bounces else jnp.zeros_like(p)
        if not bounces:
            left = jax.nn.sigmoid(-state.mean)
        elif self.correlation is None:
            left = jnp.exp(-state.mean)
        else:
            left = 1 - state.mean
        pull, pull_square = self._pull(p, average, left, spread)

        towards = pull * left
        if self.correlation is not None:
            towards = self.correlation @ towards
        elif bounces:
            towards = pull
        # A kick η in every direction against the pull back to the mean.
        kick = (pull_square - pull**2) * left**2 + pull_square * spread
        growth = rate**2 * kick + self.learning_rate**2 - 2 * rate * pull * spread
        slowed = growth / (1 + 2 * pull * _SETTLING)
        return _State(rate * towards, slowed / rate**2 if bounces else jnp.zeros_like(p))

    def _pull(
        self, p: Array, average: BatchAverage | None, left: Array, spread: Array
    ) -> tuple[Array, Array]:
        """E[w_i/D_w] and E[w_i²/D_w²]."""
        square = left**2 + spread
        if average is None:
            apart = jnp.sum(p**2 * square)
            demand = apart + self._correlated(p * left) + self.waste**2
            return p / jnp.sqrt(demand), p**2 / demand
        pull, pull_square = average(square, self.waste)
        if self.correlation is None:
            return pull, pull_square
        # Products of different skills fluctuate with the draw as squares do: eq. 12.
        alone, other = 1 / average.size, 1 - 1 / average.size
        apart = jnp.sum((other * p**2 + alone * p) * square) + self.waste**2
        ratio = 1 + other * self._correlated(p * left) / apart
        return pull / jnp.sqrt(ratio), pull_square / ratio

    def _correlated(self, gradient: Float[Array, " n_skill"]) -> Float[Array, ""] | float:
        """Σ_ij N_i (C_ij − δ_ij) N_j."""
        if self.correlation is None:
            return 0.0
        return gradient @ (self.correlation @ gradient) - gradient @ gradient
