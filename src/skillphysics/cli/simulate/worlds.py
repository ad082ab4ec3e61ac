"""Worlds that an optimizer trains: geometry, matrix, quadratic, multilinear-net."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillphysics.cli.simulate import common
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    import jax

    from skillphysics.training import Problem

Optimizer = Annotated[str, typer.Option(help="Its name: sgd, sign_gd, adam, …; cautious_adam, ….")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="A hyperparameter of the optimizer, NAME=VALUE; may be repeated."),
]
LearningRate = Annotated[
    list[float] | None,
    typer.Option("--lr", help="Learning rate; may be repeated, one run each."),
]
Seeds = Annotated[int, typer.Option(help="Number of runs with random numbers of their own.")]
Seed = Annotated[int, typer.Option(help="Seed of the first of them.", min=0, max=2**31 - 1)]
Checkpoint = Annotated[
    Path | None,
    typer.Option(help="File to go on from after an interruption; removed at the end."),
]
Batch = Annotated[
    int | None, typer.Option(help="Draws of a skill per step (default: exact frequencies).")
]
Noise = Annotated[float | None, typer.Option(help="σ of the normal noise on the gradient.")]
Reweight = Annotated[float | None, typer.Option(help="κ of the sample weights loss^κ (L25 §4.3).")]
Criterion = Annotated[str, typer.Option("--loss", help="mse or ce.")]
Vectors = Annotated[str, typer.Option(help="orthogonal, unit, gaussian or modular.")]
HalfSquare = Annotated[
    bool,
    typer.Option(
        "--half-square",
        help="Train on half the square: a gradient without the factor 2 (L25 Figs 4, 5, 7 top).",
    ),
]


def geometry(
    n_task: common.NTask = None,
    n_dim: Annotated[int, typer.Option(help="Number of parameters.")] = 1000,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    vectors: Vectors = "orthogonal",
    loss: Criterion = "mse",
    batch: Batch = None,
    noise: Noise = None,
    reweight: Reweight = None,
    half_square: HalfSquare = False,
    optimizer: Optimizer = "sign_gd",
    settings: Set = None,
    lr: LearningRate = None,
    steps: common.Steps = 3000,
    seeds: Seeds = 1,
    seed: Seed = 0,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    checkpoint: Checkpoint = None,
    plot: common.Plot = False,
) -> None:
    """The Geometry model (L25 §2.2): every skill is a direction in parameter space."""
    skills = common.skills_of(n_task, alpha, ratio, frequency)
    options = _options(loss, batch, noise, reweight, half_square)
    _check_size(len(skills), n_dim, seeds, batch)

    def make(key: "jax.Array") -> "Problem":
        from skillphysics.worlds import Geometry

        return Geometry.draw(key, skills, n_dim, vectors=vectors, **options)

    _run(
        make, optimizer, settings, lr or [3e-4], steps, seeds, seed, record, log_spaced,
        out, checkpoint, plot,
    )  # fmt: skip


def matrix(
    n_task: common.NTask = None,
    rows: Annotated[int, typer.Option(help="Rows of the parameter matrix.")] = 32,
    columns: Annotated[int, typer.Option(help="Columns of the parameter matrix.")] = 32,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    vectors: Vectors = "unit",
    loss: Criterion = "mse",
    batch: Batch = None,
    noise: Noise = None,
    reweight: Reweight = None,
    half_square: HalfSquare = False,
    optimizer: Optimizer = "muon",
    settings: Set = None,
    lr: LearningRate = None,
    steps: common.Steps = 3000,
    seeds: Seeds = 1,
    seed: Seed = 0,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    checkpoint: Checkpoint = None,
    plot: common.Plot = False,
) -> None:
    """Rank-one tasks on a matrix of parameters, for optimizers that act on matrices."""
    skills = common.skills_of(n_task, alpha, ratio, frequency)
    options = _options(loss, batch, noise, reweight, half_square)
    _check_size(len(skills) + max(rows, 0), columns, seeds, batch)

    def make(key: "jax.Array") -> "Problem":
        from skillphysics.worlds import Matrix

        return Matrix.draw(key, skills, rows, columns, vectors=vectors, **options)

    _run(
        make, optimizer, settings, lr or [1e-2], steps, seeds, seed, record, log_spaced,
        out, checkpoint, plot,
    )  # fmt: skip


def quadratic(
    rotated: Annotated[
        bool,
        typer.Option("--rotated/--aligned", help="Whether parameters mix all directions."),
    ] = True,
    optimizer: Optimizer = "sign_gd",
    settings: Set = None,
    lr: LearningRate = None,
    steps: common.Steps = 10_000,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    checkpoint: Checkpoint = None,
    plot: common.Plot = False,
) -> None:
    """The quadratic loss with curvatures 1, 0.1, 0.01, 0.001 (L25 §4.1, Fig 12)."""

    def make(key: "jax.Array") -> "Problem":  # noqa: ARG001
        from skillphysics.worlds import Quadratic

        return Quadratic.rotated() if rotated else Quadratic.aligned()

    _run(
        make, optimizer, settings, lr or [3e-4], steps, 1, 0, record, log_spaced, out,
        checkpoint, plot,
    )  # fmt: skip


def multilinear_net(
    n_task: common.NTask = None,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    target_scale: Annotated[float, typer.Option(help="S, the scale of the target.")] = 1.0,
    initial_strength: Annotated[
        float, typer.Option(help="r, every skill's strength at the start, where there is no width.")
    ] = 0.01,
    width: Annotated[
        int | None, typer.Option(help="Width N of layers a and B (default: one product a skill).")
    ] = None,
    init: Annotated[
        float, typer.Option(help="Standard deviation of the initial entries, with a width.")
    ] = 0.1,
    n_samples: Annotated[
        int | None, typer.Option(help="Train on D samples, drawn once (default: infinitely many).")
    ] = None,
    batch: Batch = None,
    noise: Noise = None,
    reweight: Reweight = None,
    optimizer: Optimizer = "sgd",
    settings: Set = None,
    lr: LearningRate = None,
    steps: common.Steps = 3000,
    seeds: Seeds = 1,
    seed: Seed = 0,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    checkpoint: Checkpoint = None,
    plot: common.Plot = False,
) -> None:
    """The multilinear model of N24 as parameters that any optimizer trains."""
    skills = common.skills_of(n_task, alpha, ratio, frequency)
    _check_size(len(skills), width or 1, seeds, batch)

    def make(key: "jax.Array") -> "Problem":
        from skillphysics.worlds import MultilinearNet

        return MultilinearNet.draw(
            key, skills, n_samples,
            target_scale=target_scale, initial_strength=initial_strength, width=width, init=init,
            batch_size=batch, noise=noise, reweight=reweight,
        )  # fmt: skip

    _run(
        make, optimizer, settings, lr or [0.05], steps, seeds, seed, record, log_spaced,
        out, checkpoint, plot,
    )  # fmt: skip


def _check_size(n_task: int, n_dim: int, seeds: int, batch: int | None) -> None:
    """Stop before the machine does; rough, because only the absurd is refused."""
    per_seed = 12.0 * (n_task * max(n_dim, 0) + max(batch or 0, 0))
    common.check_memory(
        per_seed * max(seeds, 1),
        "a world of",
        f"{n_task} × {n_dim} numbers with batches of {batch or 0}, {seeds} times,",
    )


def _options(
    loss: str, batch: int | None, noise: float | None, reweight: float | None, half_square: bool
) -> dict[str, Any]:
    return {
        "criterion": loss,
        "batch_size": batch,
        "noise": noise,
        "reweight": reweight,
        "half_square": half_square,
    }


def _run(
    make: Callable[["jax.Array"], "Problem"],
    name: str,
    settings: Sequence[str] | None,
    rates: Sequence[float],
    steps: int,
    seeds: int,
    seed: int,
    record: int | None,
    log_spaced: int | None,
    out: Path,
    checkpoint: Path | None,
    plot: bool,
) -> None:
    """Every seed at every learning rate, in one program; a seed's runs see the same draws."""
    common.check_out(out, plot=plot, checkpoint=checkpoint)
    if seeds < 1:
        raise ArgumentError(f"--seeds is {seeds}; at least one run is wanted")
    if len(set(rates)) < len(rates):
        raise ArgumentError("--lr gives a learning rate twice; give each once")
    common.check_memory(1e3 * seeds * len(rates), "--seeds", seeds)

    import jax

    from skillphysics.optimizers import optimizer
    from skillphysics.training import train

    chosen = optimizer(name, **_hyperparameters(settings or []))
    when = common.record_of(steps, record, log_spaced)
    keys = [jax.random.key(seed + i) for i in range(seeds)]
    problems = [make(key) for key in keys]
    size = 8.0 * len(when) * len(problems[0].names) * seeds * len(rates)
    common.check_memory(size, "--seeds, --lr and the records of", f"{steps} steps")
    grid = [(rate, i) for rate in rates for i in range(seeds)]
    several = [f"seed {seed + i}" for _, i in grid]
    if len(rates) > 1:
        several = [f"{one}, lr {rate:g}" for one, (rate, _) in zip(several, grid, strict=True)]
    alone = len(grid) == 1
    curves = train(
        problems[0] if alone else [problems[i] for _, i in grid],
        chosen,
        learning_rate=rates[0] if alone else [rate for rate, _ in grid],
        steps=steps,
        key=keys[0] if alone else [keys[i] for _, i in grid],
        record=when,
        runs=None if alone else several,
        checkpoint=checkpoint,
    )
    common.finish(curves, out, plot=plot)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)


def _hyperparameters(settings: Sequence[str]) -> dict[str, Any]:
    """`["b1=0.9", "nesterov=true"]` as numbers and truth values."""
    chosen: dict[str, Any] = {}
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ArgumentError(f"--set {text}: NAME=VALUE is wanted")
        if name in chosen:
            raise ArgumentError(f"--set names {name!r} twice; give it once")
        chosen[name] = _value(text, value)
    return chosen


def _value(text: str, value: str) -> bool | int | float:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    raise ArgumentError(f"--set {text}: {value!r} is no number, true or false")
