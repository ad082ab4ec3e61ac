"""False alarms and power of `skillphysics compare` on seeds of networks trained here.

    python studies/compare_seeds.py FOLDER

trains three kinds of small network with 120 seeds each, and each again with one thing changed (a
quarter of an hour on one core; the curves are kept in FOLDER and used again). Then it compares runs
that differ only in their seed, and runs that differ in the change, and prints how often a
difference is claimed; and how often intervals hold a factor that is known, on simulated curves.

    python studies/compare_seeds.py FOLDER --elsewhere

compares two seeds of every network that `rates_and_frequencies.py FOLDER` has trained.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from skillphysics import (
    Curves,
    RunComparison,
    Skills,
    compare_runs,
    train,
)
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
        Curves(curves.dataset[kept].drop_vars("frequency", errors="ignore")).save(path)
    return Curves.load(path)


def part(curves: Curves, runs: np.ndarray) -> Curves:
    """Some of the runs."""
    return Curves(curves.dataset.isel(run=runs))


def faster(curves: Curves, factor: float) -> Curves:
    """The same curves with a clock that runs `factor` times as fast."""
    return Curves(curves.dataset.assign_coords(step=curves.steps / factor))


def claims(compared: RunComparison) -> set[str]:
    """The kinds of difference that are claimed; a skill's factor with its name."""
    found = compared.tests[compared.tests["found"]]
    return set(found["kind"]) | {f"factor of {s}" for s in found.query("kind == 'factor'")["skill"]}


def false_alarms(folder: Path, n_pair: int, side: int, rng: np.random.Generator) -> None:
    """How often a difference is claimed between runs that differ in their seed only."""
    print(f"\nSeeds of one experiment, {side} against {side}: claims in {n_pair} pairs")
    for kind in KINDS:
        curves = trained(folder, kind, None)
        n = curves.dataset.sizes["run"]
        disjoint = rng.permutation(n)
        wrong, covered, counted, what = 0, 0, 0, Counter[str]()
        for i in range(n_pair):
            # Pairs of single runs share no run; there are too few runs for that with three.
            alone = disjoint[2 * side * i : 2 * side * (i + 1)]
            runs = alone if alone.size == 2 * side else rng.choice(n, 2 * side, replace=False)
            compared = compare_runs(
                part(curves, runs[:side]), part(curves, runs[side:]), names=["A", "B"]
            )
            claimed = claims(compared)
            wrong += bool(claimed)
            what.update(c for c in claimed if not c.startswith("factor of"))
            known = compared.changes[0].skills.dropna(subset="factor_p")
            low, high = known[["factor_low", "factor_high"]].to_numpy(float).T
            covered += int(((low <= 1) & (high >= 1)).sum())
            counted += len(known)
        print(
            f"  {kind:17s} any {wrong}/{n_pair}; intervals of factors that hold 1: "
            f"{covered}/{counted} = {covered / counted:.2f}; {dict(what)}",
            flush=True,
        )


def power(folder: Path, n_pair: int, side: int, rng: np.random.Generator) -> None:
    """How often a true change is claimed."""
    print(f"\nOne thing changed, {side} against {side}: claims in {n_pair} pairs")
    for kind, (_, _, changes) in KINDS.items():
        curves = trained(folder, kind, None)
        n = curves.dataset.sizes["run"]
        for change in (*changes, "clock × 1.5", "clock × 2"):
            found, factor = Counter[str](), []
            for _ in range(n_pair):
                runs = rng.choice(n, 2 * side, replace=False)
                if change in changes:
                    changed = trained(folder, kind, change)
                    other = rng.choice(changed.dataset.sizes["run"], side, replace=False)
                    second = part(changed, other)
                else:
                    second = faster(part(curves, runs[side:]), float(change.split()[-1]))
                compared = compare_runs(part(curves, runs[:side]), second, names=["A", "B"])
                claimed = claims(compared)
                found.update(c for c in claimed if c in ("common", f"factor of {BOOSTED + 1}"))
                found["any"] += bool(claimed)
                common = compared.changes[0].common
                factor.append(np.exp(common.value) if common else np.nan)
            print(
                f"  {kind:17s} {change:29s} any {found['any']}/{n_pair}, common factor "
                f"{found['common']}/{n_pair} (median ×{np.nanmedian(factor):.2f}), skill "
                f"{BOOSTED + 1} {found[f'factor of {BOOSTED + 1}']}/{n_pair}",
                flush=True,
            )


