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


def describe(problem: Problem) -> dict[str, Any]:
    """The type and the settings of a problem; of its larger arrays the shape."""
    told: dict[str, Any] = {"type": type(problem).__name__}
    for field in dataclasses.fields(problem):
        value = getattr(problem, field.name)
        if field.name in ("names", "frequency"):
            continue
        if dataclasses.is_dataclass(value):
            value = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        told[field.name] = _plain(value)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, jax.Array | np.ndarray):
        return value.item() if value.ndim == 0 else {"shape": list(value.shape)}
    return value if isinstance(value, str | int | float | bool | dict | type(None)) else repr(value)
