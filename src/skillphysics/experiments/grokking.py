"""Grokking of modular addition, by Adam and by SignGD (L25 Fig 13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Array, Key

from skillphysics.domains import Count, Decay, NonNegative
from skillphysics.experiments.experiment import Experiment, Precision, Variant, pairs
from skillphysics.networks import EmbeddingMLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import ModularArithmetic
from skillphysics.tasks.checks import TrainShare
from skillphysics.tasks.modular_arithmetic import Modulus, Operation


@dataclass(frozen=True)
class Grokking(Experiment):
    """Addition modulo 59, with and without weight decay, for pairs of Adam's β (L25 Fig 13).

    β = (0, 0) is SignGD. The defaults are those of L25's code, which produced the figure; its text
    has `dim=32` and `learning_rate=1e-3`. Published test accuracies at the end: SignGD 0.915 and
    1.0, Adam 0.034 and 1.0, without and with decay. A sweep of `b2` tests the paper's conjecture
    that a small β2 helps.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {"precision": "float32", "steps": 3000}
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "2 minutes per seed on two cores",
        "paper": "not measured; three times the steps, in double precision",
    }

    steps: Count = 10_000
    learning_rate: NonNegative = 0.01
    b1: tuple[Decay, ...] = (0.0, 0.9)
    """Adam's β1, one value for each β2."""
    b2: tuple[Decay, ...] = (0.0, 0.999)
    """Adam's β2, one value for each β1."""
    weight_decay: tuple[NonNegative, ...] = (0.0, 0.03)
    """Weight decays, one run each for every pair of β."""
    operation: Operation = "add"
    """The operation: add, subtract or multiply."""
    modulus: Modulus = 59
    """The modulus p."""
    dim: Count = 128
    """Dimensions of the vector of a number."""
    hidden: Count = 100
    """Units of each of the two hidden layers."""
    train_share: TrainShare = 0.8
    """Share of the pairs to train on."""
    precision: Precision = "float64"
    """Precision of the computation, float32 or float64."""

    @property
    def record(self) -> int:
        """Records every 20 steps, because a measurement covers the whole table."""
        return 20

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per pair of β and weight decay."""
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
