"""What L25 says of exponents and of the critical dimension (§3.2, Fig 10), measured."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import xarray as xr
from scipy import stats

from skillphysics.papers import chinchilla
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.liu2025.fig10_exponents import (
    KINDS,
    N_POINTS,
    S_DIM,
    exponents,
    over_dims,
    over_steps,
    slope,
)
from skillphysics.scaling import exponent

PUBLISHED_N = {
    "sign_gd": [0.35, 0.485, 0.63, 0.79, 0.955, 0.965],
    "adam": [0.35, 0.485, 0.63, 0.79, 0.955, 1.13],
}
"""Read off the published panel (b), at α = 1, 1.2, … 2."""

PUBLISHED_S = {
    "sign_gd": [0.18, 0.295, 0.45, 0.62, 0.81, 1.03],
    "adam": [0.165, 0.24, 0.34, 0.455, 0.58, 0.71],
}
"""Read off the published panel (d), at the same α."""

# From the first on exponents are measured; the second is the published length.
_ENOUGH, _ALL = 5000, 99_000

# How near is near for an exponent: what seeds scatter.
_WITHIN = 0.1


def _after(measure: Callable[[Data], Finding]) -> Callable[[Data], Finding]:
    """A measurement that needs as many steps as the quick scale has."""

    def gated(data: Data) -> Finding:
        steps = _steps(data)[-1]
        if steps >= _ENOUGH:
            return measure(data)
        return too_small(
            f"one seed, two values of α and {steps} steps, after which the loss still falls"
        )

    return gated


def _steps(data: Data) -> np.ndarray:
    return next(iter(data.values())).step.values


def _half(data: Data) -> int:
    """The first record in the second half of training, before the last."""
    steps = _steps(data)
    return int(steps[min(int(np.searchsorted(steps, steps[-1] / 2)), steps.size - 2)])


def _to_come(data: Data) -> xr.DataArray:
    """How much α_N would change up to the published step if it goes on as in the last half."""
    last, half = int(_steps(data)[-1]), _half(data)
    before = slope(over_dims(data, step=half), "n_dim", N_POINTS).sel(alpha=slice(1, None))
    change = (exponents(data, "N") - before).mean("seed")
    return change * np.log(max(_ALL / last, 1.0)) / np.log(last / half)


def _settings(mask: xr.DataArray) -> str:
    """Those optimizers and α for which something is true."""
    return ", ".join(
        f"{KINDS[kind]} α {float(a):g}"
        for kind in mask.kind.values for a in mask.alpha.values
        if bool(mask.sel(kind=kind, alpha=a))
    )  # fmt: skip


def _part(finding: Finding, rest: xr.DataArray, judged: xr.DataArray, steps: int) -> Finding:
    """A finding of some settings, which says no more than part where others are not judged."""
    if bool(judged.all()):
        return finding
    if not bool(judged.any()):
        return too_small(f"after {steps} steps α_N still rises in every setting")
    verdict: Verdict = "holds in part" if finding.verdict == "holds" else finding.verdict
    why = (
        f"{finding.why}. Judged are {_settings(judged)}; after {steps} steps α_N still rises for "
        f"the others, by up to {float(rest.where(~judged).max()):.2f} more at step {_ALL} if it "
        "goes on as in the last half"
    )
    return replace(finding, verdict=verdict, why=why)


def _zipf(data: Data) -> Finding:
    each = exponents(data, "N").sel(kind="sign_gd", alpha=1.0)
    found, interval = mean_interval(each)
    return near(
        found, 0.34, 0.1, interval=interval,
        why=f"single seeds: {', '.join(f'{one:.2f}' for one in each.values)}",
    )  # fmt: skip


def _ratios(values: xr.DataArray) -> str:
    return "; ".join(
        f"{KINDS[kind]} {', '.join(f'{float(one):.2f}' for one in values.sel(kind=kind))}"
        for kind in values.kind.values
    )


def _by_share(near_one: xr.DataArray, measured: xr.DataArray, why: str) -> Finding:
    """Whether settings agree: all of them, or more than half."""
    share = float(near_one.mean())
    verdict: Verdict = "does not hold"
    if share > 0.5:
        verdict = "holds" if share == 1 else "holds in part"
    return Finding(measured.values.ravel().round(3).tolist(), verdict, None, why)


def _straight(data: Data) -> Finding:
    """Exponents below and above n_dim 100 in the range that is called a power law."""
    loss = over_dims(data).median("seed")
    loss = loss.sel(alpha=loss.alpha >= 1).transpose("kind", "alpha", "n_dim")
    below, above = (slope(loss, "n_dim", ends) for ends in ((40, 100), (100, 220)))
    ratio = above / below
    first = {"kind": "sign_gd", "alpha": 1.0}
    return _by_share(
        abs(ratio - 1) <= 0.2, ratio,
        f"by α = 1, … 2: {_ratios(ratio)}. At α = 1 SignGD has {float(below.sel(first)):.2f} from "
        f"40 to 100 and {float(above.sel(first)):.2f} from 100 to 220: 0.34 is a mean over a curve "
        "that bends, and depends on the two points; it bends less as α grows",
    )  # fmt: skip


def _as_published(which: str, table: Mapping[str, list[float]], data: Data) -> Finding:
    found = exponents(data, which).mean("seed")
    off = found - xr.DataArray([table[kind] for kind in KINDS], found.coords, ("kind", "alpha"))
    rest = abs(_to_come(data)) if which == "N" else xr.zeros_like(found)
    judged = rest <= _WITHIN / 2
    far = judged & (abs(off) > _WITHIN)
    share = 1 - float(far.sum()) / max(int(judged.sum()), 1)
    verdict = "holds" if share == 1 else "holds in part" if share > 0.5 else "does not hold"
    why = f"worst deviation {float(abs(off).where(judged).max()):.2f}; less the published ones: "
    why += _ratios(off) + (f"; beyond {_WITHIN}: {_settings(far)}" if bool(far.any()) else "")
    finding = Finding(found.values.ravel().round(3).tolist(), verdict, None, why)
    return _part(finding, rest, judged, int(_steps(data)[-1]))


def _above_line(data: Data) -> Finding:
    excess = exponents(data, "N").median("seed")
    excess = excess - (excess.alpha - 1)
    rest = _to_come(data)
    # What still rises is above already where it is above now.
    judged = (abs(rest) <= _WITHIN / 2) | ((excess > 0.05) & (rest > 0))
    share = float((excess > 0.05).where(judged).mean())
    finding = Finding(
        excess.values.ravel().round(3).tolist(),
        "holds" if share == 1 else "holds in part" if share > 0.5 else "does not hold", None,
        f"{_ratios(excess)}: the excess shrinks as α grows; the published point of SignGD at α = 2 "
        "is 0.04 below",
    )  # fmt: skip
    return _part(finding, rest, judged, int(_steps(data)[-1]))


def _chinchilla(data: Data) -> Finding:
    """α_S at α = 1 of both optimizers."""
    low, high = chinchilla.PUBLISHED["data"], chinchilla.REPLICATED["data"]
    each = exponents(data, "S").sel(alpha=1.0)
    found = {name: mean_interval(each.sel(kind=kind)) for kind, name in KINDS.items()}
    middle, half = (low + high) / 2, (high - low) / 2
    verdicts: list[Verdict] = [
        near(mean, middle, half + _WITHIN, interval=ends).verdict for mean, ends in found.values()
    ]
    told = ", ".join(f"{name} {mean:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"
                     for name, (mean, ends) in found.items())  # fmt: skip
    read = " and ".join(f"{PUBLISHED_S[kind][0]:g}" for kind in KINDS)
    verdict: Verdict = verdicts[0] if len(set(verdicts)) == 1 else "holds in part"
    return Finding(
        [mean for mean, _ in found.values()], verdict, None,
        f"{told}; the points of the published panel are {read}, also below {low} by as much as "
        f"{low - PUBLISHED_S['adam'][0]:.2f}",
    )  # fmt: skip


def _near_domino(data: Data) -> Finding:
    """How far SignGD is from Domino's line and from that of Quanta, and how that goes with α."""
    each = exponents(data, "S").sel(kind="sign_gd")
    alpha = each.alpha.values
    lines = {
        theory: np.array([exponent(theory, "time", a) if a > 1 else 0.0 for a in alpha])
        for theory in ("domino", "quanta")
    }
    found = each.mean("seed").values
    off = {theory: found - line for theory, line in lines.items()}
    # At α = 1 both say 0.
    nearer = (np.abs(off["domino"]) < np.abs(off["quanta"]))[alpha > 1]
    trend, (low, high) = _trend(alpha, each.transpose("seed", "alpha").values - lines["domino"])
    verdict: Verdict = "does not hold"
    if nearer.all():
        verdict = "holds" if high < 0 else "holds in part"
    elif nearer[-1]:
        verdict = "holds in part"
    told = ", ".join(f"{one:+.2f}" for one in off["quanta"])
    return Finding(
        off["domino"].round(3).tolist(), verdict, None,
        f"nearer to Domino's line at {nearer.sum()} of {nearer.size} α above 1; from that of "
        f"Quanta: {told}. The distance from Domino's changes with α by {trend:+.3f} "
        f"[{low:+.3f}, {high:+.3f}] per unit (jackknife over seeds); it is largest at α = "
        f"{alpha[np.abs(off['domino']).argmax()]:g}, least at "
        f"{alpha[np.abs(off['domino']).argmin()]:g}. The text of §3.1 and §3.2 swaps the labels of "
        "the two",
    )  # fmt: skip


