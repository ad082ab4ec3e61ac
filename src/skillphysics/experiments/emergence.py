"""Emergence of skills with training time, data and parameters, in networks (N24 Fig 1)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
from jaxtyping import Array, Key

from skillphysics.domains import Count, Flag, NonNegative, Positive
from skillphysics.experiments.experiment import Experiment, Exponent, Variant
from skillphysics.experiments.schedules import Halved, Scheduled
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.skills import Skills
from skillphysics.tasks import MultitaskParity, draw_subsets


@dataclass(frozen=True)
class Emergence(Experiment):
    """The common settings: parities of disjoint bits with power-law frequencies.

    The loss is E(f* − f)², as in N24's code, so the rate η of the theories is twice the learning
    rate.
    """

    n_skill: Count = 5
    """Number of skills."""
    alpha: Exponent = 1.6
    """Exponent of the frequencies, L25's α; N24 writes 0.6 + 1."""
    n_bits: Count = 32
    """Bits of an input, without the control."""
    n_own: Count = 3
    """Bits m of a skill."""
    depth: Count = 1
    """Hidden layers, all of the same width; blocks of a transformer."""
    target_scale: Positive = 5.0
    """Scale S of the target."""
    n_measure: Count = 4000
    """Fresh samples per skill in a measurement; N24 has 20 000 for five skills."""

    @property
    def skills(self) -> Skills:
        """Names and frequencies."""
        return Skills.power_law(self.n_skill, self.alpha)

    def _subsets(self, key: Key[Array, ""]) -> Array:
        return draw_subsets(key, self.n_skill, self.n_bits, self.n_own, disjoint=True)

    def _network(self, n_unit: int, init: float, **options: Any) -> MLP:
        hidden = [n_unit] * self.depth
        sizes = [self.n_skill + self.n_bits, *hidden, 1]
        return MLP(sizes, "relu", init=init, **options)

    def _options(self) -> dict[str, Any]:
        return {
            "n_bits": self.n_bits, "target_scale": self.target_scale, "n_measure": self.n_measure
        }  # fmt: skip


