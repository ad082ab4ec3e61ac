"""What was trained, as text and numbers that JSON can hold."""

import dataclasses
import functools
from typing import Any

import jax
import numpy as np
import optax

from skillphysics.training.problem import Problem


def label(optimizer: Any) -> str:
    """A name for an optimizer, the same in every process.

    Functions without a name, such as lambdas, are "unnamed optimizer": `functools.partial` with a
    named function gives a readable label.

    Example:
        >>> label(optax.adam), label(functools.partial(optax.sgd, momentum=0.9))
        ('adam', 'sgd(momentum=0.9)')
        >>> label(lambda rate: optax.sgd(rate, 0.9))
        'unnamed optimizer'
    """
    if isinstance(optimizer, optax.GradientTransformation):
        return "optax transformation"
    if isinstance(optimizer, functools.partial):
        given = [*map(repr, optimizer.args), *(f"{k}={v!r}" for k, v in optimizer.keywords.items())]
        return f"{label(optimizer.func)}({', '.join(given)})"
    own = getattr(optimizer, "label", None)
    name = own if isinstance(own, str) else getattr(optimizer, "__name__", "<")
    return "unnamed optimizer" if "<" in name else name


def is_complete(optimizer: Any) -> bool:
    """Whether the label determines what an optimizer does; it does not say what a closure holds."""
    if isinstance(optimizer, functools.partial):
        given = [*optimizer.args, *optimizer.keywords.values()]
        plain = all(isinstance(value, str | int | float | bool | None) for value in given)
        return plain and is_complete(optimizer.func)
    if isinstance(getattr(optimizer, "label", None), str):
        return True
    name = getattr(optimizer, "__qualname__", "<")
    return "<" not in name and getattr(optimizer, "__closure__", None) is None


def describe(problem: Problem) -> dict[str, Any]:
    """The type and the settings of a problem; of its larger arrays the shape."""
    settings = _plain(problem)
    for known in ("names", "frequency", "probability"):
        settings.pop(known, None)
    return settings


def _plain(value: Any) -> Any:
    if isinstance(value, jax.Array | np.ndarray):
        return value.item() if value.ndim == 0 else {"shape": list(value.shape)}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else repr(value)
