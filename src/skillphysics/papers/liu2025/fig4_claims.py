"""What L25 says of two skills under three optimizers (§2.3, Fig 4), measured."""

from typing import Any

import numpy as np
import xarray as xr

from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.liu2025.fig2 import START

NAMES = {"sgd": "SGD", "sign_gd": "SignGD", "adam": "Adam"}
_UNEQUAL = 9.0
"""Odds of the less unequal pair of skills in panel (a); from here on one is rare."""


def time_ratio(data: Data, kind: str) -> xr.DataArray:
    """t2/t1 of an optimizer, [share, seed]."""
    times = data[kind].learned.isel(kind=0)
    return (times.isel(skill=1) / times.isel(skill=0)).transpose("share", "seed")


def _odds(values: xr.DataArray) -> np.ndarray:
    return (values.share / (1 - values.share)).values


def _rare(values: xr.DataArray) -> xr.DataArray:
    """Those with odds of 9 and more."""
    return values.isel(share=_odds(values) >= 0.999 * _UNEQUAL)


def _told(values: xr.DataArray) -> str:
    """The mean over seeds at some odds."""
    mean, odds = values.mean("seed").values, _odds(values)
    places = dict.fromkeys(int(abs(odds - at).argmin()) for at in (9, 19, 49, 99, 999))
    return ", ".join(f"{mean[i]:.2f} at {odds[i]:.0f}" for i in places)


def _power(ratio: xr.DataArray, least: float) -> tuple[float, tuple[float, float]]:
    """The exponent of t2/t1 in p1/p2 from some odds on, with its interval over seeds."""
    odds = _odds(ratio)
    used = odds >= 0.999 * least
    return mean_interval(np.polyfit(np.log(odds[used]), np.log(ratio.values[used]), 1)[0])


def _saturates(data: Data) -> Finding:
    """Whether the curve is flat, and where: both are asked for."""
    ratio = _rare(time_ratio(data, "sign_gd"))
    slope, (low, high) = _power(ratio, _UNEQUAL)
    flat = near(slope, 0.0, 0.1, interval=(low, high)).verdict == "holds"
    close = abs(ratio.mean("seed").values - 2.0) <= 0.2
    verdict: Verdict = "does not hold"
    if flat and close.all():
        verdict = "holds"
    elif flat or close.mean() >= 0.5:
        verdict = "holds in part"
    times = data["sign_gd"].learned.isel(kind=0)
    delay = _rare((times.isel(skill=1) - times.isel(skill=0)).transpose("share", "seed"))
    most = float(_odds(ratio)[-1])
    draws = 128 / (1 + most)
    why = (
        f"t2/t1 is {_told(ratio)}: exponent {slope:.2f} [{low:.2f}, {high:.2f}] in p1/p2, and "
        f"{close.sum()} of {close.size} odds are within 0.2 of 2. The delay t2 − t1 is, in steps, "
        f"{_told(delay)}. A batch of 128 holds {draws:.1f} draws of the rare skill at the last "
        f"odds and none in {np.exp(128 * np.log1p(-1 / (1 + most))):.0%} of the steps. Where "
        f"SignGD sees p itself, t2/t1 is {_told(time_ratio(data, 'no batches'))}: now the steps by "
        "which skill 1 bounces are what skill 2 has to beat. With a tenth of the learning rate it "
        f"is {_told(time_ratio(data, 'no batches, slow'))}. Without both it saturates, to "
        "(1 + 0.9)/0.9 = 2.11, for a skill counts as learned at 0.9"
    )
    return Finding(ratio.mean("seed").values.tolist(), verdict, None, why)


def _linear(data: Data) -> Finding:
    slope, interval = _power(time_ratio(data, "sgd"), 2.0)
    return near(slope, 1.0, 0.1, interval=interval)


def _sublinear(data: Data) -> Finding:
    slope, (low, high) = _power(time_ratio(data, "adam"), 2.0)
    return ordered(low > 0.1 and high < 0.9, slope, f"95 %: {low:.2f} to {high:.2f}")


def _next_level(data: Data, kind: str) -> xr.DataArray:
    """The level of skill 2 when skill 1 is at 0.9, [share, seed]."""
    one = data[kind].isel(kind=0).transpose("share", "seed", "step", "skill")
    time, level = one.learned.values[..., 0], one.level.values[..., 1]
    found = np.empty(time.shape)
    for place in np.ndindex(*time.shape):
        found[place] = np.interp(time[place], one.step, level[place])
    return xr.DataArray(found, {"share": one.share}, ("share", "seed"))


def _domino(data: Data) -> Finding:
    """In which share of runs skill 2 has not started when skill 1 is learned, and is then fast."""
    shares, told = {}, []
    for kind, name in NAMES.items():
        before, ratio = _rare(_next_level(data, kind)), _rare(time_ratio(data, kind))
        # Levels gained per step, over those of skill 1 while it is learned.
        speed = (0.9 - before) / 0.9 / (ratio - 1)
        # A skill that is not learned has no speed.
        shares[name] = float(((before <= START) & (speed >= 0.5)).mean())
        told.append(
            f"{name}: level {_told(before)}; t2/t1 {_told(ratio)}; speed {_told(speed)}; both in "
            f"{shares[name]:.0%} of the runs"
        )
    why = (
        "level of skill 2 when skill 1 is at 0.9, and its speed from then on over that of skill 1, "
        f"at some p1/p2. {'. '.join(told)}. The level alone does not tell SignGD from SGD: what "
        "SignGD adds is the speed afterwards"
    )
    others = max(shares["SGD"], shares["Adam"])
    verdict: Verdict = "does not hold"
    if shares["SignGD"] >= 0.95 and others <= 0.05:
        verdict = "holds"
    elif shares["SignGD"] > 0.5 > others:
        verdict = "holds in part"
    return Finding(list(shares.values()), verdict, None, why)


