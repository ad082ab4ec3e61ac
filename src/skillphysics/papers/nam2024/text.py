"""N24: what no figure shows of its assumptions, and the checks that its summaries ask for next."""

import numpy as np
import xarray as xr

from skillphysics.papers import chinchilla
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.nam2024.powers import all_hold, all_near
from skillphysics.papers.nam2024.text_data import compute, parts
from skillphysics.papers.recipe import Recipe

_CHINCHILLA = {
    "fitted again": tuple(chinchilla.REPLICATED.values()),
    "published": tuple(chinchilla.PUBLISHED.values()),
}


def _listed(values: np.ndarray | xr.DataArray, form: str = ".2f") -> str:
    return ", ".join(f"{float(one):{form}}" for one in np.asarray(values).ravel())


def _both(first: bool | np.bool, second: bool | np.bool) -> Verdict:
    """In part where one of two statements is true."""
    return "holds" if first and second else "holds in part" if first or second else "does not hold"


def _orthogonal(data: Data) -> Finding:
    part = data["basis"]
    product = part["product"].values
    own, apart = np.diag(product), product - np.diag(np.diag(product))
    scores = (own - part.frequency.values) / part.stderr.values
    most = float(np.abs(apart).max())
    return all_hold(
        [most == 0, *(np.abs(scores) <= 3).tolist()], [most, *scores],
        f"largest |E[g_k g_l]|, then E[g_k²] − P_k in standard errors; E[g_k²] is "
        f"{_listed(own, '.4f')} where P_k is {_listed(part.frequency, '.4f')}",
    )  # fmt: skip


def _laws(data: Data) -> Finding:
    power = data["exponents"].power
    a = power.a.values
    expected = np.stack([a / (a + 1), a / (a + 1), a, a / (a + 2)], axis=1)
    off = np.abs(power.values / expected - 1)
    worst = a[off.argmax(axis=0)]
    return all_hold(
        (off.max(axis=0) < 0.02).tolist(), off.max(axis=0),
        f"largest relative error in {', '.join(power.resource.values)} for a from {a.min():g} to "
        f"{a.max():g}, which is α from {1 + a.min():g} to {1 + a.max():g}, while 100 to 1000 "
        f"skills are learned; it is at a = {_listed(worst, 'g')}. With fewer skills the loss "
        "falls in steps",
    )  # fmt: skip


def _earlier(data: Data) -> Finding:
    """N24's exponent of data at the exponent of parameters that others have."""
    del data
    predicted = [a / (a + 1) for a, _ in _CHINCHILLA.values()]
    told = "; ".join(
        f"{name} {a:g} and {b:g}, for which a = {a:g} gives {x:.3f}"
        for (name, (a, b)), x in zip(_CHINCHILLA.items(), predicted, strict=True)
    )
    return all_near(
        predicted, [b for _, b in _CHINCHILLA.values()], 0.02,
        why=f"exponents of parameters and data: {told}. a/(a+1) is below a for every a, while "
        "the fit to the same runs has more in data than in parameters",
    )  # fmt: skip


def _sensitive(data: Data) -> Finding:
    powers = {str(name): value.values for name, value in data["imperfect"].items()}
    perfect = float(powers["perfect"].mean())
    shift = {name: np.abs(one / perfect - 1).max() for name, one in powers.items()}
    noise = {name: shift[name] for name in ("scattered 0.5", "scattered 1")}
    bends = {name: shift[name] for name in ("bent", "cut")}
    sensitive = [one > 0.1 for one in (*noise.values(), *bends.values())]
    told = ", ".join(f"{name} {one:.1%}" for name, one in (noise | bends).items())
    return all_hold(
        sensitive, [float(one) for one in (noise | bends).values()],
        f"largest shift over {powers['perfect'].size} seeds, against the perfect law of as many "
        f"skills: {told}. Scatter leaves the power alone. Bent is a second power law, α = 2 from "
        f"rank 20 on, and has that law's exponent, a/(a+1) = 0.5: {powers['bent'][0]:.3f}. Only "
        "cut, by e^(−k/30), is no power law",
    )  # fmt: skip


def _coupled(data: Data) -> Finding:
    """Whether times are off for skills that overlap, and for those that only occur together."""
    ratio = data["overlap"].ratio
    off = np.abs(ratio - 1).max("skill").values
    together = float(np.abs(data["overlap"].together - 1).max())
    overlapping = bool(off[0] < 0.02 and (np.diff(off) > 0.05).all())
    return Finding(
        [together, *off.tolist()], _both(together > 0.05, overlapping), None,
        "largest relative error of the times to R = S/2: skills that only occur together, with "
        f"independent parities, {together:.3f}; at overlaps {_listed(ratio.overlap, 'g')}: "
        f"{_listed(off, '.3f')}. What couples skills is E[g_k g_l], not that a sample asks for "
        "several",
    )  # fmt: skip


