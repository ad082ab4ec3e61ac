"""Grokking of modular addition, by Adam and by SignGD (L25 Fig 13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Array, Key

from skillphysics.experiments.experiment import Experiment, Scale, Variant, pairs
from skillphysics.networks import EmbeddingMLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import ModularArithmetic


@dataclass(frozen=True)
class Grokking(Experiment):
    """Addition modulo 59, with and without weight decay, for pairs of Adam's β (L25 Fig 13).

    β = (0, 0) is SignGD. The defaults are those of L25's code, which made the figure; its text has
    `dim=32` and `learning_rate=1e-3`. Published test accuracies at the end: SignGD 0.915 and 1.0,
    Adam 0.034 and 1.0, without and with decay. A sweep of `b2` asks whether it is the small β2 that
    helps, as the paper guesses.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {"precision": "float32", "steps": 3000}
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "2 minutes a seed on two cores",
        "paper": "not measured; three times the steps, in double precision",
    }

    steps: int = 10_000
    learning_rate: float = 0.01
    b1: tuple[float, ...] = (0.0, 0.9)
    b2: tuple[float, ...] = (0.0, 0.999)
    weight_decay: tuple[float, ...] = (0.0, 0.03)
    operation: str = "add"
    modulus: int = 59
    dim: int = 128
    hidden: int = 100
    train_share: float = 0.8
    precision: str = "float64"

    @property
    def record(self) -> int:
        """Every 20 steps: the whole table is measured."""
        return 20

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run for each pair of β, which go together, and each weight decay."""
        network = EmbeddingMLP(
            self.modulus, dim=self.dim, hidden=(self.hidden, self.hidden), dtype=self.precision
        )
        task = ModularArithmetic.draw(
            key, self.operation, modulus=self.modulus, train_share=self.train_share
        )
        problem = Learner(network, task)
        return [
            Variant(
                {"b1": b1, "b2": b2, "weight_decay": decay},
                problem,
                optimizer("adamw", b1=b1, b2=b2, weight_decay=decay),
                self.learning_rate,
            )
            for b1, b2 in pairs(self.b1, self.b2)
            for decay in self.weight_decay
        ]
