"""What was trained, in words and numbers that JSON can hold."""

import dataclasses
import functools
from typing import Any

import jax
import numpy as np
import optax

from skillphysics.training.problem import Problem


def label(optimizer: Any) -> str:
    """A name for an optimizer, the same in every process."""
    if isinstance(optimizer, optax.GradientTransformation):
        return "optax transformation"
    if isinstance(optimizer, functools.partial):
        given = [*map(repr, optimizer.args), *(f"{k}={v!r}" for k, v in optimizer.keywords.items())]
        return f"{label(optimizer.func)}({', '.join(given)})"
    known = getattr(optimizer, "label", None)
    return known if isinstance(known, str) else getattr(optimizer, "__name__", "optimizer")


def tells_all(optimizer: Any) -> bool:
    """Whether the label of an optimizer says all that it does: not of what a closure may hold."""
    if isinstance(optimizer, functools.partial):
        given = [*optimizer.args, *optimizer.keywords.values()]
        plain = all(isinstance(value, str | int | float | bool | None) for value in given)
        return plain and tells_all(optimizer.func)
    if isinstance(getattr(optimizer, "label", None), str):
        return True
    name = getattr(optimizer, "__qualname__", "<")
    return "<" not in name and getattr(optimizer, "__closure__", None) is None


def describe(problem: Problem) -> dict[str, Any]:
    """The type and the settings of a problem; of its larger arrays the shape."""
    told = _plain(problem)
    for known in ("names", "frequency", "probability"):
        told.pop(known, None)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, jax.Array | np.ndarray):
        return value.item() if value.ndim == 0 else {"shape": list(value.shape)}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else repr(value)