def _trend(alpha: np.ndarray, off: np.ndarray) -> tuple[float, tuple[float, float]]:
    """The slope over α of the distance of the mean over seeds, with its 95 % interval."""

    def fit(rows: np.ndarray) -> float:
        return float(np.polyfit(alpha, np.abs(rows.mean(0)), 1)[0])

    count = len(off)
    without = np.array([fit(np.delete(off, i, 0)) for i in range(count)])
    error = np.sqrt((count - 1) * ((without - without.mean()) ** 2).mean())
    half = float(stats.t.ppf(0.975, count - 1) * error)
    found = fit(off)
    return found, (found - half, found + half)


def _adam_smaller(data: Data) -> Finding:
    found = exponents(data, "S").mean("seed")
    gap = (found.sel(kind="sign_gd") - found.sel(kind="adam")).values
    return ordered(bool((gap > 0).all()), gap.round(3).tolist(), "α_S of SignGD less that of Adam")


def _under(data: Data) -> Finding:
    found = exponents(data, "S").mean("seed")
    excess = found - (found.alpha - 1) / found.alpha
    return ordered(bool((excess > 0).all()), excess.values.ravel().round(3).tolist())


def _windows(data: Data) -> Finding:
    """α_S in windows from the end of the transient on, beyond the published one too."""
    loss = over_steps(data).mean("seed")
    loss = loss.sel(alpha=loss.alpha >= 1)
    steps = loss.step.values
    # The first record from each of these steps on.
    ends = [int(steps[np.searchsorted(steps, first)]) for first in (40, 80, 200, 500)]
    found = xr.concat([slope(loss, "step", pair) for pair in pairwise(ends)], "window")
    found = found.transpose("kind", "alpha", "window")
    ratio = found.max("window") / found.min("window")
    early = found.isel(window=slice(2))
    until = early.max("window") / early.min("window")
    windows = [_ratios(found.isel(window=i)) for i in range(found.sizes["window"])]
    told = ". ".join(
        f"From {low} to {high}: {each}"
        for each, (low, high) in zip(windows, pairwise(ends), strict=True)
    )
    within = float((until <= 1.2).mean())
    verdict: Verdict = "does not hold"
    if within > 0.5:
        verdict = "holds" if bool((ratio <= 1.2).all()) else "holds in part"
    return Finding(
        ratio.values.ravel().round(3).tolist(), verdict, None,
        f"by α = 1, … 2. {told}. Up to step {ends[2]} the ratio is within 1.2 in {within:.0%} of "
        f"the settings, with the window from {ends[2]} on in {float((ratio <= 1.2).mean()):.0%}: "
        f"there the exponent falls, for {S_DIM} dimensions hold no more",
    )  # fmt: skip