@dataclass(frozen=True)
class EmergenceTime(Emergence):
    """Strengths of five skills against training time, on endless data (N24 Fig 1, left)."""

    QUICK: ClassVar[Mapping[str, Any]] = {"width": 200, "batch_size": 1000}
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "30 s per seed on two cores",
        "paper": "3 minutes per seed on two cores; N24 shows 10 seeds or more",
    }

    steps: Count = 30_000
    learning_rate: NonNegative = 0.02
    width: Count = 1000
    """Units of a hidden layer."""
    init: Positive = 0.01
    """Standard deviation of all weights and biases at the start."""
    batch_size: Count = 4000
    """Samples per step."""

    @property
    def record(self) -> int:
        """Records every 50 steps."""
        return 50

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run."""
        task = MultitaskParity(
            self.skills, self._subsets(key), batch_size=self.batch_size, **self._options()
        )
        network = self._network(self.width, self.init)
        return [Variant({}, Learner(network, task), optimizer("sgd"), self.learning_rate)]


@dataclass(frozen=True)
class CalibrationTime(EmergenceTime):
    """The time experiment with a single skill, which calibrates the time constant (N24 Fig 11).

    The initialization is that of N24's plot; its script has 0.1.
    """

    COST: ClassVar[Mapping[str, str]] = {
        "quick": "10 s per seed on one core",
        "paper": "30 s per seed on two cores; N24 shows 50",
    }

    steps: Count = 5000
    n_skill: Count = 1


def _held(n_sample: int, most: int) -> int:
    """The length of the arrays of a data set: the longest, halved while the samples fit.

    Runs with arrays of equal length train together, and no run has arrays longer than twice its
    samples.
    """
    return math.ceil(most / 2 ** math.floor(math.log2(most / n_sample)))


@dataclass(frozen=True)
class EmergenceData(Emergence):
    """Strengths of five skills against the number of samples D (N24 Fig 1, middle).

    A step uses all D samples, or `batch_size` of them, drawn anew, where there are more, as in
    N24's code. The result is the levels at the end, which `against(curves, "n_samples")` gives as
    a function of D.

    Steps and halvings are those of N24's text; its code trains for 100 000 passes over the data and
    halves every 10 000 passes, a number of steps that depends on D.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "n_samples": (250, 500, 1000, 2000, 4000, 8000, 16_000),
        "width": 100,
        "steps": 80_000,
    }
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "3 minutes per seed on one core",
        "paper": "not measured; needs a GPU",
    }

    steps: Count = 500_000
    learning_rate: NonNegative = 0.05
    n_samples: tuple[Count, ...] = (500, 1000, 2000, 4000, 8000, 16_000, 25_000, 35_000)
    """Numbers of samples D, one run each."""
    batch_size: Count = 2000
    """Samples per step, or all where there are fewer."""
    halved_every: Count = 50_000
    """Steps after which the learning rate is halved."""
    width: Count = 1000
    """Units of a hidden layer."""
    init: Positive = 0.001
    """Standard deviation of all weights and biases at the start."""

    @property
    def record(self) -> int:
        """Records at a hundred steps."""
        return max(1, self.steps // 100)

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per D; smaller data sets are parts of larger ones."""
        network = self._network(self.width, self.init)
        kind = Scheduled(optimizer("sgd"), Halved(self.halved_every))
        of_bits, of_data = jax.random.split(key)
        subsets = self._subsets(of_bits)
        return [
            Variant(
                {"n_samples": n},
                Learner(
                    network,
                    MultitaskParity.draw(
                        of_data, self.skills, subsets,
                        n_samples=n, **self._batches(n), **self._options(),
                    ),
                ),
                kind,
                self.learning_rate,
            )
            for n in self.n_samples
        ]  # fmt: skip

    def _batches(self, n_sample: int) -> dict[str, int | None]:
        """Samples per step, and the length of the arrays."""
        if n_sample > self.batch_size:
            return {"batch_size": self.batch_size, "capacity": max(self.n_samples)}
        whole = min(self.batch_size, max(self.n_samples))
        return {"batch_size": None, "capacity": _held(n_sample, whole)}


@dataclass(frozen=True)
class CalibrationData(EmergenceData):
    """The data experiment with a single skill, which calibrates D_c (N24 Fig 11)."""

    QUICK: ClassVar[Mapping[str, Any]] = {"width": 100, "steps": 15_000}
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "1 minute per seed on one core",
        "paper": "not measured; needs a GPU",
    }

    steps: Count = 30_000
    n_skill: Count = 1
    n_samples: tuple[Count, ...] = (100, 200, 300, 400, 500, 600, 700, 800, 1000, 1500, 2000)


@dataclass(frozen=True)
class EmergenceParameters(Emergence):
    """Strengths of five skills against the width N of the hidden layer (N24 Fig 1, right).

    The result is the levels at the end, which `against(curves, "width")` gives as a function of N.
    Learning rate, initialization and widths are those of N24's figure; its script has 0.01, 0.01
    and 2 to 48, its text a rate of 1e-3. The penalty is that of the script; the text has 5e-5. At a
    rate of 0.05 with fresh batches, half of the networks do not learn the first skill within
    20 000 steps, so quick scale has the rate of the script. There, without the penalty, 20 units
    half learn two of five skills.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "steps": 60_000,
        "batch_size": 1000,
        "learning_rate": 0.01,
    }
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "2 minutes per seed on one core",
        "paper": "not measured; needs a GPU for its 50 seeds",
    }

    steps: Count = 500_000
    learning_rate: NonNegative = 0.05
    l2: NonNegative = 5e-4
    """The weight decay of torch's Adam."""
    output_bias: Flag = True
    """Whether the output has a bias, as in N24."""
    widths: tuple[Count, ...] = tuple(range(1, 21))
    """Widths N of a hidden layer, one run each."""
    init: Positive = 0.05
    """Standard deviation of all weights and biases at the start."""
    batch_size: Count = 4000
    """Samples per step."""

    @property
    def record(self) -> int:
        """Records at a hundred steps."""
        return max(1, self.steps // 100)

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per width."""
        task = MultitaskParity(
            self.skills, self._subsets(key), batch_size=self.batch_size, **self._options()
        )
        kind = optimizer("adam", l2=self.l2)
        return [
            Variant(
                {"width": width},
                Learner(
                    self._network(
                        max(self.widths), self.init, width=width, output_bias=self.output_bias
                    ),
                    task,
                ),
                kind,
                self.learning_rate,
            )
            for width in self.widths
        ]


@dataclass(frozen=True)
class CalibrationParameters(EmergenceParameters):
    """The parameter experiment with a single skill, which calibrates N_c (N24 Fig 11).

    Its settings are those of five skills. In N24's script the penalty is 0.005, the rate falls by
    0.995 every 100 epochs of five steps, and a skill has 4 bits; in its plot it has 3.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {**EmergenceParameters.QUICK, "steps": 20_000}
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "30 s per seed on one core",
        "paper": "not measured; needs a GPU for its 50 seeds",
    }

    steps: Count = 50_000
    n_skill: Count = 1
    widths: tuple[Count, ...] = tuple(range(1, 13))
