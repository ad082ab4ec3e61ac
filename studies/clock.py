"""What one clock says about worlds whose rates are known.

    python studies/clock.py [--draws 30]

Ten skills with rates k^−α, 60 checkpoints, evenly spaced in the logarithm or in the step.

1. Ratios of rates: median relative error, share of 90 % intervals that hold the truth, and share of
   ratios that are not determined. Ratios are to the first skill for logarithmic steps, and to the
   sixth for linear ones, at which the first skills are learned before the first checkpoint.
2. Geometry trained by SignGD, where the law of one clock is only nearly right.
3. False alarms of the test at 5 %: per skill, per checkpoint, and for all skills together.
4. Power for one dependent skill that waits for a parent, and whether it is the one that is named.
5. Which link is chosen.
"""

import argparse
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from skillphysics.curves import Curves
from skillphysics.graph import Graph
from skillphysics.inference.clock import Clock, infer_clock
from skillphysics.optimizers import optimizer
from skillphysics.skills import Skills
from skillphysics.theories import Dependent, Linear, Multilinear, Resource
from skillphysics.training import train
from skillphysics.worlds import Geometry

N_SKILL, N_STEP, N_QUESTION = 10, 60, 200
DENSE = np.concatenate([[0.0], np.geomspace(1e-3, 1e9, 6000)])
Levels = Callable[[np.ndarray], np.ndarray]