def _between(data: Data) -> Finding:
    """At which odds Adam lies between the two others, by intervals over seeds."""
    ratios = {kind: time_ratio(data, kind) for kind in NAMES}
    shares = ratios["sgd"].share.values
    between, beyond, open_ = [], [], []
    for share in shares:
        low, middle, high = (
            np.log(ratios[kind].sel(share=share).values) for kind in ("sign_gd", "adam", "sgd")
        )
        ends = [mean_interval(middle - low)[1], mean_interval(high - middle)[1]]
        odds = float(share / (1 - share))
        if all(one[0] > 0 for one in ends):
            between.append(odds)
        elif any(one[1] < 0 for one in ends):
            beyond.append(odds)
        else:
            open_.append(odds)
    verdict: Verdict = "does not hold"
    if not beyond and between:
        verdict = "holds" if min(between) > max([1.0, *open_]) else "holds in part"
    elif between:
        verdict = "holds in part"
    why = (
        f"odds at which Adam's t2/t1 is between the two others: {_list(between)}; is not: "
        f"{_list(beyond)}; intervals over seeds do not tell: {_list(open_)}"
    )
    return Finding(len(between) / shares.size, verdict, None, why)


def _list(odds: list[float]) -> str:
    if len(odds) < 4:
        return ", ".join(f"{one:.2f}" for one in odds) or "none"
    return f"{len(odds)} from {min(odds):.2f} to {max(odds):.2f}"


def _outperforms(data: Data) -> Finding:
    """The steps until both skills are learned, of Adam over SignGD."""
    both = [data[kind].learned.isel(kind=0).max("skill") for kind in ("adam", "sign_gd")]
    gain = (both[0] / both[1]).transpose("share", "seed")
    lows = [mean_interval(np.log(one.values))[1][0] for one in gain]
    sooner = np.array(lows) > 0
    verdict: Verdict = (
        "holds" if sooner.all() else "holds in part" if sooner.any() else "does not hold"
    )
    worst = float(gain.mean("seed").min())
    why = (
        f"least mean over seeds, of {sooner.size} odds; {_told(gain)}. In steps SignGD needs "
        f"{_told(both[1].transpose('share', 'seed'))} and Adam "
        f"{_told(both[0].transpose('share', 'seed'))}. Both have a learning rate of 3e-4"
    )
    return Finding(worst, verdict, None, why)


def _claim(slug: str, where: str, claim: str, expected: str, tolerance: str, measure: Any) -> Claim:
    return Claim(f"liu2025/fig4/{slug}", where, claim, expected, tolerance, measure)


CLAIMS = (
    _claim(
        "saturation", "L25 §2.3, Fig 4 (b)",
        "Under SignGD t2/t1 saturates to 2 as the skills become more unbalanced: a constant "
        "delay, however small p2 is.",
        "a flat curve, exponent 0 in p1/p2, at 2; for p1/p2 from 9 to 99, as in the panel",
        "0.1 of the exponent, a tenth of SGD's, by its 95 % interval, and 0.2 of t2/t1 at all "
        "odds, by which the published points scatter; one of them, or half of the odds within 0.2, "
        "is in part",
        _saturates,
    ),
    _claim(
        "sgd-linear", "L25 §2.3, Fig 4 (b)", "Under SGD t2/t1 grows like p1/p2.", "exponent 1",
        "0.1: the exponent from p1/p2 = 2 on", _linear,
    ),
    _claim(
        "adam-sublinear", "L25 §2.3, Fig 4 (b)", "Under Adam t2/t1 grows sublinearly in p1/p2.",
        "exponent between 0 and 1", "the 95 % interval of the exponent between 0.1 and 0.9",
        _sublinear,
    ),
    _claim(
        "domino", "L25 Fig 4, caption",
        "SignGD leads to robust Domino effects (the second task starts to learn rapidly only after "
        "the first completes learning), while SGD and Adam do not.",
        "in all runs with p1/p2 from 9 on of SignGD, in none of SGD and Adam",
        "skill 2 at 0.2 or less, not started, when skill 1 is at 0.9, and from then on at least "
        "half as fast as skill 1 was; all is 95 % of the runs and none 5 %, most is in part",
        _domino,
    ),
    _claim(
        "adam-between", "L25 §2.3, Fig 4 (b)", "Adam's behavior lies in the middle of SGD and "
        "SignGD.",
        "t2/t1 above that of SignGD and below that of SGD at each p1/p2 up to 19",
        "none: an order, by 95 % intervals over seeds; where these do not tell, near equal skills, "
        "it is open", _between,
    ),
    _claim(
        "outperforms", "L25 §4.2, of Fig 4", "SignGD can outperform Adam.",
        "fewer steps until both skills are learned",
        "none: an order, by 95 % intervals over seeds at each p1/p2", _outperforms,
    ),
)  # fmt: skip
"""All claims, of the data of `fig4`."""
