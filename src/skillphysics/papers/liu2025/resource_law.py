"""L25 §2.4 to 2.6: what the text says of the Resource model's law, without a figure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, near, ordered
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.skills import Skills
from skillphysics.theories import Correlated, Resource, mean_field_rate
from skillphysics.training import train
from skillphysics.worlds import Geometry

_PAPER = 2.0


def parts(scale: Scale) -> Parts:
    """One skill in the Geometry model, learning times, and the best learning rate."""
    return {
        "one skill": {"what": "one skill", "n_dim": 1000, "rate": 3e-4, "steps": 200,
                      "n_seed": {"smoke": 4, "quick": 20, "paper": 20}[scale]},
        "tasks": {"what": "tasks", "alpha": 2.0, "level": 0.9, "tau": 20.0,
                  "counts": [10, 100, 1000], "many": [10, 100, 1000, 10_000, 100_000]},
        "waste": {"what": "waste", "wastes": [1e-3, 1e-2, 1e-1, 1.0, 10.0], "n_task": 10,
                  "alpha": 2.0, "level": 0.9},
        "rates": {"what": "rates", "n_task": 10, "alpha": 2.0, "tau": [0.0, 1.0, 5.0, 20.0, 100.0],
                  "n_rate": 2001},
    }  # fmt: skip


def compute(what: str, **settings: Any) -> xr.Dataset:
    """One part, in double precision where it is theory."""
    if what == "one skill":
        return _one_skill(**settings)
    with jax.enable_x64(True):
        return _THEORY[what](**settings)


def _one_skill(n_dim: int, rate: float, steps: int, n_seed: int) -> xr.Dataset:
    """When a single skill under SignGD is at level 0.9, [seed], and √n_dim η."""
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    worlds = [Geometry.draw(k, Skills.given([1.0]), n_dim, vectors="unit") for k in keys]
    curves = train(
        worlds, optimizer("sign_gd"), learning_rate=rate, steps=steps, record=1, key=keys
    )
    scale = rate * np.sqrt(n_dim)
    return xr.Dataset(
        {
            "time": ("seed", curves.learning_time(0.9).values[:, 0]),
            "scale": scale,
            "predicted": float(mean_field_rate(n_dim, rate)) / scale,
        }
    )


def _tasks(
    counts: Sequence[int], many: Sequence[int], alpha: float, level: float, tau: float
) -> xr.Dataset:
    """η_eff t_task for a level of the rarest skill, and for a C = e^−tau."""
    laws = [Resource(Skills.power_law(n, alpha).probability, 1.0, 0.0) for n in counts]
    given = [float(law.time_split(level).skills[-1]) for law in laws]
    fixed = [-np.expm1(-tau * Skills.power_law(n, alpha).probability).sum() for n in many]
    return xr.Dataset(
        {"given": ("count", given), "fixed": ("many", fixed)},
        {"count": list(counts), "many": list(many)},
    )


def _waste(wastes: Sequence[float], n_task: int, alpha: float, level: float) -> xr.Dataset:
    """t_task and t_waste of every skill, and its learning time by a solver of the equation.

    `passed` is when the curves of the solver pass the level, without the closed form.
    """
    p = Skills.power_law(n_task, alpha).probability
    found, apart, passed = [], [], []
    for waste in wastes:
        time = Resource(p, 1.0, waste).time_split(level)
        total = np.asarray(time.skills + time.waste)
        # Without correlations it is the same equation, and this one is integrated.
        solved = np.asarray(Correlated(p, jnp.eye(n_task), 1.0, waste).levels(total))
        # Later the first skill's u is below what the solver resolves.
        clock = -np.log1p(-solved[:2]) / p
        apart.append((np.ptp(clock, axis=1) / clock.mean(axis=1)).max())
        found.append(np.stack([time.skills, time.waste, np.diag(solved)]))
        # A skill is at the level long before p_n u_n alone is as much as D at the start.
        steps = jnp.linspace(0, (1 + waste) * -np.log1p(-level) / p[-1], 401)
        curves = np.asarray(Correlated(p, jnp.eye(n_task), 1.0, waste).levels(steps))
        passed.append(Curves.from_arrays(np.asarray(steps), curves).learning_time(level).values)
    task, wasted, reached = np.stack(found, axis=1)
    dims = ("waste", "skill")
    return xr.Dataset(
        {
            "t_task": (dims, task),
            "t_waste": (dims, wasted),
            "reached": (dims, reached),
            "apart": ("waste", apart),
            "passed": (dims, np.stack(passed)),
        },
        {"waste": list(wastes)},
    )


def _rates(n_task: int, alpha: float, tau: Sequence[float], n_rate: int) -> xr.Dataset:
    """Speed η/(D + N0) of learning against η, [power, state, rate], for N0 ∝ η² and ∝ η."""
    p = Skills.power_law(n_task, alpha).probability
    demand = np.array([(p * np.exp(-p * one)).sum() for one in tau])
    rate = np.geomspace(1e-4, 1e4, n_rate)
    speed = [rate / (demand[:, None] + rate**power) for power in (2, 1)]
    return xr.Dataset(
        {"speed": (("power", "state", "rate"), np.stack(speed)), "demand": ("state", demand)},
        {"power": [2, 1], "rate": rate},
    )


_THEORY: Mapping[str, Callable[..., xr.Dataset]] = {
    "tasks": _tasks, "waste": _waste, "rates": _rates,
}  # fmt: skip


def _rate(data: Data) -> Finding:
    one = data["one skill"]
    rate = 0.9 / (one.time * one.scale)
    mean, interval = mean_interval(rate)
    time = float(one.time.mean())
    return near(
        mean, _PAPER, 0.1, interval=interval,
        why=f"a step has length √n_dim η, and its part along a random direction is "
        f"√(2/π) = {float(one.predicted):.4f} of it; the sign loses the factor 2 of the square. "
        f"Level 0.9 takes {time:.0f} steps, not {0.9 / (_PAPER * float(one.scale)):.0f}",
    )  # fmt: skip


def _ours(data: Data) -> Finding:
    found = _rate(data)
    assert isinstance(found.measured, float)  # noqa: S101
    return near(found.measured, float(data["one skill"].predicted), 0.02, interval=found.interval)


def _power(count: xr.DataArray, time: xr.DataArray) -> float:
    return float(np.polyfit(np.log(count), np.log(time), 1)[0])


def _given_level(data: Data) -> Finding:
    return near(_power(data["tasks"]["count"], data["tasks"].given), 1.0, 0.05)


def _fixed_c(data: Data) -> Finding:
    tasks = data["tasks"]
    power = _power(tasks["many"], tasks.fixed)
    return near(
        power, 1.0, 0.05,
        why=f"t_task is {float(tasks.fixed[0]):.2f} to {float(tasks.fixed[-1]):.2f} for "
        f"{int(tasks['many'][0])} to {int(tasks['many'][-1])} skills at C = e^−20: rare skills "
        "have p_j ln C near 0 and add nothing, so A(α, C) depends on the number of skills too",
    )  # fmt: skip


def _wasted(data: Data) -> Finding:
    """The power of N0 in what it adds to the time at which solved curves pass the level."""
    waste = data["waste"]
    passed = waste.passed.isel(skill=-1)
    # Steps from one N0 to the next: t_task, which does not depend on it, drops out.
    power = _power(waste.waste.diff("waste"), passed.diff("waste"))
    formula = _power(waste.waste, waste.t_waste.isel(skill=-1))
    told = ", ".join(
        f"{float(time):.4g} at {float(one):g}"
        for one, time in zip(waste.waste, passed, strict=True)
    )
    return near(
        power, 1.0, 0.01,
        why=f"the rarest of ten skills is at 0.9 after {told}, on curves by a solver of eq. 1; in "
        f"the closed form it is {formula:.6f} by an identity",
    )  # fmt: skip


def _closed_form(data: Data) -> Finding:
    return near(float(abs(data["waste"].reached - 0.9).max()), 0.0, 1e-4)


def _conserved(data: Data) -> Finding:
    return near(float(data["waste"].apart.max()), 0.0, 1e-4)


def _best_rate(data: Data) -> Finding:
    best = data["rates"].speed.sel(power=2).idxmax("rate")
    return near(_power(data["rates"].demand, best), 0.5, 0.01)


def _no_best(data: Data) -> Finding:
    speed = data["rates"].speed.sel(power=1)
    gain = float((speed.diff("rate") / speed.isel(rate=slice(1, None))).min())
    ratio = float((speed.isel(rate=-1)).max())
    return ordered(gain > 0, gain, f"speed rises with every larger η, up to {ratio:.4f} of 1/c")


RECIPE = Recipe(
    name="liu2025/resource-law",
    title="The Resource model's rate, its learning times and the learning rate that it asks for.",
    parts=parts,
    compute=compute,
    draw=None,
    cost={
        "smoke": "20 s on two cores",
        "quick": "20 s on two cores",
        "paper": "20 s on two cores",
    },
    claims=(
        Claim(
            id="liu2025/resource-law/rate",
            where="L25 §2.4 and its footnote 2",
            claim="η_eff = 2√n_dim η, by synchronising the two models for a single task.",
            expected="2, in units of √n_dim η",
            tolerance="0.1: no N0 can make up for more, as a single task has only waste to lose",
            measure=_rate,
        ),
        Claim(
            id="liu2025/resource-law/mean-field-rate",
            where="ours, beside L25 §2.4",
            claim="η_eff = √(2 n_dim/π) η for SignGD along random directions.",
            expected="0.798, in units of √n_dim η",
            tolerance="0.02: one direction in 1000 dimensions scatters by 0.6/√1000",
            measure=_ours,
        ),
        Claim(
            id="liu2025/resource-law/task-time",
            where="L25 §2.4, learning time",
            claim="t_task is proportional to the number of tasks, for a given level of all skills.",
            expected="exponent 1",
            tolerance="0.05: from the fewest to the most tasks a constant factor is allowed to "
            "drift by a quarter per hundredfold",
            measure=_given_level,
        ),
        Claim(
            id="liu2025/resource-law/task-time-fixed-c",
            where="L25 §2.4, eq. 3 and what follows it",
            claim="At fixed C, n_task − Σ C^p_j = (1 − A(α, C)) n_task is proportional to n_task.",
            expected="exponent 1",
            tolerance="0.05, as for a given level",
            measure=_fixed_c,
        ),
        Claim(
            id="liu2025/resource-law/waste-time",
            where="L25 §2.4, eq. 3",
            claim="t_waste is proportional to N0.",
            expected="exponent 1, of what N0 adds to a learning time by a solver of eq. 1",
            tolerance="0.01: interpolating between 400 steps of the solver",
            measure=_wasted,
        ),
        Claim(
            id="liu2025/resource-law/learning-time",
            where="L25 §2.4, eq. 2 and 3",
            claim="t_task + t_waste is when a skill reaches a level by eq. 1.",
            expected="0, the largest error of a level by a solver of eq. 1",
            tolerance="1e-4: that of the solver",
            measure=_closed_form,
        ),
        Claim(
            id="liu2025/resource-law/conserved",
            where="L25 §2.4, conserved quantities",
            claim="By eq. 1 −ln(u_i)/p_i is one number for all skills.",
            expected="0, its largest relative spread over skills, by a solver of eq. 1",
            tolerance="1e-4: that of the solver",
            measure=_conserved,
        ),
        Claim(
            id="liu2025/resource-law/best-rate",
            where="L25 §2.4, remark on learning rate decay",
            claim="With N0 ∝ η² the learning rate of fastest learning is ∝ √(Σ p_j u_j).",
            expected="exponent 0.5",
            tolerance="0.01: the spacing of the rates that are tried",
            measure=_best_rate,
        ),
        Claim(
            id="liu2025/resource-law/no-decay",
            where="L25 §2.4, remark on learning rate decay",
            claim="With N0 ∝ η learning only speeds up with η and saturates: no decay is needed.",
            expected="a positive slope everywhere",
            tolerance="none: an ordering",
            measure=_no_best,
        ),
    ),
)
