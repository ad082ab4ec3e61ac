"""L25 Fig 18: modular task vectors against shared ones."""

from collections.abc import Sequence
from typing import Any

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from jaxtyping import Array, Key
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.liu2025 import fig10, fig10_exponents
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.theories import mean_field_rate
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

STYLES = {"unit": "--", "modular": "-"}
S_DIM = 100


def parts(scale: Scale) -> Parts:
    """Shared and modular vectors at each n_dim, and a few skills with many dimensions each."""
    n_dims = {
        "smoke": [40, 100],
        "quick": [20, 40, 100, 220, 400, 500, 600, 800, 1000],
        "paper": list(range(20, 1001, 20)),
    }[scale]
    alphas = [1.0, 2.0] if scale == "smoke" else fig10.ALPHAS[1:]
    n_seed = {"smoke": 1, "quick": 2, "paper": 4}[scale]
    # As in Fig 10, the last step that was saved.
    steps = {"smoke": 250, "quick": 5000, "paper": 99_000}[scale]
    few = {
        "n_dim": 960, "counts": [1, 2, 3], "ratios": [1.0, 10.0] if scale == "smoke" else
        [1.0, 10.0, 30.0], "rate": 1e-3 if scale == "smoke" else 1e-4,
        "n_seed": 2 if scale == "smoke" else 4,
    }  # fmt: skip
    return {"few skills": few} | {
        f"{vectors} {n_dim}": {
            "n_dim": n_dim, "vectors": vectors, "alphas": alphas, "kinds": ["sign_gd"],
            "n_seed": n_seed, "steps": steps,
        }
        for vectors in STYLES for n_dim in n_dims
    }  # fmt: skip


def compute(**settings: Any) -> xr.Dataset:
    """The losses of `fig10`, or the learning times of few skills."""
    return few_skills(**settings) if "counts" in settings else fig10.compute(**settings)


def few_skills(
    n_dim: int, counts: Sequence[int], ratios: Sequence[float], rate: float, n_seed: int
) -> xr.Dataset:
    """When the last of a few skills is at level 0.9, in units of t0, [kind, ratio, count, seed].

    By SignGD with exact frequencies, each skill rarer than the last by a ratio. Shared vectors are
    orthogonal in n_dim dimensions, modular ones have n_dim/n_task of them each. A step moves a
    skill that has all dimensions by `rate` = 1/t0.
    """
    learning_rate = rate / float(mean_field_rate(n_dim, 1.0))
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    times = np.empty((2, len(ratios), len(counts), n_seed))
    for place, count in enumerate(counts):
        drawn = [
            [VECTORS["orthogonal"](key, count, n_dim) for key in keys],
            [_blocks(key, count, n_dim) for key in keys],
        ]
        skills = [Skills.given([ratio**-i for i in range(count)]) for ratio in ratios]
        worlds = [
            Geometry(vectors, each)
            for kind in drawn for each in skills for vectors in kind
        ]  # fmt: skip
        curves = train(
            worlds, optimizer("sign_gd"), learning_rate=learning_rate,
            steps=int((count + 0.5) / rate), record=max(int(0.01 / rate), 1),
            key=keys * (2 * len(ratios)),
        )  # fmt: skip
        last = curves.learning_time(0.9).values.max(1) * rate
        times[:, :, place] = last.reshape(2, len(ratios), n_seed)
    return xr.Dataset(
        {"time": (("kind", "ratio", "count", "seed"), times)},
        {"kind": ["shared", "modular"], "ratio": list(ratios), "count": list(counts)},
    )


def _blocks(key: Key[Array, ""], n_task: int, n_dim: int) -> np.ndarray:
    """A unit vector for each skill, in a block of dimensions of its own."""
    size = n_dim // n_task
    vectors = np.zeros((n_task, n_task, size), np.float32)
    vectors[range(n_task), range(n_task)] = np.asarray(VECTORS["unit"](key, n_task, size))
    return vectors.reshape(n_task, n_task * size)


def over_dims(data: Data, vectors: str) -> xr.DataArray:
    """The loss at the end, median over seeds, [n_dim, alpha]."""
    chosen = {name: one for name, one in data.items() if name.startswith(vectors)}
    return fig10_exponents.over_dims(chosen).median("seed").isel(kind=0)


def over_steps(data: Data, vectors: str) -> xr.DataArray:
    """The loss at the published n_dim, median over seeds, [alpha, step]."""
    loss = data[f"{vectors} {S_DIM}"].loss.isel(n_dim=0, kind=0).median("seed")
    return loss.sel(step=slice(1, None))


