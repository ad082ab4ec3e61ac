"""L25 Fig 15: AdEMAMix and Lion beside Adam, with correlated skills and noise."""

from collections.abc import Callable, Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure, SubFigure
from scipy import stats

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, Verdict
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure, step_axis
from skillphysics.skills import Skills
from skillphysics.steps import log_spaced
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

N_DIM = 10
NOISES = [0.0, 0.2, 1.0]
OPTIMIZERS = {
    "Adam": optimizer("adam", b1=0.9, b2=0.95),
    "AdEMAMix": optimizer("ademamix", b1=0.9, b2=0.999, b3=0.9999, alpha=2.0),
    "Lion": optimizer("lion"),
}
COLOURS = dict(zip(OPTIMIZERS, ("#009e73", "#0072b2", "#d55e00"), strict=True))
# The lower panels, and what the text says of them.
BOTTOM = {"n_task": 40, "noise": 0.2}
_STEPS = 15_000


def parts(scale: Scale) -> Parts:
    """Ten and forty skills; forty alone at the smallest scale."""
    counts, size = (10, 40), {"steps": _STEPS, "n_seed": 24}
    if scale == "smoke":
        counts, size = (40,), {"steps": 1500, "n_seed": 1}
    return {str(n_task): {"n_task": n_task, "noises": NOISES, **size} for n_task in counts}


def compute(n_task: int, noises: Sequence[float], steps: int, n_seed: int) -> xr.Dataset:
    """Levels [optimizer, noise, seed, step, skill] and losses; seeds share vectors and draws."""
    skills = Skills.power_law(n_task, 2)
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    vectors = [VECTORS["gaussian"](key, n_task, N_DIM) for key in keys]
    worlds = [
        Geometry(drawn, skills, criterion="ce", batch_size=128, noise=noise)
        for noise in noises for drawn in vectors
    ]  # fmt: skip
    curves = train(
        worlds * len(OPTIMIZERS),
        [each for each in OPTIMIZERS.values() for _ in worlds],
        learning_rate=0.01, steps=steps, record=_recorded(steps),
        key=keys * (len(OPTIMIZERS) * len(noises)),
    )  # fmt: skip
    shape = (len(OPTIMIZERS), len(noises), n_seed)
    dims = ("optimizer", "noise", "seed", "step")
    loss, level = curves.dataset["loss"].values, curves.level.values
    return xr.Dataset(
        {
            "level": ((*dims, "skill"), level.reshape(*shape, *level.shape[1:])),
            "loss": (dims, loss.reshape(*shape, -1)),
        },
        {"optimizer": list(OPTIMIZERS), "noise": list(noises), "step": curves.steps},
    )


def _recorded(steps: int) -> np.ndarray:
    """Evenly spaced steps, with more of them early."""
    return np.union1d(log_spaced(steps, 40), np.linspace(0, steps, 181).astype(int))


def draw(data: Data) -> Figure:
    """A row for each number of skills and noise; levels at the end below."""
    with mpl.rc_context(STYLE):
        cases = [(int(name), noise) for name in data for noise in NOISES]
        figure = new_figure(11, 1.85 * len(cases) + 2.8)
        halves = np.asarray(figure.subfigures(2, 1, height_ratios=(1.85 * len(cases), 2.8)))
        upper, lower = halves.tolist()
        axes = upper.subplots(len(cases), 4, sharex=True)
        for row, (n_task, noise) in zip(axes, cases, strict=True):
            one = data[str(n_task)].sel(noise=noise).isel(seed=0)
            for name, axis in zip(OPTIMIZERS, row[1:], strict=True):
                shown = one.sel(optimizer=name)
                row[0].plot(shown.step, shown.loss, color=COLOURS[name], lw=1, label=name)
                colours = by_rank(n_task)
                for place in reversed(range(n_task)):
                    axis.plot(shown.step, shown.level[:, place], color=colours[place], lw=0.8)
                axis.set(ylim=(-0.03, 1.03), title=name)
            # Without noise ten skills are learned beyond any rounding.
            least = max(float(one.loss.min()) / 1.5, 1e-6)
            row[0].set(yscale="log", ylabel="loss", ylim=(least, 1),
                       title=rf"$n_{{task}}$ = {n_task}, $\sigma$ = {noise:g}")  # fmt: skip
            row[1].set_ylabel("level")
        axes[0, 0].legend()
        for axis in axes[-1]:
            step_axis(axis, np.array([0, data["40"].step.values[-1]]))
        _ends(lower, data)
    return figure


