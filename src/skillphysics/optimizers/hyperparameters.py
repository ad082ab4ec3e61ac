"""What a hyperparameter may be, declared once: in the signature of the optimizer that has it."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Annotated, Any

import numpy as np

from skillphysics.errors import ArgumentError

Value = bool | int | float


@dataclass(frozen=True)
class Allowed:
    """The values that a hyperparameter may take.

    Attributes:
        kind: what it is kept as.
        wanted: the allowed values in words, for messages.
        test: whether a value of that kind is allowed.
    """

    kind: type[Value]
    wanted: str
    test: Callable[[Any], bool] = math.isfinite


Share = Annotated[float, Allowed(float, "a number from 0 to below 1", lambda x: 0 <= x < 1)]
Between = Annotated[float, Allowed(float, "a number between 0 and 1", lambda x: 0 < x < 1)]
NonNegative = Annotated[
    float, Allowed(float, "a finite number that is not negative", lambda x: 0 <= x < math.inf)
]
Positive = Annotated[float, Allowed(float, "a positive finite number", lambda x: 0 < x < math.inf)]
Count = Annotated[int, Allowed(int, "a whole number from 1 to 2^31 − 1", lambda x: 1 <= x < 2**31)]
Flag = Annotated[bool, Allowed(bool, "True or False")]


def declared(factory: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The hyperparameters of an optimizer: what its factory takes by keyword only."""
    parameters = inspect.signature(factory).parameters
    return {name: p for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}


def checked(what: str, value: Any, parameter: inspect.Parameter) -> Value:
    """The value as a plain bool, int or float, or an `ArgumentError` that begins with `what`."""
    allowed: Allowed = parameter.annotation.__metadata__[0]
    try:
        if _is(allowed.kind, value) and allowed.test(plain := allowed.kind(value)):
            return plain
    except OverflowError:  # a whole number beyond every float
        pass
    raise ArgumentError(f"{what} is {value!r}; {allowed.wanted} is wanted")


def _is(kind: type[Value], value: Any) -> bool:
    # A bool is an Integral, and an Integral is a Real: neither passes for the next.
    if isinstance(value, (bool, np.bool_)) or kind is bool:
        return kind is bool and isinstance(value, (bool, np.bool_))
    return isinstance(value, Integral if kind is int else Real)
