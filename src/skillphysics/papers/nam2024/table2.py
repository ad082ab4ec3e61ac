"""N24 Table 2: where the power laws of the multilinear model hold."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from skillphysics.papers.claims import Claim, Data, Finding, Verdict, too_small
from skillphysics.papers.nam2024.powers import all_hold, power
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.scaling import Decoupled, compute_optimal_exact, scaling_law

WITHIN = 0.05
"""A law holds where the loss is that near to it: what can be seen on the published axes."""

_EXPONENTS = (0.3, 0.6, 0.9)
# What "much larger" is taken to be.
_MUCH = 10.0
# N^(a+1)/T at which the law in time, and T/N^(a+1) at which that in parameters, still holds.
_SPARE = {"time": 1e4, "parameters": 30.0}

# The law and what else is finite: what Table 2 wants to be large, or 1 for a split of compute.
PANELS = {
    "time-parameters": r"$N^{a+1}/T$",
    "data-parameters": r"$N^{a+1}/D$",
    "parameters-time": r"$T/N^{a+1}$",
    "compute-parameters": r"$N^{a+1}/T$",
    "time-data": r"$D/\max(NT^2, T^3)$",
    "data-time": r"$T/(D\,\ln D)$",
    "parameters-data": r"$D/T^3$",
    "compute-data": r"$D/T^3$",
}
_TITLES = {
    "time": r"$L \propto T^{-a/(a+1)}$", "data": r"$L \propto D^{-a/(a+1)}$",
    "parameters": r"$L \propto N^{-a}$", "compute": r"$L \propto C^{-a/(a+2)}$",
}  # fmt: skip
_SYMBOLS = {"time": "T", "data": "D", "parameters": "N", "compute": "C"}
_AMOUNTS = {
    "time": [1e2, 1e3, 1e4], "data": [1e2, 1e3, 1e4], "parameters": [1e2, 3e2, 1e3],
    "compute": [1e4, 1e5, 1e6],
}  # fmt: skip


def parts(scale: Scale) -> Parts:
    """One part for each panel: sums over samples take most of the time; and two for all a."""
    n_amount, n_ratio = {"smoke": (1, 4), "quick": (2, 9), "paper": (3, 13)}[scale]
    smoke = scale == "smoke"
    others = {
        "cube": {
            "amounts": [1e2, 3e2] if smoke else [1e2, 3e2, 1e3],
            "exponents": list(_EXPONENTS[smoke:]),
        },
        "split": {
            "amounts": [1e6, 1e9] if smoke else [1e6, 1e9, 1e12],
            "exponents": list(_EXPONENTS[smoke:]),
        },
    }  # fmt: skip
    panels = {
        name: {
            "a": 0.6, "law": name.split("-")[0], "finite": name.split("-")[1],
            "amounts": _AMOUNTS[name.split("-")[0]][:n_amount],
            "n_ratio": n_ratio if "data" in name else 40,
        }
        for name in PANELS
    }  # fmt: skip
    return {**panels, **{name: {"question": name, **one} for name, one in others.items()}}


def compute(question: str = "panel", **settings: Any) -> xr.Dataset:
    """A panel, or what is asked of several a; S = η = 1, r = 0.01."""
    return {"panel": _panel, "cube": _cubes, "split": _splits}[question](**settings)


def _model(a: float) -> Decoupled:
    return Decoupled(1 + a, target_scale=1.0, initial_strength=0.01)


def _cubes(amounts: Sequence[float], exponents: Sequence[float]) -> xr.Dataset:
    """loss/law in time [a, T, samples] with a few T samples, and with T³."""
    found = []
    with jax.enable_x64(True):
        for a in exponents:
            laws = [_law(_model(a), "time", steps) for steps in amounts]
            found.append([
                [float(_model(a).loss(steps, np.rint(d)).value) / law for d in _samples(steps)]
                for steps, law in zip(amounts, laws, strict=True)
            ])  # fmt: skip
    return xr.Dataset(
        {"loss": (("a", "time", "samples"), found)},
        {"a": list(exponents), "time": list(amounts), "samples": [*_FEW, "cube"]},
    )


_FEW = ("1", "2", "8")


def _samples(steps: float) -> list[float]:
    return [*(float(few) * steps for few in _FEW), steps**3]


def _splits(amounts: Sequence[float], exponents: Sequence[float]) -> xr.Dataset:
    """N^(a+1)/T [a, compute] at the best N, whole, of the exact loss."""
    with jax.enable_x64(True):
        best = [[compute_optimal_exact(_model(a), one) for one in amounts] for a in exponents]
    ratio = [
        [one.n_basis ** (a + 1) / one.steps for one in row]
        for a, row in zip(exponents, best, strict=True)
    ]
    return xr.Dataset(
        {"ratio": (("a", "compute"), ratio)}, {"a": list(exponents), "compute": list(amounts)}
    )


def _panel(a: float, law: str, finite: str, amounts: Sequence[float], n_ratio: int) -> xr.Dataset:
    """loss/law [amount, place] at the ratios that Table 2 names.

    What a condition does not name is endless.
    """
    ratios, losses, others = [], [], []
    with jax.enable_x64(True):
        model = _model(a)
        for amount in amounts:
            steps, n_data, n_basis, ratio, other = _points(model, law, finite, amount, n_ratio)
            loss = _losses(model, steps, n_data, n_basis)
            ratios.append(ratio)
            others.append(other)
            losses.append(loss / _law(model, law, amount))
    dims = ("amount", "place")
    return xr.Dataset(
        {"ratio": (dims, ratios), "loss": (dims, losses), "other": (dims, others)},
        {"amount": list(amounts)},
    )


_Points = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _points(model: Decoupled, law: str, finite: str, amount: float, n: int) -> _Points:
    """T, D, N, Table 2's ratio, and the finite amount, each [n]."""
    alpha = float(model.alpha)
    endless = np.full(n, np.inf)
    same = np.full(n, amount)

    def whole(low: float, high: float, far: float = 0.0) -> np.ndarray:
        inner = np.geomspace(low, high, n - 1 if far else n)
        return np.maximum(np.rint(np.append(inner, far) if far else inner), 1)

    def basis(low: float, high: float) -> np.ndarray:
        return whole((low * amount) ** (1 / alpha), (high * amount) ** (1 / alpha))

    if law == "compute":
        return _compute_points(model, finite, amount, whole, endless)
    match law, finite:
        case "time", "parameters":
            other = basis(0.1, 1e5)
            return same, endless, other, other**alpha / amount, other
        case "data", "parameters":
            other = basis(0.1, 1e5)
            return endless, same, other, other**alpha / amount, other
        case "parameters", "time":
            other = amount**alpha * np.geomspace(0.1, 1e4, n)
            return other, endless, same, other / amount**alpha, other
        case "time", "data":
            basis_ = np.rint((_SPARE["time"] * amount) ** (1 / alpha))
            enough = amount**2 * max(basis_, amount)
            other = whole(0.1 * amount, 100 * amount, _MUCH * enough)
            return same, other, np.full(n, basis_), other / enough, other
        case "data", "time":
            other = amount * np.append(np.geomspace(0.3, 100, n - 1), 1000)
            return other, same, endless, other / (amount * np.log(amount)), other
    # Parameters and data.
    last = amount**alpha
    steps = _SPARE["parameters"] * last
    other = whole(0.1 * last, 300 * last, _MUCH * steps**3)
    return np.full(n, steps), other, same, other / steps**3, other


