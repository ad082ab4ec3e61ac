"""Text: the next token is to be told, and a skill is a group of tokens."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Integer, Key

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.tasks.task import Predict, Task
from skillphysics.tasks.tokens import Tokens


class Text(Task):
    """Next-token prediction on windows of a text; a skill is a group of tokens (L25 §4.3).

    The text is cut into a part to train on and, at its end, a part held out. A batch is
    `batch_size` windows of `block` tokens from random places of the first, with the token that
    follows each. Measured are, on windows spread evenly over the second: `loss`, the mean
    cross-entropy ℓ = −ln q(token) in nats a token; `skill_loss`, its mean over the tokens of a
    group; and `level` = 1 − skill_loss / ln n_vocab (ours), which is 0 for the uniform prediction
    and 1 for a loss of 0. A network that has only learned how frequent tokens are is above 0 for
    frequent ones and below for rare ones.

    Args:
        tokens: the text.
        block: length of a window.
        batch_size: number of windows in a batch.
        skills: so many groups of tokens, from frequent to rare, that are as equal in their share
            of the text as whole tokens allow; or "decades" for the ranks 1–10, 11–100, ….
        validation_share: share of the text that is held out.
        validation_batches: the held-out windows are so many times the batch size.
        reweight: κ of the weight w = ℓ^κ of every token in the training loss, the mean of w ℓ
            (L25 Fig 14: κ = 1), or None.
        reweight_steps: A, the steps with this weight; from then on w = 1. None for all steps.
        attached: the weight is no constant to the gradient, which then is that of ℓ^(1+κ); L25
            leaves open which of the two was used.
        at_once: so many windows go through the network together, and the gradients of a batch's
            parts add up, where a batch does not fit into memory. It divides the batch size; None
            for the whole batch.

    Attributes:
        frequency: share of each group in the part to train on.
        group: the group of each token, [n_vocab]; tokens that do not occur are in the last.
        train: the part to train on.
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
        block: int,
        batch_size: int,
        skills: int | str,
        validation_share: float = 0.1,
        validation_batches: int = 8,
        reweight: float | None = None,
        reweight_steps: int | None = None,
        attached: bool = False,
        at_once: int | None = None,
    ) -> None:
        self.block = check_count("block", block)
        self.batch_size = check_count("batch_size", batch_size)
        n_window = check_count("validation_batches", validation_batches) * batch_size
        self.at_once = check_count("at_once", batch_size if at_once is None else at_once)
        if batch_size % self.at_once:
            raise ArgumentError(
                f"at_once is {at_once}; a number that divides batch_size = {batch_size} is wanted"
            )
        if reweight is not None and not (np.isfinite(reweight) and reweight >= 0):
            raise ArgumentError(f"reweight is {reweight}; a finite exponent of 0 or more is wanted")
        if reweight is None and (attached or reweight_steps is not None):
            name = "attached" if attached else "reweight_steps"
            raise ArgumentError(f"{name} is set without reweight, the exponent of the weight")
        if reweight_steps is not None:
            check_count("reweight_steps", reweight_steps, 0)
        ids = _checked(tokens)
        train, held_out = _parts(ids, validation_share, block)
        counts = np.bincount(train, minlength=tokens.n_vocab)
        group, self.names = _decades(counts) if skills == "decades" else _equal(counts, skills)
        share = np.bincount(group, counts, len(self.names)) / train.size
        self.frequency = jnp.asarray(share, jnp.float32)
        self.group = jnp.asarray(group, jnp.int32)
        self.train = jnp.asarray(train)
        windows = _windows(held_out, n_window, block)
        seen = np.bincount(group[windows[:, 1:]].ravel(), minlength=len(self.names))
        if not seen.all():
            raise ArgumentError(
                f"skill {self.names[int(np.argmin(seen))]!r} has no token in the "
                f"{len(windows)} held-out windows; fewer skills, a larger validation_share or "
                "more validation_batches are wanted"
            )
        windows = windows.reshape(-1, self.at_once, block + 1)
        self.validation = jnp.asarray(windows, jnp.int32)
        self.reweight = None if reweight is None else jnp.asarray(reweight, jnp.float32)
        self.reweight_steps = (
            None if reweight_steps is None else jnp.asarray(reweight_steps, jnp.int32)
        )
        self.attached = attached

    def at(self, step: Int[Array, ""]) -> "Text":
        """The same text, with tokens weighted up to step A."""
        if self.reweight is None or self.reweight_steps is None:
            return self
        exponent = jnp.where(step < self.reweight_steps, self.reweight, 0)
        return eqx.tree_at(lambda text: text.reweight, self, exponent)

    def batch(self, key: Key[Array, ""]) -> Int[Array, "batch_size block_and_next"]:
        """Windows of block + 1 tokens: all but the last are inputs, all but the first targets."""
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
        # Each part is computed again on the way back: what is kept is that of one part.
        of_part = jax.checkpoint(lambda windows: self._weighted(predict, windows))
        return jax.lax.map(of_part, parts).mean()

    def _weighted(
        self, predict: Predict, windows: Int[Array, "n_window block_and_next"]
    ) -> Float[Array, ""]:
        each = _cross_entropy(predict, windows)
        if self.reweight is None:
            return each.mean()
        # Rounding makes ℓ a little negative, which has no power.
        size = jnp.maximum(each, 0)
        if self.attached:
            return jnp.mean(size ** (1 + self.reweight))
        return jnp.mean(jax.lax.stop_gradient(size) ** self.reweight * each)

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Levels, `skill_loss` and `loss`, in nats a token, on the held-out windows."""

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
    if tokens.n_vocab < 2:
        raise ArgumentError(f"n_vocab is {tokens.n_vocab}; at least 2 tokens are wanted")
    if ids.size >= 2**31:
        raise ArgumentError(f"tokens has {ids.size} entries; fewer than 2^31 are wanted")
    if ids.size and not (ids.min() >= 0 and ids.max() < tokens.n_vocab):
        raise ArgumentError(
            f"tokens reaches from {ids.min()} to {ids.max()}; numbers from 0 to below n_vocab = "
            f"{tokens.n_vocab} are wanted"
        )
    return ids


def _parts(ids: np.ndarray, validation_share: float, block: int) -> tuple[np.ndarray, np.ndarray]:
    if not 0 < validation_share < 1:
        raise ArgumentError(
            f"validation_share is {validation_share}; a number between 0 and 1 is wanted"
        )
    n_train = ids.size - round(validation_share * ids.size)
    if min(n_train, ids.size - n_train) <= block:
        raise ArgumentError(
            f"tokens has {n_train} entries to train on and {ids.size - n_train} held out; more "
            f"than block = {block} are wanted in each"
        )
    return ids[:n_train], ids[n_train:]


def _windows(ids: np.ndarray, n: int, block: int) -> np.ndarray:
    """Windows of block + 1 tokens at even distances, [n, block + 1]."""
    start = np.linspace(0, ids.size - block - 1, n).round().astype(np.int64)
    return ids[start[:, None] + np.arange(block + 1)]


def _equal(counts: np.ndarray, skills: int | str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The group of each token: from frequent to rare, each its share of what is left."""
    order, n_seen = np.argsort(-counts, kind="stable"), int((counts > 0).sum())
    if not isinstance(skills, int) or not 1 <= skills <= n_seen:
        raise ArgumentError(
            f"skills is {skills!r}; 'decades', or a number from 1 to {n_seen}, the number of "
            "distinct tokens, is wanted"
        )
    group = np.full(counts.size, skills - 1)
    left, mass, current = int(counts.sum()), 0, 0
    for place, token in enumerate(order[:n_seen]):
        # A group ends where another token would take it farther from its share.
        full = mass > 0 and (2 * mass + counts[token]) * (skills - current) > 2 * left
        needed = n_seen - place < skills - current
        if current < skills - 1 and mass > 0 and (full or needed):
            left, mass, current = left - mass, 0, current + 1
        group[token] = current
        mass += int(counts[token])
    return group, tuple(str(i + 1) for i in range(skills))


def _decades(counts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """The group of each token by its rank: 1–10, 11–100, …."""
    order, n_seen = np.argsort(-counts, kind="stable"), int((counts > 0).sum())
    group, names, first = np.zeros(counts.size, np.int64), [], 1
    while first <= n_seen:
        last = 10 ** (len(names) + 1)
        group[order[first - 1 :]] = len(names)
        names.append(f"rank {first}–{min(last, n_seen)}")
        first = last + 1
    return group, tuple(names)


def _cross_entropy(predict: Predict, windows: Array) -> Float[Array, "batch_size block"]:
    logits, targets = predict(windows[:, :-1]), windows[:, 1:, None]
    right = jnp.take_along_axis(logits, targets, -1)[..., 0]
    return jax.nn.logsumexp(logits, axis=-1) - right
