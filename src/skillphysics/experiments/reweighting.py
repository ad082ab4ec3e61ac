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

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.experiments.experiment import Experiment, Scale, Variant
from skillphysics.experiments.schedules import Scheduled, WarmupCosine
from skillphysics.networks import GPT, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import Text, Tokens, bpe_tokens, byte_tokens, dataset_texts


@dataclass(frozen=True)
class Reweighting(Experiment):
    """A GPT whose first A steps weigh every token by its loss to the power κ (L25 Fig 14: κ = 1).

    Claim: A = 2000 of 10 000 steps lowers the validation loss most. Whether the weight is a
    constant to the gradient is not stated; `attached` is the other reading. Nor are the weight
    decay and β2, which are nanoGPT's; its clipping of gradients is left out.

    `text` is a data set's name, read through the package datasets and tokenized by the file
    `tokenizer`, or "stdlib": the bytes of the Python standard library's sources, on any machine.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "text": "stdlib", "n_layer": 2, "n_head": 4, "width": 64, "block": 64, "batch_size": 16,
        "steps": 2000, "warmup": 200, "learning_rate": 3e-3, "validation_batches": 16,
        "weighted_steps": (0, 100, 200, 400, 800, 2000), "compute": "float32",
        "at_once": 0, "n_token": 2_000_000,
    }  # fmt: skip
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "6 minutes a seed on two cores",
        "paper": "not measured; 4e19 operations: 30 hours of an H200 at 40 % of its bfloat16 rate, "
        "and OpenWebText",
    }

    steps: int = 10_000
    learning_rate: float = 6e-4
    least_share: float = 0.05
    """The learning rate at the end, as a share of the highest."""
    warmup: int = 2000
    weighted_steps: tuple[int, ...] = (0, 500, 1000, 2000, 4000, 6000, 8000, 10_000)
    exponent: float = 1.0
    attached: bool = False
    text: str = "openwebtext"
    tokenizer: str = "tokenizer.json"
    n_token: int = 2_000_000_000
    """How much of the text is read: OpenWebText has 9e9 tokens; all steps see 4.9e9."""
    n_skill: int = 8
    n_layer: int = 12
    n_head: int = 12
    width: int = 768
    block: int = 1024
    batch_size: int = 480
    at_once: int = 8
    """Windows of a batch that go through the network together; 0 for all."""
    validation_batches: int = 8
    weight_decay: float = 0.1
    b2: float = 0.95
    compute: str = "bfloat16"

    @property
    def record(self) -> int:
        """A hundred times."""
        return max(1, self.steps // 100)

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:  # noqa: ARG002
        """One run for each A; 0 is the plain loss."""
        for n in self.weighted_steps:
            if not 0 <= n <= self.steps:
                raise ArgumentError(
                    f"weighted_steps has {n}; numbers from 0 to steps = {self.steps} are wanted"
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
        n_token = check_count("n_token", self.n_token)
        if self.text != "stdlib":
            if not Path(self.tokenizer).is_file():
                # Said before the data set is fetched.
                raise ArgumentError(f"tokenizer is {self.tokenizer}; a file is wanted")
            texts = dataset_texts(self.text, split="train")
            return bpe_tokens(texts, self.tokenizer, end="<|endoftext|>", most=n_token)
        folder = Path(sysconfig.get_paths()["stdlib"])
        files = sorted(folder.glob("*.py")) + sorted(folder.glob("asyncio/*.py"))
        if not files:
            raise ArgumentError(f"text is 'stdlib', but {folder} holds no sources")
        # Modules in a fixed random order, so that the held-out end is like the rest.
        order = np.random.default_rng(0).permutation(len(files))
        found = byte_tokens(*(files[i] for i in order))
        return found._replace(ids=found.ids[:n_token])


def _weighted(text: Text, n_step: int) -> Text:
    return eqx.tree_at(lambda one: one.reweight_steps, text, jnp.asarray(n_step, jnp.int32))