def _compute_points(
    model: Decoupled,
    finite: str,
    amount: float,
    whole: Callable[..., np.ndarray],
    endless: np.ndarray,
) -> _Points:
    """Other splits of the compute, or the best one with few samples."""  # fmt: skip
    alpha, best = float(model.alpha), compute_optimal_exact(model, amount)
    if finite == "parameters":
        other = whole(max(best.n_basis / 30, 1), best.n_basis * 30)
        return amount / other, endless, other, other ** (alpha + 1) / amount, other
    steps = np.full(endless.size, best.steps)
    other = whole(0.1 * best.steps, 100 * best.steps, 10 * best.steps**3)
    basis = np.full(endless.size, best.n_basis)
    return steps, other, basis, other / best.steps**3, other


def _losses(
    model: Decoupled, steps: np.ndarray, n_data: np.ndarray, n_basis: np.ndarray
) -> np.ndarray:
    if np.isinf(n_data).all():
        return np.asarray(model.loss(steps, n_basis=n_basis).value)
    points = zip(steps, n_data, n_basis, strict=True)
    return np.array([float(model.loss(t, float(d), n).value) for t, d, n in points])


def _law(model: Decoupled, law: str, amount: float) -> float:
    name = {"time": "steps", "data": "n_data", "parameters": "n_basis"}.get(law)
    point = {name: amount} if name else {"steps": amount, "n_basis": amount}
    return float(scaling_law(model, law, **point).loss(amount))


