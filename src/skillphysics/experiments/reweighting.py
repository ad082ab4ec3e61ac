"""Early weight on hard tokens in language modelling (L25 Fig 14)."""

import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from skillphysics.domains import Count, Decay, Flag, NonNegative, Share, WholeNumber
from skillphysics.errors import ArgumentError
from skillphysics.experiments.experiment import Experiment, Variant
from skillphysics.experiments.schedules import Scheduled, WarmupCosine
from skillphysics.networks import GPT, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import Text, Tokens, bpe_tokens, byte_tokens, dataset_texts


@dataclass(frozen=True)
class Reweighting(Experiment):
    """A GPT whose first A steps weigh every token by its loss to the power κ (L25 Fig 14: κ = 1).

    Claim: A = 2000 of 10 000 steps lowers the validation loss most. L25 does not state whether the
    weight is a constant in the gradient; `attached` is the other reading. Weight decay and β2,
    which it does not state either, are those of nanoGPT, without its gradient clipping.

    `text` is the name of a data set, read through the package datasets and tokenized by the file
    `tokenizer`, or "stdlib": the bytes of the sources of Python's standard library.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "text": "stdlib", "n_layer": 2, "n_head": 4, "width": 64, "block": 64, "batch_size": 16,
        "steps": 2000, "warmup": 200, "learning_rate": 3e-3, "validation_batches": 16,
        "weighted_steps": (0, 100, 200, 400, 800, 2000), "compute": "float32",
        "at_once": 0, "n_token": 2_000_000,
    }  # fmt: skip
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "6 minutes per seed on two cores",
        "paper": "not measured; 4e19 operations: 30 hours of an H200 at 40 % of its bfloat16 rate, "
        "and OpenWebText",
    }

    steps: Count = 10_000
    learning_rate: NonNegative = 6e-4
    """The highest learning rate."""
    least_share: Share = 0.05
    """The learning rate at the end, as a share of the highest."""
    warmup: Count = 2000
    """Steps in which the learning rate rises, fewer than all."""
    weighted_steps: tuple[WholeNumber, ...] = (0, 500, 1000, 2000, 4000, 6000, 8000, 10_000)
    """Numbers A of weighted steps, one run each; 0 is the plain loss."""
    exponent: NonNegative = 1.0
    """Exponent κ of the weight."""
    attached: Flag = False
    """Whether gradients pass through the weight."""
    text: str = "openwebtext"
    """Name of a data set, or stdlib."""
    tokenizer: str = "tokenizer.json"
    """File of the tokenizer."""
    n_token: Count = 2_000_000_000
    """Number of tokens that are read: OpenWebText has 9e9, and all steps use 4.9e9."""
    n_skill: Count = 8
    """Number of groups of tokens."""
    n_layer: Count = 12
    """Blocks of the network."""
    n_head: Count = 12
    """Attention heads of a block."""
    width: Count = 768
    """Dimensions of the stream at a position."""
    block: Count = 1024
    """Tokens of a window."""
    batch_size: Count = 480
    """Windows per step."""
    at_once: WholeNumber = 8
    """Windows of a batch that pass through the network together; 0 for all."""
    validation_batches: Count = 8
    """Held-out windows, in units of the batch size."""
    weight_decay: NonNegative = 0.1
    """Weight decay of AdamW."""
    b2: Decay = 0.95
    """β2 of AdamW."""
    compute: str = "bfloat16"
    """Precision of the matrix products, float32 or bfloat16."""

    @property
    def record(self) -> int:
        """A hundred times."""
        return max(1, self.steps // 100)

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:  # noqa: ARG002
        """One run per A; 0 is the plain loss."""
        for n in self.weighted_steps:
            if n > self.steps:
                raise ArgumentError(
                    f"weighted_steps must be at most steps = {self.steps}, got {n}",
                    argument="weighted_steps",
                )
        factor = WarmupCosine(self.warmup, self.steps, self.least_share)
        kind = optimizer("adamw", b2=self.b2, weight_decay=self.weight_decay)
        tokens = self._tokens()
        network = GPT(
            tokens.n_vocab, block=self.block, n_layer=self.n_layer, n_head=self.n_head,
            width=self.width, compute=self.compute, remat=self.block > 256,
        )  # fmt: skip
        text = Text(
            tokens, block=self.block, batch_size=self.batch_size, skills=self.n_skill,
            validation_batches=self.validation_batches, reweight=self.exponent,
            reweight_steps=0, attached=self.attached, at_once=self.at_once or None,
        )  # fmt: skip
        return [
            Variant(
                {"weighted_steps": n},
                # One text for all A.
                Learner(network, _weighted(text, n)),
                Scheduled(kind, factor),
                self.learning_rate,
            )
            for n in self.weighted_steps
        ]

    def _tokens(self) -> Tokens:
        if self.text != "stdlib":
            if not Path(self.tokenizer).is_file():
                # Before the data set is fetched.
                raise ArgumentError(
                    f"tokenizer must be a file, got {self.tokenizer}", argument="tokenizer"
                )
            texts = dataset_texts(self.text, split="train")
            return bpe_tokens(texts, self.tokenizer, end="<|endoftext|>", most=self.n_token)
        folder = Path(sysconfig.get_paths()["stdlib"])
        files = sorted(folder.glob("*.py")) + sorted(folder.glob("asyncio/*.py"))
        if not files:
            raise ArgumentError(
                f"text must be the name of a data set, got 'stdlib', and {folder} has no sources",
                argument="text",
            )
        # In a fixed random order, so that the held-out end is like the rest.
        order = np.random.default_rng(0).permutation(len(files))
        tokens = byte_tokens(*(files[i] for i in order))
        return tokens._replace(ids=tokens.ids[: self.n_token])


def _weighted(text: Text, n_step: int) -> Text:
    return eqx.tree_at(lambda one: one.reweight_steps, text, jnp.asarray(n_step, jnp.int32))
