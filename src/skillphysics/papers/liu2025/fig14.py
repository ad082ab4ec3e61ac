"""L25 Fig 14: early weight on hard tokens in language modelling."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.papers.claims import Claim, Data, Finding, ordered, too_small
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, new_figure

_SMALL = {
    "scale": "quick", "n_seed": 1, "steps": 60, "warmup": 10, "weighted_steps": [0, 15, 60],
    "n_token": 50_000, "n_layer": 1, "n_head": 2, "width": 16, "block": 32, "batch_size": 8,
    "validation_batches": 4, "n_skill": 4,
}  # fmt: skip


def parts(scale: Scale) -> Parts:
    """Weights that are constants to the gradient, and weights that are not."""
    if scale == "smoke":
        return {"detached": _SMALL}
    if scale == "quick":
        one = {"scale": scale, "n_seed": 1}
        return {
            "detached": {**one, "weighted_steps": [0, 400, 2000]},
            "attached": {**one, "weighted_steps": [0, 400], "attached": True},
        }
    whole = {"scale": scale, "n_seed": 1}
    return {"detached": whole, "attached": {**whole, "attached": True}}


def compute(scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """Validation losses [weighted, seed, step] and those of groups of tokens at the end."""
    return losses(trained("reweighting", scale, n_seed, **settings))


def losses(curves: xr.Dataset) -> xr.Dataset:
    """The same from the curves of the experiment."""
    weighted = np.unique(curves["weighted_steps"].values)
    chosen = [np.flatnonzero(curves["weighted_steps"].values == one) for one in weighted]
    loss = curves["loss"].transpose("run", "step").values
    group = curves["skill_loss"].transpose("run", "step", "skill").values[:, -1]
    groups = np.stack([group[i] for i in chosen])
    return xr.Dataset(
        {
            "loss": (("weighted_steps", "seed", "step"), np.stack([loss[i] for i in chosen])),
            "group_loss": (("weighted_steps", "seed", "group"), groups),
        },
        {
            "weighted_steps": weighted, "step": curves.step.values,
            "group": curves.skill.values.astype(str),
        },
    )  # fmt: skip


def improvement(one: xr.Dataset) -> xr.DataArray:
    """How much lower the final loss is than without weights, [weighted, seed]."""
    last = one.loss.isel(step=-1)
    return (last.sel(weighted_steps=0) - last).transpose("weighted_steps", "seed")


def draw(data: Data) -> Figure:
    """Curves without weights and with the best number of weighted steps; improvement against it."""
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 3.8)
        left, right = figure.subplots(1, 2)
        one = data["detached"]
        gain = improvement(one)
        best = float(gain.mean("seed").isel(weighted_steps=slice(1, None)).idxmax("weighted_steps"))
        for weighted, colour in ((0.0, "#0072b2"), (best, "#d55e00")):
            seen = one.loss.sel(weighted_steps=weighted).mean("seed")
            label = f"$A$ = {weighted:g}" if weighted else "baseline"
            left.plot(seen.step[1:], seen[1:], color=colour, label=label)
        # The first losses would hide how close the curves are.
        late = one.loss.isel(step=slice(one.step.size // 4, None))
        left.set(xlabel="step", ylabel="validation loss (nats)")
        left.set_ylim(
            float(late.min()) * 0.97, float(late.sel(weighted_steps=[0.0, best]).max()) * 1.05
        )
        left.legend()
        for (name, part), colour in zip(data.items(), ("#009e73", "#cc79a7"), strict=False):
            gain = improvement(part)
            spread = gain.std("seed", ddof=1).values if gain.seed.size > 1 else None
            mean = gain.mean("seed").values
            right.errorbar(gain.weighted_steps.values, mean, spread, fmt="o-", color=colour,
                           label=f"weight {name}")  # fmt: skip
        right.axhline(0, color="#888888", ls="--", lw=1)
        right.set(xlabel="weighted steps $A$", ylabel="decrease of the final loss (nats)")
        right.legend()
    return figure


_SMALL_STEPS, _PAPER_STEPS = 2000, 10_000


def _scaled(measure: Callable[[xr.Dataset], Finding], part: str) -> Callable[[Data], Finding]:
    """A measurement that is a verdict on the paper only for the paper's model."""

    def scaled(data: Data) -> Finding:
        if part not in data or int(data[part].step[-1]) < _SMALL_STEPS:
            return _TOO_SMALL
        found = measure(data[part])
        if int(data[part].step[-1]) >= _PAPER_STEPS:
            return found
        return replace(
            found, verdict="not testable at this scale",
            why=f"{found.why}. This is a model of bytes, 64 wide; five seeds gain nothing "
            "either (docs/experiments.md); the paper's is GPT-2 small and wants a GPU",
        )  # fmt: skip

    return scaled


