"""Parities of one input: imbalanced (L25 Fig 2) or dependent on each other (L25 Fig 16)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Array, Key

from skillphysics.experiments.experiment import Experiment, Scale, Variant
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import Parities

_FIRST, _SECOND = (0, 1), (2, 3)
# The third skill: the xor of the first two, or a parity of as many bits that needs neither.
_DEPENDENT, _INDEPENDENT = (0, 1, 2, 3), (4, 5, 6, 7)


@dataclass(frozen=True)
class Domino(Experiment):
    """Two sparse parities, of which the second counts in a share of the samples (L25 Fig 2, left).

    Claim: where it counts in a tenth, it takes about twice as long as the first, not ten times.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {"precision": "float32"}
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "25 s a seed on two cores",
        "paper": "not measured; 20 seeds make the figure",
    }

    steps: int = 1000
    learning_rate: float = 1e-3
    shares: tuple[float, ...] = (1.0, 0.5, 0.2, 0.1, 0.05)
    n_bits: int = 32
    hidden: int = 50
    n_samples: int = 10_000
    precision: str = "float64"

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run for each share."""
        network = MLP([self.n_bits, self.hidden, 2], "relu", dtype=self.precision)
        tasks = {
            share: Parities.draw(
                key, {"y1": _FIRST, "y2": _SECOND}, n_bits=self.n_bits,
                n_samples=self.n_samples, frequency=[1.0, share], dtype=self.precision,
            )
            for share in self.shares
        }  # fmt: skip
        return [
            Variant({"share": share}, Learner(network, task), optimizer("adam"), self.learning_rate)
            for share, task in tasks.items()
        ]


@dataclass(frozen=True)
class Dependent(Experiment):
    """Three parities, the third of them the xor of the others or of other bits (L25 Fig 16).

    Claim: the dependent one is learned right after the other two, the independent one much later.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {"precision": "float32"}
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "25 s a seed on two cores",
        "paper": "not measured",
    }

    steps: int = 3000
    learning_rate: float = 1e-3
    n_bits: int = 32
    hidden: int = 50
    n_samples: int = 10_000
    train_share: float = 0.8
    precision: str = "float64"

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run with each third skill."""
        network = MLP([self.n_bits, self.hidden, 3], "relu", dtype=self.precision)
        tasks = {
            dependent: Parities.draw(
                key, {"y1": _FIRST, "y2": _SECOND, "y3": third}, n_bits=self.n_bits,
                n_samples=self.n_samples, train_share=self.train_share, dtype=self.precision,
            )
            for dependent, third in ((1, _DEPENDENT), (0, _INDEPENDENT))
        }  # fmt: skip
        return [
            Variant(
                {"dependent": dependent},
                Learner(network, task),
                optimizer("adam"),
                self.learning_rate,
            )
            for dependent, task in tasks.items()
        ]
