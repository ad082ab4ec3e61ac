"""Skills that compete for one pool of resources, and help or hinder each other."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError
from skillphysics.numerics.clock import Norm
from skillphysics.theories.base import Theory, at_own_steps, check_choice
from skillphysics.theories.constraints import NON_NEGATIVE, POSITIVE, SIMPLEX, floating, parameter
from skillphysics.theories.resource import Criterion

_MOST_STEPS = 16**3


class Correlated(Theory):
    """The Resource model of correlated skills (L25 eq. 4 and 5), C_ij = t_i · t_j.

    ds_i/dt = η_eff Σ_k C_ik N_k / D, with N_k = p_k (1 − s_k) for criterion "mse" and
    N_k = p_k σ(−s_k) for "ce". D = Σ_j N_j + N0 for norm "l1" (L25), and D = √(NᵀC N + N0²) for
    norm "l2", the mean-field law. The level is s for "mse" and σ(s) for "ce". Levels
    of "mse" can leave [0, 1], and those of negatively correlated skills can fall.

    Σ_j N_j is never negative, though a (1 − s_j) may be: for "mse" it is qᵀe^{−Mτ}q with
    q_j = √p_j, M = (√p_i C_ij √p_j) and the internal time τ (ours).

    For "ce" and "l1" the equation is never stiff: the weights N_j σ(s_j) / D of the correlations in
    its Jacobian sum to at most 1. Else it is where N0 is small, and is solved implicitly.

    Attributes:
        frequency: p, [n_skill]. N0 is absolute, so the sum of p matters.
        correlation: C, [n_skill, n_skill], symmetric. A fit holds it.
        rate: η_eff, per step.
        waste: N0, positive; or 0 for criterion "ce" and norm "l1". Else the demand could vanish
            after a finite time.
        criterion: "mse" or "ce".
        norm: "l1" or "l2".
        tolerance: of the solver, or None for one that suits the dtype.

    Raises:
        ArgumentError: an option has another value, there is no waste where it is needed, or the
            correlations are not symmetric, not finite or those of another number of skills.

    Example:
        >>> import jax.numpy as jnp
        >>> rivals = jnp.array([[1.0, -0.5], [-0.5, 1.0]])
        >>> theory = Correlated(jnp.array([0.9, 0.1]), rivals, rate=0.1, waste=0.01)
        >>> for level in theory.levels([5.0, 100.0]):  # the rare one suffers first
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
    tolerance: float | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        check_choice("criterion", self.criterion, ("mse", "ce"))
        check_choice("norm", self.norm, ("l1", "l2"))
        if self.tolerance is not None and not 0 < self.tolerance < 1:
            raise ArgumentError(f"tolerance is {self.tolerance}; a number in (0, 1) is wanted")
        gentle = self.criterion == "ce" and self.norm == "l1"
        if (
            not gentle
            and not isinstance(self.waste, Tracer)
            and np.any(np.asarray(self.waste) == 0)
        ):
            raise ArgumentError(
                "Correlated.waste is 0; a positive number is wanted, but for 'ce' with norm 'l1'"
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
        """The state at efforts η_eff t that rise: 1 − s for "mse", −s for "ce".

        For "mse" it vanishes with the slope, so what is left of a learned skill does not round.
        """
        import diffrax
        import optimistix

        dtype = self.frequency.dtype
        eps = float(jnp.finfo(dtype).eps)
        tolerance = eps**0.7 if self.tolerance is None else self.tolerance
        # Full Newton: the chord method that diffrax prefers fails at every other step here.
        implicit = diffrax.Kvaerno5(root_finder=optimistix.Newton(tolerance, tolerance))
        gentle = self.criterion == "ce" and self.norm == "l1"
        fixed = jax.lax.stop_gradient(effort)
        end = fixed[-1]
        controller = diffrax.PIDController(tolerance, tolerance, pcoeff=0.3, icoeff=0.3)
        # Between steps the implicit solver interpolates to third order only, and what the explicit
        # one interpolates has wrong reverse derivatives (diffrax 0.7.2), by 1e-3 in a test.
        controller = diffrax.ClipStepSizeController(controller, step_ts=fixed)
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda _, left, __: self._slope(left)),
            diffrax.Dopri8() if gentle else implicit,
            t0=jnp.zeros_like(end),
            # An interval of no length is none.
            t1=jnp.where(end > 0, end, 1),
            dt0=None,
            y0=jnp.full_like(self.frequency, 1 if self.criterion == "mse" else 0),
            saveat=diffrax.SaveAt(ts=effort),
            stepsize_controller=controller,
            adjoint=diffrax.DirectAdjoint(),
            max_steps=_MOST_STEPS + 2 * effort.size,
        )
        assert solution.ys is not None  # noqa: S101
        return solution.ys

    def _slope(self, left: Float[Array, " n_skill"]) -> Float[Array, " n_skill"]:
        """−ds/d(η_eff t)."""
        if self.criterion == "ce":
            # Divided by its largest term, so that a pull may be as small as it likes.
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
    """Refuse what is no matrix C_ij = t_i · t_j of so many skills.

    Raises:
        ArgumentError: its shape is another, or it is not finite or not symmetric.
    """
    if correlation.shape != (n_skill, n_skill):
        raise ArgumentError(
            f"correlation has shape {correlation.shape}; {n_skill} skills want "
            f"({n_skill}, {n_skill})"
        )
    if isinstance(correlation, Tracer):
        return
    given = np.asarray(correlation)
    if not np.isfinite(given).all():
        raise ArgumentError("correlation has an entry that is not finite")
    if not np.allclose(given, given.T, rtol=1e-5, atol=1e-6):
        raise ArgumentError("correlation is not symmetric; C_ij = t_i · t_j is wanted")