def draw(data: Data) -> Figure:
    """A column for each law, a row for each other limit."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 5.4)
        for axis, (name, label) in zip(
            figure.subplots(2, 4, sharey=True).flat, PANELS.items(), strict=True
        ):
            law = name.split("-")[0]
            part = data[name]
            for amount, colour in zip(part.amount, by_rank(part.amount.size), strict=True):
                one = part.sel(amount=amount)
                label_of = f"${_SYMBOLS[law]}$ = {float(amount):g}"
                axis.plot(one.ratio, one.loss, ".-", color=colour, lw=1.2, ms=4, label=label_of)
            axis.axhspan(1 - WITHIN, 1 + WITHIN, color="#bbbbbb", alpha=0.5, lw=0)
            axis.axvline(1, color="#888888", ls="--", lw=1)
            axis.set(xscale="log", yscale="log", ylim=(0.7, 8), xlabel=label)
            axis.set_yticks([0.7, 1, 2, 4, 8], ["0.7", "1", "2", "4", "8"], minor=False)
            axis.yaxis.set_minor_locator(NullLocator())
            if name in list(PANELS)[:4]:
                axis.set_title(_TITLES[law])
                axis.legend(loc="upper center" if law == "compute" else "upper right")
        figure.axes[0].set_ylabel("loss/law")
        figure.axes[4].set_ylabel("loss/law")
    return figure


def _needed(part: xr.Dataset, of: str) -> np.ndarray:
    """For each amount, the ratio (or the other amount) from which on the law holds."""
    found = []
    for amount in part.amount:
        one = part.sel(amount=amount)
        off = np.abs(one.loss.values - 1)
        last = np.flatnonzero(off > WITHIN).max(initial=-1)
        where = one[of].values
        if last < 0 or last + 1 == where.size:
            found.append(where[0] if last < 0 else np.inf)
            continue
        between = np.log(np.maximum(off[[last + 1, last]], 1e-12))
        found.append(np.exp(np.interp(np.log(WITHIN), between, np.log(where[[last + 1, last]]))))
    return np.array(found)


def _sufficient(data: Data, name: str) -> Finding:
    """Whether the law holds at every point where the condition does by a factor of ten."""
    part = data[name]
    off, ratio = np.abs(part.loss.values - 1), part.ratio.values
    met = ratio >= 0.999 * _MUCH
    worst = [float(one[where].max()) for one, where in zip(off, met, strict=True)]
    below = [float(one[~where].max()) for one, where in zip(off, met, strict=True)]
    if min(below) < WITHIN:
        return too_small("the law holds at every point, whether the condition does or not")
    far = [one[-1] < WITHIN for one in off]
    verdict: Verdict = "does not hold"
    if all(far):
        verdict = "holds" if max(worst) < WITHIN else "holds in part"
    needed = ", ".join(f"{one:.2g}" for one in _needed(part, "ratio"))
    ends = ", ".join(f"{one[-1]:.3f} at {x[-1]:.2g}" for one, x in zip(off, ratio, strict=True))
    return Finding(
        worst, verdict, None,
        f"largest deviation over ratios of 10 or more; the law is within 5 % from a ratio of "
        f"{needed} on, and off by {', '.join(f'{one:.2f}' for one in below)} below 10, at "
        + ", ".join(f"{_SYMBOLS[name.split('-')[0]]} = {float(x):g}" for x in part.amount)
        + f". At the largest ratio it is off by {ends}",
    )  # fmt: skip


def _cube(data: Data) -> Finding:
    """Deviations from the law in time with T³ samples, and how many would do."""
    part = data["cube"]
    off = np.abs(part.loss.sel(samples="cube").values - 1).ravel()
    few = np.abs(part.loss.sel(samples=list(_FEW)) - 1).max(("a", "time")).values
    told = ", ".join(f"{name} T {one:.3f}" for name, one in zip(_FEW, few, strict=True))
    times, exponents = (", ".join(f"{x:g}" for x in part[name].values) for name in ("time", "a"))
    return all_hold(
        (off < WITHIN).tolist(), off,
        f"T = {times} for each a = {exponents}. Enough, and far more than that: the largest "
        f"deviations with fewer samples are {told}. Skills that are being learned are seen about "
        "D/T times",
    )  # fmt: skip


def _split(data: Data) -> Finding:
    """Table 2's ratio at the best split: its power in the compute, and its size."""
    ratio = data["split"].ratio
    powers = [-power(ratio["compute"], ratio.sel(a=a)) for a in ratio.a.values]
    sizes = ratio.isel(compute=-1).values
    near_one = [bool(0.1 < one < 10) for one in sizes]
    told = "; ".join(
        f"a = {float(a):g}: " + ", ".join(f"{x:.2f}" for x in ratio.sel(a=a).values)
        for a in ratio.a.values
    )
    return all_hold(
        [*(abs(one) < 0.02 for one in powers), *near_one], [*powers, *sizes],
        "powers of C in N^(a+1)/T, then the ratio at the largest C. At C = "
        + ", ".join(f"{x:g}" for x in ratio["compute"].values)
        + f": {told}. It depends on r/S, which is 0.01",
    )  # fmt: skip


