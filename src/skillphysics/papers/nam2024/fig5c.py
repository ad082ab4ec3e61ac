"""N24 Fig 5 (c): modes of a two-layer linear network, after Saxe and others."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
import xarray as xr
from jaxtyping import Array, Float
from matplotlib.figure import Figure

from skillphysics.papers.claims import Claim, Data, Finding, Verdict
from skillphysics.papers.intervals import share_interval
from skillphysics.papers.nam2024.powers import all_near
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.theories import Multilinear

STARTS = ("aligned", "random")
_UNTIL = 20.0
# Starts from which one in ten that goes otherwise would be missed with a chance of 12 %.
_ENOUGH = 20
# That three modes are in order by chance.
_CHANCE = 1 / 6


def parts(scale: Scale) -> Parts:
    """A start along the modes, and random ones."""
    n_seed = {"smoke": 4, "quick": 20, "paper": 20}[scale]
    common = {"strengths": [1.0, 0.5, 0.25], "product": 0.001, "n_step": 4000, "n_record": 200}
    return {
        "aligned": {**common, "n_seed": 1, "start": "aligned"},
        "random": {**common, "n_seed": n_seed, "start": "random"},
    }


def compute(
    strengths: Sequence[float], product: float, n_step: int, n_record: int, n_seed: int, start: str
) -> xr.Dataset:
    """a_k b_k/λ_k of every mode: trained [seed, time, mode], and by the multilinear theory.

    The network is x ↦ W2 W1 x on white inputs; the target U diag(λ) Vᵀ has random U and V. Started
    along the modes, W1 = R √r Vᵀ and W2 = U √r Rᵀ with a random rotation R. A random start has
    entries so small that modes begin at r, give or take.
    """
    modes, time = np.asarray(strengths), np.linspace(0, _UNTIL, n_record + 1)
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(0), n_seed)
        train = jax.vmap(
            lambda key: _train(key, jnp.asarray(modes), product, start, n_step, n_record)
        )
        trained = jax.jit(train)(keys)
        theory = [
            Multilinear(np.array([1.0]), initial_share=product / one, target_scale=one).levels(time)
            for one in strengths
        ]
    return xr.Dataset(
        {
            "share": (("seed", "time", "mode"), np.asarray(trained) / modes),
            "theory": (("time", "mode"), np.concatenate(theory, axis=1)),
        },
        {"time": time, "mode": list(strengths)},
    )


def _train(
    key: Array, modes: Float[Array, " n"], product: float, start: str, n_step: int, n_record: int
) -> Float[Array, "n_record_and_1 n"]:
    """Gradient descent with small steps, and what lies along each mode of the target."""
    n = modes.size
    of_left, of_right, of_middle, of_start = jax.random.split(key, 4)
    left, right, middle = (jax.random.orthogonal(k, n) for k in (of_left, of_right, of_middle))
    target = left @ jnp.diag(modes) @ right.T
    first, second = jnp.sqrt(product) * middle @ right.T, jnp.sqrt(product) * left @ middle.T
    if start == "random":
        first, second = jnp.sqrt(product) * jax.random.normal(of_start, (2, n, n))

    def loss(layers: tuple[Array, Array]) -> Array:
        return jnp.sum((target - layers[1] @ layers[0]) ** 2) / 2

    def step(layers: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        slope = jax.grad(loss)(layers)
        return jax.tree.map(lambda x, g: x - _UNTIL / n_step * g, layers, slope), None

    def record(layers: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
        along = jnp.diagonal(left.T @ layers[1] @ layers[0] @ right)
        return jax.lax.scan(step, layers, None, length=n_step // n_record)[0], along

    return jax.lax.scan(record, (first, second), None, length=n_record + 1)[1]


def draw(data: Data) -> Figure:
    """Left the modes of an aligned start with the theory; right those of random starts."""
    with mpl.rc_context(STYLE):
        figure = new_figure(8, 3.6)
        axes = figure.subplots(1, 2, sharey=True)
        for axis, start in zip(axes, STARTS, strict=True):
            part = data[start]
            for mode, colour in zip(part["mode"].values, by_rank(part["mode"].size), strict=True):
                shown = part.share.sel(mode=mode).transpose("time", "seed")
                axis.plot(part["time"], shown, color=colour, lw=1.2, alpha=0.7)
                theory = part.theory.sel(mode=mode)
                axis.plot(part["time"], theory, "--", color="#000000", lw=1)
                axis.plot([], [], color=colour, label=rf"$\lambda$ = {mode:g}")
            axis.plot([], [], "--", color="#000000", lw=1, label="theory")
            axis.set(title=f"{start} start", xlim=(0, _UNTIL), xlabel=r"time $\eta T$")
        axes[0].set_ylabel(r"$a_k b_k/\lambda_k$")
        axes[0].legend(loc="lower right")
    return figure


def _half_times(share: xr.DataArray) -> np.ndarray:
    """When each mode passes one half, between records, [seed, mode]."""
    levels, time = share.transpose("seed", "mode", "time").values, share.time.values
    return np.array([
        [np.interp(0.5, curve[: curve.argmax() + 1], time[: curve.argmax() + 1]) for curve in one]
        for one in levels
    ])  # fmt: skip


def _follows(data: Data) -> Finding:
    part = data["aligned"]
    return all_near(abs(part.share - part.theory).max(("seed", "time")), np.zeros(3), 0.01)


def _times(data: Data) -> Finding:
    """Half-times of an aligned start times 2λ/ln(λ/r − 1)."""
    part = data["aligned"]
    modes = part["mode"].values
    expected = np.log(modes / (modes * part.theory.values[0]) - 1) / (2 * modes)
    return all_near(_half_times(part.share)[0] / expected, np.ones(3), 0.01)


def _order(data: Data) -> Finding:
    times = _half_times(data["random"].share)
    share = float((np.diff(times, axis=1) > 0).all(1).mean())
    late = (times / _half_times(data["aligned"].share)).mean(0)
    told = (
        f"in {len(times)} random starts modes pass one half at "
        + ", ".join(f"{one:.2f}" for one in late)
        + " times the time of an aligned start; how early each is depends on its own start"
    )
    if len(times) < _ENOUGH:
        return Finding(share, "not testable at this scale", None, f"few starts; {told}")
    ends = share_interval(round(share * len(times)), len(times))
    verdict: Verdict = "holds" if share == 1 else "does not hold"
    if ends[0] > _CHANCE and share < 1:
        verdict = "holds in part"
    return Finding(share, verdict, ends, told)


RECIPE = Recipe(
    name="nam2024/fig5c",
    title="A two-layer linear network learns the modes of its target one after the other.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost=dict.fromkeys(("smoke", "quick", "paper"), "7 s on two cores"),
    claims=(
        Claim(
            id="nam2024/fig5c/modes",
            where="N24 App, Fig 5 (c)",
            claim="Modes of a two-layer linear network decouple, and each grows like a skill of "
            "the multilinear model.",
            expected="largest deviation from the sigmoid 0 at λ = 1, 0.5, 0.25",
            tolerance="0.01: finite steps of 0.005/η",
            measure=_follows,
        ),
        Claim(
            id="nam2024/fig5c/times",
            where="N24 App, Fig 5 (c)",
            claim="A mode is half learned at ln(λ/r − 1)/(2λη).",
            expected="measured/predicted 1 at λ = 1, 0.5, 0.25",
            tolerance="0.01: finite steps of 0.005/η",
            measure=_times,
        ),
        Claim(
            id="nam2024/fig5c/order",
            where="N24 App, Fig 5 (c)",
            claim="From small random weights too, stronger modes are learned first.",
            expected="share of starts with that order 1",
            tolerance="every start, of at least 20; in part where the 95 % interval of the share "
            "is above 1/6, which chance would have",
            measure=_order,
        ),
    ),
)
