"""Parities of one input: imbalanced (L25 Fig 2) or dependent on each other (L25 Fig 16)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Array, Key

from skillphysics.domains import Count, NonNegative
from skillphysics.experiments.experiment import Experiment, Precision, Variant
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import Parities
from skillphysics.tasks.checks import TrainShare

_FIRST, _SECOND = (0, 1), (2, 3)
# The third skill: the xor of the first two, or a parity of as many other bits.
_DEPENDENT, _INDEPENDENT = (0, 1, 2, 3), (4, 5, 6, 7)


@dataclass(frozen=True)
class ImbalancedParities(Experiment):
    """Two sparse parities, of which the second counts in a share of the samples (L25 Fig 2, left).

    Claim: where it counts in a tenth, it takes about twice as long as the first, not ten times.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {"precision": "float32"}
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "25 s per seed on two cores",
        "paper": "not measured; 20 seeds make the figure",
    }

    steps: Count = 1000
    learning_rate: NonNegative = 1e-3
    shares: tuple[TrainShare, ...] = (1.0, 0.5, 0.2, 0.1, 0.05)
    """Shares of the samples in which the second parity counts, one run each."""
    n_bits: Count = 32
    """Bits of an input."""
    hidden: Count = 50
    """Units of the hidden layer."""
    n_samples: Count = 10_000
    """Size of the data set."""
    precision: Precision = "float64"
    """Precision of the computation, float32 or float64."""

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per share."""
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
class DependentParities(Experiment):
    """Three parities, the third of them the xor of the others or of other bits (L25 Fig 16).

    Claim: the dependent third parity is learned soon after the first two, the independent one much
    later.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {"precision": "float32"}
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "25 s per seed on two cores",
        "paper": "not measured",
    }

    steps: Count = 3000
    learning_rate: NonNegative = 1e-3
    n_bits: Count = 32
    """Bits of an input."""
    hidden: Count = 50
    """Units of the hidden layer."""
    n_samples: Count = 10_000
    """Size of the data set."""
    train_share: TrainShare = 0.8
    """Share of the samples to train on."""
    precision: Precision = "float64"
    """Precision of the computation, float32 or float64."""

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per third skill."""
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
