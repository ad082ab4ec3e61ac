"""How the time of a fit grows with skills and steps, beside SciPy on the same curves.

    python benchmarks/fit.py [--repeat 3] [--quick]

Curves of a Resource model with K skills at T steps, noise 0.02, are fitted with a ceiling for each
skill: by a fit of the composite Resource theory, of the Resource theory and of the linear one, of
all skills together and from many starts; and by a plain loop that fits a logistic curve in ln t
(midpoint, width, ceiling) to each skill by `scipy.optimize.curve_fit` from one start. Programs are
compiled before; runs alternate; medians are printed, and the exponent over the decade.
"""

import argparse
import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy import optimize, special
from timing import medians

from skillphysics.curves import Curves
from skillphysics.inference import fit
from skillphysics.theories import CANDIDATES, Linear, Resource

NOISE = 0.02
THEORIES = {
    "linear": Linear,
    "resource l1": Resource,
    "composite l1": CANDIDATES["composite resource l1"],
}


def curves(n_skill: int, n_step: int) -> Curves:
    """Skills of a Resource model, log-spaced from the first to the last of them."""
    frequency = np.arange(1.0, n_skill + 1) ** -1.5
    steps = np.concatenate([[0], np.geomspace(5, 2e4, n_step - 1)])
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        truth = Resource(jnp.asarray(frequency / frequency.sum()), rate=0.02, waste=0.02)
        level = np.asarray(truth.levels(steps)) * rng.uniform(0.6, 1, n_skill)
    return Curves.from_arrays(steps, level + NOISE * rng.normal(size=level.shape))


def sigmoids(data: Curves) -> int:
    """A logistic curve for each skill, one after the other."""
    at = np.log(data.steps[1:])

    def logistic(x: np.ndarray, middle: float, width: float, ceiling: float) -> np.ndarray:
        return ceiling * special.expit((x - middle) / width)

    done = 0
    for level in data.level.values[1:].T:
        begin = (at[int(np.argmax(level > level.max() / 2))], 1.0, max(level.max(), 0.1))
        try:
            optimize.curve_fit(logistic, at, level, p0=begin)
            done += 1
        except RuntimeError:
            continue
    return done


def row(n_skill: int, n_step: int, repeat: int) -> dict[str, float]:
    """Median seconds of every way."""
    data = curves(n_skill, n_step)
    ways = {
        name: partial(fit, data, make, key=jax.random.key(0), ceiling=True)
        for name, make in THEORIES.items()
    }
    return medians({**ways, "SciPy loop": partial(sigmoids, data)}, repeat)


def main() -> None:
    """Print seconds over a decade of skills and of steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="two sizes instead of four")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", optimize.OptimizeWarning)
    sizes = (16, 160) if arguments.quick else (16, 32, 64, 160)
    grids = (
        ("skills at 64 steps", [(n, 64) for n in sizes]),
        ("steps of 16 skills", [(16, 4 * n) for n in sizes]),
    )
    for title, grid in grids:
        print(f"{title}: seconds")
        found = [row(*size, arguments.repeat) for size in grid]
        for name in found[0]:
            times = [one[name] for one in found]
            exponent = np.log(times[-1] / times[0]) / np.log(sizes[-1] / sizes[0])
            shown = "  ".join(f"{size}: {t:7.2f}" for size, t in zip(grid, times, strict=True))
            print(f"  {name:14} {shown}   exponent {exponent:.2f}", flush=True)


if __name__ == "__main__":
    main()
