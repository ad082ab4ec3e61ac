"""What L25 says of AdEMAMix and Lion beside Adam (§4.4, Fig 15), measured."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from scipy import stats

from skillphysics.papers.claims import Claim, Data, Finding, Verdict, too_small
from skillphysics.papers.intervals import mean_interval, share_interval
from skillphysics.skills import Skills

STEPS = 15_000
"""How long the published runs are."""

BOTTOM = {"n_task": 40, "noise": 0.2}
"""The lower panels, and what the text says of them."""

_INTERVAL = "its 95 % interval over 24 seeds excludes 0"


def bottom(data: Data) -> xr.DataArray:
    """Levels at the end in the lower panels, [optimizer, seed, skill]."""
    return data[str(BOTTOM["n_task"])].level.sel(noise=BOTTOM["noise"]).isel(step=-1)


def _judged(values: Sequence[np.ndarray], names: Sequence[str], why: str = "") -> Finding:
    """Whether the mean over seeds of every number is above 0, as its 95 % interval tells."""
    means = [float(np.mean(each)) for each in values]
    halves = [stats.t.ppf(0.975, each.size - 1) * stats.sem(each) for each in values]
    above = [mean - half > 0 for mean, half in zip(means, halves, strict=True)]
    below = [mean + half <= 0 for mean, half in zip(means, halves, strict=True)]
    told = "; ".join(
        f"{name}: {mean:+.3f} ± {half:.3f}"
        for name, mean, half in zip(names, means, halves, strict=True)
    )
    told = f"{told}. {why}".strip()
    if not any(above) and not any(below):
        return too_small(f"undecided: {told}")
    verdict: Verdict = "does not hold"
    if any(above):
        verdict = "holds" if all(above) else "holds in part"
    return Finding([round(mean, 3) for mean in means], verdict, None, told)


def _long(measure: Callable[[Data], Finding]) -> Callable[[Data], Finding]:
    """A measurement that needs the published length."""

    def gated(data: Data) -> Finding:
        steps = int(data["40"].step[-1])
        if steps >= STEPS:
            return measure(data)
        return too_small(
            f"{steps} steps and one seed: the slow mean of AdEMAMix remembers 10 000 steps"
        )

    return gated


def _gain(data: Data, n_task: int, noise: float, name: str = "AdEMAMix") -> np.ndarray:
    """ln(loss of Adam / loss of another), mean over steps of the last third, [seed]."""
    loss = data[str(n_task)].loss.sel(noise=noise)
    late = loss.sel(step=slice(2 * STEPS // 3, None)).mean("step")
    return np.log(late.sel(optimizer="Adam") / late.sel(optimizer=name)).values


def _speed_up(data: Data) -> Finding:
    cases = [(n_task, noise) for noise in (0.2, 1.0) for n_task in (10, 40)]
    return _judged(
        [_gain(data, *case) for case in cases],
        [f"n_task {n_task}, σ {noise:g}" for n_task, noise in cases],
    )


def _late(data: Data, n_task: int) -> xr.DataArray:
    """The loss, mean over steps of the last third, [optimizer, noise, seed]."""
    return data[str(n_task)].loss.sel(step=slice(2 * STEPS // 3, None)).mean("step")


def _more_with_tasks(data: Data) -> Finding:
    noises = [0.2, 1.0]
    late = {n_task: _late(data, n_task) for n_task in (10, 40)}
    # Without noise Adam comes to the least loss that the vectors allow.
    least = {n_task: one.sel(optimizer="Adam", noise=0.0) for n_task, one in late.items()}
    above = {n: late[n].sel(noise=noises) - least[n] for n in late}
    names = {str(name): place for place, name in enumerate(late[10].optimizer.values)}
    gap = {n: one.sel(optimizer="Adam") - one.sel(optimizer="AdEMAMix")
           for n, one in above.items()}  # fmt: skip
    gain = {n: np.log(one.values[names["Adam"]] / one.values[names["AdEMAMix"]])
            for n, one in above.items()}  # fmt: skip
    plain = (gap[40] - gap[10]).mean("seed").values
    ends = [mean_interval(one) for one in gain[40] - gain[10]]
    told = " and ".join(f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]" for mean, (low, high) in ends)
    return _judged(
        [_gain(data, 40, noise) - _gain(data, 10, noise) for noise in noises],
        ["σ 0.2", "σ 1"],
        "In ln of the loss; in the loss itself the advantage changes by "
        f"{plain[0]:+.4f} and {plain[1]:+.4f}. Part of it is a loss that no optimizer can remove, "
        f"{float(least[40].mean()):.3f} with 40 skills and {float(least[10].mean()):.0e} with 10 "
        f"(Adam without noise): in ln of the loss above it the change is {told}",
    )


def _slower_without_noise(data: Data) -> Finding:
    """Ln of the ratio of losses, mean over recorded steps of the first third from 100 on."""
    ratios = []
    for n_task in (10, 40):
        loss = data[str(n_task)].loss.sel(noise=0.0, step=slice(100, STEPS // 3))
        ratio = np.log(loss.sel(optimizer="AdEMAMix") / loss.sel(optimizer="Adam"))
        ratios.append(ratio.mean("step").values)
    return _judged(ratios, ["n_task 10", "n_task 40"])


def _rarest(data: Data) -> Finding:
    """Steps to level 0.9 of the least frequent of ten skills without noise, ln of the ratio."""
    level = data["10"].level.sel(noise=0.0).isel(skill=-1)
    above = level >= 0.9
    steps = level.step.isel(step=above.argmax("step")).where(above.any("step"))
    ratio = np.log(steps.sel(optimizer="AdEMAMix") / steps.sel(optimizer="Adam")).values
    learned = ratio[np.isfinite(ratio)]
    return _judged([learned], ["ln of the ratio"], f"{learned.size} of {ratio.size} seeds learn it")


def _fall(data: Data, n_task: int, noise: float) -> xr.DataArray:
    """How far levels end below their highest value, mean over skills, [optimizer, seed]."""
    level = data[str(n_task)].level.sel(noise=noise)
    return (level.max("step") - level.isel(step=-1)).mean("skill")


def _overshoot(data: Data) -> Finding:
    fall = _fall(data, 40, 0.0)
    return _judged([(fall.sel(optimizer="AdEMAMix") - fall.sel(optimizer="Adam")).values],
                   ["fall"])  # fmt: skip


def _settles(data: Data) -> Finding:
    """Ln of the steps that Adam and AdEMAMix take to Adam's late loss, their ratio, at σ = 0.2."""
    gains = []
    for n_task in (10, 40):
        loss = data[str(n_task)].loss.sel(noise=0.2)
        late = loss.sel(optimizer="Adam", step=slice(2 * STEPS // 3, None)).mean("step")
        below = loss <= late
        steps = loss.step.isel(step=below.argmax("step")).where(below.any("step"), STEPS)
        gains.append(np.log(steps.sel(optimizer="Adam") / steps.sel(optimizer="AdEMAMix")).values)
    return _judged(gains, ["n_task 10", "n_task 40"])


def _first(data: Data) -> Finding:
    """The share of seeds in which Lion's loss is the lowest, early on."""
    shares = {}
    for step in (30, 100, 300):
        for name, one in data.items():
            early = one.loss.sel(step=step, method="nearest")
            best = early.optimizer.values[early.argmin("optimizer").values]
            for noise, row in zip(early.noise.values, best, strict=True):
                shares[step, name, noise] = float((row == "Lion").mean())
    means = [np.mean([v for k, v in shares.items() if k[0] == step]) for step in (30, 100, 300)]
    verdict: Verdict = "does not hold"
    if max(means) >= 0.5:
        verdict = "holds" if max(means) >= 0.8 else "holds in part"
    told = ", ".join(f"{n_task}/{noise:g} {share:.0%}"
                     for (step, n_task, noise), share in shares.items() if step == 100)  # fmt: skip
    return Finding([round(float(mean), 2) for mean in means], verdict, None,
                   f"at steps 30, 100 and 300; by n_task/σ at 100: {told}")  # fmt: skip


def _wobble(data: Data, n_task: int, noise: float) -> xr.DataArray:
    """Spread of levels over the last third, mean over skills, [optimizer, seed]."""
    level = data[str(n_task)].level.sel(noise=noise)
    return level.sel(step=slice(2 * STEPS // 3, None)).std("step").mean("skill")


def _lion_late(data: Data) -> Finding:
    cases = [(n_task, 1.0) for n_task in (10, 40)]
    worse = [-_gain(data, *case, name="Lion") for case in cases]
    spread = [_wobble(data, *case) for case in cases]
    more = [
        np.log(each.sel(optimizer="Lion").values / each.sel(optimizer="Adam").values)
        for each in spread
    ]
    before = [data[str(n_task)].loss.sel(noise=noise, step=slice(1000, 3000)).mean(("step", "seed"))
              for n_task, noise in cases]  # fmt: skip
    late = [_late(data, n_task).sel(noise=noise).mean("seed") for n_task, noise in cases]
    told = "; ".join(
        ", ".join(f"{float(one.sel(optimizer=name)):.3f}" for name in ("Lion", "Adam"))
        for one in (before[0], late[0], before[1], late[1])
    )
    count = [int((each > 0).sum()) for each in worse]
    return _judged(
        [*worse, *more], ["loss, 10 skills", "loss, 40", "fluctuation, 10", "fluctuation, 40"],
        f"Lion's loss is above Adam's in {count[0]} of {worse[0].size} seeds with 10 skills, "
        f"{count[1]} with 40. It loses a lead: the losses of Lion and Adam from step 1000 to 3000 "
        f"and late are {told} with 10, then 40 skills",
    )  # fmt: skip


def _exploits(data: Data) -> Finding:
    end = bottom(data)
    adam = end.sel(optimizer="Adam")
    more = end.sel(optimizer="AdEMAMix") - adam
    strong = adam > adam.mean("skill")
    higher, lower = more.where(strong).mean("skill"), -more.where(~strong).mean("skill")
    return _judged(
        [higher.values, lower.values],
        ["above average, higher by", "below average, lower by"],
        "AdEMAMix is ahead on the skills that Adam has, and loses little or nothing on the others",
    )


def _frequent(data: Data) -> Finding:
    """Mean level weighted with frequencies, less that of Adam."""
    end = bottom(data)
    weight = xr.DataArray(Skills.power_law(end.sizes["skill"], 2.0).probability, dims="skill")
    mean = (end * weight).sum("skill")
    plain = ", ".join(
        f"{name} {float(end.sel(optimizer=name).mean()):.3f}" for name in end.optimizer.values
    )
    return _judged(
        [(mean.sel(optimizer=name) - mean.sel(optimizer="Adam")).values
         for name in ("AdEMAMix", "Lion")],
        ["AdEMAMix", "Lion"],
        f"mean levels without weights: {plain}",
    )  # fmt: skip


def _extremes(data: Data) -> Finding:
    end = bottom(data)
    share = ((end < 0.1) | (end > 0.9)).mean("skill")
    return _judged([(share.sel(optimizer="Lion") - share.sel(optimizer="Adam")).values], ["share"])


def _swaps(end: xr.DataArray) -> np.ndarray:
    """Whether one of the ten most frequent skills fails while a rarer one is learned, [seed]."""
    level = end.transpose("seed", "skill").values
    frequent = [(level[:, i] < 0.1) & (level[:, i + 1 :] > 0.9).any(1) for i in range(10)]
    return np.any(frequent, axis=0)


def _random(data: Data) -> Finding:
    """In which seeds a frequent skill fails and a rarer one is learned, by Lion and by Adam."""
    end = bottom(data)
    swaps = {str(name): _swaps(end.sel(optimizer=name)) for name in end.optimizer.values}
    shares = "; ".join(
        f"{name} {one.sum()} of {one.size} [{low:.2f}, {high:.2f}]"
        for name, one in swaps.items()
        for low, high in [share_interval(int(one.sum()), one.size)]
    )
    rank = -np.arange(end.sizes["skill"])
    ordered = {
        name: np.array([stats.spearmanr(one, rank)[0] for one in end.sel(optimizer=name).values])
        for name in swaps
    }
    order = ", ".join(f"{name} {one.mean():.2f}" for name, one in ordered.items())
    lion, adam = (swaps[name].astype(float) for name in ("Lion", "Adam"))
    return _judged(
        [lion, lion - adam], ["share of seeds, Lion", "less that of Adam"],
        f"Seeds: {shares}; rank correlations of level and frequency: {order}",
    )  # fmt: skip


def _claim(slug: str, where: str, claim: str, expected: str, measure: Callable[[Data], Finding],
           tolerance: str = _INTERVAL) -> Claim:  # fmt: skip
    return Claim(f"liu2025/fig15/{slug}", f"L25 §4.4, Fig 15 {where}", claim, expected, tolerance,
                 _long(measure))  # fmt: skip


CLAIMS = (
    _claim("ademamix-noise", "top", "AdEMAMix speeds up training when gradient noise is large.",
           "ln(loss of Adam / loss of AdEMAMix) above 0, late", _speed_up),
    _claim("ademamix-tasks", "top", "Its advantage grows with the number of tasks.",
           "that of 40 skills less that of 10 above 0", _more_with_tasks),
    _claim("ademamix-no-noise", "top", "With little noise AdEMAMix is slower than Adam.",
           "ln(loss of AdEMAMix / loss of Adam) above 0, σ = 0, steps 100 to 5000",
           _slower_without_noise),
    _claim("ademamix-rarest", "row 1, column 3",
           "Without noise AdEMAMix learns the least frequent of ten skills later.",
           "ln of the ratio of steps to level 0.9 above 0", _rarest),
    _claim("ademamix-overshoot", "row 4, column 3",
           "Without noise and with 40 skills AdEMAMix overshoots.",
           "levels end further below their highest value than Adam's", _overshoot),
    _claim("ademamix-settles", "rows 2 and 5, column 3",
           "At σ = 0.2 AdEMAMix converges faster than Adam.",
           "ln of the ratio of steps to Adam's late loss above 0", _settles),
    _claim("lion-first", "column 1", "Lion converges fastest initially, almost in all cases.",
           "share of cases near 1", _first,
           "0.8 at any of three early steps; in part from 0.5: no step is told"),
    _claim("lion-late", "columns 1 and 4",
           "When noise is large Lion is worse later, and fluctuates.",
           "ln of loss and of fluctuation over Adam's above 0, late, σ = 1", _lion_late),
    _claim("ademamix-exploits", "bottom",
           "AdEMAMix has higher levels than Adam where Adam is above its average, lower below.",
           "both differences above 0", _exploits),
    _claim("frequent", "bottom, caption",
           "AdEMAMix and Lion learn frequent skills better than Adam.",
           "difference of mean levels, weighted with frequencies, above 0", _frequent),
    _claim("lion-extremes", "bottom", "Lion pushes skills to extremes.",
           "more levels below 0.1 or above 0.9 than under Adam", _extremes),
    _claim("lion-random", "bottom",
           "Which skills Lion learns is somewhat random, unlike Adam's: some frequent ones are "
           "not learned, while some less frequent ones are.",
           "share of seeds in which one of the ten most frequent skills is below 0.1 and a rarer "
           "one above 0.9: above 0, and above that of Adam", _random),
)  # fmt: skip
"""All claims, of the data of `fig15`."""
