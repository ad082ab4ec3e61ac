"""What a training loop reads from the state of an optimizer and writes into it."""

from typing import Any

import jax
import optax
from jaxtyping import Array, Key, PyTree
from optax.contrib import HutchinsonState, ScheduleFreeState


def evaluated(params: PyTree, state: optax.OptState) -> PyTree:
    """The parameters at which to measure: the mean iterate of Schedule-Free, otherwise `params`.

    It takes the state of a single run; apply vmap for many.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.optimizers import optimizer
        >>> tx = optimizer("schedule_free_sgd", b1=0.5)(0.25)
        >>> params = jnp.ones(2)
        >>> state = tx.init(params)
        >>> for _ in range(2):  # z: 0.75, 0.5
        ...     updates, state = tx.update(jnp.ones(2), state, params)
        ...     params = optax.apply_updates(params, updates)
        >>> evaluated(params, state)
        Array([0.625, 0.625], dtype=float32)
    """
    for part in jax.tree.leaves(state, is_leaf=_is_schedule_free):
        if _is_schedule_free(part):
            return optax.contrib.schedule_free_eval_params(part, params)
    return params


def seeded(state: optax.OptState, key: Key[Array, ""]) -> optax.OptState:
    """The state with its random numbers drawn from `key`; only Sophia's probes are random.

    Otherwise all runs share one sequence of probes.

    Example:
        >>> import jax.numpy as jnp
        >>> from skillphysics.optimizers import optimizer
        >>> state = optimizer("sophia")(0.1).init(jnp.ones(2))
        >>> other = seeded(state, jax.random.key(7))
        >>> jax.tree.structure(other) == jax.tree.structure(state)
        True
    """

    def from_key(part: Any) -> Any:
        return part._replace(key=key) if _is_hutchinson(part) else part

    return jax.tree.map(from_key, state, is_leaf=_is_hutchinson)


def _is_schedule_free(part: Any) -> bool:
    return isinstance(part, ScheduleFreeState)


def _is_hutchinson(part: Any) -> bool:
    return isinstance(part, HutchinsonState)