_TOO_SMALL = too_small("60 steps of a network of 16 units")


def _gain(one: xr.Dataset) -> Finding:
    gain = improvement(one)
    share = gain.weighted_steps.values / float(one.step[-1])
    mean = gain.mean("seed").values
    best = int(np.argmax(mean))
    each = gain.values[best]
    told = ", ".join(
        f"{a:g}: {g:+.4f}" for a, g in zip(gain.weighted_steps.values, mean, strict=True)
    )
    return ordered(
        bool(each.min() > 0) and 0 < share[best] < 1, [float(share[best]), float(mean[best])],
        f"best A over all steps, and its decrease of the loss in nats; all A: {told}; seeds there "
        f"{np.round(each, 4).astype(str).tolist()}",
    )  # fmt: skip


def _best(one: xr.Dataset) -> Finding:
    gain = improvement(one).mean("seed")
    share = float(gain.idxmax("weighted_steps")) / float(one.step[-1])
    return Finding(
        share, "holds" if 0.1 <= share <= 0.4 else "does not hold",
        why=f"A = {float(gain.idxmax('weighted_steps')):g} of {int(one.step[-1])} steps",
    )  # fmt: skip


def _too_long(one: xr.Dataset) -> Finding:
    gain = improvement(one).mean("seed")
    return ordered(
        bool(gain.max() > 0 and gain[-1] < gain.max()), [float(gain[-1]), float(gain.max())],
        "decrease of the loss with weights to the end, and with the best A",
    )  # fmt: skip


def _rare(data: Data) -> Finding:
    one = data["detached"]
    if int(one.step[-1]) < _SMALL_STEPS:
        return _TOO_SMALL
    group = one.group_loss.mean("seed")
    change = group.isel(weighted_steps=-1) - group.sel(weighted_steps=0)
    return Finding(
        change.values.tolist(), "holds" if change[-1] < change[0] else "does not hold",
        why="change of the loss of groups of tokens, frequent ones first, by weights to the end",
    )  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig14",
    title="A language model whose first A steps weigh tokens by their loss.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "5 min on two cores",
        "paper": "days on one GPU; wants several large ones, and OpenWebText",
    },
    claims=(
        Claim(
            id="liu2025/fig14/improves",
            where="L25 §4.3, Fig 14",
            claim="Weight on hard tokens in the first steps lowers the final validation loss.",
            expected="an A between none and all of the steps with a decrease",
            tolerance="every seed decreases there",
            measure=_scaled(_gain, "detached"),
        ),
        Claim(
            id="liu2025/fig14/improves-attached",
            where="L25 §4.3; whether the weight is a constant to the gradient is not stated",
            claim="The same where the gradient also goes through the weight.",
            expected="an A between none and all of the steps with a decrease",
            tolerance="every seed decreases there",
            measure=_scaled(_gain, "attached"),
        ),
        Claim(
            id="liu2025/fig14/best",
            where="L25 §4.3, Fig 14 right",
            claim="The best A is 2000 of 10 000 steps.",
            expected="0.2 of the steps",
            tolerance="a factor 2: the paper has nothing between 1000, 2000 and 4000",
            measure=_scaled(_best, "detached"),
        ),
        Claim(
            id="liu2025/fig14/too-long",
            where="L25 §4.3, Fig 14 right",
            claim="More weighted steps reduce the improvement or slow training down.",
            expected="less than with the best A",
            tolerance="none: an order",
            measure=_scaled(_too_long, "detached"),
        ),
        Claim(
            id="liu2025/fig14/rare-tokens",
            where="L25 §4.3, its reason for weights",
            claim="Weights shift learning from frequent to rare tokens.",
            expected="the loss of the rarest group changes for the better of that of the commonest",
            tolerance="none: an order",
            measure=_rare,
        ),
    ),
)
