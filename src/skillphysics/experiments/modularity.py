"""Two squares by one network or by two halves of it (L25 Fig 19)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Array, Key

from skillphysics.domains import Count, NonNegative
from skillphysics.experiments.experiment import Experiment, Variant
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import Squares
from skillphysics.tasks.squares import Reading


@dataclass(frozen=True)
class Modularity(Experiment):
    """(x, y) → (x², y²) with y rarely non-zero, by a shared and a modular MLP (L25 Fig 19).

    A square is learned when its `skill_loss` is below 1e-3. Claim: t2 ≥ 2 t1 in the shared network,
    t2 ≈ t1 in the modular one. The defaults are those of the code; the text has `hidden=200` and
    `reading="text"`.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {}
    COST: ClassVar[Mapping[str, str]] = {
        "quick": "5 s per seed on two cores",
        "paper": "the same; 100 seeds make the figure",
    }

    steps: Count = 1000
    learning_rate: NonNegative = 5e-4
    reading: Reading = "code"
    """Reading of the figure: code or text."""
    hidden: Count = 100
    """Units of each of the two hidden layers."""
    n_samples: Count = 1000
    """Number of points."""
    n_rare: Count = 10
    """Number of points in which y is not 0."""

    @property
    def record(self) -> int:
        """Records every 5 steps."""
        return 5

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run per network."""
        task = Squares.draw(key, self.reading, n_samples=self.n_samples, n_rare=self.n_rare)
        sizes = [2, self.hidden, self.hidden, 2]
        return [
            Variant(
                {"n_block": n_block},
                Learner(MLP(sizes, "silu", n_block=n_block), task),
                optimizer("adam"),
                self.learning_rate,
            )
            for n_block in (1, 2)
        ]
