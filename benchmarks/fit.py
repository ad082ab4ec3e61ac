"""How fast theories are fitted, each time against a plain reference in the same run.

    python benchmarks/fit.py [--repeat 5]

A fit from many starts is compared with SciPy's `least_squares` called once a start on the same
residuals and exact Jacobian, both compiled by JAX beforehand, so the ratio is that of the solvers.
Runs alternate; medians are printed.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from timing import medians

from skillphysics.curves import Curves
from skillphysics.inference.coordinates import at_free
from skillphysics.inference.data import data_of
from skillphysics.inference.fit import prepare
from skillphysics.inference.solve import BATCH, MOST_STEPS, polish, residuals
from skillphysics.inference.starts import candidates
from skillphysics.skills import Skills
from skillphysics.theories import SIMPLE, Resource

N_SKILL, N_STEP, NOISE = 8, 60, 0.02


def curves() -> Curves:
    """Eight skills of a Resource model, measured at 60 steps with noise 0.02."""
    frequency = Skills.power_law(N_SKILL, 2).frequency
    steps = np.linspace(0, 2500, N_STEP)
    with jax.enable_x64(True):
        truth = Resource(jnp.asarray(frequency), rate=0.01, waste=0.1, norm="l2")
        level = np.asarray(truth.levels(steps))
    noise = NOISE * np.random.default_rng(0).normal(size=level.shape)
    return Curves.from_arrays(steps, level + noise)


def compared(name: str, repeat: int) -> tuple[float, float]:
    """Median seconds per start of the batched solve and of SciPy's."""
    data = data_of(curves())
    template = prepare(SIMPLE[name], curves(), data, ceiling=False, onset=False)
    starts = candidates(template, data, (), BATCH, jax.random.key(0))[:, 6]
    level = np.broadcast_to(data.level, (BATCH, *data.level.shape))

    def flat(free: jax.Array) -> jax.Array:
        return residuals(at_free(template, free), data).reshape(-1)

    value, slope = jax.jit(flat), jax.jit(jax.jacfwd(flat))

    def batched() -> object:
        return polish(template, data, level, starts, (), jnp.asarray(MOST_STEPS))

    def one_by_one() -> object:
        return [
            scipy.optimize.least_squares(
                lambda free: np.asarray(value(free)),
                np.asarray(start),
                # SciPy's types know no function here, its documentation does.
                jac=lambda free: np.asarray(slope(free)),  # pyright: ignore[reportArgumentType]
                method="lm",
                max_nfev=MOST_STEPS,
            ).cost
            for start in starts
        ]

    taken = medians({"ours": batched, "theirs": one_by_one}, repeat)
    return taken["ours"] / BATCH, taken["theirs"] / BATCH


def main() -> None:
    """Print one row per theory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    print(f"{'theory':14} {'batched':>12} {'one by one':>12} {'ratio':>7}   (ms a start)")
    with jax.enable_x64(True):
        for name in ("linear", "multilinear", "resource l1", "resource l2"):
            ours, theirs = compared(name, repeat)
            print(f"{name:14} {1e3 * ours:12.2f} {1e3 * theirs:12.2f} {theirs / ours:7.1f}")


if __name__ == "__main__":
    main()
