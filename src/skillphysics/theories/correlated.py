"""Skills that compete for one pool of resources and help or hinder each other."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.domains import FINITE, Criterion
from skillphysics.errors import ArgumentError
from skillphysics.theories.base import EXAMPLE_FREQUENCY, EXAMPLE_RATE, Theory, at_own_steps
from skillphysics.theories.constraints import NON_NEGATIVE, POSITIVE, SIMPLEX, floating, parameter
from skillphysics.theories.options import Norm, Tolerance

_MOST_STEPS = 16**3


class Correlated(Theory):
    """The Resource model of correlated skills (L25 eq. 4 and 5), C_ij = t_i · t_j.

    ds_i/dt = η_eff Σ_k C_ik N_k / D, with N_k = p_k (1 − s_k) for criterion "mse" and
    N_k = p_k σ(−s_k) for "ce". D = Σ_j N_j + N0 for norm "l1" (L25), and D = √(NᵀC N + N0²) for
    norm "l2", the mean-field law. Levels of "mse" can leave [0, 1], and those of negatively
    correlated skills can fall.

    Σ_j N_j is non-negative even where some (1 − s_j) are negative: for "mse" it is qᵀe^{−Mτ}q with
    q_j = √p_j, M = (√p_i C_ij √p_j) and the internal time τ (ours).

    For "ce" and "l1" the equation is not stiff: the weights N_j σ(s_j) / D of the correlations in
    its Jacobian sum to at most 1. In the other cases it is stiff for small N0, and the solver is
    implicit.

    Attributes:
        frequency: p, [n_skill]. N0 is absolute, so the sum of p matters.
        correlation: C, [n_skill, n_skill], symmetric. A fit holds it.
        rate: η_eff, per step.
        waste: N0, positive. It may be 0 for criterion "ce" with norm "l1"; otherwise the demand
            could vanish after a finite time.
        criterion: "mse" or "ce".
        norm: "l1" or "l2".
        tolerance: of the solver; None for one that suits the dtype.

    Raises:
        ArgumentError: an option or a parameter is outside its domain, or the correlations are not
            finite, not symmetric, or not of shape (n_skill, n_skill).

    Example:
        >>> import jax.numpy as jnp
        >>> rivals = jnp.array([[1.0, -0.5], [-0.5, 1.0]])
        >>> theory = Correlated(jnp.array([0.9, 0.1]), rivals, rate=0.1, waste=0.01)
        >>> for level in theory.levels([5.0, 100.0]):  # the rare skill is unlearned first
        ...     print(f"{level[0]:.2f} {level[1]:.2f}")
        0.40 -0.15
        1.00 1.00
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    correlation: Float[Array, "n_skill n_skill"] = eqx.field(converter=floating)
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    waste: Float[Array, ""] = eqx.field(
        converter=floating, default=0.1, metadata=parameter(NON_NEGATIVE)
    )
    criterion: Criterion = eqx.field(static=True, default="mse")
    norm: Norm = eqx.field(static=True, default="l1")
    tolerance: Tolerance = eqx.field(static=True, default=None)

    @classmethod
    def example(cls) -> "Correlated":
        dtype = jnp.result_type(float)
        helpful = np.array([[1.0, 0.2, 0.0], [0.2, 1.0, 0.3], [0.0, 0.3, 1.0]], dtype)
        return cls(np.array(EXAMPLE_FREQUENCY, dtype), helpful, EXAMPLE_RATE)

    @property
    def rises(self) -> bool:
        return self.criterion == "ce"

    @property
    def closed(self) -> bool:
        return False

    @property
    def start(self) -> float:
        return 0.0 if self.criterion == "mse" else 0.5

    def __check_init__(self) -> None:
        gentle = self.criterion == "ce" and self.norm == "l1"
        if (
            not gentle
            and not isinstance(self.waste, Tracer)
            and np.any(np.asarray(self.waste) == 0)
        ):
            raise ArgumentError(
                "waste must be positive, got 0; only criterion 'ce' with norm 'l1' allows 0",
                argument="waste",
            )
        check_correlation(self.correlation, self.frequency.size)

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return at_own_steps(self._levels, steps)

    def _levels(self, steps: Float[Array, " n"]) -> Float[Array, "n n_skill"]:
        effort = self.rate * steps
        order = jnp.argsort(effort)
        left = self._left(effort[order])[jnp.argsort(order)]
        return 1 - left if self.criterion == "mse" else jax.nn.sigmoid(-left)

    def _left(self, effort: Float[Array, " n"]) -> Float[Array, "n n_skill"]:
        """The state at rising efforts η_eff t: 1 − s for "mse", −s for "ce".

        For "mse" the state vanishes with the slope, so the rest of a learned skill keeps its
        relative precision.
        """
        import diffrax
        import optimistix

        from skillphysics.numerics.ode import solve

        dtype = self.frequency.dtype
        eps = float(jnp.finfo(dtype).eps)
        tolerance = eps**0.7 if self.tolerance is None else self.tolerance
        # Full Newton: the chord method, diffrax's default, fails at every other step here.
        implicit = diffrax.Kvaerno5(root_finder=optimistix.Newton(tolerance, tolerance))
        gentle = self.criterion == "ce" and self.norm == "l1"
        fixed = jax.lax.stop_gradient(effort)
        end = fixed[-1]
        controller = diffrax.PIDController(tolerance, tolerance, pcoeff=0.3, icoeff=0.3)
        # Between steps the solvers interpolate to a lower order than they step.
        controller = diffrax.ClipStepSizeController(controller, step_ts=fixed)
        solution = solve(
            self._slope,
            start=jnp.full_like(self.frequency, 1 if self.criterion == "mse" else 0),
            # diffrax refuses an interval of length zero.
            end=jnp.where(end > 0, end, 1),
            solver=diffrax.Dopri8() if gentle else implicit,
            controller=controller,
            saveat=diffrax.SaveAt(ts=effort),
            most_steps=_MOST_STEPS + 2 * effort.size,
        )
        assert solution.ys is not None  # noqa: S101
        return solution.ys

    def _slope(self, left: Float[Array, " n_skill"]) -> Float[Array, " n_skill"]:
        """−ds/d(η_eff t)."""
        if self.criterion == "ce":
            # Divided by the largest term, so that tiny pulls do not underflow.
            log_pull = jnp.log(self.frequency) + jax.nn.log_sigmoid(left)
            scale = jax.lax.stop_gradient(log_pull.max())
            pull, waste = jnp.exp(log_pull - scale), self.waste * jnp.exp(-scale)
        else:
            pull, waste = self.frequency * left, self.waste
        push = self.correlation @ pull
        if self.norm == "l1":
            return -push / (pull.sum() + waste)
        # Rounding can make a square negative.
        return -push / jnp.sqrt(jnp.maximum(pull @ push, 0) + waste**2)


def check_correlation(correlation: Array, n_skill: int) -> None:
    """Refuse a matrix that cannot be C_ij = t_i · t_j.

    Raises:
        ArgumentError: its shape is not (n_skill, n_skill), or it is not finite or not symmetric.
    """
    if correlation.shape != (n_skill, n_skill):
        raise ArgumentError(
            f"correlation must have shape ({n_skill}, {n_skill}), got {correlation.shape}",
            argument="correlation",
        )
    if isinstance(correlation, Tracer):
        return
    given = FINITE.check_entries("correlation", correlation)
    odd = np.argwhere(~np.isclose(given, given.T, rtol=1e-5, atol=1e-6))
    if len(odd):
        i, j = odd[0]
        raise ArgumentError(
            "correlation must be symmetric, as C_ij = t_i · t_j is, got "
            f"{given[i, j]:g} at [{i}, {j}] and {given[j, i]:g} at [{j}, {i}]",
            argument="correlation",
        )
