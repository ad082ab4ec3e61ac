"""Emergence of skills with training time, data and parameters, in networks (N24 Fig 1)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
from jaxtyping import Array, Key

from skillphysics.checks import check_count
from skillphysics.experiments.experiment import Experiment, Scale, Variant
from skillphysics.experiments.schedules import Halved, Scheduled
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.skills import Skills
from skillphysics.tasks import MultitaskParity, draw_subsets


@dataclass(frozen=True)
class Emergence(Experiment):
    """What the three have in common: parities of disjoint bits with power-law frequencies.

    The loss is E(f* − f)², as in N24's code, so the η of the theories is twice the learning rate.
    """

    n_task: int = 5
    alpha: float = 1.6
    """L25's exponent: N24's 0.6 plus 1."""
    n_bits: int = 32
    n_own: int = 3
    """Bits m of a skill."""
    depth: int = 1
    """Hidden layers, all of one width; blocks of a transformer."""
    target_scale: float = 5.0
    n_measure: int = 4000
    """Fresh samples a skill in a measurement; N24 takes 20 000 for five skills."""

    @property
    def skills(self) -> Skills:
        """Names and frequencies."""
        return Skills.power_law(self.n_task, self.alpha)

    def _subsets(self, key: Key[Array, ""]) -> Array:
        return draw_subsets(key, self.n_task, self.n_bits, self.n_own, disjoint=True)

    def _network(self, n_unit: int, init: float, **options: Any) -> MLP:
        hidden = [n_unit] * check_count("depth", self.depth)
        sizes = [self.n_task + self.n_bits, *hidden, 1]
        return MLP(sizes, "relu", init=init, **options)

    def _options(self) -> dict[str, Any]:
        return {
            "n_bits": self.n_bits, "target_scale": self.target_scale, "n_measure": self.n_measure
        }  # fmt: skip


@dataclass(frozen=True)
class EmergenceTime(Emergence):
    """Strengths of five skills against training time, on endless data (N24 Fig 1, left)."""

    QUICK: ClassVar[Mapping[str, Any]] = {"width": 200, "batch_size": 1000}
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "30 s a seed on two cores",
        "paper": "3 minutes a seed on two cores; N24 shows 10 seeds or more",
    }

    steps: int = 30_000
    learning_rate: float = 0.02
    width: int = 1000
    init: float = 0.01
    batch_size: int = 4000

    @property
    def record(self) -> int:
        """Every 50 steps."""
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

    The start is that of N24's plot; its script has 0.1.
    """

    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "10 s a seed on one core",
        "paper": "30 s a seed on two cores; N24 shows 50",
    }

    steps: int = 5000
    n_task: int = 1


def _held(n_sample: int, most: int) -> int:
    """How long the arrays of a data set are: the longest, halved while the samples fit.

    Runs train together where they are as long, and no run works on more than twice its samples.
    """
    return math.ceil(most / 2 ** math.floor(math.log2(most / n_sample)))


@dataclass(frozen=True)
class EmergenceData(Emergence):
    """Strengths of five skills against the number of samples D (N24 Fig 1, middle).

    A step sees all D samples, or `batch_size` of them, drawn anew, where there are more, as in
    N24's code. What counts are the levels at the end, which `against(curves, "n_samples")` puts
    over D.

    Steps and halvings are those of N24's text; its code trains for 100 000 passes over the data
    and halves every 10 000, which are other steps for each D.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "n_samples": (250, 500, 1000, 2000, 4000, 8000, 16_000),
        "width": 100,
        "steps": 80_000,
    }
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "3 minutes a seed on one core",
        "paper": "not measured; wants a GPU",
    }

    steps: int = 500_000
    learning_rate: float = 0.05
    n_samples: tuple[int, ...] = (500, 1000, 2000, 4000, 8000, 16_000, 25_000, 35_000)
    batch_size: int = 2000
    halved_every: int = 50_000
    width: int = 1000
    init: float = 0.001

    @property
    def record(self) -> int:
        """A hundred times."""
        return max(1, self.steps // 100)

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run for each D; smaller data sets are parts of larger ones."""
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
                        n_samples=n, **self._seen(n), **self._options(),
                    ),
                ),
                kind,
                self.learning_rate,
            )
            for n in self.n_samples
        ]  # fmt: skip

    def _seen(self, n_sample: int) -> dict[str, int | None]:
        """How many samples a step sees, and how long their arrays are."""
        if check_count("n_samples", n_sample) > check_count("batch_size", self.batch_size):
            return {"batch_size": self.batch_size, "capacity": max(self.n_samples)}
        whole = min(self.batch_size, max(self.n_samples))
        return {"batch_size": None, "capacity": _held(n_sample, whole)}


@dataclass(frozen=True)
class CalibrationData(EmergenceData):
    """The data experiment with a single skill, which calibrates D_c (N24 Fig 11)."""

    QUICK: ClassVar[Mapping[str, Any]] = {"width": 100, "steps": 15_000}
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "1 minute a seed on one core",
        "paper": "not measured; wants a GPU",
    }

    steps: int = 30_000
    n_task: int = 1
    n_samples: tuple[int, ...] = (100, 200, 300, 400, 500, 600, 700, 800, 1000, 1500, 2000)


@dataclass(frozen=True)
class EmergenceParameters(Emergence):
    """Strengths of five skills against the width N of the hidden layer (N24 Fig 1, right).

    What counts are the levels at the end, which `against(curves, "width")` puts over N. Learning
    rate, start and widths are those of N24's figure; its script has 0.01, 0.01 and 2 to 48, its
    text a rate of 1e-3. The penalty is the script's; its text has 5e-5. At a rate of 0.05 with
    fresh batches half of the networks do not learn the first skill within 20 000 steps, so quick
    scale has the script's. There, without the penalty, 20 units half learn two skills of
    five.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {
        "steps": 60_000,
        "batch_size": 1000,
        "learning_rate": 0.01,
    }
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "2 minutes a seed on one core",
        "paper": "not measured; wants a GPU for its 50 seeds",
    }

    steps: int = 500_000
    learning_rate: float = 0.05
    l2: float = 5e-4
    """The weight decay of torch's Adam."""
    output_bias: bool = True
    """Whether the output has a bias, as N24's has."""
    widths: tuple[int, ...] = tuple(range(1, 21))
    init: float = 0.05
    batch_size: int = 4000

    @property
    def record(self) -> int:
        """A hundred times."""
        return max(1, self.steps // 100)

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run for each width."""
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

    It trains as five skills do. In N24's script the penalty is 0.005 and the rate falls by 0.995
    every 100 epochs of five steps, and a skill has 4 bits; in its plot it has 3.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {**EmergenceParameters.QUICK, "steps": 20_000}
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "30 s a seed on one core",
        "paper": "not measured; wants a GPU for its 50 seeds",
    }

    steps: int = 50_000
    n_task: int = 1
    widths: tuple[int, ...] = tuple(range(1, 13))