def _critical(data: Data) -> Finding:
    """Between which n_dim the loss of SignGD at α = 1 falls most steeply, on logarithmic scales."""
    chosen = {"kind": "sign_gd", "alpha": 1.0}
    end, half = (over_dims(data, step=step).sel(chosen).median("seed")
                 for step in (None, _half(data)))  # fmt: skip
    n_dim, steps = end.n_dim.values, int(_steps(data)[-1])
    # Single precision has nothing below.
    fall = -np.diff(np.log(np.maximum(end.values, 1e-7))) / np.diff(np.log(n_dim))
    place = int(fall.argmax())
    low, high = int(n_dim[place]), int(n_dim[place + 1])
    worst = over_dims(data, "worst").sel(chosen).median("seed")
    right = n_dim[worst.values > 0.5]
    why = (
        f"−d ln ℓ/d ln n_dim is largest, {fall[place]:.1f}, from {low} to {high}; all skills are "
        f"right at once from n_dim {right[0] if right.size else 'above the largest'} on. By "
        "Wendel's theorem random half-spaces have a point in common with probability 1/2 at "
        "n_dim = n_task/2 = 500, so the transition belongs there and not at n_task"
    )
    if steps < _ALL:
        lost = [1 - float(end.sel(n_dim=n) / half.sel(n_dim=n)) for n in (low, high)]
        return too_small(
            f"after {steps} steps the loss still falls there, by {lost[0]:.0%} and {lost[1]:.0%} "
            f"in the last half: {why}"
        )
    return near(np.sqrt(low * high), 600.0, 60.0, interval=(low, high), why=why)


