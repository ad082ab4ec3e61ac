"""How long two figures of L25 take, and what they show.

    python benchmarks/figures.py fig4b
    python benchmarks/figures.py fig10 [--share 0.1]

*fig4b*: t2/t1 of two skills against p1/p2 for SGD, SignGD and Adam, 50 values of p1 and 10 seeds.
*fig10*: a share of the grid of 50 n_dim × 7 exponents × 2 optimizers × 4 seeds × 100 000 steps,
spread over n_dim, and the hours that the whole would take.
"""

import argparse
import time

import jax
import numpy as np

from skillphysics import Skills, train
from skillphysics.optimizers import optimizer
from skillphysics.worlds import VECTORS, Geometry


def fig4b(n_seed: int = 10) -> None:
    """L25 Fig 4, right panel."""
    begin = time.perf_counter()
    share = np.linspace(0.5, 0.99, 50)
    # A learning rate of 0.015 on the square is the published 0.03 on half the square.
    settings = (("sgd", 0.015, 46), ("sign_gd", 3e-4, 50), ("adam", 3e-4, 50))
    ratios = []
    for seed in range(n_seed):
        key = jax.random.key(seed)
        vectors = VECTORS["orthogonal"](key, 2, 1000)
        worlds = [
            Geometry(vectors, Skills.given([p, 1 - p]), batch_size=128) for p in share.tolist()
        ]
        runs = [(w, optimizer(n), rate) for n, rate, count in settings for w in worlds[:count]]
        problems, optimizers, rates = map(list, zip(*runs, strict=True))
        curves = train(problems, optimizers, learning_rate=rates, steps=3000, key=key, record=10)
        times = curves.learning_time(0.9).values
        ratios.append(times[:, 1] / times[:, 0])
    taken = time.perf_counter() - begin
    mean = np.mean(ratios, axis=0)
    print(f"fig4b: {n_seed * len(mean)} runs of 3000 steps in {taken:.0f} s")
    print(f"{'p1/p2':>8}" + "".join(f"{name:>10}" for name, _, _ in settings))
    begins = np.cumsum([0] + [count for _, _, count in settings])
    for place in (0, 10, 20, 30, 40, 45, 47, 49):
        cells = [
            f"{mean[begins[i] + place]:10.2f}" if place < count else f"{'':10}"
            for i, (_, _, count) in enumerate(settings)
        ]
        print(f"{share[place] / (1 - share[place]):8.1f}" + "".join(cells))


def fig10(share: float) -> None:
    """L25 Fig 10."""
    every = np.arange(20, 1001, 20)
    # From the middle of equal parts, so that the mean n_dim of the sample is that of the grid.
    count = max(round(share * len(every)), 1)
    chosen = every[((np.arange(count) + 0.5) * len(every) / count).astype(int)]
    alphas = (0.5, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
    optimizers = [optimizer("sign_gd")] * len(alphas) + [optimizer("adam")] * len(alphas)
    begin = time.perf_counter()
    print(
        f"{'n_dim':>6}{'s':>8}  median final loss over 4 seeds: "
        + "".join(f"{a:9.1f}" for a in alphas)
    )
    for n_dim in chosen.tolist():
        start = time.perf_counter()
        final = []
        for seed in range(4):
            key = jax.random.key(seed)
            vectors = VECTORS["unit"](key, 1000, n_dim)
            worlds = [
                Geometry(vectors, Skills.power_law(1000, a), criterion="ce", batch_size=1024)
                for a in alphas
            ]
            curves = train(
                [*worlds, *worlds], optimizers,
                learning_rate=0.01, steps=100_000, record=1000, key=key,
            )  # fmt: skip
            final.append(curves.dataset["loss"].isel(step=-1).values)
        median = np.median(final, axis=0)
        taken = time.perf_counter() - start
        for name, row in zip(("sign_gd", "adam"), median.reshape(2, -1), strict=True):
            print(
                f"{n_dim:6d}{taken:8.0f}  {name:>32}" + "".join(f"{v:9.4f}" for v in row),
                flush=True,
            )
    hours = (time.perf_counter() - begin) / 3600
    print(f"fig10: {len(chosen)} of {len(every)} n_dim in {hours:.2f} h; "
          f"the whole grid would take {hours * len(every) / len(chosen):.1f} h")  # fmt: skip


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("figure", choices=["fig4b", "fig10"])
    parser.add_argument("--share", type=float, default=0.1, help="of the grid of fig10")
    arguments = parser.parse_args()
    if arguments.figure == "fig4b":
        fig4b()
    else:
        fig10(arguments.share)


if __name__ == "__main__":
    main()
