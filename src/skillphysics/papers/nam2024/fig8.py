"""N24 Fig 8: three ReLU neurons with shared weights learn the parity of three bits in modes.

On the eight strings x of bits the target is S(−1)^(x1+x2+x3), the network w·relu(Wx + b) + c with
W = [(−α, α, −α), (−β, β, −β), (γ, −γ, γ)], b = (0, β, −γ), w = (−2α, β, γ). While α, β, γ > 0
neuron 1 sees only 010, neuron 3 only 101, and neuron 2 sees 000, 010, 110, 011 with 1, 2, 1, 1, so
gradient flow of ½E(f* − f)² is, with A = α², B = β², C = γ²,

    α' = (η α/2) (S + c + 2B − 2A)         γ' = (η γ/4) (S − c − C)
    β' = (η β/4) (S − 5c − 7B + 4A)        c' = (η/8) (2A − 5B − C − 8c)
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
import xarray as xr
from jaxtyping import Array, Float
from matplotlib.figure import Figure
from scipy.optimize import curve_fit

from skillphysics.papers.claims import Claim, Data, Finding, near, ordered
from skillphysics.papers.nam2024.powers import all_hold, all_near
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure

SCALE = 5.0
MODES = ("neuron 1 (α)", "neuron 2 (β)", "neuron 3 (γ)", "bias c")
_BITS = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], float)
_TARGET = SCALE * (-1) ** _BITS.sum(1)
_SIGNS = np.array([[-1, 1, -1], [-1, 1, -1], [1, -1, 1.0]])
# The terms of 8c'/η in A, B, C and c.
_BIAS_TERMS = np.array([2.0, -5.0, -1.0, -8.0])
_DIVERGED = 1e3


def parts(scale: Scale) -> Parts:
    """The flow with shared weights, of the full network, and with signs of c' flipped."""
    del scale
    settings = {"init": 0.01, "until": 60.0, "n_step": 12_000, "n_record": 600}
    return {kind: {"kind": kind, **settings} for kind in ("shared", "full", "flipped")}


