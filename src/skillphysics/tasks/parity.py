"""Sparse parities of one string of bits (L25 Figs 2 and 16)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.domains import COUNT, SHARE, Count, check_frequency, check_names
from skillphysics.errors import ArgumentError
from skillphysics.memory import check_memory
from skillphysics.numerics.threefry import fold_in
from skillphysics.precision import check_dtype
from skillphysics.tasks.bits import below, check_subset, draw_bits, mask_of, parity, unpack
from skillphysics.tasks.checks import (
    TrainShare,
    check_batch_size,
    check_split,
    draw_rows,
    outputs,
)
from skillphysics.tasks.task import Predict, Task

Subsets = Mapping[str, Sequence[int]]


class ParitySamples(eqx.Module):
    """Strings of bits and their parities.

    Attributes:
        inputs: bits, 0 or 1, [n_sample, n_bits].
        labels: the parity of each skill's bits, 0 or 1, [n_sample, n_skill].
        counts: 1 where the loss of a skill counts, else 0, [n_sample, n_skill].
    """

    inputs: Float[Array, "n_sample n_bits"]
    labels: Float[Array, "n_sample n_skill"]
    counts: Float[Array, "n_sample n_skill"]


class Parities(Task):
    """Several parities of one string of uniform bits, with one output each (L25 Figs 2 and 16).

    Skill j is the xor of its bits, 0 or 1. The loss is the mean of c_ij (f_ij − y_ij)² over all
    samples i and skills j, where c_ij is 1 with probability p_j, drawn once per sample, and 0
    otherwise (Fig 2). The mean is over all entries, not only those where c_ij = 1.

    `Parities.draw` draws a data set. Without one, every batch is fresh.

    Measured on the test samples if there are any, otherwise on the training samples, otherwise on
    `n_measure` fresh ones, in each case regardless of c: `accuracy` of each skill (threshold ½),
    `level` = 2 accuracy − 1, `skill_loss`, the mean of (f_j − y_j)², and `loss`, the mean of
    p_j skill_loss_j over skills.

    Args:
        subsets: the bits of each skill, counted from 0, by the skill's name.
        n_bits: length of the input.
        frequency: p, [n_skill], the share of the samples in which each skill counts, above 0 and
            at most 1; 1 by default. It is an array, so runs that differ in it train together.
        train: training samples, or None for fresh samples in every batch.
        test: held-out samples, or None.
        batch_size: samples per step, drawn from `train` with replacement; None for all of `train`.
        n_measure: fresh samples in a measurement, where there is no data set.
        dtype: precision of the task, "float32" or "float64". The published runs are in float64,
            which JAX computes in within `jax.enable_x64(True)`.

    Raises:
        ArgumentError: a name, a subset or a number is out of its range, float64 is not enabled, or
            there are neither samples nor a batch size.

    Example:
        >>> task = Parities({"y1": (0, 1), "y2": (2, 3)}, n_bits=4, batch_size=5)
        >>> samples = task.batch(jax.random.key(0))
        >>> samples.inputs.shape, samples.labels.shape
        ((5, 4), (5, 2))
        >>> bool((samples.inputs[:, :2].sum(1) % 2 == samples.labels[:, 0]).all())
        True
    """

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " n_skill"]
    subsets: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    n_bits: int = eqx.field(static=True)
    train: ParitySamples | None
    test: ParitySamples | None
    batch_size: int | None = eqx.field(static=True)
    n_measure: int = eqx.field(static=True)
    dtype: str = eqx.field(static=True)

    def __init__(
        self,
        subsets: Subsets,
        *,
        n_bits: Count,
        frequency: Sequence[float] | np.ndarray | None = None,
        train: ParitySamples | None = None,
        test: ParitySamples | None = None,
        batch_size: Count | None = None,
        n_measure: Count = 2000,
        dtype: str = "float32",
    ) -> None:
        self.names = check_names(subsets, "subsets")
        self.n_bits = COUNT.check("n_bits", n_bits)
        self.subsets = tuple(tuple(int(bit) for bit in subset) for subset in subsets.values())
        for name, subset in zip(self.names, self.subsets, strict=True):
            check_subset(f"skill {name!r}", subset, n_bits)
        share = np.ones(len(self.names)) if frequency is None else frequency
        share = SHARE.check_entries("frequency", check_frequency(share, len(self.names)))
        self.frequency = jnp.asarray(share, jnp.float32)
        if train is None and batch_size is None:
            raise ArgumentError(
                "batch_size must be given for fresh samples, got None; give it, or draw a data set "
                "with Parities.draw",
                argument="batch_size",
            )
        if train is None and test is not None:
            raise ArgumentError(
                "test must be None without train; draw both with Parities.draw", argument="test"
            )
        self.train, self.test = train, test
        self.batch_size = check_batch_size(batch_size)
        self.n_measure = COUNT.check("n_measure", n_measure)
        self.dtype = check_dtype(dtype)

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        subsets: Subsets,
        *,
        n_bits: Count,
        n_samples: Count,
        train_share: TrainShare = 1.0,
        **options: Any,
    ) -> "Parities":
        """A data set, split into training and test samples.

        L25 trains on 10 000 samples of 32 bits (Fig 2), or on 0.8 of them (Fig 16). With one key,
        the samples are the same for every frequency, and a skill that counts in a sample at a lower
        frequency also counts there at a higher one.

        Args:
            key: randomness of the samples.
            subsets: the bits of each skill, counted from 0, by the skill's name.
            n_bits: length of the input.
            n_samples: size of the data set.
            train_share: share of the samples to train on; the others are test samples.
            options: as of the class.

        Raises:
            ArgumentError: as the class, or no sample is left to train on.

        Example:
            >>> xor = {"y1": (0, 1), "y2": (2, 3), "y3": (0, 1, 2, 3)}
            >>> task = Parities.draw(
            ...     jax.random.key(0), xor, n_bits=32, n_samples=1000, train_share=0.8
            ... )
            >>> task.train.inputs.shape, task.test.inputs.shape
            ((800, 32), (200, 32))
        """
        n_train = check_split(COUNT.check("n_samples", n_samples), train_share, test=False)
        fresh = cls(subsets, n_bits=n_bits, **{**options, "batch_size": 1})
        size = np.dtype(fresh.dtype).itemsize * (n_bits + 2.0 * len(subsets))
        check_memory(f"a data set of {n_samples} samples", 2 * size * n_samples)
        drawn = eqx.filter_jit(fresh.samples)(key, n_samples)
        train = jax.tree.map(lambda x: x[:n_train], drawn)
        test = jax.tree.map(lambda x: x[n_train:], drawn) if n_train < n_samples else None
        return cls(subsets, n_bits=n_bits, train=train, test=test, **options)

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Parities":
        """Two parities of two bits each, of which the second counts in half of the samples."""
        subsets = {"y1": (0, 1), "y2": (2, 3)}
        return cls.draw(key, subsets, n_bits=4, n_samples=40, frequency=[1.0, 0.5])

    def samples(self, key: Key[Array, ""], n_sample: int) -> ParitySamples:
        """Fresh samples."""
        words = draw_bits(key, n_sample, self.n_bits)
        masks = np.stack([mask_of(subset, self.n_bits) for subset in self.subsets])
        return ParitySamples(
            unpack(words, self.n_bits).astype(self.dtype),
            parity(words[:, None], jnp.asarray(masks)).astype(self.dtype),
            below(fold_in(key, 1), n_sample, self.frequency).astype(self.dtype),
        )

    def batch(self, key: Key[Array, ""]) -> ParitySamples | None:
        """Samples, or None for the whole training set."""
        if self.batch_size is None:
            return None
        if self.train is None:
            return self.samples(key, self.batch_size)
        rows = draw_rows(key, self.train.inputs.shape[0], self.batch_size)
        return jax.tree.map(lambda x: x[rows], self.train)

    def loss(self, predict: Predict, batch: ParitySamples | None) -> Float[Array, ""]:
        """The mean of c (f − y)² over samples and skills."""
        samples = cast("ParitySamples", self.train) if batch is None else batch
        given = outputs(predict, samples.inputs, len(self.names))
        return jnp.mean(samples.counts * (given - samples.labels) ** 2)

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:
        """Level, accuracy and loss of every skill, and the total loss."""
        samples = self.test or self.train or self.samples(key, self.n_measure)
        given = outputs(predict, samples.inputs, len(self.names))
        right = (given > 0.5) == (samples.labels > 0.5)
        accuracy = jnp.mean(right.astype(self.dtype), axis=0)
        skill_loss = jnp.mean((given - samples.labels) ** 2, axis=0)
        return {
            "level": 2 * accuracy - 1,
            "accuracy": accuracy,
            "skill_loss": skill_loss,
            "loss": jnp.mean(self.frequency.astype(self.dtype) * skill_loss),
        }