def _ends(figure: SubFigure, data: Data) -> None:
    end = data[str(BOTTOM["n_task"])].level.sel(noise=BOTTOM["noise"]).isel(seed=0, step=-1)
    axes = figure.subplots(1, 3)
    rank = np.arange(1, end.sizes["skill"] + 1)
    for name in OPTIMIZERS:
        axes[0].plot(rank, end.sel(optimizer=name), ".-", ms=4, lw=0.7, color=COLOURS[name],
                     label=name)  # fmt: skip
    axes[0].set(xlabel="skill, from the most frequent", ylabel="level at the end")
    axes[0].legend(loc="lower left")
    for axis, name in zip(axes[1:], ("AdEMAMix", "Lion"), strict=True):
        axis.scatter(end.sel(optimizer="Adam"), end.sel(optimizer=name), s=18,
                     c=by_rank(end.sizes["skill"]))  # fmt: skip
        axis.axline((0, 0), slope=1, color="#888888", lw=1, zorder=0)
        axis.set(xlabel="level, Adam", ylabel=f"level, {name}", xlim=(-0.03, 1.03),
                 ylim=(-0.03, 1.03))  # fmt: skip


def _judged(values: Sequence[np.ndarray], names: Sequence[str], why: str = "") -> Finding:
    """Whether the mean over seeds of every number is above 0, as its 95 % interval tells."""
    means = [float(np.mean(each)) for each in values]
    halves = [stats.t.ppf(0.975, each.size - 1) * stats.sem(each) for each in values]
    above = [mean - half > 0 for mean, half in zip(means, halves, strict=True)]
    below = [mean + half <= 0 for mean, half in zip(means, halves, strict=True)]
    verdict: Verdict = "holds" if all(above) else "holds in part"
    if not any(above) and any(below):
        verdict = "does not hold"
    told = "; ".join(
        f"{name}: {mean:+.3f} ± {half:.3f}"
        for name, mean, half in zip(names, means, halves, strict=True)
    )
    return Finding([round(mean, 3) for mean in means], verdict, None, f"{told}. {why}".strip())


def _long(measure: Callable[[Data], Finding]) -> Callable[[Data], Finding]:
    """A measurement that needs the published length."""

    def gated(data: Data) -> Finding:
        steps = int(data["40"].step[-1])
        if steps >= _STEPS:
            return measure(data)
        why = f"{steps} steps and one seed: the slow mean of AdEMAMix remembers 10 000 steps"
        return Finding(steps, "not testable at this scale", None, why)

    return gated