def compute(kind: str, init: float, until: float, n_step: int, n_record: int) -> xr.Dataset:
    """Strengths of modes against time, in units of 1/η."""
    start = jnp.array([init, init, init, 0.0])
    with jax.enable_x64(True):
        start = start.astype(float)
        time = np.linspace(0, until, n_record + 1)
        run = {"shared": _shared, "full": _full, "flipped": _flipped}[kind]
        return run(start, until / n_step, n_step // n_record, n_record).assign_coords(time=time)


def network(
    weights: Float[Array, "3 3"],
    bias: Float[Array, " 3"],
    out: Float[Array, " 3"],
    offset: Float[Array, ""],
) -> Float[Array, " 8"]:
    """Its outputs for all eight strings."""  # fmt: skip
    return jax.nn.relu(_BITS @ weights.T + bias) @ out + offset


def spread(params: Float[Array, " 4"]) -> tuple[Array, Array, Array, Array]:
    """Weights, biases, output weights and offset from α, β, γ, c."""
    alpha, beta, gamma, offset = params
    weights = jnp.asarray(_SIGNS) * params[:3, None]
    bias, out = jnp.array([0.0, beta, -gamma]), jnp.array([-2 * alpha, beta, gamma])
    return weights, bias, out, offset


def flow(
    params: Float[Array, " 4"], terms: Float[Array, " 4"] | np.ndarray = _BIAS_TERMS
) -> Float[Array, " 4"]:
    """The equations of this module's head, η = 1, with the terms of c' as given."""
    alpha, beta, gamma, c = params
    A, B, C = alpha**2, beta**2, gamma**2
    return jnp.array(
        [
            alpha / 2 * (SCALE + c + 2 * B - 2 * A),
            beta / 4 * (SCALE - 5 * c - 7 * B + 4 * A),
            gamma / 4 * (SCALE - c - C),
            jnp.asarray(terms) @ jnp.array([A, B, C, c]) / 8,
        ]
    )


def loss(parameters: tuple[Array, Array, Array, Array]) -> Float[Array, ""]:
    """½E(f* − f)² over the eight strings."""
    return jnp.mean((network(*parameters) - _TARGET) ** 2) / 2


def _shared(start: Array, step: float, stride: int, n_record: int) -> xr.Dataset:
    def downhill(params: Array) -> Array:
        return -jax.grad(lambda p: loss(spread(p)))(params)

    path = np.asarray(_integrate(downhill, start, step, stride, n_record))
    probe = jnp.array([0.7, 1.1, 0.4, -0.6])
    strength = np.c_[path[:, :3] ** 2 / (2 * SCALE), -path[:, 3:] / SCALE]
    return xr.Dataset(
        {
            "strength": (("time", "mode"), strength),
            "loss": ("time", np.asarray(jax.jit(jax.vmap(lambda p: loss(spread(p))))(path))),
            "difference": float(jax.jit(lambda p: jnp.abs(flow(p) - downhill(p)).max())(probe)),
        },
        {"mode": list(MODES)},
    )


def _full(start: Array, step: float, stride: int, n_record: int) -> xr.Dataset:
    path = _integrate(
        lambda p: jax.tree.map(jnp.negative, jax.grad(loss)(p)), spread(start), step, stride,
        n_record,
    )  # fmt: skip
    weights, bias, out, offset = (np.asarray(one) for one in path)
    # Products that are α², β², γ² up to their factors where weights are shared.
    strength = np.c_[np.abs(weights[:, :, 1] * out) / SCALE / np.array([4, 2, 2]), -offset / SCALE]
    shape = weights * _SIGNS
    return xr.Dataset(
        {
            "strength": (("time", "mode"), strength),
            "loss": ("time", np.asarray(jax.jit(jax.vmap(loss))(path))),
            "unequal": (shape[-1].max(1) / shape[-1].min(1) - 1).max(),
            "bias_per_weight": ("neuron", bias[-1] / shape[-1].mean(1)),
            "out_per_weight": ("neuron", out[-1] / shape[-1].mean(1)),
        },
        {"mode": list(MODES)},
    )


def _flipped(start: Array, step: float, stride: int, n_record: int) -> xr.Dataset:
    """The offset with the sign of each term of c' flipped, and with all of them."""
    signs = np.concatenate([1 - 2 * np.eye(4), -np.ones((1, 4))])
    names = ["A", "B", "C", "c", "all"]
    terms = jnp.asarray(signs * _BIAS_TERMS)
    path = _integrate(
        lambda p: jax.vmap(flow)(p, terms), jnp.tile(start, (len(names), 1)), step, stride, n_record
    )
    offset = np.asarray(path)[:, :, 3].T
    return xr.Dataset({"offset": (("flip", "time"), offset)}, {"flip": names})


def _integrate(
    slope: Callable[[Any], Any], start: Any, step: float, stride: int, n_record: int
) -> Any:
    """Runge and Kutta's fourth order with n_record + 1 records, a stride apart."""

    def moved(state: Any, by: Any, size: float) -> Any:
        return jax.tree.map(lambda x, d: x + size * d, state, by)

    def advance(state: Any, _: None) -> tuple[Any, None]:
        k1 = slope(state)
        k2 = slope(moved(state, k1, step / 2))
        k3 = slope(moved(state, k2, step / 2))
        k4 = slope(moved(state, k3, step))
        total = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4)
        return moved(state, total, step), None

    def record(state: Any, _: None) -> tuple[Any, Any]:
        return jax.lax.scan(advance, state, None, length=stride)[0], state

    return jax.jit(lambda s: jax.lax.scan(record, s, None, length=n_record + 1)[1])(start)