def draw(data: Data) -> Figure:
    """Losses and their ratios, against n_dim and against steps."""
    with mpl.rc_context(STYLE):
        figure = new_figure(13, 3.6)
        axes = figure.subplots(1, 4)
        for place, get in ((0, over_dims), (2, over_steps)):
            shared, modular = (get(data, vectors) for vectors in STYLES)
            x = shared[next(dim for dim in shared.dims if dim != "alpha")]
            marks = "." if x.size < 3 else ""
            for alpha, colour in zip(shared.alpha.values, by_rank(shared.alpha.size), strict=True):
                for one, style in ((shared, "--"), (modular, "-")):
                    label = f"{alpha:g}" if style == "-" else None
                    axes[place].plot(x, one.sel(alpha=alpha), marks + style, color=colour,
                                     label=label)  # fmt: skip
                ratio = (shared / modular).sel(alpha=alpha)
                axes[place + 1].plot(x, ratio, marks + "-", color=colour)
            axes[place].set(xscale="log", yscale="log", ylabel="loss")
            axes[place + 1].set(xscale="log", yscale="log", ylabel="shared / modular loss")
            axes[place + 1].axhline(1, color="#888888", lw=1, zorder=0)
        axes[0].set(title="(a)  solid: modular, dashed: shared")
        axes[0].set_ylim(bottom=max(float(over_dims(data, "modular").min()) / 3, 1e-6))
        axes[0].legend(title=r"$\alpha$", loc="lower left", ncols=2)
        for axis, title in zip(axes[1:], ("(b)", rf"(c)  $n_{{dim}}$ = {S_DIM}", "(d)"),
                               strict=True):  # fmt: skip
            axis.set_title(title)
        for axis in axes[:2]:
            fig10.dims_axis(axis, over_dims(data, "unit").n_dim.values)
        for axis in axes[2:]:
            axis.set_xlabel("step")
    return figure


def _short(data: Data) -> Finding | None:
    steps = int(data[f"unit {S_DIM}"].step[-1])
    if steps >= 5000:
        return None
    return too_small(f"two n_dim, one seed and {steps} steps")


def _gain(data: Data) -> xr.DataArray:
    """Shared over modular loss at the end, [n_dim, alpha]."""
    return over_dims(data, "unit") / over_dims(data, "modular")


def _far_from_critical(data: Data) -> Finding:
    """Where the ratio is above 1 in n_dim."""
    if short := _short(data):
        return short
    gain = _gain(data)
    far, near_it = gain.sel(n_dim=slice(None, 400)), gain.sel(n_dim=slice(500, 800))
    helps, hurts = float((far > 1).mean()), float((near_it < 1).mean())
    verdict = "holds" if min(helps, hurts) > 0.95 else "holds in part"
    told = "; ".join(
        f"n_dim {int(n)}: " + ", ".join(f"{float(one):.2f}" for one in gain.sel(n_dim=n))
        for n in gain.n_dim.values if n in (40, 100, 220, 400, 600)
    )  # fmt: skip
    steps = int(data[f"unit {S_DIM}"].step[-1])
    if steps < 99_000:
        why = f"after {steps} steps shared models near the critical point still learn; {told}"
        return Finding([round(helps, 2), round(hurts, 2)], "not testable at this scale", None, why)
    return Finding(
        [round(helps, 2), round(hurts, 2)],
        verdict if max(helps, hurts) > 0.5 else "does not hold", None,
        f"ratio by α = 1, … 2: {told}",
    )  # fmt: skip


def _later(data: Data) -> Finding:
    """The ratio early and at the end, and where it passes 1, at one n_dim."""
    if short := _short(data):
        return short
    ratio = over_steps(data, "unit") / over_steps(data, "modular")
    early, end = ratio.sel(step=30, method="nearest"), ratio.isel(step=-1)
    passes = ratio.step.values[(ratio > 1).argmax("step").values]
    both = bool((early < 1).all() and (end > 1).all())
    some = bool((early < 1).any() and (end > 1).any())
    return Finding(
        np.concatenate([early.values, end.values]).round(2).tolist(),
        "holds" if both else "holds in part" if some else "does not hold", None,
        f"first above 1 at steps {', '.join(str(step) for step in passes)}",
    )  # fmt: skip


def _one_pace(data: Data) -> Finding:
    """Modular loss over what it is if every skill with a parameter has s = η t, at α = 2."""
    if short := _short(data):
        return short
    loss = over_steps(data, "modular").sel(alpha=2.0)
    step = int(loss.step.values[np.searchsorted(loss.step.values, 300)])
    p = Skills.power_law(1000, 2.0).probability
    has = np.arange(1000) < S_DIM
    drawn = 1 - (1 - p) ** 1024
    same, when_drawn = (
        float(loss.sel(step=step)) / float(p @ np.logaddexp(0, -0.01 * step * has * pace))
        for pace in (1, drawn)
    )
    return near(
        same, 1.0, 0.1,
        why=f"at step {step}, α = 2. A skill moves only when it is in the batch, and of those with "
        f"a parameter the rarest is in {drawn[S_DIM - 1]:.0%} of the batches of 1024; with that "
        f"pace for each the ratio is {when_drawn:.3f}",
    )  # fmt: skip


