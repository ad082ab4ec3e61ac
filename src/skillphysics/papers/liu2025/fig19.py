"""L25 Fig 19: two squares, learned one after the other unless each has a network of its own."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.papers.claims import Claim, Data, Finding, Verdict, too_small
from skillphysics.papers.intervals import share_interval
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, by_rank, new_figure

LEARNED = 1e-3
NETWORKS = {1: "shared", 2: "modular"}
_TEXT = {"reading": "text", "hidden": 200}


def parts(scale: Scale) -> Parts:
    """The networks and data of the code, and those of the text."""
    if scale == "smoke":
        small = {"scale": "quick", "n_seed": 2, "n_samples": 300, "n_rare": 3,
                 "learning_rate": 2e-3}  # fmt: skip
        return {"code": {**small, "hidden": 20}, "text": {**small, "reading": "text", "hidden": 20}}
    if scale == "quick":
        # In wide networks x² takes some 100 steps, and 300 tell whether y² takes twice as many.
        text = {"scale": scale, "n_seed": 10, "steps": 300, **_TEXT}
        return {"code": {"scale": scale, "n_seed": 12}, "text": text}
    return {
        "code": {"scale": scale, "n_seed": 100},
        "text": {"scale": scale, "n_seed": 100, **_TEXT},
    }


def compute(scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """Times [network, seed, square] at which the loss of a square is below 1e-3, or the last."""
    return learning_times(trained("modularity", scale, n_seed, **settings))


def learning_times(curves: xr.Dataset) -> xr.Dataset:
    """The times from the curves of the experiment; `width` says how wide the networks are."""
    loss = curves["skill_loss"].transpose("run", "step", "skill").values
    steps = curves["step"].values
    below = loss < LEARNED
    time = np.where(below.any(1), steps[below.argmax(1)], steps[-1])
    block = curves["n_block"].values
    kinds = np.stack([time[block == n] for n in NETWORKS])
    return xr.Dataset(
        {"time": (("network", "seed", "square"), kinds), "last": int(steps[-1])},
        {"network": list(NETWORKS.values())},
    )


def draw(data: Data) -> Figure:
    """t2 against t1, a point a seed: shared on the left, modular on the right."""
    with mpl.rc_context(STYLE):
        figure = new_figure(8, 4)
        colours = by_rank(3)
        for axis, network in zip(figure.subplots(1, 2), NETWORKS.values(), strict=True):
            time = data["code"].time.sel(network=network)
            most = float(data["code"]["last"])
            line = np.array([0, 1.05 * most])
            axis.plot(line, line, "--", color="#888888", lw=1, label="$t_2 = t_1$")
            axis.plot(line, 2 * line, ":", color="#444444", lw=1, label="$t_2 = 2\\,t_1$")
            axis.plot(time.isel(square=0), time.isel(square=1), "o", color=colours[0], ms=5,
                      alpha=0.6, label="a seed")  # fmt: skip
            axis.set(
                xlim=(0, 1.05 * most), ylim=(0, 1.05 * most), title=f"{network} network",
                xlabel="step $t_1$ at which $x^2$ is learned",
                ylabel="step $t_2$ at which $y^2$ is learned",
            )  # fmt: skip
            axis.set_aspect("equal")
            axis.legend(loc="lower right")
    return figure


def _ratios(data: Data, part: str, network: str) -> np.ndarray:
    """t2/t1 of the seeds in which x² is learned."""
    time = data[part].time.sel(network=network).values
    kept = time[:, 0] < int(data[part]["last"])
    return time[kept, 1] / time[kept, 0]


def _share(hits: np.ndarray, most: float, least: float, why: str) -> Finding:
    """How many seeds do it: holds where the whole interval is at `most` or above.

    In part where only the share itself is, or from a share of `least` on.
    """
    if hits.size < 4:
        return too_small("smaller networks with another learning rate, and two seeds")
    share, (low, high) = float(hits.mean()), share_interval(int(hits.sum()), hits.size)
    verdict: Verdict = "does not hold"
    if low >= most:
        verdict = "holds"
    elif share >= least:
        verdict = "holds in part"
    why = f"{hits.sum()} of {hits.size} seeds; {why}"
    if low < most <= share:
        why += (
            f". So few seeds leave it open whether the share is {most:g}: the interval starts at "
            f"{low:.2f}"
        )
    return Finding(share, verdict, (low, high), why)


def _sequential(data: Data) -> Finding:
    ratio = _ratios(data, "code", "shared")
    return _share(ratio >= 2, 0.9, 0.5, _told(ratio))


def _parallel(data: Data) -> Finding:
    ratio = _ratios(data, "code", "modular")
    return _share((ratio < 2**0.5) & (ratio > 2**-0.5), 0.5, 0.25, _told(ratio))


def _of_text(data: Data) -> Finding:
    ratio = _ratios(data, "text", "shared")
    last = int(data["text"]["last"])
    return _share(
        ratio >= 2, 0.9, 0.5, f"{_told(ratio)}, where what takes more than {last} steps counts as "
        "that",
    )  # fmt: skip


def _told(ratio: np.ndarray) -> str:
    if ratio.size == 0:
        return ""
    ten, half, ninety = np.quantile(ratio, [0.1, 0.5, 0.9])
    return f"t2/t1 has median {half:.2f}, and eight of ten seeds have {ten:.2f} to {ninety:.2f}"


def _faster(data: Data) -> Finding:
    time = data["code"].time
    if time.seed.size < 4:
        return too_small("smaller networks with another learning rate, and two seeds")
    both = time.max("square")
    gain = both.sel(network="shared") / both.sel(network="modular")
    return _share(gain.values > 1, 0.9, 0.5, f"median gain {float(gain.median()):.2f}")


def _tail(data: Data) -> Finding:
    time = data["code"].time.sel(network="modular")
    if time.seed.size < 50:
        return too_small(f"the tail of {time.seed.size} seeds is not known")
    first, second = (np.quantile(time.isel(square=i), [0.5, 0.95]) for i in (0, 1))
    tails = [float(second[1] / second[0]), float(first[1] / first[0])]
    return Finding(
        tails, "holds" if tails[0] > tails[1] else "does not hold",
        why="95 % quantile over median, of t2 and of t1",
    )  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig19",
    title="Two squares, one of them rare, by shared and by modular networks.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "5 s on two cores",
        "quick": "90 s on two cores",
        "paper": "20 min on two cores",
    },
    claims=(
        Claim(
            id="liu2025/fig19/sequential",
            where="L25 §6.3, Fig 19 left",
            claim="In the shared network t2 ≥ 2 t1 for almost all seeds.",
            expected="almost all seeds",
            tolerance="0.9 of the seeds is almost all, by the 95 % interval of the share; half of "
            "them is in part",
            measure=_sequential,
        ),
        Claim(
            id="liu2025/fig19/parallel",
            where="L25 §6.3, Fig 19 right",
            claim="In the modular network t2 ≈ t1 for most seeds.",
            expected="most seeds",
            tolerance="t2/t1 within a factor √2 of 1, so nearer to 1 than to 2; half "
            "of the seeds is most, by the 95 % interval of the share; a quarter is in part",
            measure=_parallel,
        ),
        Claim(
            id="liu2025/fig19/heavier-tail",
            where="L25 §6.3, Fig 19 right",
            claim="In the modular network t2 has a slightly heavier tail than t1.",
            expected="more than that of t1",
            tolerance="none: an order, of the 95 % quantile over the median",
            measure=_tail,
        ),
        Claim(
            id="liu2025/fig19/faster",
            where="L25 Fig 19, caption; §6.3",
            claim="The modular network has learned both squares sooner.",
            expected="almost all seeds",
            tolerance="0.9 of the seeds is almost all, by the 95 % interval of the share; half of "
            "them is in part",
            measure=_faster,
        ),
        Claim(
            id="liu2025/fig19/sequential-text",
            where="L25 §6.3; widths and data of the text, not of the code",
            claim="In the shared network t2 ≥ 2 t1 for almost all seeds also where x is always "
            "drawn, y in a hundredth of the points, and layers are 200 wide.",
            expected="almost all seeds",
            tolerance="0.9 of the seeds is almost all, by the 95 % interval of the share; half of "
            "them is in part",
            measure=_of_text,
        ),
    ),
)
