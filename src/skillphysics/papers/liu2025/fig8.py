"""L25 Fig 8: more skills than dimensions, in the Geometry and the Resource model."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Data
from skillphysics.papers.liu2025.fig8_claims import CLAIMS, GEOMETRY, MEAN_FIELD, RESOURCE
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure, step_axis
from skillphysics.skills import Skills
from skillphysics.theories import Correlated, mean_field_rate
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

N_DIM = 10
LOSSES = {"mse": "squared error", "ce": "cross-entropy"}
# The rate of the Resource model is `factor` √n_dim times the learning rate.
CODE = {
    "mse": {"learning_rate": 1e-3, "batch_size": 128, "factor": 2, "wastes": [0.01]},
    "ce": {"learning_rate": 1e-2, "batch_size": 1024, "factor": 4, "wastes": [0.0]},
}
# The text has the same learning rate, batch and factor for both losses, and does not tell N0.
_WASTES = [0.03, 0.1, 0.3]
_AS_TEXT = {"learning_rate": 3e-4, "batch_size": 128, "factor": 2, "wastes": _WASTES}
TEXT = dict.fromkeys(LOSSES, _AS_TEXT)


def parts(scale: Scale) -> Parts:
    """A loss and a number of skills each, with the settings of the code and those of the text."""
    counts = [5, 10, 20, 40, 100]
    size: dict[str, int] = {"steps": 3000, "n_seed": 4}
    sources = {"code": CODE, "text": TEXT}
    if scale == "smoke":
        # Compiling the laws is what takes time.
        counts, size, sources = [20], {"steps": 3000, "n_seed": 1}, {"code": CODE}
    return {
        f"{source} {loss} {n_task}": {
            "criterion": loss, "n_task": n_task, **settings[loss], **size,
            "ours": scale != "smoke",
        }
        for source, settings in sources.items() for loss in LOSSES for n_task in counts
    }  # fmt: skip


def compute(
    criterion: str, n_task: int, learning_rate: float, batch_size: int, factor: float,
    wastes: Sequence[float], steps: int, n_seed: int, ours: bool,
) -> xr.Dataset:  # fmt: skip
    """Levels [model, seed, step, skill] of the simulation, of L25's law and of the mean field.

    The rate of L25's law is factor √n_dim η; it is there with every N0 of `wastes`, and the mean
    field if `ours`.
    """
    skills = Skills.power_law(n_task, 2)
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    vectors = [VECTORS["unit"](key, n_task, N_DIM) for key in keys]
    worlds = [
        Geometry(drawn, skills, criterion=criterion, batch_size=batch_size) for drawn in vectors
    ]
    curves = train(
        worlds, optimizer("sign_gd"), learning_rate=learning_rate, steps=steps, record=20, key=keys
    )
    laws: dict[str, list[np.ndarray]] = {}
    for drawn in vectors:
        correlation = drawn @ drawn.T
        for waste in wastes:
            law = Correlated(
                skills.probability, correlation, rate=factor * np.sqrt(N_DIM) * learning_rate,
                waste=waste, criterion=criterion,  # type: ignore[arg-type]
            )  # fmt: skip
            laws.setdefault(f"{RESOURCE} {waste:g}", []).append(
                np.asarray(law.levels(curves.steps))
            )
        if ours:
            # The scatter of a batch as noise, as large as it is before anything is learned.
            scatter = (1.0 if criterion == "mse" else 0.5) / np.sqrt(batch_size)
            mean_field = Correlated(
                skills.probability, correlation, rate=mean_field_rate(N_DIM, learning_rate),
                waste=scatter, criterion=criterion, norm="l2",  # type: ignore[arg-type]
            )  # fmt: skip
            laws.setdefault(MEAN_FIELD, []).append(np.asarray(mean_field.levels(curves.steps)))
    level = {GEOMETRY: curves.level.values}
    level |= {name: np.stack(values) for name, values in laws.items()}
    return xr.Dataset(
        {"level": (("model", "seed", "step", "skill"), np.stack(list(level.values())))},
        {"model": list(level), "step": curves.steps},
    )


def draw(data: Data) -> Figure:
    """Geometry on the left, Resource on the right; squared error above, cross-entropy below."""
    counts = [int(name.split()[2]) for name in data if name.startswith("code mse")]
    with mpl.rc_context(STYLE):
        figure = new_figure(max(1.55 * 2 * len(counts), 6.5), 4.4)
        sides = np.asarray(figure.subfigures(1, 2))
        sources = (GEOMETRY, "Geometry model"), (RESOURCE, "Resource model")
        for side, (kind, title) in zip(sides.tolist(), sources, strict=True):
            side.suptitle(f"{title}\nskills from dark (frequent) to bright (rare)")
            axes = side.subplots(2, len(counts), sharex=True, sharey="row", squeeze=False)
            for row, (loss, told) in zip(axes, LOSSES.items(), strict=True):
                for axis, n_task in zip(row, counts, strict=True):
                    level = data[f"code {loss} {n_task}"].level.isel(seed=0)
                    # With the code's settings there is one N0.
                    (model,) = (name for name in level.model.values if name.startswith(kind))
                    level = level.sel(model=model)
                    colours = by_rank(n_task)
                    # The most frequent skills come last, on top.
                    for place in reversed(range(n_task)):
                        axis.plot(level.step, level[:, place], color=colours[place], lw=0.9)
                    axis.set_title(rf"$n_{{task}}$ = {n_task}")
                row[0].set_ylabel(f"level, {told}")
            for axis in axes[-1]:
                step_axis(axis, data[f"code mse {counts[0]}"].step.values)
    return figure


RECIPE = Recipe(
    name="liu2025/fig8",
    title="More skills than dimensions: the Geometry model beside the Resource model.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "2 min on two cores",
        "paper": "3 min on two cores",
    },
    claims=CLAIMS,
)