CLAIMS = (
    Claim(
        id="liu2025/fig10/alpha-n-zipf",
        where="L25 §3.2, Fig 10 (b)",
        claim="At α = 1, α_N ≈ 0.34, as in Chinchilla; the Quanta model has 0.",
        expected="0.34",
        tolerance="0.1: seeds scatter by 0.05, and published is the median of four",
        measure=_after(_zipf),
    ),
    Claim(
        id="liu2025/fig10/alpha-n-values",
        where="L25 Fig 10 (b), read off",
        claim="α_N of SignGD, then Adam, at α = 1, 1.2, … 2.",
        expected="0.35 0.485 0.63 0.79 0.955 0.965; 0.35 0.485 0.63 0.79 0.955 1.13",
        tolerance="0.1: seeds scatter by 0.05 at α = 1 and 0.1 at α = 2, and both sides are "
        "means of four",
        measure=_after(partial(_as_published, "N", PUBLISHED_N)),
    ),
    Claim(
        id="liu2025/fig10/power-law-in-n",
        where="L25 §3.2, Fig 10 (a)",
        claim="The loss is a power law of n_dim below 250.",
        expected="1: exponent from n_dim 100 to 220 over that from 40 to 100; SignGD, then Adam, "
        "at α = 1, 1.2, … 2",
        tolerance="0.2: seeds scatter by 15 %; in part where more than half of the settings agree",
        measure=_after(_straight),
    ),
    Claim(
        id="liu2025/fig10/alpha-n-above-line",
        where="L25 §3.2, Fig 10 (b)",
        claim="α_N is systematically larger than α − 1 of Quanta and Domino.",
        expected="α_N − (α − 1) above 0 at every α; SignGD, then Adam",
        tolerance="0.05, below which seeds decide",
        measure=_after(_above_line),
    ),
    Claim(
        id="liu2025/fig10/critical-point",
        where="L25 §3.2, Fig 10 (a)",
        claim="The loss suddenly decreases at n_dim around 600, below n_task = 1000.",
        expected="600: where −d ln ℓ/d ln n_dim of SignGD at α = 1 is largest",
        tolerance="60: the text says around; the interval is between two neighbouring n_dim",
        measure=_after(_critical),
    ),
    Claim(
        id="liu2025/fig10/alpha-s-values",
        where="L25 Fig 10 (d), read off",
        claim="α_S of SignGD, then Adam, at α = 1, 1.2, … 2.",
        expected="0.18 0.295 0.45 0.62 0.81 1.03; 0.165 0.24 0.34 0.455 0.58 0.71",
        tolerance="0.1: published is one seed, which scatter by up to 0.1",
        measure=_after(partial(_as_published, "S", PUBLISHED_S)),
    ),
    Claim(
        id="liu2025/fig10/alpha-s-domino",
        where="L25 §3.2, Fig 10 (d)",
        claim="α_S of SignGD agrees with Domino's α − 1, especially for large α.",
        expected="nearer to α − 1 than to (α − 1)/α at every α above 1, and a distance that falls "
        "with α; measured: α_S − (α − 1), α = 1, 1.2, … 2",
        tolerance="none: an order, and the 95 % interval of the slope below 0",
        measure=_after(_near_domino),
    ),
    Claim(
        id="liu2025/fig10/alpha-s-adam",
        where="L25 §3.2, Fig 10 (d)",
        claim="α_S of Adam is smaller than that of SignGD.",
        expected="difference above 0 at every α",
        tolerance="none: an order",
        measure=_after(_adam_smaller),
    ),
    Claim(
        id="liu2025/fig10/quanta-underestimates",
        where="L25 §3.2, Fig 10 (d)",
        claim="The Quanta model systematically underestimates α_S.",
        expected="α_S − (α − 1)/α above 0 at every α; SignGD, then Adam",
        tolerance="none: an order",
        measure=_after(_under),
    ),
    Claim(
        id="liu2025/fig10/power-law-in-s",
        where="L25 §3.2, Fig 10 (c)",
        claim="The loss is a power law of steps.",
        expected="1: largest over smallest exponent in windows from step 40, 80 and 200 to 500; "
        "SignGD, then Adam, at α = 1, 1.2, … 2. The first 40 steps are a transient: s = 3 of the "
        "first skill alone takes 3/(η √(2 n_dim/π)) = 38 of them",
        tolerance="0.2: seeds scatter by 10 %; in part where more than half of the settings agree "
        "up to step 200",
        measure=_after(_windows),
    ),
    Claim(
        id="liu2025/fig10/alpha-s-zipf",
        where="L25 §3.1 and Fig 10 (d), caption",
        claim="At α = 1, (d) gives good predictions of Chinchilla's exponents α_S.",
        expected="0.28 to 0.37, of the paper and of its replication; SignGD, then Adam",
        tolerance="0.1 beyond that range, as for α_N",
        measure=_after(_chinchilla),
    ),
)
"""All claims, of the data of `fig10`."""