def _any_sum(data: Data) -> Finding:
    part = data["superposed"]
    weight = part.weight.values
    alike, apart = (part.learned.sel(start=one).values for one in ("alike", "apart"))
    return all_near(
        apart, weight, 0.01,
        why=f"R_k/S learned of weights {_listed(weight, 'g')} from b_k = a_k/2; the start "
        f"a_k = b_k of the solved dynamics keeps R_k from below 0: {_listed(alike)}",
    )  # fmt: skip


def _calibrated(data: Data) -> np.ndarray:
    """Half-times [kind, seed, skill] over those predicted from the network of one skill."""
    part = data["networks"]
    return np.asarray(part.time * part.frequency / float(part.alone.mean()))


def _in_order(times: np.ndarray) -> bool:
    return bool((np.diff(times, axis=-1) > 0).all())


def _predicted(data: Data) -> Finding:
    if "networks" not in data:
        return too_small("networks of five skills are left to the other scales")
    own, _, together = _calibrated(data)
    times = data["networks"].time.sel(kind="together").values
    scatter = float((own.std(0, ddof=1) / own.mean(0)).max())
    found = all_near(together.mean(0), np.ones(5), 0.25)
    kept = "kept" if _in_order(times) else "not kept"
    return Finding(
        found.measured, found.verdict if _in_order(times) else "does not hold", None,
        "measured over predicted times to R = S/2. Mutually exclusive skills have "
        f"{_listed(own.mean(0))}, so what is asked together adds "
        f"{_listed(together.mean(0) / own.mean(0) - 1, '.0%')}; most of the miss is that of small "
        f"networks. The order is {kept}; seeds scatter by {scatter:.0%} at most",
    )  # fmt: skip


def _shared(data: Data) -> Finding:
    if "networks" not in data:
        return too_small("networks of five skills are left to the other scales")
    time = data["networks"].time
    ratios = (time.sel(kind="shared") / time.sel(kind="own")).values
    within = [mean_interval(one) for one in ratios.T]
    same = [low <= 1 <= high for _, (low, high) in within]
    ordered = _in_order(time.sel(kind="shared").values)
    ends = ", ".join(f"{low:.2f} to {high:.2f}" for _, (low, high) in within)
    return Finding(
        [mean for mean, _ in within], _both(ordered, all(same)), None,
        "times to R = S/2 with five bits shared by all skills, over those with bits of their own; "
        f"95 % of {len(ratios)} seeds: {ends}. The order is {'kept' if ordered else 'not kept'}",
    )  # fmt: skip


def _one_constant(data: Data) -> Finding:
    """Which changes of the network or the task move the constant beyond the seeds' scatter."""
    constant = data["calibration"].constant
    if constant.sizes["seed"] < 2:
        return too_small("the scatter of seeds wants several")
    log = np.log(constant)
    pairs = (log - log.sel(network="base")).isel(network=slice(1, None))
    found = {str(one.network.values): mean_interval(one.values) for one in pairs}
    moved = {name: not low <= 0 <= high for name, (_, (low, high)) in found.items()}
    network, task = moved["width 50"] or moved["init 0.03"], moved["2 bits"]
    told = "; ".join(
        f"{name} {np.exp(mean):.2f} ({np.exp(low):.2f} to {np.exp(high):.2f})"
        for name, (mean, (low, high)) in found.items()
    )
    base = constant.sel(network="base").values
    return Finding(
        [float(np.exp(mean)) for mean, _ in found.values()], _both(network, task), None,
        f"constant over that of 200 units, 3 bits and start 0.01, which is 1/{1 / base.mean():.0f} "
        f"(seeds 1/{_listed(1 / base, '.0f')}), with the 95 % interval of seeds: {told}",
    )  # fmt: skip


def _deeper(data: Data) -> Finding:
    if "depth" not in data:
        return too_small("networks of five skills are left to the other scales")
    times = data["depth"].time.transpose("depth", "seed", "skill").values
    if not np.isfinite(times).all():
        return too_small("a skill is not half learned in time")
    rank = np.log(np.arange(1, times.shape[-1] + 1))
    slopes = np.array([[np.polyfit(rank, np.log(one), 1)[0] for one in kind] for kind in times])
    ordered = [_in_order(kind) for kind in times]
    near = np.abs(slopes.mean(1) - 1.6) <= 0.2
    rows = "; ".join(_listed(kind.mean(0), ".0f") for kind in times)
    return all_hold(
        [a and bool(b) for a, b in zip(ordered, near, strict=True)], slopes.mean(1),
        "exponent of the time to R = S/2 in the rank with one, two, three hidden layers of 64 "
        f"units; single seeds have {_listed(slopes)}. All seeds keep the order at "
        f"{sum(ordered)} of {len(ordered)} depths; steps {rows}",
    )  # fmt: skip


