"""How often 90 % intervals hold the truth, where the truth is known.

    python studies/coverage.py [--draws 40] [--methods]

Each draw is a random member of a theory with eight skills, seen as accuracies of 400 questions per
checkpoint at 40 checkpoints: with independent binomial errors; with errors of neighbouring
checkpoints correlated by 0.5 (checkpoints are scored on the same questions); and with the training
logged for 1.5, 3 and 12 times as long as the last skill takes. The fit knows which theory it is.
Printed is the share of intervals of free parameters, and of ln(p_i/p_1), that hold the truth.
"""

import argparse
from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from skillphysics.curves import Curves
from skillphysics.inference import Fit, bootstrap, compare, fit
from skillphysics.inference.coordinates import moved
from skillphysics.skills import Skills
from skillphysics.theories import Linear, Multilinear, Resource, Theory, composite

N_SKILL, N_STEP, N_QUESTION = 8, 40, 400
LONG = (1.5, 3.0, 12.0)
GRID = np.geomspace(1e-3, 1e7, 4000)


def draw(name: str, rng: np.random.Generator, long: float) -> tuple[Theory, Curves]:
    """A random member of a theory, and its levels up to `long` times the last half-time."""
    frequency = jnp.asarray(Skills.power_law(N_SKILL, rng.uniform(1, 2.5)).frequency)
    waste, share = jnp.asarray(rng.uniform(0.01, 0.3)), jnp.asarray(10 ** rng.uniform(-3, -1))
    simple = {
        "linear": Linear,
        "multilinear": partial(Multilinear, initial_share=share),
        "resource l1": partial(Resource, waste=waste),
        "resource l2": partial(Resource, waste=waste, norm="l2"),
    }
    base = name.removeprefix("composite ")
    theory = (composite(simple[base]) if base != name else simple[base])(frequency)
    theory = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), theory)
    level = np.asarray(theory.levels(GRID))
    half = GRID[(level > 0.5).argmax(0)]
    steps = np.concatenate([[0], np.geomspace(half.min() / 5, long * half.max(), N_STEP - 1)])
    return theory, Curves.from_arrays(steps, np.asarray(theory.levels(steps)))


def measured(exact: Curves, correlation: float, rng: np.random.Generator) -> Curves:
    """The levels as shares of right answers, with the errors that a log would state."""
    level = exact.level.values
    noise = rng.normal(size=level.shape)
    for t in range(1, len(noise)):
        fresh = np.sqrt(1 - correlation**2) * noise[t]
        noise[t] = correlation * noise[t - 1] + fresh
    share = np.clip(level + np.sqrt(level * (1 - level) / N_QUESTION) * noise, 0, 1)
    share = np.round(share * N_QUESTION) / N_QUESTION
    inside = np.clip(share, 0.5 / N_QUESTION, 1 - 0.5 / N_QUESTION)
    stderr = np.sqrt(inside * (1 - inside) / N_QUESTION)
    return Curves.from_arrays(exact.steps, share, level_stderr=stderr)


def held(result: Fit, theory: Theory) -> Iterator[tuple[str, bool]]:
    """For every interval of a fit, of what it is and whether it holds the truth."""
    truth = np.concatenate([np.ravel(p.value) for p in moved(theory)])
    table = result.parameters.reset_index()
    inside = (table["low"].to_numpy() <= truth) & (truth <= table["high"].to_numpy())
    for name, status, holds in zip(table["parameter"], table["status"], inside, strict=True):
        if status == "free":
            yield name, bool(holds)
    ratios = result.ratios("frequency", to="1")
    true = np.asarray(theory.frequency / theory.frequency[0])
    for place in range(1, N_SKILL):
        low, high = ratios.iloc[place][["low", "high"]]
        if np.isfinite(low):
            yield "ratio", bool(low <= true[place] <= high)


def study(name: str, correlation: float, long: float, draws: int, *, methods: bool) -> None:
    """Print the coverage for one theory and one kind of noise."""
    found: dict[str, list[bool]] = {}
    make = {
        "linear": Linear,
        "multilinear": Multilinear,
        "resource l1": Resource,
        "resource l2": partial(Resource, norm="l2"),
    }[name.removeprefix("composite ")]
    make = composite(make) if name.startswith("composite ") else make
    widths = []
    for seed in range(draws):
        rng = np.random.default_rng([seed, int(10 * correlation), int(10 * long)])
        with jax.enable_x64(True):
            theory, exact = draw(name, rng, long)
        curves = measured(exact, correlation, rng)
        result = fit(curves, make, key=jax.random.key(seed))
        for what, inside in held(result, theory):
            found.setdefault(what, []).append(inside)
        ratios = result.ratios("frequency", to="1")
        widths.append(np.nanmedian(np.log(ratios.high / ratios.low).iloc[1:]) / 2)
        if methods:
            table = bootstrap(curves, result, key=jax.random.key(seed))
            truth = np.concatenate([np.ravel(p.value) for p in moved(theory)])
            free = (result.parameters.status == "free").to_numpy()
            inside = ((table.low <= truth) & (truth <= table.high)).to_numpy()
            found.setdefault("bootstrap", []).extend(inside[free])
    every = [
        one for what, ones in found.items() if what not in ("ratio", "bootstrap") for one in ones
    ]
    parts = "  ".join(f"{what} {np.mean(ones):.2f}" for what, ones in found.items())
    print(
        f"{name:22} AR {correlation:.1f}  long {long:4.1f}  n {len(every):5}  "
        f"all {np.mean(every):.3f}  (ratio ± {np.median(widths):.3f})  {parts}",
        flush=True,
    )


def longer() -> None:
    """Print what a Resource run says when its log ends at step 800, 1500 and 6000."""
    frequency = Skills.power_law(N_SKILL, 1.8).frequency
    steps = np.arange(0, 6001, 20)
    levels = np.asarray(Resource(jnp.asarray(frequency), rate=0.02, waste=0.05).levels(steps))
    exact = Curves.from_arrays(steps, np.clip(levels, 0, 1))
    theories = {"resource l1": Resource, "multilinear": Multilinear}
    for last in (800, 1500, 6000):
        curves = measured(exact, 0.0, np.random.default_rng(1))
        curves = Curves(curves.dataset.sel(step=slice(0, last)))
        found = compare(curves, theories, key=jax.random.key(0))
        ratios = found.fits["resource l1"].ratios("frequency", to="1")
        width = np.median(np.log(ratios["high"].to_numpy() / ratios["low"].to_numpy())[1:]) / 2
        gap = found.table["aic"]["multilinear"] - found.table["aic"]["resource l1"]
        print(f"to step {last}: ratio ± {width:.3f}, AIC of multilinear above {gap:.0f}")


def main() -> None:
    """Print one row per theory, noise and length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--methods", action="store_true", help="bootstrap intervals too")
    parser.add_argument("--theories", nargs="*", default=None)
    parser.add_argument("--longer", action="store_true", help="only logs of growing length")
    arguments = parser.parse_args()
    if arguments.longer:
        longer()
        return
    names = ("linear", "multilinear", "resource l1", "resource l2", "composite linear",
             "composite multilinear", "composite resource l1")  # fmt: skip
    for name in arguments.theories or names:
        for correlation in (0.0, 0.5):
            for long in LONG:
                study(name, correlation, long, arguments.draws, methods=arguments.methods)


if __name__ == "__main__":
    main()
