"""Optimizers by name, checked at the door."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import optax

from skillphysics.errors import ArgumentError
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
from skillphysics.optimizers.hyperparameters import Value, checked, declared
from skillphysics.optimizers.mars import mars
from skillphysics.optimizers.schedule_free import schedule_free_adamw, schedule_free_sgd
from skillphysics.optimizers.shampoo import shampoo
from skillphysics.optimizers.soap import soap

OPTIMIZERS: Mapping[str, Callable[..., optax.GradientTransformation]] = MappingProxyType(
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
    }
)
"""Every optimizer by name: learning rate, then hyperparameters by keyword → transformation.

Each has a cautious variant too, which `optimizer` makes of the name with the prefix `cautious_`.
"""

PREFIX = "cautious_"

# Their decay moves z, not the parameters: caution cannot be kept from it.
_DECAY_WITHIN = frozenset({"schedule_free_adamw", "schedule_free_sgd"})


@dataclass(frozen=True)
class Optimizer:
    """An optimizer with all its hyperparameters: a function of the learning rate.

    Equal ones are equal keys: a function that is compiled for one serves the other.

    Attributes:
        name: a name of `OPTIMIZERS`, or one with the prefix `cautious_`.
        hyperparameters: pairs of name and value; those left out take their defaults.

    Raises:
        ArgumentError: the name or a hyperparameter is unknown, or a value is not allowed.
    """

    name: str
    hyperparameters: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        parameters = declared(_factory(self.name))
        given = dict(self.hyperparameters)
        for key in given:
            if key not in parameters:
                raise ArgumentError(
                    f"{self.name} has no hyperparameter {key!r}{_nearest(key, parameters)}; "
                    f"it has {', '.join(parameters)}"
                )
        values = tuple(
            (key, checked(f"{key} of {self.name}", given.get(key, parameter.default), parameter))
            for key, parameter in parameters.items()
        )
        object.__setattr__(self, "hyperparameters", values)

    @property
    def label(self) -> str:
        """The name, with the hyperparameters that are not at their defaults."""
        standard = defaults(self.name)
        changed = [f"{key}={v!r}" for key, v in self.hyperparameters if v != standard[key]]
        return f"{self.name}({', '.join(changed)})" if changed else self.name

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
    """An optimizer by name: a function of the learning rate, checked here and not where it trains.

    Args:
        name: one of `OPTIMIZERS`, or `cautious_` and one of them.
        hyperparameters: those that differ from `defaults(name)`.

    Raises:
        ArgumentError: the name or a hyperparameter is unknown, or a value is not allowed.

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
        skillphysics.errors.ArgumentError: 'adm' is no optimizer (did you mean adam?); known are ...
    """
    return Optimizer(name, tuple(hyperparameters.items()))


def defaults(name: str) -> dict[str, Value]:
    """The hyperparameters of an optimizer with their default values.

    Example:
        >>> defaults("lion")
        {'b1': 0.9, 'b2': 0.99, 'weight_decay': 0.0}
    """
    return {key: parameter.default for key, parameter in declared(_factory(name)).items()}


def known() -> str:
    """The names that `optimizer` takes, in words."""
    return f"{', '.join(OPTIMIZERS)}, and each of them with the prefix {PREFIX}"


def _factory(name: str) -> Callable[..., optax.GradientTransformation]:
    if not isinstance(name, str):
        raise ArgumentError(f"{name!r} is no name of an optimizer; known are {known()}")
    found = OPTIMIZERS.get(name.removeprefix(PREFIX))
    if found is None:
        every = [*OPTIMIZERS, *(PREFIX + each for each in OPTIMIZERS)]
        raise ArgumentError(f"{name!r} is no optimizer{_nearest(name, every)}; known are {known()}")
    return found


def _nearest(name: str, of: Iterable[str]) -> str:
    spelled = name.lower().replace("-", "_").replace(" ", "_")
    close = difflib.get_close_matches(spelled, list(of), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
