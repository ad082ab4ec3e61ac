"""`skillphysics report`: from a training log to an explanation."""

from pathlib import Path
from typing import Annotated

import typer

from skillphysics.cli.options import numbers, print_json


def command(
    path: Annotated[
        str | None,
        typer.Argument(
            help="A log: a file or a folder of checkpoints. Without one: a sample log.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("skillphysics-report"),
    format: Annotated[  # noqa: A002
        str | None, typer.Option(help="Format of the log, where it is not recognised.")
    ] = None,
    skills: Annotated[
        list[str] | None,
        typer.Option(help="A skill or a pattern such as 'hendrycksTest-*'; may be repeated."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(help="Metric in the log, or what its numbers are: accuracy, loss or level."),
    ] = None,
    chance: Annotated[
        list[str] | None,
        typer.Option(help="Accuracy at chance, level 0: NUMBER or TASK=NUMBER; may be repeated."),
    ] = None,
    ceiling: Annotated[
        list[str] | None,
        typer.Option(help="Best possible accuracy, level 1 (default 1): as --chance."),
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(help="Loss of level 0 (default: the first measured): as --chance."),
    ] = None,
    floor: Annotated[
        list[str] | None, typer.Option(help="Lowest possible loss, level 1: as --chance.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of the random starts and resamples.", min=0, max=2**31 - 1)
    ] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print report.json on standard output, nothing else.")
    ] = False,
) -> None:
    """Explain a training log: which theory holds, what is learned when, and what is unreliable.

    Reads lm-evaluation-harness results, CSV, Parquet, trainer_state.json, Weights & Biases,
    TensorBoard and MLflow logs, recordings of skillphysics.io.Recorder, and its own curve files.
    """
    # Imported here, so that `skillphysics --help` answers at once.
    import jax
    from rich.console import Console

    from skillphysics.errors import ArgumentError
    from skillphysics.io import read_curves
    from skillphysics.progress import progress_bar
    from skillphysics.report.explain import explain
    from skillphysics.report.summary import summary
    from skillphysics.report.terminal import show
    from skillphysics.report.write import check_folder, write
    from skillphysics.sample import sample_log
    from skillphysics.theories import ALL

    if path == "":
        raise ArgumentError("the path of the log is empty; give the path of a file or a folder")
    check_folder(out)
    curves = read_curves(
        sample_log() if path is None else Path(path),
        format=format,
        skills=skills,
        metric=metric,
        chance=numbers("--chance", chance or []),
        ceiling=numbers("--ceiling", ceiling or []),
        start=numbers("--start", start or []),
        floor=numbers("--floor", floor or []),
    )
    with progress_bar(len(ALL) + 1, "fitting theories", quiet=json) as advance:
        explanation = explain(
            curves, key=jax.random.key(seed), done=lambda name: advance(f"fitted {name}")
        )
    report = write(explanation, out)
    if json:
        print_json(summary(explanation))
        return
    console = Console()
    show(explanation, console)
    console.print(f"\nThe report is in {report}", soft_wrap=True, highlight=False)
