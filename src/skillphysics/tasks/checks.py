"""What the tasks check of their arguments, and of the networks that they are given."""

from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from skillphysics.domains import COUNT, Count, Domain
from skillphysics.errors import ArgumentError
from skillphysics.numerics.threefry import random_words
from skillphysics.tasks.task import Predict

TRAIN_SHARE = Domain("above 0 and at most 1", float, lambda x: (x > 0) & (x <= 1))
TrainShare = Annotated[float, TRAIN_SHARE]


def check_batch_size(batch_size: Count | None) -> int | None:
    """The number of samples per step, None for all.

    Raises:
        ArgumentError: it is less than 1.
    """
    return None if batch_size is None else COUNT.check("batch_size", batch_size)


def check_split(n_samples: int, train_share: float, *, test: bool) -> int:
    """The number of samples to train on; with `test`, at least one sample is left for testing.

    Raises:
        ArgumentError: the share is not above 0 and at most 1, or leaves no sample to train on, or
            to test on.
    """
    n_train = round(n_samples * TRAIN_SHARE.check("train_share", train_share))
    if not 1 <= n_train <= n_samples - test:
        parts = "to train on and to test on" if test else "to train on"
        raise ArgumentError(
            f"train_share must leave samples {parts} out of {n_samples}, got {train_share}",
            argument="train_share",
        )
    return n_train


def outputs(
    predict: Predict, inputs: Array, n_output: int
) -> Float[Array, "{inputs.shape[0]} {n_output}"]:
    """The outputs of a network for the inputs, [n_sample, n_output].

    Raises:
        ArgumentError: they have another shape.
    """
    given = predict(inputs)
    expected = (inputs.shape[0], n_output)
    if given.shape != expected:
        raise ArgumentError(
            f"the network must have {n_output} outputs for this task, shape {expected} for "
            f"{expected[0]} samples, got shape {given.shape}"
        )
    return given


def draw_rows(
    key: Key[Array, ""], n_sample: Int[Array, ""] | int, batch_size: int
) -> Int[Array, " {batch_size}"]:
    """Indices below `n_sample`, drawn uniformly with replacement."""
    words, _ = random_words(key, batch_size)
    # The remainder favours some indices, by no more than a fraction n_sample/2^32.
    return (words % jnp.asarray(n_sample).astype(jnp.uint32)).astype(jnp.int32)
