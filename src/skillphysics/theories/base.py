"""The one contract of every theory of skill learning."""

import abc
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.domains import FRACTION, NON_NEGATIVE, check_fields
from skillphysics.errors import ArgumentError
from skillphysics.theories.constraints import Constraint, Unit
from skillphysics.theories.crossing import crossing


class Parameter(NamedTuple):
    """One parameter of a theory.

    Attributes:
        name: of the field.
        path: names of the fields that lead to it, from the outermost theory.
        constraint: the values that it may take.
        unit: "steps", "1/steps", or "" for a pure number.
        value: a scalar, or one entry per skill.
    """

    name: str
    path: tuple[str, ...]
    constraint: Constraint
    unit: Unit
    value: Float[Array, "..."]


class Theory(eqx.Module):
    """Levels of skills along training, as a differentiable function of a few parameters.

    A theory is an immutable pytree. Its array fields are its parameters, each with a constraint
    (`skillphysics.theories.constraints`). They are differentiable, so fits, uncertainties and
    sweeps are written once for all theories. A theory computes in the dtype of its parameters.

    To add one, subclass `Theory` (or `Separable`), declare `frequency` and the other parameters as
    fields with the metadata `parameter(...)` and a default for all but `frequency`, write
    `level_at` and `example`, and register the class in `skillphysics.theories`. The conformance
    tests then cover it.

    Attributes:
        frequency: how often each skill occurs, [n_skill].

    Raises:
        ArgumentError: a parameter or an option is outside its domain.

    Example:
        >>> import equinox as eqx, jax.numpy as jnp
        >>> from skillphysics.theories.constraints import POSITIVE, SIMPLEX, floating, parameter
        >>> class Gompertz(Separable):
        ...     frequency: jax.Array = eqx.field(converter=floating, metadata=parameter(SIMPLEX))
        ...     rate: jax.Array = eqx.field(
        ...         converter=floating, default=1.0, metadata=parameter(POSITIVE, unit="1/steps")
        ...     )
        ...
        ...     def level_at(self, steps):
        ...         return 0.01 ** jnp.exp(-self.rate * self.frequency * steps)
        >>> Gompertz(jnp.array([0.8, 0.2])).learning_time(0.5).round(2).tolist()
        [2.36..., 9.46...]
    """

    if TYPE_CHECKING:
        # A type checker would make an abstract field an argument of every constructor.
        frequency: Float[Array, " n_skill"] = eqx.field(init=False)
    else:
        frequency: eqx.AbstractVar[Float[Array, " n_skill"]]

    @classmethod
    def example(cls) -> "Theory":
        """A small instance, which conformance tests and documentation use.

        Frequencies are 0.27, 0.58 and 0.15, and the rate, if there is one, is 0.5 per step. A class
        that needs more than frequencies overrides it.

        Example:
            >>> from skillphysics.theories import Linear
            >>> Linear.example().rate.item()
            0.5
        """
        has_rate = any(field.name == "rate" and field.init for field in dataclasses.fields(cls))
        frequency = np.asarray(EXAMPLE_FREQUENCY, jnp.result_type(float))
        return cls(frequency, **({"rate": EXAMPLE_RATE} if has_rate else {}))  # pyright: ignore[reportCallIssue]

    @abc.abstractmethod
    def level_at(self, steps: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        """Levels at steps that may differ between skills, or at common ones, [n_step, 1]."""

    @property
    def rises(self) -> bool:
        """Whether no level ever falls."""
        return True

    @property
    def closed(self) -> bool:
        """Whether levels are exact to rounding, not to the tolerance of a solver."""
        return True

    @property
    def start(self) -> Array | float:
        """The level at step 0: one for all skills, or one for each, [n_skill]."""
        return 0.0

    @property
    def separable(self) -> bool:
        """Whether skills affect each other through one clock τ(t) only.

        A fit then costs skills × steps. `level_on` gives the level of a skill from τ, the scalar
        parameters and the skill's own entries of the other parameters; `clock` and `clock_shares`
        describe τ.
        """
        return False

    def clock(self, steps: Float[Array, " n_step"]) -> Float[Array, " n_step"]:
        """The internal time τ at the given steps, by default the steps themselves."""
        return steps

    def level_on(self, tau: Float[Array, "n_step #n_skill"]) -> Float[Array, "n_step n_skill"]:
        """Levels at internal times τ: `level_at(steps)` is `level_on(clock(steps))`."""
        return self.level_at(tau)

    def clock_shares(
        self, steps: Float[Array, " n_step"], tau: Float[Array, " n_step"]
    ) -> tuple[Float[Array, "n_step n_skill"], Float[Array, " n_step"]] | None:
        """Terms whose derivatives are those of the clock; None for a clock without parameters.

        At fixed steps and τ, the derivative of column j by the entries of skill j is the derivative
        of τ at a fixed step. The same holds for the second part and the scalar parameters.
        """
        return None

    def levels(
        self, steps: Float[Array, " n_step"] | np.ndarray | Sequence[float]
    ) -> Float[Array, "n_step n_skill"]:
        """The level of every skill at the given steps, in the dtype of the frequencies.

        Raises:
            ArgumentError: `steps` is not a list of non-negative finite numbers.

        Example:
            >>> from skillphysics.theories import Linear
            >>> level = Linear(jnp.array([0.5, 0.25])).levels([0.0, 2.0])
            >>> [f"{value:.2f}" for value in level[1]]
            ['0.63', '0.39']
        """
        # A fit returns its theory with NumPy parameters.
        theory = jax.tree.map(jnp.asarray, self)
        times = check_steps(steps, theory.frequency.dtype)
        with solvable(steps):
            return _compiled(theory, times[:, None])

    def learning_time(self, level: float = 0.9) -> Float[Array, " n_skill"]:
        """The step at which each skill reaches a level, by root finding on `level_at`.

        It is 0 for a skill that starts at the level or above, and infinite for one that never
        reaches it. Derivatives by the parameters are those of the implicit function. If levels
        fall again, as in `Correlated`, a brief visit to the level may be missed.

        Args:
            level: between 0 and 1, both excluded.

        Returns:
            Steps, [n_skill].

        Raises:
            ArgumentError: `level` is not between 0 and 1.

        Example:
            >>> from skillphysics.theories import Domino
            >>> Domino(jnp.array([0.3, 0.7]), rate=0.1).learning_time(0.5).tolist()
            [15.0, 5.0]
        """
        target = FRACTION.check("level", level)
        theory = jax.tree.map(jnp.asarray, self)
        rates = [p.value for p in parameters(theory) if p.unit == "1/steps" and p.value.ndim == 0]
        unit = 1 / rates[0] if rates else 1.0
        dtype = theory.frequency.dtype
        return crossing(theory, jnp.asarray(target, dtype), jnp.asarray(unit, dtype))

    def __check_init__(self) -> None:
        check_fields(self)
        for field in dataclasses.fields(self):
            if "constraint" in field.metadata:
                _check_parameter(field, getattr(self, field.name), self)


EXAMPLE_FREQUENCY = (0.27, 0.58, 0.15)
"""Frequencies of `Theory.example`. No ratio is that of two squares, where Dominoes could tie."""

EXAMPLE_RATE = 0.5
"""Rate of `Theory.example`."""


class Separable(Theory):
    """A theory whose skills affect each other through one clock only, or not at all."""

    @property
    def separable(self) -> bool:
        return True


@eqx.filter_jit
def _compiled(
    theory: Theory, steps: Float[Array, "n_step #n_skill"]
) -> Float[Array, "n_step n_skill"]:
    # One program serves all theories of a kind; called bare, a solver would compile every time.
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
    """`level_at` from a function that gives the levels of all skills at common steps.

    Steps that differ between skills cost n_skill times as many.
    """
    at_all = levels(steps.reshape(-1))
    if steps.shape[1] == 1:
        return at_all
    return jnp.diagonal(at_all.reshape(*steps.shape, -1), axis1=1, axis2=2)


def check_steps(steps: Any, dtype: Any) -> Float[Array, " n_step"]:
    """Steps as an array of a dtype.

    Raises:
        ArgumentError: they are not a list of non-negative finite numbers.
    """
    if not isinstance(steps, Tracer):
        try:
            given = np.asarray(steps)
        except ValueError as error:
            raise ArgumentError("steps must be a list of numbers", argument="steps") from error
        if given.ndim != 1:
            raise ArgumentError(
                f"steps must have shape (n_step,), got {given.shape}", argument="steps"
            )
        NON_NEGATIVE.check_entries("steps", given)
    return jnp.asarray(steps, dtype)


@contextmanager
def solvable(steps: Any) -> Iterator[None]:
    """Explain a solver that runs out of steps.

    Raises:
        ArgumentError: names the last of the steps.
    """
    try:
        yield
    except RuntimeError as error:
        if "maximum number of" not in str(error):
            raise
        raise ArgumentError(
            f"steps must end within reach of the solver, got {np.max(steps):g} as the last; the "
            "equations become stiff once all skills are learned, so end the steps soon after that",
            argument="steps",
        ) from error


def _check_parameter(field: dataclasses.Field[Any], value: Any, theory: Theory) -> None:
    """Refuse a parameter of the wrong type, of the wrong shape, or outside its domain."""
    if value is None:
        return
    name = field.name
    if not hasattr(value, "ndim"):
        raise ArgumentError(
            f"{name} must be an array, got {value!r}; declare the field with "
            "eqx.field(converter=floating), skillphysics.theories.constraints.floating",
            argument=name,
        )
    if name == "frequency":
        fits, shape = value.ndim == 1 and value.size > 0, "(n_skill,), with at least one skill"
    elif _dimensions(field.type) == "":
        fits, shape = value.ndim == 0, "()"
    else:
        per_skill = theory.frequency.shape
        fits, shape = value.ndim == 0 or value.shape == per_skill, f"{per_skill}"
    if not fits:
        raise ArgumentError(f"{name} must have shape {shape}, got {value.shape}", argument=name)
    if not isinstance(value, Tracer):
        field.metadata["constraint"].domain.check_entries(name, value)


def _dimensions(annotation: Any) -> str | None:
    """What a shape annotation says, "" for a scalar; None without one."""
    for kind in (annotation, *get_args(annotation)):
        if hasattr(kind, "dim_str"):
            return kind.dim_str.strip()
    return None
