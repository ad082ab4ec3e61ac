"""How fast Geometry worlds train, against two plain PyTorch loops in the same run.

    python benchmarks/geometry.py [--n-dim 20 100 500 1000] [--repeat 5]

The setting is that of L25 Fig 10: 1000 tasks, unit vectors, cross-entropy, batches of 1024. Both
loops train one run at a time and draw their batches with `numpy.random.choice`. *As published*
gathers the rows of the batch and records levels, loss and aligned dimensions at every step; *lean*
counts the batch (`bincount`), takes two matrix-vector products and looks at the loss every hundred
steps. Ours are `train`: *apart*, every run with task vectors of its own; *shared*, all runs on one
set of vectors: 14 (7 exponents × SignGD and Adam) and 128 (64 exponents × both). Ours sample, step,
and record all that Geometry measures every hundred steps. The floor is the time of the
4 n_skill n_dim operations of a run-step at the rate of a large square matrix product.
"""

import argparse
import os
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from timing import medians

from skillphysics import Skills, train
from skillphysics.optimizers import optimizer
from skillphysics.worlds import VECTORS, Geometry

N_TASK, BATCH, RATE, RECORD = 1000, 1024, 0.01, 100
SIDE = 2000


def main() -> None:
    """Print one row per n_dim: microseconds per run-step, and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n-dim", type=int, nargs="+", default=[20, 100, 500, 1000])
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, {jax.devices()[0].device_kind}; µs a run-step, medians of "
          f"{arguments.repeat} in turn")  # fmt: skip
    head = ("n_dim", "published", "lean", "apart 14", "shared 14", "shared 128", "floor",
            "pub/shared", "lean/shared", "14/floor", "128/floor")  # fmt: skip
    print(" ".join(f"{name:>11}" for name in head))
    for n_dim in arguments.n_dim:
        print(" ".join(_cell(value) for value in row(n_dim, arguments.repeat)), flush=True)


def row(n_dim: int, repeat: int) -> Sequence[float]:
    """One row of the table."""
    key = jax.random.key(0)
    vectors = VECTORS["unit"](key, N_TASK, n_dim)
    square = jnp.ones((SIDE, SIDE), jnp.float32)
    product = jax.jit(jnp.matmul)
    plain = torch.tensor(np.asarray(vectors))
    lengths = {"published": 200, "lean": 500, "apart": 300, "14": 1000, "128": 300, "floor": 1}
    times = medians(
        {
            "published": lambda: as_published(plain, 1.0, lengths["published"]),
            "lean": lambda: lean(plain, 1.0, lengths["lean"]),
            "apart": ours(n_dim, 14, lengths["apart"], None),
            "14": ours(n_dim, 14, lengths["14"], vectors),
            "128": ours(n_dim, 128, lengths["128"], vectors),
            "floor": lambda: product(square, square),
        },
        repeat,
    )
    runs = {"apart": 14, "14": 14, "128": 128}
    micro = {name: 1e6 * time / lengths[name] / runs.get(name, 1) for name, time in times.items()}
    floor = micro["floor"] * 4 * N_TASK * n_dim / (2 * SIDE**3)
    return (
        n_dim, micro["published"], micro["lean"], micro["apart"], micro["14"], micro["128"], floor,
        micro["published"] / micro["14"], micro["lean"] / micro["14"], micro["14"] / floor,
        micro["128"] / floor,
    )  # fmt: skip


def ours(n_dim: int, n_run: int, steps: int, vectors: jax.Array | None) -> Callable[[], object]:
    """A training of many runs: half by SignGD, half by Adam, on shared vectors or on their own."""
    skills = [Skills.power_law(N_TASK, float(a)) for a in np.linspace(0.5, 2, n_run // 2)]
    keys = list(jax.random.split(jax.random.key(1), len(skills)))
    worlds = [
        Geometry(
            VECTORS["unit"](key, N_TASK, n_dim) if vectors is None else vectors,
            each, criterion="ce", batch_size=BATCH,
        )
        for key, each in zip(keys, skills, strict=True)
    ]  # fmt: skip
    optimizers = [optimizer("sign_gd")] * len(worlds) + [optimizer("adam")] * len(worlds)
    key = jax.random.key(2) if vectors is not None else [*keys, *keys]

    def work() -> object:
        return train(
            [*worlds, *worlds], optimizers,
            learning_rate=RATE, steps=steps, record=RECORD, key=key,
        )  # fmt: skip

    return work


def as_published(vectors: torch.Tensor, alpha: float, steps: int) -> torch.Tensor:
    """Gather the rows of the batch; record levels, loss and aligned dimensions every step."""
    probability, share = _zipf(alpha)
    x = torch.zeros(vectors.shape[1], requires_grad=True)
    descent = torch.optim.Adam([x], lr=RATE, betas=(0.0, 0.0))
    levels, losses, aligned = [], [], []
    for _ in range(steps):
        batch = np.random.choice(N_TASK, BATCH, p=probability)  # noqa: NPY002
        descent.zero_grad()
        torch.nn.functional.softplus(-(vectors[batch] @ x)).mean().backward()
        with torch.no_grad():
            gradient = torch.zeros_like(x) if x.grad is None else x.grad
            skill = vectors @ x
            levels.append(torch.sigmoid(skill).numpy())
            losses.append(float(share @ torch.nn.functional.softplus(-skill)))
            aligned.append((torch.sign(vectors) == torch.sign(-gradient)).sum(1).numpy())
        descent.step()
    return x


def lean(vectors: torch.Tensor, alpha: float, steps: int) -> torch.Tensor:
    """Count the batch; two products a step; the loss every hundredth."""
    probability, share = _zipf(alpha)
    x = torch.zeros(vectors.shape[1])
    losses = []
    with torch.no_grad():
        for step in range(steps):
            batch = np.random.choice(N_TASK, BATCH, p=probability)  # noqa: NPY002
            counts = torch.from_numpy(np.bincount(batch, minlength=N_TASK)).float() / BATCH
            skill = vectors @ x
            gradient = (counts * torch.sigmoid(-skill)) @ vectors
            x += RATE * torch.sign(gradient)
            if step % RECORD == 0:
                losses.append(float(share @ torch.nn.functional.softplus(-skill)))
    return x


def _zipf(alpha: float) -> tuple[np.ndarray, torch.Tensor]:
    probability = Skills.power_law(N_TASK, alpha).frequency
    assert probability is not None  # noqa: S101
    return probability, torch.tensor(probability, dtype=torch.float32)


def _cell(value: float) -> str:
    return f"{value:11d}" if isinstance(value, int) else f"{value:11.1f}"


if __name__ == "__main__":
    main()
