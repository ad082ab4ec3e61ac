"""N24 Fig 1: strengths of five skills, predicted from a network of one."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics import Curves
from skillphysics.experiments import EXPERIMENTS
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, ordered, too_small
from skillphysics.papers.nam2024.fig11 import (
    RESOURCES,
    SMOKE,
    band,
    calibrated,
    over_amount,
    predicted,
    shown,
    start,
)
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, by_rank, new_figure


def parts(scale: Scale) -> Parts:
    """A resource each."""
    if scale == "smoke":
        small = {name: {**SMOKE[name], "n_bits": 15} for name in RESOURCES}
        return {
            name: {"resource": name, "scale": "quick", "n_seed": 1, "n_one": 1, **small[name]}
            for name in RESOURCES
        }
    n_seed = {"quick": {"time": 2, "data": 1, "parameters": 1}, "paper": {
        "time": 10, "data": 10, "parameters": 50,
    }}[scale]  # fmt: skip
    n_one = {"quick": {"time": 4, "data": 2, "parameters": 2}, "paper": dict.fromkeys(n_seed, 50)}
    return {
        name: {
            "resource": name, "scale": scale, "n_seed": n_seed[name], "n_one": n_one[scale][name],
        }
        for name in RESOURCES
    }  # fmt: skip


def compute(resource: str, scale: str, n_seed: int, n_one: int, **settings: Any) -> xr.Dataset:
    """Levels of five skills [seed, amount, skill], and what one skill predicts of them."""
    alone = trained(f"calibration-{resource}", scale, n_one, **settings)
    five = trained(f"emergence-{resource}", scale, n_seed, **settings)
    return with_predictions(resource, alone, five, start(resource, scale, settings))


def with_predictions(
    resource: str, alone: xr.Dataset, five: xr.Dataset, strength: float
) -> xr.Dataset:
    """The same from the curves of both experiments, by the constant found and N24's."""
    one = calibrated(resource, alone, strength)
    over = over_amount(resource, five)
    published = RESOURCES[resource].published
    constants = [float(one.constant), shown(resource, published)]
    frequency = over.dataset["frequency"].values
    rate = 2 * float(five["learning_rate"][0])
    models = [
        predicted(resource, over.steps, frequency / frequency.sum(), constant, rate, strength)
        for constant in constants
    ]
    return xr.Dataset(
        {
            "level": (("seed", "amount", "skill"), over.level.transpose("run", ...).values),
            "model": (("source", "amount", "skill"), np.stack(models)),
            "constant": ("source", constants),
            "last": int(five["step"][-1]),
        },
        {"amount": over.steps, "source": ["calibrated", "published"]},
    )


def draw(data: Data) -> Figure:
    """A panel for each resource: networks dashed with bands, predictions solid."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 3.6)
        for axis, name in zip(figure.subplots(1, 3, sharey=True), RESOURCES, strict=True):
            one = data[name].isel(amount=data[name].amount.values > 0)
            n_skill = one.skill.size
            for skill, colour in enumerate(by_rank(n_skill)):
                band(axis, one.amount.values, one.level.isel(skill=skill).values, colour)
                model = one.model.sel(source="calibrated").isel(skill=skill)
                axis.plot(one.amount, model, color=colour, label=f"$k$ = {skill + 1}")
            axis.set(xscale="log", xlabel=RESOURCES[name].label, ylim=(-0.1, 1.15))
        figure.axes[0].set_ylabel("skill strength $R_k/S$")
        figure.axes[0].set_title("dashed: network, solid: predicted")
        figure.axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def reached(one: xr.Dataset, source: str) -> tuple[np.ndarray, np.ndarray]:
    """The amounts at which the mean network and the prediction are at R/S = 0.5, by skill."""
    levels = np.stack([one.level.mean("seed").values, one.model.sel(source=source).values])
    amounts = Curves.from_arrays(one.amount.values, levels).learning_time(0.5).values
    return amounts[0], amounts[1]


def _trains_as_said(data: Data, resource: str) -> bool:
    whole = EXPERIMENTS[f"emergence-{resource}"].at("quick").steps
    return int(data[resource]["last"]) >= whole


_SMALL = too_small("networks of 15 bits and at most 50 units, and one seed")


def _predicts(resource: str, source: str) -> Any:
    def measure(data: Data) -> Finding:
        if not _trains_as_said(data, resource):
            return _SMALL
        seen, told = reached(data[resource], source)
        both = np.isfinite(seen) & np.isfinite(told)
        ratio = np.full(seen.size, np.nan)
        ratio[both] = told[both] / seen[both]
        ratio = ratio[np.isfinite(seen) | np.isfinite(told)]
        near = np.abs(ratio - 1) <= 0.25
        verdict: Verdict = "does not hold"
        if near.size and near.all():
            verdict = "holds"
        elif near.size and near.sum() * 2 >= near.size:
            verdict = "holds in part"
        one = data[resource]
        rms = float(np.sqrt(((one.level.mean("seed") - one.model.sel(source=source)) ** 2).mean()))
        constant = shown(resource, float(one.constant.sel(source=source)))
        return Finding(
            ratio.tolist(), verdict,
            why=f"predicted over seen, of the skills that either brings to 0.5 in the range: "
            f"{near.sum()} of {near.size} within 25 %; constant {constant:.3g}, root mean square "
            f"of R/S {rms:.3f}",
        )  # fmt: skip

    return measure


def _in_order(data: Data) -> Finding:
    if not all(_trains_as_said(data, name) for name in RESOURCES):
        return _SMALL
    seen = {name: reached(data[name], "calibrated")[0] for name in RESOURCES}
    # What is not reached is last, as infinite; several such are in no order.
    fine = {
        name: bool((np.diff(times[np.isfinite(times)]) > 0).all())
        and not np.isinf(times[: np.isfinite(times).sum()]).any()
        for name, times in seen.items()
    }
    told = {name: times.round(1).tolist() for name, times in seen.items()}
    return ordered(all(fine.values()), sum(fine.values()), f"amounts at R/S = 0.5: {told}")


def _claim(slug: str, source: str, constant: str) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            id=f"nam2024/fig1/{name}-{slug}",
            where=f"N24 §5, Fig 1, {name}",
            claim=f"The extended model with {constant} tells at which {name} each of five skills "
            "is half learned.",
            expected="predicted/seen = 1 for each skill",
            tolerance="25 %: less than half of the gap between neighbours, whose frequencies "
            "differ by a factor from 3.0 to 1.4",
            measure=_predicts(name, source),
        )
        for name in RESOURCES
    )


RECIPE = Recipe(
    name="nam2024/fig1",
    title="Strengths of five skills against time, data and parameters, predicted from one skill.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "15 s on two cores",
        "quick": "15 minutes on two cores, most of it for the data",
        "paper": "days on two cores; wants a GPU",
    },
    claims=(
        *_claim("calibrated", "calibrated", "the constant of a network of one skill"),
        *_claim("published", "published", "N24's constant (22, 800, 4)"),
        Claim(
            id="nam2024/fig1/order",
            where="N24 §5, Fig 1",
            claim="Skills emerge in the order of their frequencies, with every resource.",
            expected="3 of 3 resources",
            tolerance="none: an order, of the amounts at which the mean of the seeds is at 0.5",
            measure=_in_order,
        ),
    ),
)
