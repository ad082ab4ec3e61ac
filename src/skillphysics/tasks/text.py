"""Text: the target is the next token, and a skill is a group of tokens."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Integer, Key

from skillphysics.domains import (
    COUNT,
    FLAG,
    FRACTION,
    NON_NEGATIVE,
    Count,
    Flag,
    Fraction,
    NonNegative,
    count,
)
from skillphysics.errors import ArgumentError
from skillphysics.tasks.task import Predict, Task
from skillphysics.tasks.tokens import Tokens


class Text(Task):
    """Next-token prediction on windows of a text; a skill is a group of tokens (L25 §4.3).

    The text is split into a training part and, at its end, a held-out part. A batch is `batch_size`
    windows of `block` tokens from random places of the first, with the token that follows each.
    Measured on windows spread evenly over the second: `loss`, the mean cross-entropy
    ℓ = −ln q(token) in nats per token; `skill_loss`, its mean over the tokens of a group; and
    `level` = 1 − skill_loss / ln n_vocab (ours), which is 0 for the uniform prediction and 1 for a
    loss of 0. The unigram prediction has levels above 0 for frequent and below 0 for rare tokens.

    Args:
        tokens: the text.
        block: length of a window.
        batch_size: number of windows in a batch.
        skills: number of groups of tokens, from frequent to rare, with shares of the text as equal
            as possible; or "decades" for the ranks 1–10, 11–100, ….
        validation_share: share of the text that is held out.
        validation_batches: number of held-out windows, in units of the batch size.
        reweight: κ of the weight w = ℓ^κ of every token in the training loss, the mean of w ℓ
            (L25 Fig 14: κ = 1), or None.
        reweight_steps: A, the number of steps with this weight; from then on w = 1. None for all
            steps.
        attached: whether gradients pass through the weight, as for the loss ℓ^(1+κ); L25 does not
            state which of the two was used.
        at_once: number of windows that pass through the network together, where a batch does not
            fit into memory; gradients are added. It divides the batch size; None for all.

    Attributes:
        frequency: share of each group in the training part, [n_skill].
        group: the group of each token, [n_vocab]; tokens that do not occur are in the last.
        train: the training part, [n_train].
        validation: held-out windows with the token that follows, [parts, at_once, block + 1].

    Raises:
        ArgumentError: an argument is out of its range, `at_once` does not divide the batch, a token
            is not below n_vocab, a part is shorter than a window, a group has no token in one of
            them, or `attached` or `reweight_steps` is set without `reweight`.

    Example:
        >>> import jax
        >>> letters = np.frombuffer(b"the cat and the dog " * 50, np.uint8)
        >>> text = Text(Tokens(letters, 256), block=16, batch_size=4, skills=3)
        >>> text.batch(jax.random.key(0)).shape
        (4, 17)
        >>> text.names, (10 * text.frequency).round().tolist()
        (('1', '2', '3'), [4.0, 3.0, 3.0])
        >>> uniform = text.measure(lambda x: jnp.zeros((*x.shape, 256)), jax.random.key(0))
        >>> f"{uniform['loss']:.3f}", (abs(uniform["level"]) < 1e-6).tolist()
        ('5.545', [True, True, True])
    """

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " n_skill"]
    group: Int[Array, " n_vocab"]
    train: Integer[Array, " n_train"]
    validation: Int[Array, "n_part at_once block_and_next"]
    block: int = eqx.field(static=True)
    batch_size: int = eqx.field(static=True)
    reweight: Float[Array, ""] | None
    reweight_steps: Int[Array, ""] | None
    attached: bool = eqx.field(static=True)
    at_once: int = eqx.field(static=True)

    def __init__(
        self,
        tokens: Tokens,
        *,
        block: Count,
        batch_size: Count,
        skills: int | str,
        validation_share: Fraction = 0.1,
        validation_batches: Count = 8,
        reweight: NonNegative | None = None,
        reweight_steps: int | None = None,
        attached: Flag = False,
        at_once: Count | None = None,
    ) -> None:
        self.block = COUNT.check("block", block)
        self.batch_size = COUNT.check("batch_size", batch_size)
        n_window = COUNT.check("validation_batches", validation_batches) * batch_size
        self.at_once = COUNT.check("at_once", batch_size if at_once is None else at_once)
        if batch_size % self.at_once:
            raise ArgumentError(
                f"at_once must divide batch_size = {batch_size}, got {at_once}", argument="at_once"
            )
        self.attached = FLAG.check("attached", attached)
        if reweight is not None:
            NON_NEGATIVE.check("reweight", reweight)
        if reweight_steps is not None:
            count(0).check("reweight_steps", reweight_steps)
        if reweight is None and (attached or reweight_steps is not None):
            name = "attached" if attached else "reweight_steps"
            raise ArgumentError(
                f"reweight must be given together with {name}, got None", argument="reweight"
            )
        ids = _checked(tokens)
        train, held_out = _parts(ids, validation_share, block)
        counts = np.bincount(train, minlength=tokens.n_vocab)
        group, self.names = _decades(counts) if skills == "decades" else _equal(counts, skills)
        share = np.bincount(group, counts, len(self.names)) / train.size
        self.frequency = jnp.asarray(share, jnp.float32)
        self.group = jnp.asarray(group, jnp.int32)
        self.train = jnp.asarray(train)
        windows = _windows(held_out, n_window, block)
        n_held_out = np.bincount(group[windows[:, 1:]].ravel(), minlength=len(self.names))
        if not n_held_out.all():
            raise ArgumentError(
                f"skill {self.names[int(np.argmin(n_held_out))]!r} has no token in the "
                f"{len(windows)} held-out windows; choose fewer skills, a larger validation_share "
                "or more validation_batches"
            )
        windows = windows.reshape(-1, self.at_once, block + 1)
        self.validation = jnp.asarray(windows, jnp.int32)
        self.reweight = None if reweight is None else jnp.asarray(reweight, jnp.float32)
        self.reweight_steps = (
            None if reweight_steps is None else jnp.asarray(reweight_steps, jnp.int32)
        )

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Text":  # noqa: ARG003
        """A sentence over and over, in two groups of letters."""
        letters = np.frombuffer(b"the cat and the dog " * 20, np.uint8)
        return cls(Tokens(letters, 128), block=4, batch_size=2, skills=2)

    def at(self, step: Int[Array, ""]) -> "Text":
        """The text with weighted tokens before step A, unweighted from then on."""
        if self.reweight is None or self.reweight_steps is None:
            return self
        exponent = jnp.where(step < self.reweight_steps, self.reweight, 0)
        return eqx.tree_at(lambda text: text.reweight, self, exponent)

    def batch(self, key: Key[Array, ""]) -> Int[Array, "batch_size block_and_next"]:
        """Windows of block + 1 tokens: inputs are all but the last, targets all but the first."""
        n_start = self.train.size - self.block
        start = jax.random.randint(key, (self.batch_size, 1), 0, n_start, jnp.int32)
        window = jnp.arange(self.block + 1, dtype=jnp.int32)
        return self.train[start + window].astype(jnp.int32)

    def loss(
        self, predict: Predict, batch: Int[Array, "batch_size block_and_next"]
    ) -> Float[Array, ""]:
        """The mean of w ℓ over all tokens of a batch."""
        if self.at_once == self.batch_size:
            return self._weighted(predict, batch)
        parts = batch.reshape(-1, self.at_once, self.block + 1)
        # Each part is recomputed in the backward pass, so that memory holds a single part.
        of_part = jax.checkpoint(lambda windows: self._weighted(predict, windows))
        return jax.lax.map(of_part, parts).mean()

    def _weighted(
        self, predict: Predict, windows: Int[Array, "n_window block_and_next"]
    ) -> Float[Array, ""]:
        each = _cross_entropy(predict, windows)
        if self.reweight is None:
            return each.mean()
        # Rounding makes ℓ slightly negative, whose power is not a number.
        size = jnp.maximum(each, 0)
        if self.attached:
            return jnp.mean(size ** (1 + self.reweight))
        return jnp.mean(jax.lax.stop_gradient(size) ** self.reweight * each)

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Levels, `skill_loss` and `loss`, in nats per token, on the held-out windows."""

        def summed(windows: Array) -> tuple[Array, Array]:
            each = _cross_entropy(predict, windows)
            group = self.group[windows[:, 1:]]
            zero = jnp.zeros(len(self.names), each.dtype)
            return zero.at[group].add(each), zero.at[group].add(1)

        total, count = (part.sum(0) for part in jax.lax.map(summed, self.validation))
        skill_loss = total / count
        level = 1 - skill_loss / np.log(self.group.size)
        return {"level": level, "skill_loss": skill_loss, "loss": total.sum() / count.sum()}


