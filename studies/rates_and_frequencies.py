"""What learning times say about frequencies, on small networks whose frequencies are known.

    python studies/rates_and_frequencies.py [--quick] [--out FOLDER] [--only NAME ...]
"""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np

from skillphysics import Skills, load_curves, log_spaced, train, write_curves
from skillphysics.curves import Curves
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import MultitaskParity, Parities, draw_subsets


@dataclass(frozen=True)
class Setting:
    """A network, its task and its optimizer: skill k is asked with probability ∝ k^−alpha."""

    optimizer: str
    learning_rate: float
    steps: int
    alpha: float = 1.5
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
    target_scale: float | None = None
    init: str | float = "torch"
    activation: str = "relu"
    seeds: int = 3
    options: dict[str, Any] = field(default_factory=dict)
    """Hyperparameters of the optimizer."""


def trained(setting: Setting, steps: int | None = None) -> Curves:
    """The curves of all seeds."""
    key = jax.random.key(0)
    s = setting
    n_bits = s.n_skill * s.order
    subsets = draw_subsets(key, s.n_skill, n_bits, s.order, disjoint=True)
    skills = Skills.power_law(s.n_skill, s.alpha)
    what: dict[str, Any] = {
        "n_bits": n_bits, "criterion": s.criterion, "target_scale": s.target_scale,
        "n_measure": 2000, "batch_size": s.batch_size,
    }  # fmt: skip
    if s.criterion == "joint":
        asked = dict(zip(skills.names, np.asarray(subsets).tolist(), strict=True))
        options: dict[str, Any] = {
            "n_bits": n_bits, "frequency": skills.frequency / skills.frequency.max(),
            "batch_size": s.batch_size,
        }
        if s.n_samples is None:
            task = Parities(asked, **options)
        else:
            task = Parities.draw(key, asked, n_samples=s.n_samples, train_share=0.5, **options)
        network = MLP([n_bits, *[s.width] * s.depth, s.n_skill], s.activation, init=s.init)
        return _train(s, Learner(network, task), steps)
    if s.n_samples is None:
        task = MultitaskParity(skills, subsets, **what)
    else:
        task = MultitaskParity.draw(key, skills, subsets, n_samples=s.n_samples, **what)
    sizes = [s.n_skill + n_bits, *[s.width] * s.depth, 1 if s.criterion == "mse" else 2]
    network = MLP(sizes, s.activation, init=s.init)
    return _train(s, Learner(network, task), steps)


def _train(s, learner, steps):
    steps = s.steps if steps is None else steps
    return train(
        learner,
        optimizer(s.optimizer, **s.options),
        learning_rate=s.learning_rate,
        steps=steps,
        record=log_spaced(steps, 100),
        key=[jax.random.key(seed) for seed in range(s.seeds)],
    )


SETTINGS = {
    "sgd ce order 2": Setting("sgd", 0.5, 4000, 1.0, 10, 2, batch_size=500),
    "adam ce": Setting("adam", 1e-3, 8000),
    "sign_gd ce order 2": Setting("sign_gd", 1e-4, 10_000, 1.0, 10, 2, batch_size=500, seeds=2),
    "full adam": Setting("adam", 1e-3, 3000, 1.0, 6, 2, batch_size=None, n_samples=2000),
    "sgd ce order 3": Setting("sgd", 1.0, 5000, 1.0, 6, batch_size=500, width=100),
    "adam 2 layers": Setting("adam", 1e-3, 8000, depth=2, width=100),
    "sign_gd ce 2 layers": Setting(
        "sign_gd", 1e-4, 10_000, order=2, depth=2, width=100, seeds=2
    ),
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
    "full sgd": Setting("sgd", 0.5, 6000, 1.0, 6, 2, batch_size=None, n_samples=2000),
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
    "full sign_gd": Setting(
        "sign_gd", 1e-4, 8000, 1.0, 6, 2, batch_size=None, n_samples=2000, seeds=2
    ),
    "full adam order 3": Setting(
        "adam", 1e-3, 6000, 1.0, 5, batch_size=None, n_samples=4000, seeds=1
    ),
    "full joint adam": Setting(
        "adam", 1e-3, 3000, 1.0, 6, 2, criterion="joint", batch_size=None, n_samples=4000, width=50
    ),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--pilot", type=int)
    parser.add_argument("--only", nargs="*")
    a = parser.parse_args()
    for name in a.only or SETTINGS:
        t0 = time.time()
        try:
            c = trained(SETTINGS[name], a.pilot)
        except Exception as e:
            print(name, "FAILED", e, flush=True)
            continue
        t1 = time.time()
        write_curves(c, f"/tmp/kappa/{name.replace(' ', '_')}.nc")
        half = np.asarray(c.learning_time(0.5).values)
        print(f"{name:28} {t1-t0:6.1f}s", *[np.where(np.isfinite(h), np.round(h), -1).astype(int).tolist() for h in half], flush=True)
