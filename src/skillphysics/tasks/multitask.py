"""Multitask sparse parity: a control says which bits' parity is asked (N24; L25 §3.3)."""

from typing import Any, NamedTuple, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt32

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.numerics.multinomial import Multinomial
from skillphysics.numerics.threefry import fold_in
from skillphysics.skills import Skills
from skillphysics.tasks.bits import check_subset, draw_bits, mask_of
from skillphysics.tasks.checks import check_batch_size, draw_rows, outputs
from skillphysics.tasks.questions import Questions
from skillphysics.tasks.task import Predict, Task

# Samples that a measurement holds at once.
_AT_ONCE = 4096


class Asked(NamedTuple):
    """Samples as a network sees them."""

    inputs: Float[Array, "n_sample n_input"]
    """The control, one-hot over skills, then the bits, 0 or 1."""
    odd: Int[Array, " n_sample"]
    """The parity of the bits of the skill that is asked for, 0 or 1."""


class MultitaskParity(Task):
    """Parities of a skill's own bits, where a one-hot control names the skill (N24; L25 §3.3).

    An input is n_task control bits, then n_bits uniform bits, all 0 or 1. With criterion

    - "mse" (N24) the network has one output f, and the target is S g_k with g_k = (−1)^parity. It
      trains on E(f* − f)², as the authors' code does, or with `half_square` on half of it, as their
      text has it: half the rate. Level: R_k/S with the skill strength R_k = E[g_k (f − E f) | k];
    - "ce" (L25 §3.3) it has two outputs, the logits of parity 0 and 1. Level: 2 accuracy − 1.

    Every batch is fresh, or, with a data set from `MultitaskParity.draw`, comes from D samples.

    Measured on `n_measure` fresh samples a skill: `level`; `level_stderr`, its standard error over
    samples; `skill_loss` L_k, which is E[½(f* − f)² | k] in both conventions of "mse" or the
    cross-entropy in nats; `loss` Σ p_k L_k; for "ce" also `accuracy`.

    Args:
        skills: names and frequencies p, which are divided by their sum.
        subsets: the bits of each skill, counted from 0, [n_task, m], as of `draw_subsets`.
        n_bits: bits of an input after the control.
        criterion: "mse" or "ce".
        target_scale: S, for "mse" (N24: 5).
        half_square: train on ½(f* − f)², for "mse".
        batch_size: samples a step, of a data set with replacement; None for all of a data set.
        n_measure: fresh samples a skill in a measurement.
        data: the samples of a data set, more than are in use perhaps, or None.
        n_samples: D, how many of `data`, from the first, are in use; all by default. It is data:
            runs that differ in it train together.

    Attributes:
        masks: the subsets as words, [n_task, n_word].

    Raises:
        ArgumentError: an argument is out of its range, an option is not of the criterion, or there
            are neither data nor a batch size.

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
    frequency: Float[Array, " n_task"]
    masks: UInt32[Array, "n_task n_word"]
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
        subsets: Int[Array | np.ndarray, "n_task n_chosen"],
        *,
        n_bits: int,
        criterion: str = "mse",
        target_scale: float | None = None,
        half_square: bool = False,
        batch_size: int | None = None,
        n_measure: int = 2000,
        data: Questions | None = None,
        n_samples: int | None = None,
    ) -> None:
        self.n_bits = check_count("n_bits", n_bits)
        if subsets.shape[0] != len(skills):
            raise ArgumentError(
                f"subsets has {subsets.shape[0]} rows; {len(skills)} skills want one each"
            )
        chosen = [tuple(row) for row in np.asarray(subsets).tolist()]
        for name, subset in zip(skills.names, chosen, strict=True):
            check_subset(f"skill {name!r}", subset, n_bits)
        if criterion not in ("mse", "ce"):
            raise ArgumentError(f"criterion is {criterion!r}; 'mse' or 'ce' is wanted")
        if criterion == "ce" and (target_scale is not None or half_square):
            raise ArgumentError("target_scale and half_square are of criterion 'mse', not of 'ce'")
        scale = 5.0 if target_scale is None else target_scale
        if not (np.isfinite(scale) and scale > 0):
            raise ArgumentError(f"target_scale is {scale}; a positive number is wanted")
        if (n_samples is not None or batch_size is None) and data is None:
            raise ArgumentError(
                "batch_size alone makes fresh samples, and is wanted for them; data from "
                "MultitaskParity.draw can do with n_samples"
            )
        self.names = skills.names
        self.frequency = jnp.asarray(skills.probability, jnp.float32)
        self.masks = jnp.asarray(np.stack([mask_of(subset, n_bits) for subset in chosen]))
        self.criterion = criterion
        self.target_scale = jnp.asarray(scale, jnp.float32)
        self.half_square = half_square
        self.batch_size = check_batch_size(batch_size)
        self.n_measure = check_count("n_measure", n_measure)
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
        subsets: Int[Array | np.ndarray, "n_task n_chosen"],
        *,
        n_bits: int,
        n_samples: int,
        capacity: int | None = None,
        **options: Any,
    ) -> "MultitaskParity":
        """A task with a fixed data set of D = `n_samples` samples.

        Arrays hold `capacity` samples, D by default: runs of one capacity train together. With one
        key, smaller data sets are the first samples of larger ones.

        Raises:
            ArgumentError: as the class, or D is not from 1 to the capacity.
        """
        n_kept = check_count("capacity", n_samples if capacity is None else capacity)
        _used(n_samples, n_kept)
        check_count("n_bits", n_bits)
        draws = Multinomial(skills.probability, 1)
        data = eqx.filter_jit(Questions.draw)(key, draws, n_kept, n_bits)
        return cls(skills, subsets, n_bits=n_bits, data=data, n_samples=n_samples, **options)

    def batch(self, key: Key[Array, ""]) -> Asked | None:
        """Some samples, or None for all of the data set."""
        if self.batch_size is None:
            return None
        if self.draws is not None:
            return self.asked(Questions.draw(key, self.draws, self.batch_size, self.n_bits))
        rows = draw_rows(key, cast("Array", self.n_samples), self.batch_size)
        return self.asked(jax.tree.map(lambda x: x[rows], self.data))

    def asked(self, questions: Questions) -> Asked:
        """The samples as a network sees them."""
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
        """Level with its standard error and loss of every skill, and the loss."""

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
            "loss": jnp.sum(self.frequency * skill_loss),
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
        """What has the level as its mean over the samples of one skill."""
        if self.criterion == "mse":
            centred = given[:, 0] - jnp.mean(given[:, 0])
            return _sign(asked.odd) * centred / self.target_scale
        says_odd = given[:, 1] > given[:, 0]
        return jnp.where(says_odd == (asked.odd == 1), 1.0, -1.0).astype(jnp.float32)


def _sign(odd: Int[Array, " n_sample"]) -> Float[Array, " n_sample"]:
    return (1 - 2 * odd).astype(jnp.float32)


def _used(n_samples: int | None, capacity: int) -> Int[Array, ""]:
    n_used = capacity if n_samples is None else check_count("n_samples", n_samples)
    if n_used > capacity:
        raise ArgumentError(
            f"n_samples is {n_samples}; at most the capacity of {capacity} is wanted"
        )
    return jnp.asarray(n_used, jnp.int32)