def _learning_times(data: Data) -> Finding:
    """Powers of n_task in the time until all are learned by SignGD: shared, modular."""
    few = data["few skills"]
    if few.sizes["seed"] < 3:
        return too_small("two seeds, coarse steps and a weak hierarchy")
    found = {
        (kind, ratio): mean_interval(
            np.polyfit(
                np.log(few["count"].values),
                np.log(few.time.sel(kind=kind, ratio=ratio).transpose("count", "seed").values), 1,
            )[0]
        )
        for kind in few.kind.values for ratio in few.ratio.values
    }  # fmt: skip
    strong = float(few.ratio.max())
    expected = {"shared": 1.0, "modular": 0.5}
    judged = [near(found[kind, strong][0], power, 0.1, interval=found[kind, strong][1])
              for kind, power in expected.items()]  # fmt: skip
    verdicts: list[Verdict] = [one.verdict for one in judged]
    told = "; ".join(
        f"{kind} "
        + ", ".join(
            f"{found[kind, r][0]:.2f} [{found[kind, r][1][0]:.2f}, {found[kind, r][1][1]:.2f}]"
            for r in few.ratio.values
        )
        for kind in expected
    )
    verdict: Verdict = verdicts[0] if len(set(verdicts)) == 1 else "holds in part"
    return Finding(
        [found[kind, strong][0] for kind in expected], verdict, None,
        f"powers of {few['count'].values.tolist()} skills, each {few.ratio.values.tolist()} times "
        f"rarer than the last: {told}. Shared skills overlap less the stronger the hierarchy, "
        "which the Domino model takes as infinite; of equal frequencies shared ones take as long "
        "as modular ones",
    )  # fmt: skip


def _frequent_first(data: Data) -> Finding:
    """Steps to halve the loss of the most frequent skills with one parameter for each."""
    if short := _short(data):
        return short
    loss = over_steps(data, "modular").sel(alpha=2.0)
    found = float(loss.step[int((loss < np.log(2) / 2).argmax("step"))])
    shared = over_steps(data, "unit").sel(alpha=2.0)
    other = float(shared.step[int((shared < np.log(2) / 2).argmax("step"))])
    return Finding(
        [found, other], "holds" if found > other else "does not hold", None,
        "steps to half of the loss at α = 2, modular and shared: a skill with one parameter moves "
        "by η a step, one of many skills by up to η √(2 n_dim/π)",
    )  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig18",
    title="One parameter for each skill: modular against shared task vectors.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "15 s on two cores",
        "quick": "80 s on two cores",
        "paper": "4 h on two cores; each n_dim is kept when done",
    },
    claims=(
        Claim(
            id="liu2025/fig18/below-critical",
            where="L25 §6.2, Fig 18 (a, b)",
            claim="Modular models have the lower loss where n_dim is not near the critical point.",
            expected="ratio of losses above 1 up to n_dim 400, below 1 from 500 to 800: shares of "
            "settings near 1",
            tolerance="0.95 of settings; in part from 0.5",
            measure=_far_from_critical,
        ),
        Claim(
            id="liu2025/fig18/later",
            where="L25 §6.2, Fig 18 (c, d)",
            claim="Modular models have the higher loss initially and the lower one later.",
            expected="ratio below 1 at step 30 and above 1 at the end, α = 1, … 2 each",
            tolerance="none: an order, at every α",
            measure=_later,
        ),
        Claim(
            id="liu2025/fig18/one-pace",
            where="L25 §6.2",
            claim="Modular models learn all skills that have a parameter at one pace.",
            expected="1: loss at α = 2 over that of s = η t for all of them",
            tolerance="0.1: skills that a batch misses now and then",
            measure=_one_pace,
        ),
        Claim(
            id="liu2025/fig18/learning-times",
            where="L25 §6.1",
            claim="Shared models need a time ∝ n_task for all skills, modular ones ∝ √n_task.",
            expected="powers 1 and 1/2, of up to three skills that SignGD learns in the Geometry "
            "model, each 30 times rarer than the last",
            tolerance="0.1: a fifth of what they differ by; the hierarchy is finite",
            measure=_learning_times,
        ),
        Claim(
            id="liu2025/fig18/frequent-first",
            where="L25 §6.2",
            claim="Shared models learn frequent skills first, and so lose most of the loss sooner.",
            expected="more steps to half of the loss at α = 2 when modular",
            tolerance="none: an order",
            measure=_frequent_first,
        ),
    ),
)