def _checked(tokens: Tokens) -> np.ndarray:
    ids = np.asarray(tokens.ids)
    count(2).check("n_vocab", tokens.n_vocab)
    if ids.size >= 2**31:
        raise ArgumentError(f"tokens must have fewer than 2^31 entries, got {ids.size}")
    if ids.size and not (ids.min() >= 0 and ids.max() < tokens.n_vocab):
        raise ArgumentError(
            f"tokens must be from 0 to below n_vocab = {tokens.n_vocab}, got {ids.min()} to "
            f"{ids.max()}"
        )
    return ids


def _parts(ids: np.ndarray, validation_share: float, block: int) -> tuple[np.ndarray, np.ndarray]:
    FRACTION.check("validation_share", validation_share)
    n_train = ids.size - round(validation_share * ids.size)
    if min(n_train, ids.size - n_train) <= block:
        raise ArgumentError(
            f"tokens must have more than block = {block} entries in both parts, got {n_train} to "
            f"train on and {ids.size - n_train} held out"
        )
    return ids[:n_train], ids[n_train:]


def _windows(ids: np.ndarray, n: int, block: int) -> np.ndarray:
    """Evenly spaced windows of block + 1 tokens, [n, block + 1]."""
    start = np.linspace(0, ids.size - block - 1, n).round().astype(np.int64)
    return ids[start[:, None] + np.arange(block + 1)]


