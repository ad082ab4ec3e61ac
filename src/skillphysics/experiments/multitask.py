"""Multitask sparse parity: scaling under Adam's β (L25 Fig 11); a transformer (N24 Fig 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Array, Key

from skillphysics.domains import Count, Decay, NonNegative, Positive
from skillphysics.experiments.emergence import Emergence
from skillphysics.experiments.experiment import Experiment, Exponent, Variant, pairs
from skillphysics.networks import MLP, Learner, Transformer
from skillphysics.optimizers import optimizer
from skillphysics.skills import Skills
from skillphysics.steps import log_spaced
from skillphysics.tasks import MultitaskParity, draw_subsets


@dataclass(frozen=True)
class Multitask(Experiment):
    """Loss against steps and width for pairs of Adam's β and exponents α (L25 Fig 11).

    L25 does not state α, learning rate and widths. Claim: the exponents in steps and parameters lie
    between (α − 1)/α (quanta) and α − 1 (domino), and depend on β.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "n_skill": 50, "n_bits": 50, "batch_size": 2000, "steps": 5000, "widths": (100,),
        "alphas": (1.6,), "n_measure": 500,
    }  # fmt: skip
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "1 minute per seed on one core",
        "paper": "not measured; needs a GPU",
    }

    steps: Count = 100_000
    learning_rate: NonNegative = 1e-3
    alphas: tuple[Exponent, ...] = (1.2, 1.4, 1.6, 1.8, 2.0)
    """Exponents α of the frequencies, one run each."""
    b1: tuple[Decay, ...] = (0.0, 0.9, 0.9, 0.9)
    """Adam's β1, one value for each β2."""
    b2: tuple[Decay, ...] = (0.0, 0.9, 0.999, 0.9999)
    """Adam's β2, one value for each β1."""
    widths: tuple[Count, ...] = (10, 20, 40, 80, 150, 300)
    """Widths of the hidden layer, one run each."""
    n_skill: Count = 500
    """Number of skills."""
    n_bits: Count = 100
    """Bits of an input, without the control."""
    n_own: Count = 3
    """Bits of a skill."""
    batch_size: Count = 20_000
    """Samples per step."""
    n_measure: Count = 1000
    """Fresh samples per skill in a measurement."""

    @property
    def record(self) -> np.ndarray:
        """Records at sixty steps, evenly spaced in the logarithm."""
        return log_spaced(self.steps, 60)

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per α, width and pair of β."""
        subsets = draw_subsets(key, self.n_skill, self.n_bits, self.n_own, disjoint=False)
        tasks = {
            alpha: MultitaskParity(
                Skills.power_law(self.n_skill, alpha), subsets, n_bits=self.n_bits,
                criterion="ce", batch_size=self.batch_size, n_measure=self.n_measure,
            )
            for alpha in self.alphas
        }  # fmt: skip
        networks = {
            width: MLP([self.n_skill + self.n_bits, max(self.widths), 2], "relu", width=width)
            for width in self.widths
        }
        return [
            Variant(
                {"alpha": alpha, "width": width, "b1": b1, "b2": b2},
                Learner(networks[width], task),
                optimizer("adam", b1=b1, b2=b2),
                self.learning_rate,
            )
            for alpha, task in tasks.items()
            for width in self.widths
            for b1, b2 in pairs(self.b1, self.b2)
        ]


@dataclass(frozen=True)
class EmergenceTransformer(Emergence):
    """Strengths of five skills against training time, in a transformer (N24 Fig 4).

    Claim: skill k emerges at a time ∝ k^α. N24 counts time in epochs of four steps, and averages
    the times at which R/S is 0.05, 0.25, 0.45 and 0.65. The momentum is that of its text; its code
    has 0. The weight decay of its text, 1e-5, is omitted: over all steps it would reduce a weight
    by a fraction 5e-4.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "width": 32, "n_bits": 15, "n_own": 2, "batch_size": 500, "steps": 2000,
        "learning_rate": 3e-3, "optimizer": "adam", "momentum": 0.0, "n_measure": 500,
    }  # fmt: skip
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "2 minutes per seed on two cores; with Adam and two bits per skill",
        "paper": "not measured; needs a GPU",
    }

    steps: Count = 100_000
    learning_rate: NonNegative = 5e-5
    optimizer: str = "sgd"
    """Name of the optimizer."""
    momentum: Decay = 0.9
    """Momentum of an optimizer that has one; 0 for others."""
    alpha: Exponent = 1.9
    target_scale: Positive = 1.0
    width: Count = 512
    """Dimensions of the stream at a position."""
    batch_size: Count = 5000
    """Samples per step."""

    @property
    def record(self) -> int:
        """Records every 20 steps."""
        return 20

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run."""
        task = MultitaskParity(
            self.skills, self._subsets(key), batch_size=self.batch_size, **self._options()
        )
        network = Transformer(self.n_skill + self.n_bits, width=self.width, n_layer=self.depth)
        options = {"momentum": self.momentum} if self.momentum else {}
        kind = optimizer(self.optimizer, **options)
        return [Variant({}, Learner(network, task), kind, self.learning_rate)]
