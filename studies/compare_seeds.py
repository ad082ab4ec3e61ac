"""False alarms and power of `skillphysics compare` on seeds of networks trained here.

    python studies/compare_seeds.py FOLDER

trains three kinds of small network with 120 seeds each, and each again with one thing changed (a
few minutes on two cores; the curves are kept in FOLDER and used again), then compares runs that
differ only in their seed, and runs that differ in the change, and prints how often a difference is
claimed.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from skillphysics import Curves, Skills, load_curves, train, write_curves
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.tasks import MultitaskParity, draw_subsets
from skillphysics.worlds import Geometry

N_SKILL, ALPHA = 8, 1.5
N_SEED, N_CHANGED = 120, 30
N_RECORD = 30
# The skill whose frequency is changed, from 0.
BOOSTED = 4


def frequencies(boost: float) -> np.ndarray:
    """k^−1.5, with one of them multiplied by `boost`."""
    p = np.arange(1, N_SKILL + 1) ** -ALPHA
    p[BOOSTED] *= boost
    return p


def records(steps: int) -> np.ndarray:
    """Checkpoints evenly in the logarithm, from 1 % of the steps on."""
    return np.unique(np.geomspace(steps / 100, steps, N_RECORD).astype(int))


def parity(
    seeds: Sequence[int],
    *,
    kind: str,
    rate: float,
    steps: int,
    width: int = 64,
    boost: float = 1.0,
) -> Curves:
    """Multitask sparse parity, fresh batches of 128; accuracies on 500 fresh samples a skill."""
    subsets = draw_subsets(jax.random.key(0), N_SKILL, 3 * N_SKILL, 3, disjoint=True)
    task = MultitaskParity(
        Skills.given(frequencies(boost)),
        subsets,
        n_bits=3 * N_SKILL,
        criterion="ce",
        batch_size=128,
        n_measure=500,
    )
    network = MLP([4 * N_SKILL, width, 2], "relu")
    keys = [jax.random.key(1000 + seed) for seed in seeds]
    problems = [Learner(network, task)] * len(keys)
    return train(
        problems,
        optimizer(kind),
        learning_rate=rate,
        steps=steps,
        key=keys,
        record=records(steps),
    )


def geometry(
    seeds: Sequence[int], *, rate: float = 5e-4, n_dim: int = 200, boost: float = 1.0
) -> Curves:
    """A Geometry world under SignGD with small batches; its task vectors are drawn by the seed.

    Levels are measured as accuracies (1 + s)/2 on 500 samples a skill would be.
    """
    keys = [jax.random.key(5000 + seed) for seed in seeds]
    skills = Skills.given(frequencies(boost))
    worlds = [
        Geometry.draw(
            jax.random.fold_in(key, 7), skills, n_dim=n_dim, vectors="unit", batch_size=16
        )
        for key in keys
    ]
    curves = train(
        worlds, optimizer("sign_gd"), learning_rate=rate, steps=3000, key=keys, record=records(3000)
    )
    rng = np.random.default_rng(seeds[0])
    share = rng.binomial(500, np.clip((1 + curves.level.values) / 2, 0, 1)) / 500
    error = 2 * np.sqrt(share * (1 - share) / 500)
    return Curves.from_arrays(curves.steps, 2 * share - 1, level_stderr=error)


ADAM = {"kind": "adam", "rate": 3e-3, "steps": 8000}
SGD = {"kind": "sgd", "rate": 0.5, "steps": 20_000}
# Each kind of network: how it is trained, its settings, and one change each.
KINDS: dict[str, tuple[Callable[..., Curves], dict[str, Any], dict[str, dict[str, Any]]]] = {
    "parity, Adam": (
        parity,
        ADAM,
        {
            "rate × 2": {"rate": 6e-3},
            "width × 4": {"width": 256},
            "skill 5 three times as often": {"boost": 3.0},
        },
    ),
    "parity, SGD": (
        parity,
        SGD,
        {
            "rate × 2": {"rate": 1.0},
            "width × 4": {"width": 256},
            "skill 5 three times as often": {"boost": 3.0},
        },
    ),
    "geometry, SignGD": (
        geometry,
        {},
        {
            "rate × 2": {"rate": 1e-3},
            "n_dim × 4": {"n_dim": 800},
            "skill 5 three times as often": {"boost": 3.0},
        },
    ),
}


def trained(folder: Path, kind: str, change: str | None) -> Curves:
    """The runs of a kind of network, with a change or without, trained or as kept in the folder."""
    make, settings, changes = KINDS[kind]
    name = f"{kind}, {change or 'as it is'}".replace(", ", "-").replace(" ", "-")
    path = folder / f"{name.replace('×', 'x')}.nc"
    if not path.exists():
        # Changed runs have seeds of their own: pairs share neither start nor batches.
        seeds = range(N_SEED) if change is None else range(N_SEED, N_SEED + N_CHANGED)
        curves = make(list(seeds), **(settings | (changes[change] if change else {})))
        kept = ["level", "level_stderr"]
        write_curves(Curves(curves.dataset[kept].drop_vars("frequency", errors="ignore")), path)
    return load_curves(path)


def main(folder: Path) -> None:
    """Train and compare."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, (_, _, changes) in KINDS.items():
        for change in (None, *changes):
            trained(folder, kind, change)
            print(kind, change, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