def _gain(data: Data, n_task: int, noise: float, name: str = "AdEMAMix") -> np.ndarray:
    """ln(loss of Adam / loss of another), mean over steps of the last third, [seed]."""
    loss = data[str(n_task)].loss.sel(noise=noise)
    late = loss.sel(step=slice(2 * _STEPS // 3, None)).mean("step")
    return np.log(late.sel(optimizer="Adam") / late.sel(optimizer=name)).values


def _speed_up(data: Data) -> Finding:
    cases = [(n_task, noise) for noise in (0.2, 1.0) for n_task in (10, 40)]
    return _judged(
        [_gain(data, *case) for case in cases],
        [f"n_task {n_task}, σ {noise:g}" for n_task, noise in cases],
    )


def _more_with_tasks(data: Data) -> Finding:
    gaps = {}
    for n_task in (10, 40):
        loss = data[str(n_task)].loss.sel(noise=[0.2, 1.0], step=slice(2 * _STEPS // 3, None))
        late = loss.mean("step")
        gaps[n_task] = late.sel(optimizer="Adam") - late.sel(optimizer="AdEMAMix")
    differences = (gaps[40] - gaps[10]).mean("seed").values
    return _judged(
        [_gain(data, 40, noise) - _gain(data, 10, noise) for noise in (0.2, 1.0)],
        ["σ 0.2", "σ 1"],
        "In ln of the loss; in the loss itself the advantage changes by "
        f"{differences[0]:+.4f} and {differences[1]:+.4f}. Forty skills in ten dimensions keep a "
        "loss that no optimizer can remove, so there is less to gain",
    )


def _slower_without_noise(data: Data) -> Finding:
    """Ln of the ratio of losses, mean over recorded steps of the first third from 100 on."""
    ratios = []
    for n_task in (10, 40):
        loss = data[str(n_task)].loss.sel(noise=0.0, step=slice(100, _STEPS // 3))
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
        late = loss.sel(optimizer="Adam", step=slice(2 * _STEPS // 3, None)).mean("step")
        below = loss <= late
        steps = loss.step.isel(step=below.argmax("step")).where(below.any("step"), _STEPS)
        gains.append(np.log(steps.sel(optimizer="Adam") / steps.sel(optimizer="AdEMAMix")).values)
    return _judged(gains, ["n_task 10", "n_task 40"])


def _first(data: Data) -> Finding:
    """The share of seeds in which Lion's loss is the lowest, early on."""
    shares = {}
    for step in (30, 100, 300):
        for name, one in data.items():
            early = one.loss.sel(step=step, method="nearest")
            best = early.argmin("optimizer").values
            for noise, row in zip(NOISES, best, strict=True):
                shares[step, name, noise] = float((row == list(OPTIMIZERS).index("Lion")).mean())
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
    return level.sel(step=slice(2 * _STEPS // 3, None)).std("step").mean("skill")


def _lion_late(data: Data) -> Finding:
    cases = [(n_task, 1.0) for n_task in (10, 40)]
    worse = [-_gain(data, *case, name="Lion") for case in cases]
    spread = [_wobble(data, *case) for case in cases]
    more = [
        np.log(each.sel(optimizer="Lion").values / each.sel(optimizer="Adam").values)
        for each in spread
    ]
    return _judged(
        [*worse, *more], ["loss, 10 skills", "loss, 40", "fluctuation, 10", "fluctuation, 40"]
    )


def _bottom(data: Data) -> xr.DataArray:
    """Levels at the end in the lower panels, [optimizer, seed, skill]."""
    return data[str(BOTTOM["n_task"])].level.sel(noise=BOTTOM["noise"]).isel(step=-1)


def _exploits(data: Data) -> Finding:
    end = _bottom(data)
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
    end = _bottom(data)
    weight = xr.DataArray(Skills.power_law(end.sizes["skill"], 2).probability, dims="skill")
    mean = (end * weight).sum("skill")
    plain = ", ".join(f"{name} {float(end.sel(optimizer=name).mean()):.3f}" for name in OPTIMIZERS)
    return _judged(
        [(mean.sel(optimizer=name) - mean.sel(optimizer="Adam")).values
         for name in ("AdEMAMix", "Lion")],
        ["AdEMAMix", "Lion"],
        f"mean levels without weights: {plain}",
    )  # fmt: skip


def _extremes(data: Data) -> Finding:
    end = _bottom(data)
    share = ((end < 0.1) | (end > 0.9)).mean("skill")
    return _judged([(share.sel(optimizer="Lion") - share.sel(optimizer="Adam")).values], ["share"])


def _random(data: Data) -> Finding:
    """How much better Adam's levels are ordered by frequency than Lion's."""
    end = _bottom(data)
    rank = -np.arange(end.sizes["skill"])
    ordered = {
        name: np.array([stats.spearmanr(one, rank)[0]
                        for one in end.sel(optimizer=name).values])
        for name in ("Adam", "Lion")
    }  # fmt: skip
    return _judged(
        [ordered["Adam"] - ordered["Lion"]], ["difference of rank correlations"],
        f"Adam {ordered['Adam'].mean():.2f}, Lion {ordered['Lion'].mean():.2f}",
    )  # fmt: skip


_INTERVAL = "its 95 % interval over 24 seeds excludes 0"


def _claim(slug: str, where: str, claim: str, expected: str, measure: Callable[[Data], Finding],
           tolerance: str = _INTERVAL) -> Claim:  # fmt: skip
    return Claim(f"liu2025/fig15/{slug}", f"L25 §4.4, Fig 15 {where}", claim, expected, tolerance,
                 _long(measure))  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig15",
    title="AdEMAMix and Lion beside Adam: more skills than dimensions, and noise.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "1 min on two cores",
        "paper": "1 min on two cores",
    },
    claims=(
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
               "Which skills Lion learns is somewhat random: some frequent ones are not.",
               "levels less ordered by frequency than Adam's: difference above 0", _random),
    ),
)  # fmt: skip
