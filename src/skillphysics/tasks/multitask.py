"""Multitask sparse parity: a control selects one of several parities (N24; L25 §3.3)."""

from typing import Any, NamedTuple, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt32

from skillphysics.domains import (
    COUNT,
    CRITERION,
    FLAG,
    POSITIVE,
    Count,
    Criterion,
    Flag,
    Positive,
)
from skillphysics.errors import ArgumentError
from skillphysics.memory import check_memory
from skillphysics.numerics.multinomial import Multinomial
from skillphysics.numerics.threefry import fold_in
from skillphysics.skills import Skills
from skillphysics.tasks.bits import check_subset, draw_bits, mask_of
from skillphysics.tasks.checks import check_batch_size, draw_rows, outputs
from skillphysics.tasks.questions import Questions
from skillphysics.tasks.subsets import draw_subsets
from skillphysics.tasks.task import Predict, Task

# Samples that a measurement processes together.
_AT_ONCE = 4096


class Asked(NamedTuple):
    """Inputs of a network, and the parities."""

    inputs: Float[Array, "n_sample n_input"]
    """The control, one-hot over skills, then the bits, 0 or 1."""
    odd: Int[Array, " n_sample"]
    """The parity of the bits of the requested skill, 0 or 1."""


class MultitaskParity(Task):
    """The parity of a skill's bits, where a one-hot control selects the skill (N24; L25 §3.3).

    An input has n_skill control bits, then n_bits uniform bits, all 0 or 1. With criterion

    - "mse" (N24) the network has one output f, and the target is S g_k with g_k = (−1)^parity. The
      loss is E(f* − f)², as in the authors' code, or with `half_square` half of it, as in their
      text. The level is R_k/S with the skill strength R_k = E[g_k (f − E f) | k];
    - "ce" (L25 §3.3) it has two outputs, the logits of parity 0 and 1. The level is 2 accuracy − 1.

    Every batch is fresh, or comes from the D samples of a data set with `MultitaskParity.draw`.

    Measured on `n_measure` fresh samples per skill: `level`; `level_stderr`, its standard error
    over samples; `skill_loss` L_k, which is E[½(f* − f)² | k] in both conventions of "mse" or the
    cross-entropy in nats; `loss` Σ p_k L_k; for "ce" also `accuracy`.

    Args:
        skills: names and frequencies.
        subsets: the bits of each skill, counted from 0, [n_skill, m]; see `draw_subsets`.
        n_bits: bits of an input after the control.
        criterion: "mse" or "ce".
        target_scale: S, for "mse" (N24: 5).
        half_square: train on ½(f* − f)², for "mse".
        batch_size: samples per step, drawn with replacement from a data set; None for all of it.
        n_measure: fresh samples per skill in a measurement.
        data: the samples of a data set, at least D, or None.
        n_samples: D, the number of samples of `data` in use, from the first; all by default. It is
            an array, so runs that differ in it train together.

    Attributes:
        probability: p, [n_skill], the frequencies divided by their sum.
        masks: the subsets as words, [n_skill, n_word].

    Raises:
        ArgumentError: an argument is out of its range, an option belongs to the other criterion, or
            there are neither data nor a batch size.

    Example:
        >>> from skillphysics.tasks import draw_subsets
        >>> skills = Skills.power_law(5, alpha=1.6)
        >>> subsets = draw_subsets(jax.random.key(0), 5, n_bits=32, size=3, disjoint=True)
        >>> task = MultitaskParity(skills, subsets, n_bits=32, batch_size=4000)
        >>> task.batch(jax.random.key(1)).inputs.shape
        (4000, 37)
        >>> control = lambda inputs: inputs[:, :1]  # does not look at the bits
        >>> bool((abs(task.measure(control, jax.random.key(2))["level"]) < 1e-6).all())
        True
    """

    names: tuple[str, ...] = eqx.field(static=True)
    probability: Float[Array, " n_skill"]
    masks: UInt32[Array, "n_skill n_word"]
    n_bits: int = eqx.field(static=True)
    criterion: str = eqx.field(static=True)
    target_scale: Float[Array, ""]
    half_square: bool = eqx.field(static=True)
    batch_size: int | None = eqx.field(static=True)
    n_measure: int = eqx.field(static=True)
    draws: Multinomial | None
    data: Questions | None
    n_samples: Int[Array, ""] | None

    def __init__(
        self,
        skills: Skills,
        subsets: Int[Array | np.ndarray, "n_skill n_chosen"],
        *,
        n_bits: Count,
        criterion: Criterion = "mse",
        target_scale: Positive | None = None,
        half_square: Flag = False,
        batch_size: Count | None = None,
        n_measure: Count = 2000,
        data: Questions | None = None,
        n_samples: Count | None = None,
    ) -> None:
        self.n_bits = COUNT.check("n_bits", n_bits)
        if subsets.shape[0] != len(skills):
            raise ArgumentError(
                f"subsets must have one row for each of the {len(skills)} skills, got "
                f"{subsets.shape[0]} rows",
                argument="subsets",
            )
        chosen = [tuple(row) for row in np.asarray(subsets).tolist()]
        for name, subset in zip(skills.names, chosen, strict=True):
            check_subset(f"skill {name!r}", subset, n_bits)
        self.criterion = CRITERION.check("criterion", criterion)
        self.half_square = FLAG.check("half_square", half_square)
        if criterion == "ce" and (target_scale is not None or half_square):
            raise ArgumentError(
                "target_scale and half_square belong to criterion 'mse', got criterion 'ce'; leave "
                "them out"
            )
        scale = POSITIVE.check("target_scale", 5.0 if target_scale is None else target_scale)
        if data is None and batch_size is None:
            raise ArgumentError(
                "batch_size must be given for fresh samples, got None; give it, or draw a data set "
                "with MultitaskParity.draw",
                argument="batch_size",
            )
        if data is None and n_samples is not None:
            raise ArgumentError(
                "n_samples must be None without data, got "
                f"{n_samples}; draw a data set with MultitaskParity.draw",
                argument="n_samples",
            )
        self.names = skills.names
        self.probability = jnp.asarray(skills.probability, jnp.float32)
        self.masks = jnp.asarray(np.stack([mask_of(subset, n_bits) for subset in chosen]))
        self.target_scale = jnp.asarray(scale, jnp.float32)
        self.batch_size = check_batch_size(batch_size)
        self.n_measure = COUNT.check("n_measure", n_measure)
        self.draws = None
        if data is None and batch_size is not None:
            self.draws = Multinomial(skills.probability, batch_size)
        self.data = data
        self.n_samples = None if data is None else _used(n_samples, data.skill.shape[0])

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        skills: Skills,
        subsets: Int[Array | np.ndarray, "n_skill n_chosen"],
        *,
        n_bits: Count,
        n_samples: Count,
        capacity: Count | None = None,
        **options: Any,
    ) -> "MultitaskParity":
        """A task with a fixed data set of D = `n_samples` samples.

        Args:
            key: randomness of the samples. With one key, smaller data sets are the first samples of
                larger ones.
            skills: names and frequencies.
            subsets: the bits of each skill, counted from 0, [n_skill, m].
            n_bits: bits of an input after the control.
            n_samples: D.
            capacity: length of the arrays, D by default; runs of one capacity train together.
            options: as of the class.

        Raises:
            ArgumentError: as the class, or D is not from 1 to the capacity.
        """
        COUNT.check("n_samples", n_samples)
        n_kept = n_samples if capacity is None else COUNT.check("capacity", capacity)
        _used(n_samples, n_kept)
        COUNT.check("n_bits", n_bits)
        size = 4.0 * (2 + n_bits // 32)
        check_memory(f"a data set of {n_kept} samples", 2 * size * n_kept)
        draws = Multinomial(skills.probability, 1)
        data = eqx.filter_jit(Questions.draw)(key, draws, n_kept, n_bits)
        return cls(skills, subsets, n_bits=n_bits, data=data, n_samples=n_samples, **options)

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "MultitaskParity":
        """Three skills of two bits each, by mean squared error."""
        subsets = draw_subsets(key, 3, 6, 2, disjoint=True)
        skills = Skills.power_law(3, alpha=1)
        return cls(skills, subsets, n_bits=6, batch_size=16, n_measure=20)

    @property
    def frequency(self) -> Float[Array, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How often each skill occurs: p, [n_skill]."""
        return self.probability

    def batch(self, key: Key[Array, ""]) -> Asked | None:
        """Samples, or None for the whole data set."""
        if self.batch_size is None:
            return None
        if self.draws is not None:
            return self.asked(Questions.draw(key, self.draws, self.batch_size, self.n_bits))
        rows = draw_rows(key, cast("Array", self.n_samples), self.batch_size)
        return self.asked(jax.tree.map(lambda x: x[rows], self.data))

    def asked(self, questions: Questions) -> Asked:
        """The inputs of a network, and the parities."""
        inputs = questions.inputs(len(self.names), self.n_bits)
        return Asked(inputs, questions.odd(self.masks))

    def loss(self, predict: Predict, batch: Asked | None) -> Float[Array, ""]:
        """The mean squared error or cross-entropy over a batch, or over D samples."""
        scale = 2.0 if self.criterion == "mse" and not self.half_square else 1.0
        if batch is not None:
            return scale * jnp.mean(self.sample_loss(predict, batch))
        data, n_used = cast("Questions", self.data), cast("Array", self.n_samples)
        each = self.sample_loss(predict, self.asked(data))
        used = jnp.arange(each.size) < n_used
        return scale * jnp.sum(jnp.where(used, each, 0.0)) / n_used.astype(jnp.float32)

    def sample_loss(self, predict: Predict, asked: Asked) -> Float[Array, " n_sample"]:
        """½(f* − f)², or the cross-entropy in nats, of each sample."""
        return self._loss_of(self._outputs(predict, asked), asked)

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:
        """Level, its standard error and the loss of every skill, and the total loss."""

        def of_skill(skill: Int[Array, ""]) -> tuple[Array, Array]:
            words = draw_bits(fold_in(key, skill), self.n_measure, self.n_bits)
            asked = self.asked(Questions(jnp.full(self.n_measure, skill), words))
            given = self._outputs(predict, asked)
            return self._score(given, asked), jnp.mean(self._loss_of(given, asked))

        skills = jnp.arange(len(self.names), dtype=jnp.int32)
        together = max(1, _AT_ONCE // self.n_measure)
        score, skill_loss = jax.lax.map(of_skill, skills, batch_size=together)
        level = jnp.mean(score, axis=1)
        measured = {
            "level": level,
            "level_stderr": jnp.std(score, axis=1) / np.sqrt(self.n_measure, dtype=np.float32),
            "skill_loss": skill_loss,
            "loss": jnp.sum(self.probability * skill_loss),
        }
        return measured if self.criterion == "mse" else {**measured, "accuracy": (1 + level) / 2}

    def _outputs(self, predict: Predict, asked: Asked) -> Array:
        return outputs(predict, asked.inputs, 1 if self.criterion == "mse" else 2)

    def _loss_of(self, given: Array, asked: Asked) -> Float[Array, " n_sample"]:
        if self.criterion == "mse":
            return (self.target_scale * _sign(asked.odd) - given[:, 0]) ** 2 / 2
        chance = jax.nn.log_softmax(given)
        return -jnp.where(asked.odd == 1, chance[:, 1], chance[:, 0])

    def _score(self, given: Array, asked: Asked) -> Float[Array, " n_sample"]:
        """A number per sample of one skill whose mean is the level."""
        if self.criterion == "mse":
            centred = given[:, 0] - jnp.mean(given[:, 0])
            return _sign(asked.odd) * centred / self.target_scale
        says_odd = given[:, 1] > given[:, 0]
        return jnp.where(says_odd == (asked.odd == 1), 1.0, -1.0).astype(jnp.float32)


def _sign(odd: Int[Array, " n_sample"]) -> Float[Array, " n_sample"]:
    return (1 - 2 * odd).astype(jnp.float32)


def _used(n_samples: int | None, capacity: int) -> Int[Array, ""]:
    n_used = capacity if n_samples is None else COUNT.check("n_samples", n_samples)
    if n_used > capacity:
        raise ArgumentError(
            f"n_samples must be at most the capacity {capacity}, got {n_samples}",
            argument="n_samples",
        )
    return jnp.asarray(n_used, jnp.int32)