def _equal(counts: np.ndarray, skills: int | str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The group of each token: from frequent to rare, each with an equal share of the rest."""
    order, n_distinct = np.argsort(-counts, kind="stable"), int((counts > 0).sum())
    if not isinstance(skills, int) or not 1 <= skills <= n_distinct:
        raise ArgumentError(
            f"skills must be 'decades' or an integer from 1 to {n_distinct}, the number of "
            f"distinct tokens, got {skills!r}",
            argument="skills",
        )
    group = np.full(counts.size, skills - 1)
    left, mass, current = int(counts.sum()), 0, 0
    for place, token in enumerate(order[:n_distinct]):
        # A group ends where another token would move it away from its share.
        full = mass > 0 and (2 * mass + counts[token]) * (skills - current) > 2 * left
        needed = n_distinct - place < skills - current
        if current < skills - 1 and mass > 0 and (full or needed):
            left, mass, current = left - mass, 0, current + 1
        group[token] = current
        mass += int(counts[token])
    return group, tuple(str(i + 1) for i in range(skills))


def _decades(counts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """The group of each token by its rank: 1–10, 11–100, …."""
    order, n_distinct = np.argsort(-counts, kind="stable"), int((counts > 0).sum())
    group, names, first = np.zeros(counts.size, np.int64), [], 1
    while first <= n_distinct:
        last = 10 ** (len(names) + 1)
        group[order[first - 1 :]] = len(names)
        names.append(f"rank {first}–{min(last, n_distinct)}")
        first = last + 1
    return group, tuple(names)


def _cross_entropy(predict: Predict, windows: Array) -> Float[Array, "batch_size block"]:
    logits, targets = predict(windows[:, :-1]), windows[:, 1:, None]
    right = jnp.take_along_axis(logits, targets, -1)[..., 0]
    return jax.nn.logsumexp(logits, axis=-1) - right
