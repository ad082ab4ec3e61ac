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

from skillphysics.papers.claims import Data
from skillphysics.papers.nam2024.fig8_claims import CLAIMS
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure

SCALE = 5.0
MODES = ("neuron 1 (α)", "neuron 2 (β)", "neuron 3 (γ)", "bias c")
_BITS = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], float)
_TARGET = SCALE * (-1) ** _BITS.sum(1)
_SIGNS = np.array([[-1, 1, -1], [-1, 1, -1], [1, -1, 1.0]])


def parts(scale: Scale) -> Parts:
    """The flow with shared weights, and that of the full network."""
    del scale
    settings = {"init": 0.01, "until": 60.0, "n_step": 12_000, "n_record": 600}
    return {kind: {"kind": kind, **settings} for kind in ("shared", "full")}


def compute(kind: str, init: float, until: float, n_step: int, n_record: int) -> xr.Dataset:
    """Strengths of modes against time, in units of 1/η."""
    start = jnp.array([init, init, init, 0.0])
    with jax.enable_x64(True):
        start = start.astype(float)
        time = np.linspace(0, until, n_record + 1)
        run = {"shared": _shared, "full": _full}[kind]
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


def flow(params: Float[Array, " 4"]) -> Float[Array, " 4"]:
    """The equations of this module's head, η = 1."""
    alpha, beta, gamma, c = params
    A, B, C = alpha**2, beta**2, gamma**2
    return jnp.array(
        [
            alpha / 2 * (SCALE + c + 2 * B - 2 * A),
            beta / 4 * (SCALE - 5 * c - 7 * B + 4 * A),
            gamma / 4 * (SCALE - c - C),
            (2 * A - 5 * B - C - 8 * c) / 8,
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


RECIPE = Recipe(
    name="nam2024/fig8",
    title="A network of three neurons learns the parity of three bits mode by mode.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost=dict.fromkeys(("smoke", "quick", "paper"), "4 s on two cores"),
    claims=CLAIMS,
)
