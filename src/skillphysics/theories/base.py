"""The one contract of every theory of skill learning."""

import abc
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError
from skillphysics.theories.constraints import Constraint, Unit


class Parameter(NamedTuple):
    """One parameter of a theory: where it is, what it may be and what it is now."""

    name: str
    path: tuple[str, ...]
    constraint: Constraint
    unit: Unit
    value: Float[Array, "..."]


class Theory(eqx.Module):
    """Levels of skills along training, as a differentiable function of a few parameters.

    A theory is an immutable pytree. Its array fields are its parameters, each with a constraint
    (`skillphysics.theories.constraints`); they are differentiable, so fits, uncertainties and
    sweeps are written once for all theories. A theory computes in the dtype of its parameters.

    To add one: subclass, declare `frequency` and the other parameters as fields with the metadata
    `parameter(...)`, give all of them but `frequency` a default, write `level_at`, and list the
    class in `skillphysics.theories`. The conformance suite then tests it.

    Attributes:
        frequency: how often each skill occurs, [n_skill].

    Raises:
        ArgumentError: a parameter is outside of its constraint.
    """

    if TYPE_CHECKING:
        # A type checker would make an abstract field an argument of every constructor.
        frequency: Float[Array, " n_skill"] = eqx.field(init=False)
    else:
        frequency: eqx.AbstractVar[Float[Array, " n_skill"]]

    @abc.abstractmethod
    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        """The level of every skill at steps of its own, or at common ones [n_step, 1]."""

    @property
    def separable(self) -> bool:
        """Whether skills meet in one clock τ(t) only, so that a fit costs skills × steps.

        Then `level_on` gives the level of a skill from τ, the scalars of the theory and the
        skill's own entries of its other parameters, and `clock` and `clock_shares` describe τ.
        """
        return False

    def clock(self, steps: Float[Array, " n_step"]) -> Float[Array, " n_step"]:
        """The internal time τ at the given steps, by default the steps themselves."""
        return steps

    def level_on(self, tau: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        """The level of every skill at internal times τ; `level_at(steps)` at τ = `clock(steps)`."""
        return self.level_at(tau)

    def clock_shares(
        self, steps: Float[Array, " n_step"], tau: Float[Array, " n_step"]
    ) -> tuple[Float[Array, "n_step n_skill"], Float[Array, " n_step"]] | None:
        """What each skill and what the scalars have in the clock, for derivatives alone.

        The derivative of column j by skill j's own parameters, at fixed steps and τ, is the
        derivative of τ at a fixed step; that of the second part by a scalar likewise. None where
        the clock has no parameters.
        """
        return None

    def levels(
        self, steps: Float[Array, " n_step"] | np.ndarray | Sequence[float]
    ) -> Float[Array, "n_step n_skill"]:
        """The level of every skill at the given steps, in the dtype of the frequencies.

        Parameters and steps may be NumPy arrays too: a fit returns its theory with such.

        Raises:
            ArgumentError: steps are no list of finite numbers from 0 up.
        """
        theory = jax.tree.map(jnp.asarray, self)
        return _compiled(theory, check_steps(steps, theory.frequency.dtype)[:, None])

    def __check_init__(self) -> None:
        for name, _, constraint, _, value in parameters(self):
            if not isinstance(value, Tracer):
                _check(f"{type(self).__name__}.{name}", constraint, np.asarray(value))


class Separable(Theory):
    """A theory in which skills meet in one clock only, or do not meet at all."""

    @property
    def separable(self) -> bool:
        return True


@eqx.filter_jit
def _compiled(
    theory: Theory, steps: Float[Array, "n_step #n_skill"]
) -> Float[Array, "n_step n_skill"]:
    # Compiled once for all theories of a kind: a solver would be anew for each of them.
    return theory.level_at(steps)


def parameters(theory: Theory, path: tuple[str, ...] = ()) -> Iterator[Parameter]:
    """The parameters of a theory and of the theories that it wraps."""
    for field in dataclasses.fields(theory):
        value = getattr(theory, field.name)
        here = (*path, field.name)
        if isinstance(value, Theory):
            yield from parameters(value, here)
        elif "constraint" in field.metadata and value is not None:
            meta = field.metadata
            yield Parameter(field.name, here, meta["constraint"], meta["unit"], value)


def at_own_steps(
    levels: Callable[[Float[Array, " n"]], Float[Array, "n n_skill"]],
    steps: Float[Array, "n_step #n_skill"],
) -> Float[Array, "n_step n_skill"]:
    """`level_at` from the levels of all skills at common steps, where skills cannot be told apart.

    Steps of its own for each skill cost n_skill times as many.
    """
    at_all = levels(steps.reshape(-1))
    if steps.shape[1] == 1:
        return at_all
    return jnp.diagonal(at_all.reshape(*steps.shape, -1), axis1=1, axis2=2)


def check_steps(steps: Any, dtype: Any) -> Float[Array, " n_step"]:
    """Steps as an array, if they are a list of finite numbers that are not negative.

    Raises:
        ArgumentError: they are not.
    """
    if not isinstance(steps, Tracer):
        try:
            given = np.asarray(steps, np.float64)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"steps is {steps!r}; a list of numbers is wanted") from error
        if given.ndim != 1:
            raise ArgumentError(f"steps has shape {given.shape}; a list of numbers is wanted")
        bad = ~(np.isfinite(given) & (given >= 0))
        if bad.any():
            raise ArgumentError(f"steps holds {given[bad][0]}; finite numbers from 0 up are wanted")
    return jnp.asarray(steps, dtype)


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse an option that is none of those allowed.

    Raises:
        ArgumentError: names the option and the values that it may have.
    """
    if value not in allowed:
        raise ArgumentError(f"{name} is {value!r}; {' or '.join(map(repr, allowed))} is wanted")


def _check(name: str, constraint: Constraint, value: np.ndarray) -> None:
    bad = ~np.asarray(constraint.allows(value))
    if bad.any():
        raise ArgumentError(f"{name} is {value[bad].flat[0]}; {constraint.wanted} is wanted")
