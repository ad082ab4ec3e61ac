"""Skills that compete for one pool of resources and wait for the skills that they need."""

from typing import Annotated, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics import domains
from skillphysics.domains import Domain, one_of
from skillphysics.errors import ArgumentError
from skillphysics.graph import Graph
from skillphysics.numerics.course import Law, course
from skillphysics.theories.base import EXAMPLE_FREQUENCY, EXAMPLE_RATE, Theory, at_own_steps
from skillphysics.theories.constraints import NON_NEGATIVE, POSITIVE, SIMPLEX, floating, parameter
from skillphysics.theories.gates import Opening, check_gates, gates
from skillphysics.theories.options import Norm, Tolerance

Demand = Annotated[Literal["open", "all"], one_of("open", "all")]


class AtLevel(eqx.Module):
    """A change of each skill's frequency when its own level reaches `level`.

    Attributes:
        frequency: the later frequencies, [n_skill].
        level: between 0 and 1.

    Raises:
        ArgumentError: a frequency is not positive, or the level is not between 0 and 1.

    Example:
        >>> AtLevel([0.1, 0.9]).level.item()
        0.5
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating)
    level: Float[Array, ""] = eqx.field(converter=floating, default=0.5)

    def __check_init__(self) -> None:
        _check_later(self.frequency, "level", self.level, domains.FRACTION)


class AtStep(eqx.Module):
    """A change of all frequencies after a number of steps.

    Attributes:
        frequency: the later frequencies, [n_skill].
        step: the last step with the earlier frequencies.

    Raises:
        ArgumentError: a frequency is not positive, or the step is negative.

    Example:
        >>> AtStep([0.1, 0.9], step=100).step.item()
        100.0
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating)
    step: Float[Array, ""] = eqx.field(converter=floating)

    def __check_init__(self) -> None:
        _check_later(self.frequency, "step", self.step, domains.NON_NEGATIVE)


class Dependent(Theory):
    """The Resource model of dependent skills (L25 eq. 13): a skill waits for its parents.

    du_i/dt = −η_eff B_i p_i u_i / D. The gate B_i is 1 for a skill without parents. Otherwise it is
    a function of how open the parents are: the product ("and"), the maximum ("or"), the product of
    the k largest (an integer k), or a function of your own, with values between 0 and 1. A parent
    is open by 1 − u^γ (`opening="late"`) or by (1 − u)^γ ("early"). With N_j = p_j u_j, times B_j
    for `demand="open"`, D = Σ_j N_j + N0 for norm "l1" and D = √(Σ_j N_j² + N0²) for norm "l2".

    L25's code, which made its Figs 16 and 17, uses "late" and "open"; its text has "early" and
    "all". Only "late" waits until a parent is learned: (1 − u)^0.01 is 0.98 already at u = 0.9.

    The equations are solved for v_i = −ln u_i in internal time τ, dv_i/dτ = p_i B_i, where nothing
    underflows and nothing is stiff. For "open" and "l1" time is exact for any gates (ours):
    η_eff t = Σ_j s_j + N0 τ.

    Attributes:
        frequency: p, [n_skill], in the order of the names of the graph. N0 is absolute, so the sum
            of p matters.
        graph: the parents and the gate of every skill.
        rate: η_eff, per step.
        waste: N0 ≥ 0.
        gate_exponent: γ > 0. The smaller it is, the longer a "late" gate stays shut.
        opening: "late" or "early".
        demand: "open" or "all".
        norm: "l1" or "l2".
        later: a change of the frequencies, `AtLevel` or `AtStep`, or None. A fit holds it. With
            `AtLevel`, derivatives are exact for demand "open" with norm "l1" only; otherwise they
            ignore that the step of the change moves.
        tolerance: of the solver; None for one that suits the dtype.

    Raises:
        ArgumentError: an option or a parameter is outside its domain, the frequencies or the later
            frequencies do not match the graph, or a gate does not return a number between 0 and 1.

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
    tolerance: Tolerance = eqx.field(static=True, default=None)

    @classmethod
    def example(cls) -> "Dependent":
        frequency = np.array(EXAMPLE_FREQUENCY, jnp.result_type(float))
        graph = Graph.given({"a": [], "b": [], "c": ["a", "b"]})
        return cls(frequency, graph, EXAMPLE_RATE, gate_exponent=0.3)

    @property
    def closed(self) -> bool:
        return False

    def __check_init__(self) -> None:
        named = {"frequency": self.frequency}
        if self.later is not None:
            named["later.frequency"] = self.later.frequency
        for name, frequency in named.items():
            if frequency.shape != (len(self.graph),):
                raise ArgumentError(
                    f"{name} must have shape ({len(self.graph)},), one entry per skill of the "
                    f"graph, got {frequency.shape}",
                    argument=name,
                )
        check_gates(self.graph)

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
        # Derivatives need finite values in the branch that is not selected too.
        after = self._phase(frequency, at_change, jnp.maximum(effort - change, 0))
        return jnp.where((effort < change)[:, None], before, after)

    def _phase(
        self,
        frequency: Float[Array, " n_skill"],
        before: Float[Array, " n_skill"],
        effort: Float[Array, " n"],
    ) -> Float[Array, "n n_skill"]:
        """V of every skill at each effort since it was `before`.

        The state is the progress w_i = ∫ B_i dτ of every skill and, without a closed form, the
        effort. Progress is smooth also where the frequency of a skill changes.
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
        """The later frequencies, and the progress of each skill at which they apply."""
        assert isinstance(self.later, AtLevel)  # noqa: S101
        later = jnp.asarray(self.later.frequency, frequency.dtype)
        return later, -jnp.log1p(-self.later.level).astype(frequency.dtype) / frequency


def _check_later(frequency: Array, name: str, value: Array, domain: Domain) -> None:
    for key, entries, allowed in (
        ("later.frequency", frequency, domains.POSITIVE),
        (f"later.{name}", value, domain),
    ):
        if not isinstance(entries, Tracer):
            allowed.check_entries(key, entries)
