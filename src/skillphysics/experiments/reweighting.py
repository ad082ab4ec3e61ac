"""Early weight on hard tokens in language modelling (L25 Fig 14)."""

import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Array, Key

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
    constant to the gradient is not stated; `attached` is the other reading.

    `text` is a data set's name, read through the package datasets and tokenized by the file
    `tokenizer`, or "stdlib": the bytes of the Python standard library's sources, on any machine.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "text": "stdlib", "n_layer": 2, "n_head": 4, "width": 64, "block": 64, "batch_size": 16,
        "steps": 2000, "warmup": 200, "learning_rate": 3e-3, "validation_batches": 16,
        "weighted_steps": (0, 100, 200, 400, 800, 2000), "compute": "float32",
    }  # fmt: skip
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "10 minutes a seed on two cores",
        "paper": "not measured; wants several large GPUs, and OpenWebText",
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
    n_token: int = 2_000_000
    """How much of the text is read."""
    n_skill: int = 8
    n_layer: int = 12
    n_head: int = 12
    width: int = 768
    block: int = 1024
    batch_size: int = 480
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
        tokens = self._tokens()
        network = GPT(
            tokens.n_vocab, block=self.block, n_layer=self.n_layer, n_head=self.n_head,
            width=self.width, compute=self.compute, remat=self.block > 256,
        )  # fmt: skip
        factor = WarmupCosine(self.warmup, self.steps, self.least_share)
        kind = optimizer("adamw", b2=self.b2, weight_decay=self.weight_decay)
        text = {
            n: Text(
                tokens, block=self.block, batch_size=self.batch_size, skills=self.n_skill,
                validation_batches=self.validation_batches, reweight=self.exponent,
                reweight_steps=n, attached=self.attached,
            )
            for n in self.weighted_steps
        }  # fmt: skip
        return [
            Variant(
                {"weighted_steps": n},
                Learner(network, task),
                Scheduled(kind, factor),
                self.learning_rate,
            )
            for n, task in text.items()
        ]

    def _tokens(self) -> Tokens:
        if self.text != "stdlib":
            found = bpe_tokens(
                dataset_texts(self.text, split="train"), self.tokenizer, end="<|endoftext|>"
            )
            return found._replace(ids=found.ids[: self.n_token])
        folder = Path(sysconfig.get_paths()["stdlib"])
        files = sorted(folder.glob("*.py")) + sorted(folder.glob("asyncio/*.py"))
        if not files:
            raise ArgumentError(f"text is 'stdlib', but {folder} holds no sources")
        # Modules in a fixed random order, so that the held-out end is like the rest.
        order = np.random.default_rng(0).permutation(len(files))
        found = byte_tokens(*(files[i] for i in order))
        return found._replace(ids=found.ids[: self.n_token])
