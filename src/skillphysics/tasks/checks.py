"""What the tasks ask of their arguments, and of the networks that they are given."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.numerics.threefry import random_words
from skillphysics.tasks.task import Predict


def check_batch_size(batch_size: int | None) -> int | None:
    """A number of samples a step, None for all of them, or an `ArgumentError`."""
    return None if batch_size is None else check_count("batch_size", batch_size)


def check_split(n_samples: int, train_share: float, *, test: bool) -> int:
    """How many of the samples are for training, or an `ArgumentError`.

    With `test`, at least one sample is left for testing.
    """
    n_train = round(n_samples * train_share) if 0 < train_share <= 1 else 0
    if not 1 <= n_train <= n_samples - test:
        upper = "below 1" if test else "up to 1"
        raise ArgumentError(
            f"train_share is {train_share} of {n_samples} samples; a share above 0 and {upper} is "
            "wanted, that leaves samples to train on" + (" and to test on" if test else "")
        )
    return n_train


def outputs(
    predict: Predict, inputs: Array, n_output: int
) -> Float[Array, "{inputs.shape[0]} {n_output}"]:
    """What a network gives for the inputs, or an `ArgumentError` where it has the wrong width."""
    given = predict(inputs)
    wanted = (inputs.shape[0], n_output)
    if given.shape != wanted:
        raise ArgumentError(
            f"network gives outputs of shape {given.shape} for {wanted[0]} samples; "
            f"this task wants {wanted}, that is {n_output} outputs a sample"
        )
    return given


def draw_rows(
    key: Key[Array, ""], n_sample: Int[Array, ""] | int, batch_size: int
) -> Int[Array, " {batch_size}"]:
    """Indices below `n_sample`, drawn uniformly with replacement."""
    words, _ = random_words(key, batch_size)
    # The remainder favours no index by more than a share n_sample/2^32.
    return (words % jnp.asarray(n_sample).astype(jnp.uint32)).astype(jnp.int32)