def draw(data: Data) -> Figure:
    """Strengths with shared weights and of the full network, and both losses."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 3.6)
        axes = figure.subplots(1, 3)
        titles = {"shared": "shared weights", "full": "full network"}
        ends = {"shared": 20, "full": 40}
        for axis, (kind, title) in zip(axes, titles.items(), strict=False):
            strength = data[kind].strength
            for mode, colour in zip(MODES, by_rank(len(MODES)), strict=True):
                axis.plot(strength.time, strength.sel(mode=mode), color=colour, label=mode)
            axis.set(title=title, xlim=(0, ends[kind]), xlabel=r"time $\eta T$", ylim=(-0.1, 1.1))
            axes[2].plot(strength.time, data[kind].loss, label=title,
                         color={"shared": "#0072b2", "full": "#d55e00"}[kind])  # fmt: skip
        axes[0].set_ylabel("strength of the mode")
        axes[0].legend(loc="lower right")
        axes[2].set(xlim=(0, 40), xlabel=r"time $\eta T$", ylabel="loss", title="loss")
        axes[2].legend()
    return figure


def half_times(data: Data, kind: str) -> np.ndarray:
    """When the strength of each mode passes one half, between records."""
    strength = data[kind].strength.transpose("mode", "time").values
    time = data[kind]["time"].values
    first = (strength > 0.5).argmax(1)
    rows = np.arange(len(strength))
    below, above = strength[rows, first - 1], strength[rows, first]
    return time[first] - (time[1] - time[0]) * (above - 0.5) / (above - below)


def _equations(data: Data) -> Finding:
    return near(float(data["shared"].difference), 0.0, 1e-12)


def _order(data: Data) -> Finding:
    times = half_times(data, "shared")[:3]
    return ordered(bool((np.diff(times) > 0.3).all()), times.tolist(), "times in units of 1/η")


def _s_shaped(data: Data) -> Finding:
    """How often the speed of each neuron's strength turns from falling to rising or back."""
    speed = np.diff(data["shared"].strength.isel(mode=slice(3)).sel(time=slice(0, 15)), axis=0)
    turns = (np.diff(np.sign(np.diff(speed, axis=0)), axis=0) != 0).sum(0)
    return all_hold(
        [bool(n == 1 and (one > 0).all()) for n, one in zip(turns, speed.T, strict=True)], turns,
        "neuron 1 jumps twice: alone to α² = S/2, and on when neuron 2 has come (its flow has +2B)",
    )  # fmt: skip


def _logistic(t: np.ndarray, rate: float, middle: float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(rate * (t - middle), -500, 500)))


def _sigmoid(data: Data) -> Finding:
    """Root mean square from the nearest logistic function from 0 to 1."""
    found = []
    for kind, until in (("shared", 15), ("full", 40)):
        strength = data[kind].strength.isel(mode=slice(3)).sel(time=slice(0, until))
        time = strength.time.values
        for curve, middle in zip(strength.values.T, half_times(data, kind), strict=False):
            best, _ = curve_fit(_logistic, time, curve, (1.0, middle))
            found.append(np.sqrt(np.mean((curve - _logistic(time, *best)) ** 2)))
    return all_near(
        found, np.zeros(6), 0.02,
        why="three neurons with shared weights, then without. Shared ones jump and then creep at "
        "the pace of c, which couples them; only with c held at −S would γ² be a logistic function",
    )  # fmt: skip


def _start_rates(data: Data) -> Finding:
    """D ln(strength)/dt at the start."""
    strength = data["shared"].strength.isel(mode=slice(3)).sel(time=slice(0, 0.5))
    rates = np.polyfit(strength.time, np.log(strength), 1)[0]
    return all_near(
        rates, [SCALE, SCALE / 2, SCALE / 2], 0.02 * SCALE,
        why="neurons 2 and 3 start alike; neuron 2 comes first because neuron 1 helps it (4A)",
    )  # fmt: skip


def _solved(data: Data) -> Finding:
    end = data["shared"].isel(time=-1)
    return all_near([*end.strength.values, float(end.loss)], [1, 1, 1, 1, 0], 1e-3)


def _full_solves(data: Data) -> Finding:
    end = data["full"].isel(time=-1)
    return all_near(
        [*end.strength.values, float(end.loss)], [1, 1, 1, 1, 0], 1e-2,
        why="its weights keep the shared pattern but for the output weights: those are "
        + ", ".join(f"{one:.2f}" for one in data["full"].out_per_weight.values)
        + " times the others, as the conserved |W_i|² + b_i² − w_i² demands (−√3, 2, 2)",
    )  # fmt: skip


