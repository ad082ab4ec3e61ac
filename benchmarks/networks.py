"""How fast the multitask parity of N24's time experiment trains, against plain PyTorch loops.

    python benchmarks/networks.py [--repeat 3] [--steps 200]

The setting is N24 Fig 1: five parities of 3 of 32 bits, a ReLU layer of 1000 units, batches of
4000 fresh samples, SGD, and the strengths on 20 000 fresh samples every 50 steps. *DataLoader*
makes four batches at a time and hands them out by `torch.utils.data.DataLoader`, shuffled, sample
by sample; *plain* makes each batch as one tensor. *ours* is `train` on the experiment
`emergence-time`. The floor is the time of the operations of the matrix products, forwards and
backwards, at the rate of a large square product.
"""

import argparse
import os

import jax
import jax.numpy as jnp
import torch  # pyright: ignore[reportMissingImports]
from timing import medians

from skillphysics import Skills, train
from skillphysics.experiments import EXPERIMENTS

N_TASK, N_BITS, WIDTH, BATCH, RATE, SCALE, EVERY = 5, 32, 1000, 4000, 0.02, 5.0, 50
N_MEASURE = 4000
SIDE = 2000


class Plain:
    """The network, its data and its strengths in PyTorch."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        chosen = torch.randperm(N_BITS, generator=generator)[: 3 * N_TASK].reshape(N_TASK, 3)
        self.own = torch.zeros(N_TASK, N_BITS)
        self.own[torch.arange(N_TASK)[:, None], chosen] = 1
        probability = Skills.power_law(N_TASK, 1.6).probability
        self.probability = torch.tensor(probability, dtype=torch.float32)
        self.network = torch.nn.Sequential(
            torch.nn.Linear(N_TASK + N_BITS, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, 1)
        )
        for parameter in self.network.parameters():
            torch.nn.init.normal_(parameter, std=0.01)
        self.descent = torch.optim.SGD(self.network.parameters(), lr=RATE)

    def samples(
        self, n: int, skill: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets."""
        if skill is None:
            skill = torch.multinomial(self.probability, n, replacement=True)
        bits = torch.randint(0, 2, (n, N_BITS)).float()
        odd = (bits * self.own[skill]).sum(1) % 2
        control = torch.nn.functional.one_hot(skill, N_TASK).float()
        return torch.cat([control, bits], 1), SCALE * (1 - 2 * odd)

    def step(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        """One step of SGD."""
        self.descent.zero_grad()
        ((self.network(inputs)[:, 0] - targets) ** 2).mean().backward()
        self.descent.step()

    def strengths(self) -> list[float]:
        """R_k/S of every skill."""
        with torch.no_grad():
            found = []
            for k in range(N_TASK):
                inputs, targets = self.samples(N_MEASURE, torch.full((N_MEASURE,), k))
                output = self.network(inputs)[:, 0]
                found.append(float(((output - output.mean()) * targets).mean()) / SCALE**2)
            return found


def with_loader(steps: int) -> list[float]:
    """Four batches at a time, handed out by a DataLoader."""
    plain, found = Plain(), []
    for done in range(0, steps, 4):
        data = torch.utils.data.TensorDataset(*plain.samples(4 * BATCH))
        for inputs, targets in torch.utils.data.DataLoader(data, BATCH, shuffle=True):
            plain.step(inputs, targets)
        if done % EVERY < 4:
            found = plain.strengths()
    return found


def without(steps: int) -> list[float]:
    """Each batch as one tensor."""
    plain, found = Plain(), []
    for done in range(steps):
        plain.step(*plain.samples(BATCH))
        if done % EVERY == 0:
            found = plain.strengths()
    return found


def ours(steps: int) -> object:
    """The same by `train`."""
    experiment = EXPERIMENTS["emergence-time"].at("paper")
    (one,) = experiment.variants(jax.random.key(0))
    return train(
        one.problem, one.optimizer, learning_rate=one.learning_rate, steps=steps,
        key=jax.random.key(0), record=EVERY,
    )  # fmt: skip


def main() -> None:
    """Print milliseconds a step, and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    # Whole batches of the loader, and strengths once in EVERY steps as in the others.
    steps, short = arguments.steps, 2 * EVERY * max(1, arguments.steps // (20 * EVERY))
    square = jnp.ones((SIDE, SIDE), jnp.float32)
    product = jax.jit(jnp.matmul)
    times = medians(
        {
            "loader": lambda: with_loader(short),
            "plain": lambda: without(steps),
            "ours": lambda: ours(steps),
            "floor": lambda: product(square, square),
        },
        arguments.repeat,
    )
    # Of a batch: outputs, and the gradient of the weights of the first layer and of what goes in.
    trained = BATCH * WIDTH * 2 * (2 * (N_TASK + N_BITS) + 3)
    measured = N_TASK * N_MEASURE * WIDTH * 2 * (N_TASK + N_BITS + 1) / EVERY
    floor = times["floor"] * (trained + measured) / (2 * SIDE**3)
    each = {"loader": times["loader"] / short, "plain": times["plain"] / steps,
            "ours": times["ours"] / steps, "floor": floor}  # fmt: skip
    print(f"{os.cpu_count()} cores, {jax.devices()[0].device_kind}; ms a step, medians of "
          f"{arguments.repeat} in turn")  # fmt: skip
    print("  ".join(f"{name} {1e3 * value:.1f}" for name, value in each.items()))
    print(f"DataLoader/ours {each['loader'] / each['ours']:.1f}, plain/ours "
          f"{each['plain'] / each['ours']:.1f}, ours/floor {each['ours'] / floor:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
