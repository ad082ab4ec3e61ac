"""Optimizers by name, checked before anything is trained."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optax

from skillphysics.domains import domain_of
from skillphysics.optimizers.adagrad import adagrad
from skillphysics.optimizers.cautious import cautious
from skillphysics.optimizers.from_optax import (
    adam,
    adamw,
    ademamix,
    lion,
    muon,
    rmsprop,
    sgd,
    sign_gd,
    signum,
    sophia,
)
from skillphysics.optimizers.mars import mars
from skillphysics.optimizers.schedule_free import schedule_free_adamw, schedule_free_sgd
from skillphysics.optimizers.shampoo import shampoo
from skillphysics.optimizers.soap import soap
from skillphysics.registry import Registry, parsed, unknown

OPTIMIZERS: Registry[Callable[..., optax.GradientTransformation]] = Registry(
    "optimizer",
    {
        "adagrad": adagrad,
        "adam": adam,
        "adamw": adamw,
        "ademamix": ademamix,
        "lion": lion,
        "mars": mars,
        "muon": muon,
        "rmsprop": rmsprop,
        "schedule_free_adamw": schedule_free_adamw,
        "schedule_free_sgd": schedule_free_sgd,
        "sgd": sgd,
        "shampoo": shampoo,
        "sign_gd": sign_gd,
        "signum": signum,
        "soap": soap,
        "sophia": sophia,
    },
)
"""The optimizers by name: learning rate, then hyperparameters by keyword → transformation.

Each also has a cautious variant, which `optimizer` makes from the name with the prefix `cautious_`.
"""

PREFIX = "cautious_"

# Their decay moves z, not the parameters, so caution cannot exempt it.
_DECAY_WITHIN = frozenset({"schedule_free_adamw", "schedule_free_sgd"})
_FOR_VECTORS = {"muon": "AdamW", "soap": "Adam"}

Value = bool | int | float


@dataclass(frozen=True)
class Optimizer:
    """An optimizer with all its hyperparameters: a function of the learning rate.

    Equal optimizers hash alike, so a program compiled for one serves the other.

    Attributes:
        name: a name of `OPTIMIZERS`, or one with the prefix `cautious_`.
        hyperparameters: pairs of name and value; those left out take their defaults.

    Raises:
        ArgumentError: the name or a hyperparameter is unknown, or a value is out of its domain.
    """

    name: str
    hyperparameters: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        parameters = declared(_factory(self.name))
        given = dict(self.hyperparameters)
        for key in given:
            if key not in parameters:
                raise unknown(f"hyperparameter of {self.name}", key, parameters)
        values = tuple(
            (key, _checked(f"{key} of {self.name}", given.get(key, parameter.default), parameter))
            for key, parameter in parameters.items()
        )
        object.__setattr__(self, "hyperparameters", values)

    @property
    def label(self) -> str:
        """The name, with the hyperparameters that are not at their defaults."""
        standard = defaults(self.name)
        changed = [f"{key}={v!r}" for key, v in self.hyperparameters if v != standard[key]]
        return f"{self.name}({', '.join(changed)})" if changed else self.name

    @property
    def rule_for_vectors(self) -> str | None:
        """The rule for arrays that are not matrices, where it is another one; None otherwise."""
        return _FOR_VECTORS.get(self.name.removeprefix(PREFIX))

    def __call__(self, learning_rate: optax.ScalarOrSchedule) -> optax.GradientTransformation:
        """The transformation for a learning rate: a number, a traced scalar or a schedule."""
        make = _factory(self.name)
        values: dict[str, Any] = dict(self.hyperparameters)
        if not self.name.startswith(PREFIX):
            return make(learning_rate, **values)
        decay = 0.0
        if "weight_decay" in values and self.name.removeprefix(PREFIX) not in _DECAY_WITHIN:
            decay, values["weight_decay"] = values["weight_decay"], 0.0
        return cautious(make(learning_rate, **values), learning_rate, decay)


def optimizer(name: str, **hyperparameters: Any) -> Optimizer:
    """An optimizer by name, as a function of the learning rate; its arguments are checked here.

    Args:
        name: one of `OPTIMIZERS`, or one of them with the prefix `cautious_`.
        hyperparameters: those that differ from `defaults(name)`.

    Raises:
        ArgumentError: the name or a hyperparameter is unknown, or a value is out of its domain.

    Example:
        >>> make = optimizer("cautious_adam", b2=0.95)
        >>> make.label
        'cautious_adam(b2=0.95)'
        >>> make == optimizer("cautious_adam", b1=0.9, b2=0.95)
        True
        >>> transformation = make(1e-3)
        >>> optimizer("adm")
        Traceback (most recent call last):
            ...
        skillphysics.errors.ArgumentError: unknown optimizer 'adm', did you mean 'adam'? Known: ...
    """
    return Optimizer(name, tuple(hyperparameters.items()))


def from_label(text: str) -> Optimizer:
    """An optimizer from its label, a name with hyperparameters in brackets.

    Raises:
        ArgumentError: the text has another form, or as `optimizer`.

    Example:
        >>> from_label("adam(b2=0.95)").hyperparameters[1]
        ('b2', 0.95)
    """
    name, hyperparameters = parsed("optimizer", text)
    return optimizer(name, **hyperparameters)


def defaults(name: str) -> dict[str, Value]:
    """The hyperparameters of an optimizer with their default values.

    Example:
        >>> defaults("lion")
        {'b1': 0.9, 'b2': 0.99, 'weight_decay': 0.0}
    """
    return {key: parameter.default for key, parameter in declared(_factory(name)).items()}


def known() -> str:
    """The names that `optimizer` takes, for messages and help texts.

    Example:
        >>> known()
        'adagrad, adam, ..., sophia, and each of them with the prefix cautious_'
    """
    return f"{', '.join(OPTIMIZERS)}, and each of them with the prefix {PREFIX}"


def declared(factory: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The hyperparameters of an optimizer: the keyword-only arguments of its factory."""
    parameters = inspect.signature(factory).parameters
    return {name: p for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}


def _checked(name: str, value: Any, parameter: inspect.Parameter) -> Value:
    domain = domain_of(parameter.annotation)
    assert domain is not None  # noqa: S101
    return domain.check(name, value)


def _factory(name: Any) -> Callable[..., optax.GradientTransformation]:
    plain = name.removeprefix(PREFIX) if isinstance(name, str) else name
    if plain not in OPTIMIZERS:
        every = [*OPTIMIZERS, *(PREFIX + each for each in OPTIMIZERS)]
        raise unknown("optimizer", name, every, known())
    return OPTIMIZERS[plain]
