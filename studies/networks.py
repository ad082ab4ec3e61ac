"""The networks whose learning times and frequencies are compared: all small, all of known p."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np

from skillphysics import Curves, Skills, log_spaced, train
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import MultitaskParity, Parities, draw_subsets


@dataclass(frozen=True)
class Setting:
    """A network, its task and its optimizer.

    The skills of a network are parities of equally many bits, no bit in two of them, so that they
    differ in nothing but frequency.
    """

    optimizer: str
    learning_rate: float
    steps: int
    alpha: float = 1.5
    """Skill k occurs with probability ∝ k^−alpha."""
    n_skill: int = 8
    order: int = 3
    """Bits of a skill."""
    width: int = 200
    depth: int = 1
    batch_size: int | None = 1000
    """None for all samples of the data set in each step."""
    n_samples: int | None = None
    """Of the data set; None for fresh batches."""
    criterion: str = "ce"
    """"ce" and "mse" of the multitask parity, or "joint": an output for each skill, mse."""
    target_scale: float | None = None
    init: str | float = "torch"
    activation: str = "relu"
    seeds: int = 3
    options: dict[str, Any] = field(default_factory=dict)
    """Hyperparameters of the optimizer."""
    frequency: tuple[float, ...] | None = None
    """In place of the power law."""

    @property
    def skills(self) -> Skills:
        """Names and frequencies."""
        if self.frequency is None:
            return Skills.power_law(self.n_skill, self.alpha)
        return Skills.given(self.frequency).normalised()

    def learner(self) -> Learner:
        """The network with its task."""
        key, skills, n_skill = jax.random.key(0), self.skills, len(self.skills)
        n_bits = n_skill * self.order
        subsets = draw_subsets(key, n_skill, n_bits, self.order, disjoint=True)
        options: dict[str, Any] = {"n_bits": n_bits, "batch_size": self.batch_size}
        hidden = [self.width] * self.depth
        if self.criterion == "joint":
            bits = dict(zip(skills.names, np.asarray(subsets).tolist(), strict=True))
            options["frequency"] = skills.probability / skills.probability.max()
            if self.n_samples is None:
                task = Parities(bits, **options)
            else:
                task = Parities.draw(
                    key, bits, n_samples=self.n_samples, train_share=0.5, **options
                )
            return Learner(self._network([n_bits, *hidden, n_skill]), task)
        options |= {"criterion": self.criterion, "target_scale": self.target_scale}
        if self.n_samples is None:
            task = MultitaskParity(skills, subsets, **options)
        else:
            task = MultitaskParity.draw(key, skills, subsets, n_samples=self.n_samples, **options)
        n_output = 1 if self.criterion == "mse" else 2
        return Learner(self._network([n_skill + n_bits, *hidden, n_output]), task)

    def _network(self, sizes: list[int]) -> MLP:
        return MLP(sizes, self.activation, init=self.init)

    def train(self) -> Curves:
        """The curves of all seeds, measured on 2000 samples a skill."""
        return train(
            self.learner(),
            optimizer(self.optimizer, **self.options),
            learning_rate=self.learning_rate,
            steps=self.steps,
            record=log_spaced(self.steps, 100),
            key=[jax.random.key(seed) for seed in range(self.seeds)],
        )


FRESH = {
    "sgd ce order 2": Setting("sgd", 0.5, 4000, 1.0, 10, 2, batch_size=500),
    "adam ce": Setting("adam", 1e-3, 8000),
    "sign_gd ce order 2": Setting("sign_gd", 1e-4, 10_000, 1.0, 10, 2, batch_size=500, seeds=2),
    "sgd ce order 3": Setting("sgd", 1.0, 5000, 1.0, 6, batch_size=500, width=100),
    "adam 2 layers": Setting("adam", 1e-3, 8000, depth=2, width=100),
    "sign_gd ce 2 layers": Setting("sign_gd", 1e-4, 10_000, order=2, depth=2, width=100, seeds=2),
    "sgd mse order 2": Setting(
        "sgd", 0.05, 12_000, 1.5, 8, 2, criterion="mse", target_scale=1.0, batch_size=500, seeds=2
    ),
    "adam mse": Setting(
        "adam", 1e-3, 12_000, 2.0, criterion="mse", target_scale=1.0, batch_size=500, seeds=2
    ),
    "sgd ce 2 layers": Setting("sgd", 0.3, 5000, order=2, depth=2, batch_size=500, width=100),
    "sgd momentum": Setting(
        "sgd", 0.05, 6000, 2.0, 6, 2, batch_size=250, options={"momentum": 0.9}
    ),
    "sign_gd mse": Setting(
        "sign_gd", 1e-4, 12_000, n_skill=6, criterion="mse", target_scale=1.0, seeds=2
    ),
    "adam order 2 small batch": Setting("adam", 1e-3, 8000, 1.5, 10, 2, batch_size=128),
    "adam mse scale 5": Setting(
        "adam", 1e-3, 8000, 1.5, 6, criterion="mse", target_scale=5.0, seeds=2
    ),
    "adam 2 layers order 2 fast": Setting(
        "adam", 3e-3, 2500, 2.0, order=2, depth=2, width=100, batch_size=500
    ),
    "sgd mse small init": Setting(
        "sgd", 0.02, 20_000, 1.5, 6, criterion="mse", target_scale=5.0, init=0.01, seeds=2
    ),
    "signum": Setting("signum", 1e-4, 10_000, 1.5, 6, seeds=2),
    "adam b2 0.9": Setting("adam", 1e-3, 8000, options={"b2": 0.9}, seeds=2),
    "adam b1 0": Setting("adam", 1e-3, 8000, options={"b1": 0.0}, seeds=2),
    "adam slow": Setting("adam", 3e-4, 8000, 1.0, 10, 2, batch_size=500, seeds=2),
    "adam fast": Setting("adam", 5e-3, 6000, seeds=2),
    "adam small batch": Setting("adam", 1e-3, 15_000, batch_size=100, seeds=2),
    "adam large batch": Setting("adam", 1e-3, 4000, 1.0, 8, batch_size=4000, width=100, seeds=2),
    "adam wide": Setting("adam", 1e-3, 6000, width=500, batch_size=500, seeds=2),
    "adam tanh": Setting("adam", 1e-3, 8000, activation="tanh", batch_size=500, seeds=2),
    "joint adam": Setting(
        "adam", 1e-3, 10_000, 1.0, 8, 2, criterion="joint", width=100, batch_size=500, seeds=2
    ),
    "joint sgd": Setting(
        "sgd", 0.3, 10_000, 1.0, 6, 2, criterion="joint", width=100, batch_size=500, seeds=2
    ),
    "muon 2 layers": Setting(
        "muon", 3e-3, 3000, order=2, depth=2, width=100, batch_size=500, seeds=2
    ),
    "lion": Setting("lion", 5e-5, 10_000, n_skill=6, seeds=2),
    "adagrad": Setting("adagrad", 3e-2, 3000, order=2, batch_size=500, seeds=2),
}
"""Fresh samples in each batch, each network unlike the others; the prior is measured on these."""

FULL = {
    "full adam": Setting("adam", 1e-3, 3000, 1.0, 6, 2, batch_size=None, n_samples=2000),
    "full sgd": Setting("sgd", 0.5, 6000, 1.0, 6, 2, batch_size=None, n_samples=2000),
    "full sign_gd": Setting(
        "sign_gd", 1e-4, 8000, 1.0, 6, 2, batch_size=None, n_samples=2000, seeds=2
    ),
    "full adam order 3": Setting(
        "adam", 1e-3, 6000, 1.0, 5, batch_size=None, n_samples=4000, seeds=1
    ),
    "full joint adam": Setting(
        "adam", 1e-3, 3000, 1.0, 6, 2, criterion="joint", batch_size=None, n_samples=4000, width=50
    ),
    "full adam large": Setting(
        "adam", 1e-3, 3000, 1.5, 8, 2, n_samples=8000, width=100, batch_size=None, seeds=2
    ),
    "full adam 2 layers": Setting(
        "adam", 1e-3, 3000, 1.0, 6, 2, n_samples=2000, width=100, depth=2, batch_size=None, seeds=2
    ),
    "full sgd mse": Setting(
        "sgd",
        0.1,
        6000,
        1.0,
        6,
        2,
        n_samples=2000,
        criterion="mse",
        target_scale=1.0,
        width=100,
        batch_size=None,
        seeds=2,
    ),
    "full sgd momentum": Setting(
        "sgd",
        0.1,
        4000,
        1.5,
        6,
        2,
        n_samples=4000,
        width=100,
        options={"momentum": 0.9},
        batch_size=None,
        seeds=2,
    ),
    "full joint wide": Setting(
        "adam",
        1e-3,
        3000,
        2.0,
        6,
        2,
        criterion="joint",
        n_samples=10_000,
        width=50,
        batch_size=None,
        seeds=2,
    ),
    "full joint order 3": Setting(
        "adam",
        1e-3,
        5000,
        1.0,
        5,
        3,
        criterion="joint",
        n_samples=10_000,
        width=100,
        batch_size=None,
        seeds=2,
    ),
    "full joint sgd": Setting(
        "sgd",
        1.0,
        6000,
        1.0,
        5,
        2,
        criterion="joint",
        n_samples=4000,
        width=50,
        batch_size=None,
        seeds=2,
    ),
    "full adam fast": Setting(
        "adam", 5e-3, 1500, 1.5, 6, 2, n_samples=4000, width=100, batch_size=None, seeds=2
    ),
    "full signum": Setting(
        "signum", 1e-4, 5000, 1.0, 6, 2, n_samples=4000, width=100, batch_size=None, seeds=2
    ),
}
"""All samples of a data set in each step; levels are those of fresh samples."""


def _varied() -> dict[str, Setting]:
    """Three bases, in each of which one thing is changed at a time."""
    bases = {
        "adam": Setting("adam", 1e-3, 6000, 1.5, 8, 2, 100, batch_size=500, seeds=2),
        "sgd": Setting("sgd", 0.5, 6000, 1.5, 8, 2, 100, batch_size=500, seeds=2),
        "sign": Setting("sign_gd", 2e-4, 10_000, 1.5, 6, 2, 100, batch_size=500, seeds=2),
    }
    shapes = {
        "exp 2": 2.0 ** -np.arange(8),
        "exp 1.3": 1.3 ** -np.arange(10),
        "two level": np.repeat([8.0, 1.0], 4),
        "one rare": np.array([1, 0.97, 0.95, 0.92, 0.9, 0.1]),
        "uniform": np.linspace(1, 0.9, 8),
    }
    varied = {}
    for name, base in bases.items():
        rate, steps = base.learning_rate, base.steps
        changes: dict[str, dict[str, Any]] = {
            "base": {},
            "alpha 1.0": {"alpha": 1.0},
            "alpha 2.0": {"alpha": 2.0},
            "rate x0.3": {"learning_rate": 0.3 * rate, "steps": int(2.5 * steps)},
            "rate x3.0": {"learning_rate": 3 * rate, "steps": int(0.7 * steps)},
            "batch 50": {"batch_size": 50, "steps": 2 * steps},
            "batch 4000": {"batch_size": 4000, "width": 50, "steps": int(0.8 * steps)},
            "n 4": {"n_skill": 4, "steps": steps // 2},
            "n 16": {"n_skill": 16, "steps": 2 * steps},
            "width 30": {"width": 30, "steps": 2 * steps},
            "width 400": {"width": 400},
            "2 layers": {"depth": 2},
            "order 3": {"order": 3, "steps": 2 * steps},
            "mse": {"criterion": "mse", "target_scale": 1.0, "steps": 2 * steps}
            | ({"learning_rate": 0.05} if name == "sgd" else {}),
            "small init": {"init": 0.02},
        }
        if name == "adam":
            changes |= {f"b2 {b2}": {"options": {"b2": b2}} for b2 in (0.9, 0.9999)}
        for shape, p in shapes.items():
            changes[shape] = {"frequency": tuple(p.tolist()), "steps": int(1.5 * steps)}
        varied |= {f"{name}, {what}": replace(base, **change) for what, change in changes.items()}
    return varied


VARIED = _varied()
"""What the prior of the first is tried on, and what is looked at for what sets κ."""
