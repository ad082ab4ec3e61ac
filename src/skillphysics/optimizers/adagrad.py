"""Adagrad."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from skillphysics.domains import NonNegative


def adagrad(
    learning_rate: optax.ScalarOrSchedule, *, eps: NonNegative = 1e-10
) -> optax.GradientTransformation:
    """Adagrad: s ← s + g², x ← x − η g / (√s + ε), from s = 0, with 0/0 = 0.

    Duchi et al. (JMLR 12, 2011), Figure 1, whose δ is ε; they name no value, 1e-10 is that of
    torch. Optax starts from s = 0.1 and has ε inside the root, which hides gradients far below 0.3:
    its first steps are those of SGD.
    """
    return optax.chain(_by_root_of_sum(eps), optax.scale_by_learning_rate(learning_rate))


class _State(NamedTuple):
    total: optax.Updates


def _by_root_of_sum(eps: float) -> optax.GradientTransformation:
    def init(params: optax.Params) -> _State:
        return _State(optax.tree.zeros_like(params))

    def update(
        updates: optax.Updates, state: Any, params: optax.Params | None = None
    ) -> tuple[optax.Updates, _State]:
        del params
        total = jax.tree.map(lambda g, s: s + g**2, updates, state.total)
        return jax.tree.map(lambda g, s: _scaled(g, jnp.sqrt(s) + eps), updates, total), _State(
            total
        )

    return optax.GradientTransformation(init, update)


def _scaled(gradient: jax.Array, by: jax.Array) -> jax.Array:
    return jnp.where(by > 0, gradient / jnp.where(by > 0, by, 1), 0)