def _full_shape(data: Data) -> Finding:
    full = data["full"]
    return all_near([float(full.unequal), *full.bias_per_weight.values], [0, 0, 1, -1], 0.01)


def _runs_away(data: Data) -> Finding:
    offset = data["flipped"].offset
    away = (~(abs(offset) < _DIVERGED)).any("time")
    names = [str(name) for name in offset.flip.values[away.values]]
    return Finding(
        ", ".join(names), "does not hold" if names == ["c", "all"] else "holds in part", None,
        "the gradient of the loss gives c' = (η/8)(2A − 5B − C − 8c); the offset runs away where "
        "the sign of its own term, or of all of c', is flipped, and with no other single flip",
    )  # fmt: skip


RECIPE = Recipe(
    name="nam2024/fig8",
    title="A network of three neurons learns the parity of three bits mode by mode.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost=dict.fromkeys(("smoke", "quick", "paper"), "4 s on two cores"),
    claims=(
        Claim(
            id="nam2024/fig8/equations",
            where="N24 App, Fig 8",
            claim="With shared weights the gradient flow is that of three modes and c.",
            expected="difference 0 between the equations and automatic differentiation",
            tolerance="1e-12: rounding",
            measure=_equations,
        ),
        Claim(
            id="nam2024/fig8/solution",
            where="N24 App, Fig 8",
            claim="α = β = γ = √(2S) and c = −S solve the parity, and the flow finds them.",
            expected="strengths α²/2S, β²/2S, γ²/2S, −c/S of 1, loss 0",
            tolerance="0.001, at ηT = 60",
            measure=_solved,
        ),
        Claim(
            id="nam2024/fig8/order",
            where="N24 App, Fig 8",
            claim="Each neuron is a mode with a time of its own.",
            expected="times at which strengths pass one half, in order of the neurons",
            tolerance="at least 0.3/η apart, a fifth of what a sigmoid of rate ηS takes from 0.05 "
            "to 0.95",
            measure=_order,
        ),
        Claim(
            id="nam2024/fig8/s-shaped",
            where="N24 App, Fig 8",
            claim="The strength of each neuron grows along an S: slowly, at once, slowly.",
            expected="always growing, at a speed that turns once",
            tolerance="none: counted up to ηT = 15",
            measure=_s_shaped,
        ),
        Claim(
            id="nam2024/fig8/sigmoid",
            where="N24 App, Fig 8",
            claim="That S is the logistic function of the multilinear model.",
            expected="root mean square from the nearest one, from 0 to 1, up to ηT = 15 (shared "
            "weights) and 40 (full network): 0",
            tolerance="0.02: a line's width",
            measure=_sigmoid,
        ),
        Claim(
            id="nam2024/fig8/start-rates",
            where="N24 App, derived",
            claim="At the start strengths of the neurons grow at rates ηS, ηS/2 and ηS/2.",
            expected="5, 2.5, 2.5",
            tolerance="0.1: up to ηT = 0.5, when neuron 1 is at 0.1 % of its strength",
            measure=_start_rates,
        ),
        Claim(
            id="nam2024/fig8/full-network",
            where="N24 App, Fig 8",
            claim="The network without sharing, started alike, finds the same function.",
            expected="strengths 1 and loss 0",
            tolerance="0.01, at ηT = 60: it is slower than with shared weights",
            measure=_full_solves,
        ),
        Claim(
            id="nam2024/fig8/full-shape",
            where="N24 App, Fig 8",
            claim="The network without sharing keeps the shared pattern of W and b.",
            expected="unequal weights in a neuron 0; biases 0, 1, −1 in units of them",
            tolerance="0.01",
            measure=_full_shape,
        ),
        Claim(
            id="nam2024/fig8/printed-sign",
            where="N24 App, printed equations",
            claim="A sign in the equation of c may be the other one, as in the printed form, under "
            "which c runs away.",
            expected="no term whose flipped sign lets c run away",
            tolerance="|c| above 1000 at ηT up to 60; the terms of c' whose flip does that are "
            "those between which the misprint lies",
            measure=_runs_away,
        ),
    ),
)