def coverage(n_pair: int, persistence: float, rng: np.random.Generator) -> None:
    """How often the interval by noise alone holds a shift that is known.

    Eight skills of one shape, shifted by a common random factor, measured as accuracies on 500
    questions, of which a share `persistence` is answered as at the checkpoint before.
    """
    shapes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "exponential": lambda t: 1 - np.exp(-t),
        "sigmoid": lambda t: t**3 / (1 + t**3),
        "sharp sigmoid": lambda t: t**10 / (1 + t**10),
        "logarithm": lambda t: np.clip(0.13 * np.log(30 * t), 0, 1),
    }
    grids = {"log": np.geomspace(50, 10_000, 30), "even": np.linspace(0, 10_000, 36)[1:]}
    half = np.geomspace(300, 3000, N_SKILL)

    def measured(level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        draw = rng.random((500, level.shape[1]))
        shares = []
        for row in (1 + 0.98 * level) / 2:
            again = rng.random(draw.shape) >= persistence
            draw = np.where(again, rng.random(draw.shape), draw)
            shares.append((draw < row).mean(0))
        share = np.array(shares)
        return 2 * share - 1, 2 * np.sqrt(share * (1 - share) / 500)

    for own in (False, True):
        hits, count, each = 0, 0, []
        for name, shape in shapes.items():
            if own and name == "logarithm":
                continue
            for grid, t in grids.items():
                good = total = 0
                for _ in range(n_pair):
                    shift = 0.3 * rng.normal()
                    ceiling = np.exp(0.15 * rng.normal(size=N_SKILL)) if own else 1.0
                    top = 0.7 if own else 1.0
                    a, b = (
                        measured(top * c * shape(t[:, None] / half / np.exp(d)))
                        for c, d in ((1.0, 0.0), (ceiling, shift))
                    )
                    skills = (
                        compare_runs(
                            *(Curves.from_arrays(t, y, level_stderr=e) for y, e in (a, b)),
                            names=["A", "B"],
                        )
                        .changes[0]
                        .skills
                    )
                    known = skills.dropna(subset="factor")
                    factor = np.exp(shift)
                    inside = (known["noise_low"] <= factor) & (known["noise_high"] >= factor)
                    good, total = good + int(inside.sum()), total + len(known)
                hits, count = hits + good, count + total
                each.append(f"{name}, {grid} {good / total:.2f}")
        print(
            f"  {'other ceilings' if own else 'same ceilings':14s} {hits}/{count} = "
            f"{hits / count:.3f} ({'; '.join(each)})",
            flush=True,
        )


def main(folder: Path) -> None:
    """Train, compare, print."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, (_, _, changes) in KINDS.items():
        for change in (None, *changes):
            trained(folder, kind, change)
    rng = np.random.default_rng(0)
    for persistence in (0.0, 0.5):
        print(f"\n90 % intervals by noise, correlation of neighbours {persistence}")
        coverage(10, persistence, rng)
    false_alarms(folder, 59, 1, rng)
    power(folder, 30, 1, rng)
    false_alarms(folder, 50, 3, rng)
    power(folder, 10, 3, rng)


def elsewhere(folder: Path) -> None:
    """Two seeds of every network of another study: nothing of `compare` was set on them."""
    pairs = claimed = inside = count = 0
    for path in sorted(folder.glob("*.nc")):
        curves = Curves.load(path)
        if curves.level.sizes.get("run", 1) < 2:
            continue
        both = (part(curves, np.array([i])) for i in (0, 1))
        compared = compare_runs(*both, names=["A", "B"])
        found = bool(compared.tests["found"].any())
        factor = compared.changes[0].skills[["factor_low", "factor_high"]].dropna()
        pairs, claimed, count = pairs + 1, claimed + found, count + len(factor)
        low, high = factor.to_numpy().T
        inside += int(((low <= 1) & (high >= 1)).sum())
        if found:
            print(f"  {path.stem}: {compared.verdict('B')}")
    print(f"any claim {claimed}/{pairs}; 90 % intervals that hold 1 {inside}/{count}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where curves are kept")
    parser.add_argument(
        "--elsewhere", action="store_true", help="folder is that of rates_and_frequencies.py"
    )
    arguments = parser.parse_args()
    (elsewhere if arguments.elsewhere else main)(arguments.folder)
