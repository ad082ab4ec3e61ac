"""The level of one skill under cross-entropy: s + e^s = 1 + x."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_NEWTON_STEPS = 8


@jax.custom_jvp
def logit(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The s with s + e^s = 1 + x for x ≥ 0, or 1 + x − W(e^{1 + x}) with the Lambert function W.

    Newton's method on a convex function from the right of its root, so it never passes the root.
    Near 0 it is x/2, for large x it is ln x.

    Example:
        >>> import jax.numpy as jnp
        >>> logit(jnp.array([0.0, jnp.e])).tolist()
        [0.0, 1.0]
    """
    s = jnp.minimum(x / 2, jnp.log1p(x))
    for _ in range(_NEWTON_STEPS):
        s = s - (s + jnp.expm1(s) - x) / (1 + jnp.exp(s))
    return s


@logit.defjvp
def _logit_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    s = logit(*primals)
    return s, jax.nn.sigmoid(-s) * tangents[0]
