"""Theories evaluated: resource, domino, quanta, linear, multilinear."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillphysics.cli.simulate import common
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from skillphysics.graph import Graph
    from skillphysics.skills import Skills
    from skillphysics.theories import Theory


def resource(
    n_task: common.NTask = None,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    rate: Annotated[float, typer.Option(help="η_eff, per step.")] = 0.01,
    waste: Annotated[float, typer.Option(help="N0, the gradient that reaches no skill.")] = 0.01,
    norm: Annotated[str, typer.Option(help="l1 (L25 eq. 1) or l2 (mean field).")] = "l1",
    loss: Annotated[str, typer.Option(help="mse, or ce without a graph.")] = "mse",
    graph: Annotated[
        Path | None,
        typer.Option(
            help="File of which skill needs which, .yaml or .graphml; see skillphysics.io."
        ),
    ] = None,
    gate_exponent: Annotated[
        float | None, typer.Option(help="γ of the gates.  \\[default: 0.001]", show_default=False)
    ] = None,
    opening: Annotated[
        str | None,
        typer.Option(
            help="late: 1 − u^γ (L25's code); early: (1 − u)^γ (its text).  \\[default: late]",
            show_default=False,
        ),
    ] = None,
    demand: Annotated[
        str | None,
        typer.Option(
            help="open: shut gates ask for nothing (L25's code); all: they do (its text).  "
            "\\[default: open]",
            show_default=False,
        ),
    ] = None,
    steps: common.Steps = 3000,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    plot: common.Plot = False,
) -> None:
    """The Resource model (L25 §2.4) of independent skills, or of a graph of dependent ones."""
    if norm not in ("l1", "l2"):
        raise ArgumentError(f"--norm is {norm!r}; l1 or l2 is wanted")
    if loss not in ("mse", "ce"):
        raise ArgumentError(f"--loss is {loss!r}; mse or ce is wanted")
    if graph is not None:
        if loss == "ce":
            raise ArgumentError("--loss ce is for independent skills; leave it or --graph out")
        known, skills = _graph_of(graph, n_task, alpha, ratio, frequency)
        options = {"gate_exponent": gate_exponent, "opening": opening, "demand": demand}
        chosen = {name: value for name, value in options.items() if value is not None}

        def make(frequency: "np.ndarray") -> "Theory":
            from skillphysics.theories import Dependent

            return Dependent(frequency, known, rate=rate, waste=waste, norm=norm, **chosen)

    else:
        for name, value in (
            ("--gate-exponent", gate_exponent),
            ("--opening", opening),
            ("--demand", demand),
        ):
            if value is not None:
                raise ArgumentError(
                    f"{name} is {value}, but there is no --graph whose gates it sets"
                )
        skills = common.skills_of(n_task, alpha, ratio, frequency)

        def make(frequency: "np.ndarray") -> "Theory":
            from skillphysics.theories import Resource

            return Resource(frequency, rate=rate, waste=waste, norm=norm, criterion=loss)

    _evaluate(make, skills, steps, record, log_spaced, out, plot)


def _graph_of(
    path: Path,
    n_task: int | None,
    alpha: float | None,
    ratio: float | None,
    frequency: list[float] | None,
) -> "tuple[Graph, Skills]":
    """The graph in a file, and its skills: their frequencies from the file, or from options."""
    from skillphysics.io import read_graph
    from skillphysics.skills import Skills

    graph, skills = read_graph(path)
    if n_task not in (None, len(graph)):
        raise ArgumentError(f"--n-task is {n_task}, but {path} has {len(graph)} skills")
    given = [value for value in (alpha, ratio, frequency or None) if value is not None]
    if skills.frequency is None:
        if not given:
            raise ArgumentError(
                f"{path} has no frequencies; give them there, or by --frequency, --alpha or --ratio"
            )
        described = common.skills_of(len(graph), alpha, ratio, frequency)
        return graph, Skills(graph.names, described.frequency)
    if given:
        raise ArgumentError(f"{path} has frequencies; leave those of the options out")
    return graph, skills


def domino(
    n_task: common.NTask = None,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    rate: Annotated[float, typer.Option(help="1/t0, skills per step.")] = 0.01,
    capacity: Annotated[
        int | None, typer.Option(help="How many skills can be learned (default: all).")
    ] = None,
    steps: common.Steps = 1000,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    plot: common.Plot = False,
) -> None:
    """The Domino model (L25 eq. 6): one skill after the other."""
    if capacity is not None and capacity < 0:
        raise ArgumentError(f"--capacity is {capacity}; a number that is not negative is wanted")

    def make(frequency: "np.ndarray") -> "Theory":
        from skillphysics.theories import Domino

        limit = float("inf") if capacity is None else float(capacity)
        return Domino(frequency, rate=rate, capacity=limit)

    _evaluate(
        make,
        common.skills_of(n_task, alpha, ratio, frequency),
        steps,
        record,
        log_spaced,
        out,
        plot,
    )


def quanta(
    n_task: common.NTask = None,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    rate: Annotated[float, typer.Option(help="1/(t p) of a skill learned at t.")] = 0.01,
    capacity: Annotated[
        int | None, typer.Option(help="How many skills can be learned (default: all).")
    ] = None,
    steps: common.Steps = 3000,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    plot: common.Plot = False,
) -> None:
    """The Quanta model (L25 §3.1): skills in parallel, each in a time ∝ 1/p."""
    if capacity is not None and capacity < 0:
        raise ArgumentError(f"--capacity is {capacity}; a number that is not negative is wanted")

    def make(frequency: "np.ndarray") -> "Theory":
        from skillphysics.theories import Quanta

        limit = float("inf") if capacity is None else float(capacity)
        return Quanta(frequency, rate=rate, capacity=limit)

    _evaluate(
        make,
        common.skills_of(n_task, alpha, ratio, frequency),
        steps,
        record,
        log_spaced,
        out,
        plot,
    )


def linear(
    n_task: common.NTask = None,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    rate: Annotated[float, typer.Option(help="Learning rate η, per step.")] = 0.01,
    steps: common.Steps = 3000,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    plot: common.Plot = False,
) -> None:
    """The linear model under gradient flow (N24): exponential approach of every skill."""

    def make(frequency: "np.ndarray") -> "Theory":
        from skillphysics.theories import Linear

        return Linear(frequency, rate=rate)

    _evaluate(
        make,
        common.skills_of(n_task, alpha, ratio, frequency),
        steps,
        record,
        log_spaced,
        out,
        plot,
    )


def multilinear(
    n_task: common.NTask = None,
    alpha: common.Alpha = None,
    ratio: common.Ratio = None,
    frequency: common.Frequency = None,
    rate: Annotated[float, typer.Option(help="Learning rate η, per step.")] = 0.05,
    initial_share: Annotated[float, typer.Option(help="r/S, the level at step 0.")] = 0.01,
    target_scale: Annotated[float, typer.Option(help="S, the scale of the target.")] = 1.0,
    steps: common.Steps = 3000,
    record: common.Record = None,
    log_spaced: common.LogSpaced = None,
    out: common.Out = common.DEFAULT_OUT,
    plot: common.Plot = False,
) -> None:
    """The multilinear model under gradient flow (N24): sigmoidal growth of every skill."""

    def make(frequency: "np.ndarray") -> "Theory":
        from skillphysics.theories import Multilinear

        return Multilinear(
            frequency, rate=rate, initial_share=initial_share, target_scale=target_scale
        )

    _evaluate(
        make,
        common.skills_of(n_task, alpha, ratio, frequency),
        steps,
        record,
        log_spaced,
        out,
        plot,
    )


def _evaluate(
    make: "Callable[[np.ndarray], Theory]",
    skills: "Skills",
    steps: int,
    record: int | None,
    log_spaced: int | None,
    out: Path,
    plot: bool,
) -> None:
    common.check_out(out, plot=plot)

    import jax
    import numpy as np

    from skillphysics.curves import Curves

    when = common.record_of(steps, record, log_spaced)
    common.check_memory(64.0 * len(when) * len(skills), "--n-task", len(skills))
    assert skills.frequency is not None  # noqa: S101
    with jax.enable_x64(True):
        theory = make(skills.frequency)
        level = np.asarray(theory.levels(when))
        told = _described(theory)
    if not np.isfinite(level).all():
        raise ArgumentError("with these numbers levels are beyond what floats hold; take others")
    curves = Curves.from_arrays(
        when, level, skill=skills.names, frequency=skills.frequency, attrs=told
    )
    common.finish(curves, out, plot=plot)


def _described(theory: "Theory") -> dict[str, object]:
    from skillphysics.theories.base import parameters

    values = {
        one.name: str(float(one.value)) if one.value == float("inf") else float(one.value)
        for one in parameters(theory)
        if one.name != "frequency"
    }
    return {"theory": type(theory).__name__, **values}
