"""The sigmoid: the level of a skill by cross-entropy, and the growth in a product of two layers.

In N24, R/S = 1/(1 + (S/r − 1) e^{−2u}) with the exponent u = η p S t is σ(start + 2u), and its
start is the log-odds of r/S. NumPy arrays and numbers give NumPy, in double precision; JAX arrays
give JAX.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import special


def log_odds(share: Any) -> Any:
    """ln(x/(1 − x))."""
    xp = jnp if isinstance(share, jax.Array) else np
    return xp.log(share) - xp.log1p(-share)


def learned(start: Any, exponent: Any) -> Any:
    """R/S at an exponent u; `start` is the log-odds of r/S.

    Example:
        >>> import numpy as np
        >>> float(learned(log_odds(0.2), np.log(2.0)).round(6))
        0.5
    """
    x = start + 2 * exponent
    return jax.nn.sigmoid(x) if isinstance(x, jax.Array) else special.expit(x)


def log_unlearned(start: Any, exponent: Any) -> Any:
    """ln(1 − R/S), exact to rounding also where R/S rounds to 1.

    Example:
        >>> round(float(log_unlearned(0.0, 500.0)))
        -1000
    """
    x = -start - 2 * exponent
    return jax.nn.log_sigmoid(x) if isinstance(x, jax.Array) else special.log_expit(x)


def level_of(skill: Float[Array, "..."], criterion: str) -> Float[Array, "..."]:
    """The level of a skill s: s itself for criterion "mse", σ(s) for "ce" (L25 §3.3).

    The loss of the skill is (1 − s)² for "mse" and −ln σ(s) for "ce".

    Example:
        >>> np.asarray(level_of(jnp.array([0.0, 2.0]), "ce"), float).round(2).tolist()
        [0.5, 0.88]
    """
    return skill if criterion == "mse" else jax.nn.sigmoid(skill)


@jax.custom_jvp
def minus_log_sigmoid(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """−ln σ(x), the cross-entropy of a skill x."""
    return jax.nn.softplus(-x)


@minus_log_sigmoid.defjvp
def _slope(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    # The rule of softplus computes three exponentials where one does.
    return minus_log_sigmoid(*primals), -jax.nn.sigmoid(-primals[0]) * tangents[0]
