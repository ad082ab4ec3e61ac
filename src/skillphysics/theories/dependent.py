"""Skills that compete for one pool of resources, and wait for those that they need."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.domains import check_frequency
from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph
from skillphysics.numerics.clock import Norm
from skillphysics.numerics.course import Law, course
from skillphysics.theories.base import Theory, at_own_steps, check_choice
from skillphysics.theories.constraints import NON_NEGATIVE, POSITIVE, SIMPLEX, floating, parameter
from skillphysics.theories.gates import Opening, gates

Demand = Literal["open", "all"]


class AtLevel(eqx.Module):
    """Each skill has another frequency once its own level has reached `level`.

    Attributes:
        frequency: the later frequencies, [n_skill].
        level: between 0 and 1.
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating)
    level: Float[Array, ""] = eqx.field(converter=floating, default=0.5)


class AtStep(eqx.Module):
    """All skills have other frequencies after a number of steps.

    Attributes:
        frequency: the later frequencies, [n_skill].
        step: the last step with the earlier ones.
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating)
    step: Float[Array, ""] = eqx.field(converter=floating)


class Dependent(Theory):
    """The Resource model of dependent skills (L25 eq. 13): each waits for those that it needs.

    du_i/dt = −η_eff B_i p_i u_i / D. The gate B_i of a skill is 1 without parents, and else the
    product ("and"), the maximum ("or"), the product of the k largest (k) or any function of how
    open its parents are. A parent is open by 1 − u^γ (`opening="late"`) or by (1 − u)^γ ("early").
    With N_j = p_j u_j, times B_j for `demand="open"`, D = Σ_j N_j + N0 for norm "l1", and
    D = √(Σ_j N_j² + N0²) for norm "l2".

    "late" and "open" are those of L25's code, which made its Figs 16 and 17; "early" and "all" are
    those of its text. Only "late" waits until a parent is learned: (1 − u)^0.01 is 0.98 already at
    u = 0.9.

    It is solved in internal time τ and for v_i = −ln u_i, dv_i/dτ = p_i B_i, so nothing underflows
    and nothing is stiff. For "open" and "l1" the time is exact (ours): η_eff t = Σ_j s_j + N0 τ,
    for any gates.

    Attributes:
        frequency: p, [n_skill], in the order of the names of the graph. N0 is absolute, so the sum
            of p matters.
        graph: which skill needs which.
        rate: η_eff, per step.
        waste: N0, not negative.
        gate_exponent: γ, positive. The smaller, the longer a "late" gate stays shut.
        opening: "late" or "early".
        demand: "open" or "all".
        norm: "l1" or "l2".
        later: frequencies that change, `AtLevel` or `AtStep`, or None. A fit holds them. For
            `AtLevel` derivatives are exact with demand "open" and norm "l1" alone; else they miss
            how the step of the change moves.
        tolerance: of the solver, or None for one that suits the dtype.

    Raises:
        ArgumentError: an option has another value, or the graph or the later frequencies are those
            of another number of skills.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.graph import Graph
        >>> chain = Graph.given({"1": [], "2": ["1"]})
        >>> theory = Dependent(jnp.array([0.3, 1.0]), chain, rate=0.1, waste=1e-3,
        ...                    gate_exponent=1e-4)
        >>> for level in theory.levels([5.0, 15.0, 25.0]):  # though the second is more frequent
        ...     print(f"{level[0]:.2f} {level[1]:.2f}")
        0.50 0.00
        1.00 0.33
        1.00 0.98
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
    graph: Graph = eqx.field(static=True)
    rate: Float[Array, ""] = eqx.field(
        converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
    )
    waste: Float[Array, ""] = eqx.field(
        converter=floating, default=0.1, metadata=parameter(NON_NEGATIVE)
    )
    gate_exponent: Float[Array, ""] = eqx.field(
        converter=floating, default=1e-3, metadata=parameter(POSITIVE)
    )
    later: AtLevel | AtStep | None = None
    opening: Opening = eqx.field(static=True, default="late")
    demand: Demand = eqx.field(static=True, default="open")
    norm: Norm = eqx.field(static=True, default="l1")
    tolerance: float | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        check_choice("opening", self.opening, ("late", "early"))
        check_choice("demand", self.demand, ("open", "all"))
        check_choice("norm", self.norm, ("l1", "l2"))
        if self.tolerance is not None and not 0 < self.tolerance < 1:
            raise ArgumentError(f"tolerance is {self.tolerance}; a number in (0, 1) is wanted")
        if self.frequency.shape != (len(self.graph),):
            raise ArgumentError(
                f"frequency has shape {self.frequency.shape}; the {len(self.graph)} skills of the "
                f"graph want ({len(self.graph)},)"
            )
        if self.later is not None and not isinstance(self.later.frequency, Tracer):
            check_frequency(self.later.frequency, len(self.graph))

    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        return at_own_steps(self._levels, steps)

    def _levels(self, steps: Float[Array, " n"]) -> Float[Array, "n n_skill"]:
        return -jnp.expm1(-self._log_unskill(self.rate * steps))

    def _log_unskill(self, effort: Float[Array, " n"]) -> Float[Array, "n n_skill"]:
        """V = −ln u of every skill at each effort η_eff t."""
        none = jnp.zeros_like(self.frequency)
        if not isinstance(self.later, AtStep):
            return self._phase(self.frequency, none, effort)
        change = (self.rate * self.later.step).astype(effort.dtype)
        before = self._phase(self.frequency, none, jnp.append(effort, change))
        before, at_change = before[:-1], before[-1]
        frequency = jnp.asarray(self.later.frequency, effort.dtype)
        # The branch not taken must be finite too.
        after = self._phase(frequency, at_change, jnp.maximum(effort - change, 0))
        return jnp.where((effort < change)[:, None], before, after)

    def _phase(
        self,
        frequency: Float[Array, " n_skill"],
        before: Float[Array, " n_skill"],
        effort: Float[Array, " n"],
    ) -> Float[Array, "n n_skill"]:
        """V of every skill from `before` on, at each effort since then.

        The state is the progress w_i = ∫ B_i dτ of every skill and, where it has no closed form,
        the effort. Progress is smooth also where the frequency of a skill changes.
        """
        n = frequency.size
        exact = self.demand == "open" and self.norm == "l1"

        def log_unskill(state: Array) -> Array:
            return before + self._grown(frequency, state[:n])

        def demand(state: Array) -> Array:
            v = log_unskill(state)
            pull = self._frequency_at(frequency, state[:n]) * jnp.exp(-v)
            if self.demand == "open":
                pull = pull * self._gates(v)
            if self.norm == "l1":
                return pull.sum() + self.waste
            square = (pull**2).sum() + self.waste**2
            return jnp.sqrt(jnp.where(square > 0, square, 1)) * (square > 0)

        def slope(state: Array) -> Array:
            share = self._gates(log_unskill(state))
            return share if exact else jnp.append(share, demand(state))

        def spent(tau: Array, state: Array) -> Array:
            if not exact:
                return state[n]
            learned = -jnp.exp(-before) * jnp.expm1(before - log_unskill(state))
            return learned.sum() + self.waste * tau

        def all_learned(state: Array) -> Array:
            return (log_unskill(state) > -2 * jnp.log(jnp.finfo(state.dtype).eps)).all()

        law = Law(slope, spent, demand, all_learned)
        start = jnp.zeros(n if exact else n + 1, frequency.dtype)
        eps = float(jnp.finfo(frequency.dtype).eps)
        tolerance = eps**0.75 if self.tolerance is None else self.tolerance
        pace = frequency.max()
        if isinstance(self.later, AtLevel):
            pace = jnp.maximum(pace, self.later.frequency.max().astype(pace.dtype))
        return jax.vmap(log_unskill)(course(law, start, pace, effort, tolerance))

    def _gates(self, log_unskill: Float[Array, " n_skill"]) -> Float[Array, " n_skill"]:
        return gates(self.graph, log_unskill, self.gate_exponent, self.opening)

    def _grown(
        self, frequency: Float[Array, " n_skill"], progress: Float[Array, " n_skill"]
    ) -> Float[Array, " n_skill"]:
        """∫ p_i dw_i."""
        if not isinstance(self.later, AtLevel):
            return frequency * progress
        later, change = self._change(frequency)
        return frequency * jnp.minimum(progress, change) + later * jnp.maximum(progress - change, 0)

    def _frequency_at(
        self, frequency: Float[Array, " n_skill"], progress: Float[Array, " n_skill"]
    ) -> Float[Array, " n_skill"]:
        if not isinstance(self.later, AtLevel):
            return frequency
        later, change = self._change(frequency)
        return jnp.where(progress < change, frequency, later)

    def _change(
        self, frequency: Float[Array, " n_skill"]
    ) -> tuple[Float[Array, " n_skill"], Float[Array, " n_skill"]]:
        """The later frequencies, and the progress of each skill at which they come."""
        assert isinstance(self.later, AtLevel)  # noqa: S101
        later = jnp.asarray(self.later.frequency, frequency.dtype)
        return later, -jnp.log1p(-self.later.level).astype(frequency.dtype) / frequency
