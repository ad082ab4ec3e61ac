"""Two squares by one network or by two halves of it (L25 Fig 19)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Array, Key

from skillphysics.experiments.experiment import Experiment, Scale, Variant
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import Squares


@dataclass(frozen=True)
class Modularity(Experiment):
    """(x, y) → (x², y²) with y rarely asked for, by a shared and by a modular MLP (L25 Fig 19).

    A square is learned when its `skill_loss` is below 1e-3. Claim: t2 ≥ 2 t1 in the shared network,
    t2 ≈ t1 in the modular one. The defaults are those of the code; the text has `hidden=200` and
    `reading="text"`.
    """

    QUICK: ClassVar[Mapping[str, Any]] = {}
    COST: ClassVar[Mapping[Scale, str]] = {
        "quick": "5 s a seed on two cores",
        "paper": "the same; 100 seeds make the figure",
    }

    steps: int = 1000
    learning_rate: float = 5e-4
    reading: str = "code"
    hidden: int = 100
    n_samples: int = 1000
    n_rare: int = 10

    @property
    def record(self) -> int:
        """Every 5 steps."""
        return 5

    def variants(self, key: Key[Array, ""]) -> Sequence[Variant]:
        """One run for each network."""
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