def _open(slug: str, where: str, claim: str, expected: str, why: str) -> Claim:
    """A claim that nothing here can measure."""
    return Claim(
        f"nam2024/text/{slug}", f"N24 {where}", claim, expected, "none", lambda _: too_small(why)
    )


# What would have to be seen, and why it is not.
_OPEN = (
    _open("other-networks", "summary, open question 3",
          "The scaling laws hold in other architectures than perceptrons and transformers.",
          "exponents of the loss in T, D and N",
          "all networks here are perceptrons (whole, in blocks, with embeddings, of any depth) or "
          "transformers; an exponent of the loss also wants hundreds of skills, and those trained "
          "here have five. Deeper perceptrons are in text/depth"),
    _open("discovery", "summary, open question 4",
          "How skill functions are found relates to the dynamics of layers.",
          "an account for more than three bits", "an open question; Fig 8 solves three bits"),
)  # fmt: skip

RECIPE = Recipe(
    name="nam2024/text",
    title="Assumptions, limitations and the checks that they ask for.",
    parts=parts,
    compute=compute,
    draw=None,
    cost={
        "smoke": "about 30 s on two cores",
        "quick": "70 s on two cores",
        "paper": "3 minutes on two cores",
    },
    claims=(
        Claim(
            id="nam2024/text/basis",
            where="N24 Table 1",
            claim="Skill functions are orthogonal: E[g_k g_l] is 0, and E[g_k²] is P_k.",
            expected="0, and a difference of 0 for five skills, on 1e5 samples",
            tolerance="none for k ≠ l: one of the two is 0 in every sample; 3 standard errors",
            measure=_orthogonal,
        ),
        Claim(
            id="nam2024/text/exponent-range",
            where="N24 summary, next check 2",
            claim="The exponents hold for exponents of the frequencies over orders of magnitude.",
            expected="a/(a+1) in T and D, a in N, a/(a+2) in C",
            tolerance="2 %: a hundred skills are no infinity",
            measure=_laws,
        ),
        Claim(
            id="nam2024/text/earlier-work",
            where="N24 summary, scaling laws",
            claim="The exponents match those of earlier empirical work.",
            expected="a/(a+1) = 0.366 and 0.28 of data where a is the 0.348 and 0.34 of "
            "parameters: Chinchilla's, fitted again and as published",
            tolerance="0.02: the two fits differ by 0.01 in parameters",
            measure=_earlier,
        ),
        Claim(
            id="nam2024/text/perfect-power-law",
            where="N24 summary, limitations",
            claim="The scaling laws are sensitive to frequencies that are no perfect power law.",
            expected="another exponent in time: scattered by 0.5 and 1 in ln P_k, bent, cut",
            tolerance="10 % of it, as measured exponents are rarely better known",
            measure=_sensitive,
        ),
        Claim(
            id="nam2024/text/exclusive-skills",
            where="N24 summary, mechanism 1",
            claim="Where skills are not mutually exclusive the dynamics couple, and the solved "
            "model fails.",
            expected="times that are off, where skills only occur together and where they overlap, "
            "the more so the larger E[g_k g_l]/√(P_k P_l)",
            tolerance="off is by 5 %, more with each step of overlap; batches of 500 and Euler "
            "steps move times by 2 %",
            measure=_coupled,
        ),
        Claim(
            id="nam2024/text/superposition",
            where="N24 summary, open question 2",
            claim="The model can express any linear superposition of skills.",
            expected="R_k/S = 1, 0.5, 2, −1, the weights of the target",
            tolerance="0.01: what training still lacks",
            measure=_any_sum,
        ),
        Claim(
            id="nam2024/text/overlapping-skills",
            where="N24 summary, next check 1",
            claim="The calibrated model predicts when networks learn skills that are asked "
            "together rather than mutually exclusive.",
            expected="the order, and measured/predicted times 1 for five skills",
            tolerance="0.25: as near as the predictions of Fig 1 are taken to be",
            measure=_predicted,
        ),
        Claim(
            id="nam2024/text/shared-bits",
            where="N24 summary, next check 1",
            claim="In networks the predicted emergence survives skills that share bits.",
            expected="the order and the times of skills with bits of their own",
            tolerance="the 95 % interval of seeds",
            measure=_shared,
        ),
        Claim(
            id="nam2024/text/one-calibration",
            where="N24 summary, limitations, next check 3",
            claim="The calibrated constant of time may not serve other architectures and tasks.",
            expected="another constant for another width or start, and for other bits of a skill",
            tolerance="the 95 % interval of seeds; one change at a time",
            measure=_one_constant,
        ),
        Claim(
            id="nam2024/text/depth",
            where="N24 summary, open question 1",
            claim="Layers decouple the skills of networks: each emerges at a time of its own, "
            "∝ k^(a+1).",
            expected="skills in order, exponent 1.6 with one, two and three hidden layers",
            tolerance="0.2: what seeds of one depth differ by",
            measure=_deeper,
        ),
        *_OPEN,
    ),
)
