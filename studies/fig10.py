"""A share of L25 Fig 10 at paper scale: how long the whole takes, and exponents with intervals.

    python studies/fig10.py [--n-dims 40 100 220 600 1000]

Paper scale is 50 values of n_dim from 20 to 1000, each with 14 settings (SignGD and Adam, seven α)
and 4 seeds of 99 000 steps: 2800 runs. Five values are a tenth; these hold the ends of both
published exponents.
"""

import argparse
import time

import numpy as np

from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.liu2025 import fig10
from skillphysics.papers.liu2025.fig10_claims import PUBLISHED_N, PUBLISHED_S
from skillphysics.papers.liu2025.fig10_exponents import KINDS, N_POINTS, S_DIM, exponents


def main() -> None:
    """Print seconds for each n_dim and their sum over all, then exponents beside the published."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n-dims", type=int, nargs="+", default=[40, 100, 220, 600, 1000])
    arguments = parser.parse_args()
    every = fig10.parts("paper")
    data, taken = {}, []
    for n_dim in arguments.n_dims:
        began = time.perf_counter()
        data[str(n_dim)] = fig10.compute(**every[str(n_dim)])
        taken.append(time.perf_counter() - began)
        print(f"n_dim {n_dim:4d}: {taken[-1]:.0f} s", flush=True)
    # The products of a step take a time linear in n_dim, beside what does not depend on it.
    if len(taken) > 1:
        slope, base = np.polyfit(arguments.n_dims, taken, 1)
        whole = sum(base + slope * int(n_dim) for n_dim in every)
        print(f"all {len(every)}, by a line through these: {whole / 3600:.1f} h")
    tables = {"N": (N_POINTS, PUBLISHED_N), "S": ((S_DIM,), PUBLISHED_S)}
    for which, (needed, table) in tables.items():
        if not {str(n_dim) for n_dim in needed} <= set(data):
            continue
        found = exponents(data, which)
        for kind, published in table.items():
            for alpha, said in zip(found.alpha.values, published, strict=True):
                mean, (low, high) = mean_interval(found.sel(kind=kind, alpha=alpha))
                print(f"alpha_{which} {KINDS[kind]:7} {alpha:.1f}: {mean:.3f} "
                      f"({low:.3f} to {high:.3f}), published {said}")  # fmt: skip


if __name__ == "__main__":
    main()
