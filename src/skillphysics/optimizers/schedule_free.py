"""Schedule-Free learning: an average of the iterates replaces a schedule."""

import jax.numpy as jnp
import optax
from jaxtyping import ArrayLike

from skillphysics.domains import Decay, Fraction, NonNegative


def schedule_free_sgd(
    learning_rate: optax.ScalarOrSchedule, *, b1: Fraction = 0.9, weight_decay: NonNegative = 0.0
) -> optax.GradientTransformation:
    """Schedule-Free SGD: z ← z − η (g(y) + λ y), x the mean of all z, y = (1 − b1) z + b1 x.

    Defazio et al. (arXiv 2405.15682). The parameters are y; `evaluated` gives x, at which to
    measure. Where η varies, the mean weights each z by the square of the largest η so far.
    """
    rate = _rate(learning_rate)
    return _averaged(optax.add_decayed_weights(weight_decay), rate, b1)


def schedule_free_adamw(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Fraction = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
) -> optax.GradientTransformation:
    """Schedule-Free AdamW: z ← z − η_t (g(y) / (√v + ε) + λ y), y = (1 − b1) z + b1 x.

    Defazio et al. (arXiv 2405.15682), Algorithm 1: v ← b2 v + (1 − b2) g², η_t = η √(1 − b2^t), and
    x is the mean of all z weighted by η_t². Optax corrects the bias of v instead and weights all z
    equally, which differs over the first 1/(1 − b2) steps. The parameters are y; `evaluated` gives
    x, at which to measure.
    """
    base = _rate(learning_rate)

    def rate(count: ArrayLike) -> ArrayLike:
        return base(count) * jnp.sqrt(1 - b2 ** (jnp.asarray(count) + 1))

    direction = optax.chain(
        optax.scale_by_rms(b2, eps, eps_in_sqrt=False), optax.add_decayed_weights(weight_decay)
    )
    return _averaged(direction, rate, b1)


def _rate(learning_rate: optax.ScalarOrSchedule) -> optax.Schedule:
    """The learning rate as a function of the number of previous updates."""
    if callable(learning_rate):
        return learning_rate
    return lambda _: learning_rate


def _averaged(
    direction: optax.GradientTransformation, rate: optax.Schedule, b1: float
) -> optax.GradientTransformation:
    stepped = optax.chain(direction, optax.scale_by_learning_rate(rate))
    # Optax counts the steps of the mean from 1, those of the rate from 0.
    return optax.contrib.schedule_free(stepped, lambda step: rate(jnp.asarray(step) - 1), b1)
