"""L25 Fig 12: a quadratic loss, aligned with the parameters or rotated."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, near, ordered
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure, step_axis
from skillphysics.training import train
from skillphysics.worlds import Quadratic

KINDS = {"sgd": "SGD", "sign_gd": "SignGD"}
CASES = {"aligned": "basis-aligned", "rotated": "rotated by $H_4/2$"}
HADAMARD = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])


def parts(scale: Scale) -> Parts:
    """Both optimizers as published; SignGD at the rate of the caption; the start of the text."""
    steps, record = {"smoke": (7000, 20), "quick": (10_000, 10), "paper": (10_000, 10)}[scale]
    size = {"steps": steps, "record": record}
    both = list(CASES)
    return {
        "sgd": {"kind": "sgd", "rate": 0.01, "cases": both, **size},
        "sign_gd": {"kind": "sign_gd", "rate": 3e-4, "cases": both, **size},
        "caption": {"kind": "sign_gd", "rate": 3e-3, "cases": both, **size},
        "text": {"kind": "sign_gd", "rate": 3e-4, "cases": ["from ones"], **size},
    }


def compute(kind: str, rate: float, cases: Sequence[str], steps: int, record: int) -> xr.Dataset:
    """Losses of the directions over those at the start, [case, step, direction]."""
    worlds = [_world(case) for case in cases]
    curves = train(
        worlds, optimizer(kind), learning_rate=rate, steps=steps, record=record,
        key=jax.random.key(0),
    )  # fmt: skip
    part = curves.dataset["part"].values
    starts = [np.asarray(world.rotation @ world.init(jax.random.key(0))) for world in worlds]
    parameters = [np.asarray(world.init(jax.random.key(0))) for world in worlds]
    return xr.Dataset(
        {
            "left": (("case", "step", "direction"), part / part[:, :1]),
            "start": (("case", "direction"), np.stack(starts)),
            "parameters": (("case", "direction"), np.stack(parameters)),
        },
        {"case": list(cases), "step": curves.steps},
    )


def _world(case: str) -> Quadratic:
    if case == "aligned":
        return Quadratic.aligned()
    rotated = Quadratic.rotated()
    if case == "rotated":
        return rotated
    return Quadratic(np.asarray(rotated.frequency), np.asarray(rotated.rotation), np.ones(4))


def falls_to(left: xr.DataArray, share: float) -> xr.DataArray:
    """The first recorded step at which a share of a loss is left; NaN where it never is."""
    below = left <= share
    return left.step.isel(step=below.argmax("step")).where(below.any("step")).astype(float)


def draw(data: Data) -> Figure:
    """SGD above, SignGD below; aligned on the left, rotated on the right."""
    with mpl.rc_context(STYLE):
        figure = new_figure(8, 5.2)
        axes = figure.subplots(2, 2, sharex=True, sharey=True)
        for row, (kind, name) in zip(axes, KINDS.items(), strict=True):
            for axis, (case, told) in zip(row, CASES.items(), strict=True):
                left = data[kind].left.sel(case=case)
                for place, colour in enumerate(by_rank(4)):
                    # Lines that lie on each other are all seen when those below are wider.
                    axis.plot(left.step, left.isel(direction=place), color=colour,
                              lw=4.2 - place, label=rf"$\ell_{place + 1}$")  # fmt: skip
                axis.set_title(f"{name}, {told}")
            row[0].set_ylabel("share of the loss left")
        for axis in axes[-1]:
            step_axis(axis, data["sgd"].step.values)
        axes[0, 1].legend()
    return figure


def _together(data: Data) -> Finding:
    times = falls_to(data["sign_gd"].left.sel(case="aligned"), 0.01)
    spread = float((times.max() - times.min()) / times.mean())
    return near(spread, 0.0, 0.01)


def overlap(left: xr.DataArray, gone: float) -> np.ndarray:
    """How much of a loss is left when a part of the next one is gone."""
    begins = falls_to(left, 1 - gone).values[1:]
    return np.array([
        float(left.isel(direction=place).sel(step=begin)) for place, begin in enumerate(begins)
    ])  # fmt: skip


def _domino(data: Data) -> Finding:
    left = data["sign_gd"].left
    half, tenth = (overlap(left.sel(case="rotated"), gone) for gone in (0.5, 0.1))
    aligned = overlap(left.sel(case="aligned"), 0.5)
    verdict = "does not hold" if (half >= 0.1).any() else "holds in part"
    return Finding(
        half.round(4).tolist(), "holds" if (tenth < 0.1).all() else verdict, None,
        f"{_listed(aligned)} where aligned; but when a tenth of the next is gone, "
        f"{_listed(tenth)} is left: with four signs, the two rare losses fall by a fifth together "
        "while the second one falls, and then wait",
    )  # fmt: skip


def _listed(shares: np.ndarray) -> str:
    return ", ".join(f"{share:.2f}" for share in shares)


def _paced(data: Data) -> Finding:
    times = falls_to(data["sign_gd"].left.sel(case="rotated"), 0.01).values
    gaps = np.diff(times, prepend=0)
    return near(
        float(gaps.max() / gaps.min() - 1), 0.0, 0.15,
        why=f"steps from one to the next: {', '.join(f'{gap:.0f}' for gap in gaps)}",
    )  # fmt: skip


def _invariant(data: Data) -> Finding:
    left = data["sgd"].left
    return near(float(abs(left.sel(case="aligned") - left.sel(case="rotated")).max()), 0.0, 1e-4)


def _caption(data: Data) -> Finding:
    left = {name: float(data[name].left.sel(case="rotated")[-1, -1])
            for name in ("sign_gd", "caption")}  # fmt: skip
    return near(
        left["caption"], 0.0, 0.1,
        why=f"with steps of 3e-3 the first losses bounce too far for the last one to be heard; at "
        f"3e-4, the rate drawn here, {left['sign_gd']:.3f} of it is left",
    )  # fmt: skip


def _start(data: Data) -> Finding:
    given = data["sign_gd"].parameters.sel(case="rotated").values
    image = HADAMARD @ given
    shares = overlap(data["text"].left.sel(case="from ones"), 0.5)
    ones = data["text"].parameters.sel(case="from ones").values
    return ordered(
        bool(np.allclose(image, 1)), image.round(3).tolist(),
        "H is twice a rotation, and H x0' = 2 x0': with H/2, x starts at (1, 1, 1, −1). "
        f"From x0 the parameters would start at ({', '.join(f'{one:.0f}' for one in ones)}), with "
        f"the same effect: {_listed(shares)} of a loss is left when half of the next is gone",
    )  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig12",
    title="A quadratic loss: rotated, SignGD learns its directions one after the other.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={"smoke": "4 s on two cores", "quick": "5 s on two cores", "paper": "5 s on two cores"},
    claims=(
        Claim(
            id="liu2025/fig12/synchronised",
            where="L25 §4.1, Fig 12",
            claim="SignGD on the aligned loss lets all four losses fall at one pace.",
            expected="0: spread of the steps at which 1 % is left, over their mean",
            tolerance="0.01: two records in 3000 steps at the coarsest",
            measure=_together,
        ),
        Claim(
            id="liu2025/fig12/domino",
            where="L25 §4.1, Fig 12",
            claim="SignGD on the rotated loss: one loss starts to fall only when the previous one "
            "is around zero.",
            expected="near 0: how much of a loss is left when half of the next is gone",
            tolerance="0.1, to hold also when only a tenth of the next is gone",
            measure=_domino,
        ),
        Claim(
            id="liu2025/fig12/paced",
            where="L25 §2.6 and §4.1, Fig 12",
            claim="Falling like dominoes, every loss takes the same time, whatever its weight.",
            expected="0: excess of the longest time from one loss to the next over the shortest",
            tolerance="0.15: the Domino model is a limit; weights here are a factor 10 apart",
            measure=_paced,
        ),
        Claim(
            id="liu2025/fig12/sgd-invariant",
            where="L25 §4.1, Fig 12 top",
            claim="SGD has the same dynamics on both losses.",
            expected="0: largest difference of the shares left",
            tolerance="1e-4: rounding of float32 over 10 000 steps",
            measure=_invariant,
        ),
        Claim(
            id="liu2025/fig12/caption-rate",
            where="L25 Fig 12, caption",
            claim="The learning rate of SignGD is 3e-3.",
            expected="0: share of the last loss left at the end, rotated",
            tolerance="0.1: the published curve ends at zero to the eye",
            measure=_caption,
        ),
        Claim(
            id="liu2025/fig12/start",
            where="L25 §4.1",
            claim="H x0' = x0 with x0' = (1, 1, 1, −1) and x0 = (1, 1, 1, 1).",
            expected="(1, 1, 1, 1)",
            tolerance="exact",
            measure=_start,
        ),
    ),
)  # fmt: skip
