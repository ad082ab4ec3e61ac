"""How long the theories take at sizes that no sum or table could reach, and how exact they are.

    python benchmarks/theories.py [--repeat 5]

*loss*: the multilinear loss of 10^12 skills; its reference is a plain sum in NumPy, at 10^7 skills
where both exist. *curves*: all levels of a Resource model of 10^6 skills at 1000 steps; its
reference takes 300 of the skills at the root that SciPy finds of the full sum.
"""

import argparse

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from timing import medians

from skillphysics import Resource, Skills
from skillphysics.scaling import Decoupled


def loss(repeat: int) -> None:
    """The loss of very many skills."""
    steps = 1e6
    with jax.enable_x64(True):
        many, some = (Decoupled(1.6, n_skill=n, target_scale=1.0) for n in (10**12, 10**7))
        taken = medians(
            {"ours": lambda: many.loss(steps).value, "sum": lambda: plain(steps)}, repeat
        )
        found, bound = some.loss(steps)
        error = abs(float(found) / plain(steps) - 1)
        told = many.loss(steps)
    print(f"loss: 10^12 skills in {1e3 * taken['ours']:.1f} ms, error below "
          f"{float(told.bound) / float(told.value):.0e} by its own bound; 10^7 skills differ by "
          f"{error:.0e} (bound {float(bound) / float(found):.0e}) from their plain sum, which took "
          f"{1e3 * taken['sum']:.0f} ms")  # fmt: skip


def plain(steps: float, alpha: float = 1.6, n_skill: int = 10**7, start: float = 0.01) -> float:
    """The loss as a sum, smallest terms first."""
    p = np.arange(n_skill, 0, -1.0) ** -alpha
    p /= p.sum()
    return float(np.sum(p * expit(np.log(1 / start - 1) - 2 * p * steps) ** 2) / 2)


def curves(repeat: int) -> None:
    """Every level of a million skills at a thousand steps."""
    skills, steps = Skills.power_law(10**6, 1.5), np.geomspace(1, 1e6, 1000)
    p, rate, waste = skills.probability, 0.01, 0.003
    with jax.enable_x64(True):
        theory = Resource(p, rate=rate, waste=waste)
        compiled = eqx.filter_jit(theory.levels)
        taken = medians({"ours": lambda: compiled(jnp.asarray(steps))}, repeat)
        found = np.asarray(theory.levels(steps[::200]))[:, ::3333]
    expected = []
    for step in steps[::200]:
        tau = brentq(
            lambda tau, step=step: -np.expm1(-p * tau).sum() + waste * tau - rate * step,
            0, 1e12, xtol=1e-300, rtol=np.float64(1e-14),
        )  # fmt: skip
        expected.append(-np.expm1(-p[::3333] * tau))
    print(f"curves: 10^6 skills at 1000 steps in {taken['ours']:.1f} s; largest error "
          f"{np.abs(found - expected).max():.0e}")  # fmt: skip


def main() -> None:
    """Print one row each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    loss(repeat)
    curves(repeat)


if __name__ == "__main__":
    main()