def levels_of(name: str, alpha: float) -> tuple[np.ndarray, Levels]:
    """Frequencies and exact levels of a theory."""
    frequency = np.asarray(Skills.power_law(N_SKILL, alpha).frequency)
    with jax.enable_x64(True):
        p = jnp.asarray(frequency, jnp.float64)
        theory = {
            "resource": lambda: Resource(p, waste=jnp.asarray(0.05)),
            "resource l2": lambda: Resource(p, waste=jnp.asarray(0.05), norm="l2"),
            "cross-entropy": lambda: Resource(p, waste=jnp.asarray(0.05), criterion="ce"),
            "linear": lambda: Linear(p),
            "multilinear": lambda: Multilinear(p),
            "no edges": lambda: Dependent(p, Graph.given({str(i): [] for i in range(N_SKILL)})),
        }[name]()

    def levels(steps: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(theory.levels(jnp.asarray(steps, jnp.float64)))

    return frequency, levels


def checkpoints(levels: Levels, kind: str) -> np.ndarray:
    """Step 0 and 59 steps, to a level of 0.9 of the last skill."""
    dense = levels(DENSE)
    end = DENSE[np.argmax(dense[:, -1] > 0.9)]
    begin = DENSE[np.argmax(dense[:, 0] > 0.05 + dense[0, 0])]
    if kind == "linear":
        return np.linspace(0, end, N_STEP)
    return np.concatenate([[0], np.geomspace(begin, end, N_STEP - 1)])


def noisy(
    steps: np.ndarray, level: np.ndarray, noise: float | str, rng: np.random.Generator
) -> Curves:
    """Levels with normal errors, accuracies of 200 questions, or errors correlated by 0.5."""
    if noise == "binomial":
        share = rng.binomial(N_QUESTION, np.clip(level, 0, 1)) / N_QUESTION
        inside = np.clip(share, 0.5 / N_QUESTION, 1 - 0.5 / N_QUESTION)
        stderr = np.sqrt(inside * (1 - inside) / N_QUESTION)
        return Curves.from_arrays(steps, share, level_stderr=stderr)
    error = rng.normal(size=level.shape)
    scale = noise if isinstance(noise, float) else 0.05
    if noise == "AR":
        for t in range(1, len(error)):
            error[t] = 0.5 * error[t - 1] + np.sqrt(0.75) * error[t]
    return Curves.from_arrays(steps, level + scale * error)


def ratio_rows(found: Clock, rate: np.ndarray, at: int) -> list[tuple[float, float]]:
    """Relative error of each ratio and whether its interval holds the truth, NaN without one."""
    ratio = found.ratios(str(found.rates.index[at]))
    true = rate / rate[at]
    inside = ((ratio["low"] <= true) & (true <= ratio["high"])).to_numpy().astype(float)
    inside[ratio["low"].isna()] = np.nan
    error = np.abs(ratio["value"].to_numpy() / true - 1)
    return [(error[i], inside[i]) for i in range(len(true)) if i != at]


def line(title: str, rows: list[tuple[float, float]]) -> None:
    """Print what a list of ratios says."""
    error, inside = np.array(rows).T
    known = np.isfinite(inside)
    print(
        f"{title:38} error {np.median(error[known]):.3f}  coverage {inside[known].mean():.3f}  "
        f"not determined {1 - known.mean():.2f}",
        flush=True,
    )


def coverage(draws: int) -> None:
    """Part 1."""
    pooled = []
    for name in ("resource", "linear"):
        for kind in ("log", "linear"):
            for alpha in (1.0, 2.0, 3.0):
                rate, levels = levels_of(name, alpha)
                steps = checkpoints(levels, kind)
                exact = levels(steps)
                for noise in (0.01, 0.05):
                    rng = np.random.default_rng(0)
                    rows = []
                    for _ in range(draws):
                        curves = noisy(steps, exact, noise, rng)
                        found = infer_clock(curves, link="exponential")
                        rows += ratio_rows(found, rate, 0 if kind == "log" else 5)
                    line(f"{name:9} {kind:7} α {alpha:g} noise {noise}", rows)
                    pooled += rows
    line("all", pooled)


def geometry(draws: int) -> None:
    """Part 2."""
    for alpha in (1.0, 2.0):
        frequency = np.asarray(Skills.power_law(N_SKILL, alpha).frequency)
        for noise in (0.01, 0.05):
            rows, broken = [], []
            for seed in range(max(draws // 5, 3)):
                key = jax.random.key(seed)
                skills = Skills.power_law(N_SKILL, alpha)
                world = Geometry.draw(key, skills, batch_size=1024)
                curves = train(world, optimizer("sign_gd"), learning_rate=3e-4, steps=3000, key=key)
                level = np.asarray(curves.level.values)
                end = int(np.argmax(level.min(1) > 0.9)) or len(level) - 1
                place = np.unique(np.geomspace(5, end, N_STEP).astype(int))
                steps = curves.steps[place].astype(float)
                rng = np.random.default_rng(seed)
                found = infer_clock(noisy(steps, level[place], noise, rng), link="exponential")
                rows += ratio_rows(found, frequency, 0)
                broken.append((~found.rates["one_clock"]).sum())
            line(f"geometry α {alpha:g} noise {noise}", rows)
            print(f"{'':38} skills off the clock {np.mean(broken):.1f} of {N_SKILL}")


def alarms(draws: int) -> None:
    """Part 3."""
    every: list[np.ndarray] = [np.zeros(0)] * 3
    for name in ("resource", "linear", "no edges"):
        rate, levels = levels_of(name, 1.5)
        steps = checkpoints(levels, "log")
        exact = levels(steps)
        for noise in (0.01, 0.05, "binomial", "AR"):
            rng = np.random.default_rng(1)
            ones = [
                infer_clock(noisy(steps, exact, noise, rng), link="exponential")
                for _ in range(draws)
            ]
            together = np.array([one.p for one in ones])
            skill = np.concatenate([one.rates["p"] for one in ones])
            step = np.concatenate([one.clock["p"].dropna() for one in ones])
            every = [np.append(a, b) for a, b in zip(every, (skill, step, together), strict=True)]
            rows = [row for one in ones for row in ratio_rows(one, rate, 0)]
            line(f"{name:9} {noise!s:9}", rows)
            print(f"{'':38} {_rates(skill, step, together)}", flush=True)
    print(f"{'all':38} {_rates(*every)}")


def _rates(*found: np.ndarray) -> str:
    names = ("skill", "checkpoint", "all skills")
    shares = [f"{name} {(p < 0.05).mean():.3f}" for name, p in zip(names, found, strict=True)]
    return f"alarms at 5 %: {'  '.join(shares)}"


def power(draws: int) -> None:
    """Part 4."""
    frequency = np.asarray(Skills.power_law(N_SKILL, 1.5).frequency)
    names = [str(i + 1) for i in range(N_SKILL)]
    for gate in (1.0, 0.1):
        parents = {name: (["4", "5"] if name == "3" else []) for name in names}
        with jax.enable_x64(True):
            theory = Dependent(
                jnp.asarray(frequency, jnp.float64),
                Graph.given(parents),
                waste=jnp.asarray(0.05),
                gate_exponent=jnp.asarray(gate),
            )

        def levels(steps: np.ndarray, theory: Dependent = theory) -> np.ndarray:
            with jax.enable_x64(True):
                return np.asarray(theory.levels(jnp.asarray(steps, jnp.float64)))

        independent = levels_of("resource", 1.5)[1]
        steps = checkpoints(independent, "log")
        exact = levels(steps)
        for noise in (0.01, 0.05, "binomial", "AR"):
            rng = np.random.default_rng(2)
            seen, named, others, rows = [], [], [], []
            for _ in range(draws):
                found = infer_clock(noisy(steps, exact, noise, rng), link="exponential")
                off = ~found.rates["one_clock"].to_numpy()
                seen.append(found.p < 0.05)
                named.append(off[2])
                others.append(off.sum() - off[2])
                rows += [row for i, row in enumerate(ratio_rows(found, frequency, 0)) if i != 1]
            line(f"3 = 4 and 5, γ {gate:g}, noise {noise}", rows)
            print(
                f"{'':38} power {np.mean(seen):.2f}  named {np.mean(named):.2f}  "
                f"others named {np.mean(others):.2f}",
                flush=True,
            )


def links(draws: int) -> None:
    """Part 5."""
    for name in ("resource", "cross-entropy", "multilinear"):
        _, levels = levels_of(name, 1.5)
        steps = checkpoints(levels, "log")
        exact = levels(steps)
        for noise in (0.01, 0.05):
            rng = np.random.default_rng(3)
            found = [infer_clock(noisy(steps, exact, noise, rng)) for _ in range(draws)]
            counts = {link: sum(one.link == link for one in found) for link in found[0].links.index}
            tied = np.mean([len(one.tied) > 1 for one in found])
            print(f"{name:14} noise {noise}: chosen {counts}, tied {tied:.2f}", flush=True)


def main() -> None:
    """Print all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--parts", nargs="*", default=["1", "2", "3", "4", "5"])
    arguments = parser.parse_args()
    parts = {"1": coverage, "2": geometry, "3": alarms, "4": power, "5": links}
    for part in arguments.parts:
        parts[part](arguments.draws)


if __name__ == "__main__":
    main()