_CONDITIONS = {
    "time-parameters": ("time", "N^(a+1) ≫ T"),
    "time-data": ("time", "D ≫ NT² and T³, with N^(a+1) ≫ T"),
    "data-time": ("data", "T ≫ D (log D)^(1+ε)"),
    "data-parameters": ("data", "N^(a+1) ≫ D"),
    "parameters-time": ("parameters", "T ≫ N^(a+1)"),
    "parameters-data": ("parameters", "D ≫ T³, with T ≫ N^(a+1)"),
    "compute-data": ("compute", "D ≫ T³"),
}

RECIPE = Recipe(
    name="nam2024/table2",
    title="Conditions of the power laws: how far the loss is from each law where they fail.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "35 s on two cores",
        "quick": "40 s on two cores",
        "paper": "130 s on two cores",
    },
    claims=(
        *(
            Claim(
                id=f"nam2024/table2/{name}",
                where="N24 Table 2",
                claim=f"The law in {law} holds where {condition}.",
                expected="deviation 0 wherever the larger side is ten times the other or more",
                tolerance="0.05: what can be seen on the published axes; in part where ten is too "
                "little and the largest ratio is enough; a = 0.6, r/S = 0.01",
                measure=lambda data, name=name: _sufficient(data, name),
            )
            for name, (law, condition) in _CONDITIONS.items()
        ),
        Claim(
            id="nam2024/table2/cube",
            where="N24 Table 2",
            claim="T³ samples are enough for the law in time.",
            expected="deviation 0 with D = T³, at three T for each a = 0.3, 0.6, 0.9",
            tolerance="0.05: what can be seen on the published axes; r/S = 0.01, N endless",
            measure=_cube,
        ),
        Claim(
            id="nam2024/table2/split",
            where="N24 Table 2",
            claim="Compute is used best where N^(a+1) ≈ T.",
            expected="power 0 of C in N^(a+1)/T at the best N, and a ratio of order 1, for "
            "a = 0.3, 0.6, 0.9",
            tolerance="0.02 in the power: N is whole; a factor of 10 in the ratio: its order of "
            "magnitude",
            measure=_split,
        ),
    ),
)
