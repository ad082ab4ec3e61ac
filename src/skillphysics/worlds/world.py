"""What the toy worlds share: skills sampled with probabilities, a loss per skill, noise."""

import abc
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.domains import (
    CRITERION,
    FLAG,
    NON_NEGATIVE,
    Criterion,
    Domain,
    Flag,
    NonNegative,
    count,
)
from skillphysics.errors import ArgumentError
from skillphysics.numerics.logistic import level_of, minus_log_sigmoid
from skillphysics.numerics.multinomial import Multinomial
from skillphysics.numerics.threefry import fold_in
from skillphysics.skills import Skills
from skillphysics.training.problem import Problem

# Larger counts are not exact in float32.
BATCH_SIZE = count(most=2**24)

BatchSize = Annotated[int, BATCH_SIZE]


class Usual(NamedTuple):
    """How a world is usually trained.

    Attributes:
        optimizer: a name of `skillphysics.optimizers.OPTIMIZERS`.
        learning_rate: its learning rate.
        steps: number of steps.
    """

    optimizer: str
    learning_rate: float
    steps: int


def constructors(kind: type[Problem]) -> Iterator[Callable[..., Any]]:
    """The functions whose arguments make a world: `draw`, and those it passes the others on to.

    Example:
        >>> from skillphysics.worlds import Geometry
        >>> [function.__name__ for function in constructors(Geometry)]
        ['draw']
    """
    own: list[Any] = [base for base in kind.__mro__ if "__init__" in vars(base)]
    draw: Any = kind.draw  # pyright: ignore[reportAttributeAccessIssue]
    for function in (draw, *own):
        yield function
        parameters = inspect.signature(function).parameters.values()
        if all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in parameters):
            return


class Batch(NamedTuple):
    """What one step of a world sees."""

    share: Float[Array, " n_skill"]
    """Share of each skill among the draws."""
    noise: Any
    """Standard normal numbers in the shape of the parameters, or None."""


class World(Problem):
    """A loss Σ_i p_i ℓ(s_i) over the skills s_i(parameters) of a world (L25 §2.2).

    ℓ is the loss of the criterion (docs/terms.md). A step draws `batch_size` skills from p and
    trains on their shares in place of p; without a batch size it trains on p itself. All arrays are
    float32.

    Attributes:
        probability: p, [n_skill], the frequencies divided by their sum.
        criterion: "mse" or "ce".
        draws: the sampler of batches, or None.
        data_share: what batches are drawn from, or what is trained on without a batch size,
            [n_skill]: p, or the shares of the skills in a data set.
        noise: σ of the normal noise added to the gradient in every step, whether or not it has the
            factor 2, or None.
        reweight: κ of the sample weights w = ℓ^κ (L25 §4.3), which are constants in the gradient,
            or None.
        half_square: train on ½(1 − s)²: a gradient without the factor 2 of the square, as in L25
            Figs 4, 5 and 7 (top). Figs 7 (bottom) and 8 keep it. The recorded loss is always
            Σ p_i ℓ(s_i).

    Raises:
        ArgumentError: a setting is outside its domain, or belongs to the other criterion.
    """

    usual: ClassVar[Usual]

    names: tuple[str, ...] = eqx.field(static=True)
    probability: Float[Array, " n_skill"]
    criterion: str = eqx.field(static=True)
    draws: Multinomial | None
    data_share: Float[Array, " n_skill"]
    noise: Float[Array, ""] | None
    reweight: Float[Array, ""] | None
    half_square: bool = eqx.field(static=True)

    def __init__(
        self,
        skills: Skills,
        *,
        criterion: Criterion = "mse",
        batch_size: BatchSize | None = None,
        noise: NonNegative | None = None,
        reweight: NonNegative | None = None,
        half_square: Flag = False,
        data_share: np.ndarray | None = None,
    ) -> None:
        probability = skills.probability
        self.criterion = CRITERION.check("criterion", criterion)
        self.half_square = FLAG.check("half_square", half_square)
        if half_square and criterion != "mse":
            raise ArgumentError(
                "half_square must be False for criterion 'ce', whose loss has no square, got True",
                argument="half_square",
            )
        self.names = skills.names
        self.probability = jnp.asarray(probability, jnp.float32)
        in_data = probability if data_share is None else data_share
        self.draws = None
        if batch_size is not None:
            self.draws = Multinomial(in_data, BATCH_SIZE.check("batch_size", batch_size))
        self.data_share = jnp.asarray(in_data, jnp.float32)
        self.noise = scalar("noise", noise, NON_NEGATIVE)
        self.reweight = scalar("reweight", reweight, NON_NEGATIVE)

    @property
    def frequency(self) -> Float[Array, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How often each skill occurs: p, [n_skill]."""
        return self.probability

    @abc.abstractmethod
    def skill(self, params: Any) -> Float[Array, " n_skill"]:
        """s, [n_skill]: 0 before learning; 1 (mse) or ∞ (ce) when a skill is fully learned."""

    def batch(self, key: Key[Array, ""]) -> Batch:
        """The shares of the skills among the draws of one step, and the noise."""
        share = self.data_share
        if self.draws is not None:
            share = self.draws(key).astype(jnp.float32) / self.draws.total
        noise = None
        if self.noise is not None:
            noise = _normal_like(fold_in(key, 1), jax.eval_shape(self.init, key))
        return Batch(share, noise)

    def loss(self, params: Any, batch: Batch) -> Float[Array, ""]:
        """The loss of a batch; the noise is the gradient of a linear term."""
        each = self.skill_loss(self.skill(params))
        weight = batch.share
        if self.reweight is not None:
            weight = weight * jax.lax.stop_gradient(each) ** self.reweight
        total = jnp.sum(weight * each)
        if self.half_square:
            total = total / 2
        if self.noise is None:
            return total
        linear = jax.tree.map(lambda z, x: jnp.sum(z * x), batch.noise, params)
        return total + self.noise * sum(jax.tree.leaves(linear))

    def measure(self, params: Any, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Levels, and the loss at the true probabilities."""
        skill = self.skill(params)
        level = level_of(skill, self.criterion)
        return {"level": level, "loss": jnp.sum(self.probability * self.skill_loss(skill))}

    def skill_loss(self, skill: Float[Array, " n_skill"]) -> Float[Array, " n_skill"]:
        """ℓ(s) of every skill."""
        return (1 - skill) ** 2 if self.criterion == "mse" else minus_log_sigmoid(skill)


def scalar(name: str, value: float | None, domain: Domain) -> Any:
    """A number of the domain as a float32 array, None as None.

    Raises:
        ArgumentError: the number is outside of the domain, or too large for float32.
    """
    if value is None:
        return None
    number, largest = domain.check(name, value), float(np.finfo(np.float32).max)
    if number > largest:
        raise ArgumentError(f"{name} must be at most {largest:.3g}, got {value}", argument=name)
    return jnp.asarray(number, jnp.float32)


def _normal_like(key: Key[Array, ""], shapes: Any) -> Any:
    leaves, structure = jax.tree.flatten(shapes)
    keys = jax.random.split(key, len(leaves))
    normal = [
        jax.random.normal(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, normal)
