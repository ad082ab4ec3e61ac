"""`skillphysics report`: from a training log to an explanation."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from skillphysics.cli import log_options as options
from skillphysics.cli.options import print_json


def command(
    path: options.Log = None,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("skillphysics-report"),
    format: options.Format = None,  # noqa: A002
    skills: options.SkillNames = None,
    metric: options.MetricName = None,
    chance: options.Chance = None,
    ceiling: options.Ceiling = None,
    start: options.Start = None,
    floor: options.Floor = None,
    step: options.Step = None,
    task: options.Task = None,
    run: options.Run = None,
    value: options.Value = None,
    stderr: options.Stderr = None,
    frequencies: Annotated[
        Path | None,
        typer.Option(
            help="CSV or JSON file with known frequencies of three or more skills: learning times "
            "are compared with them."
        ),
    ] = None,
    infer_frequencies: Annotated[
        Literal["fresh", "full"] | None,
        typer.Option(
            help="Infer relative frequencies from learning times alone, for fresh batches or for "
            "full passes over a data set: a rough guess."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random starts.", min=0, max=2**31 - 1)] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print report.json on standard output, nothing else.")
    ] = False,
) -> None:
    """Explain a training log: which theory holds, what is learned when, and what is unreliable.

    Reads lm-evaluation-harness and lighteval results, tables, JSON and text logs, Trainer,
    Weights & Biases, TensorBoard and MLflow logs, recordings, and its own curve files.

    skillphysics inspect shows in seconds how a log is read.
    """
    # Imported here, so that `skillphysics --help` answers at once.
    import jax
    from rich.console import Console

    from skillphysics.cli.compiled import keep_compiled
    from skillphysics.errors import ArgumentError
    from skillphysics.io import read_curves, read_frequencies
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
    known = None if frequencies is None else read_frequencies(frequencies)
    curves = read_curves(
        sample_log() if path is None else Path(path),
        **options.reading(
            format=format,
            skills=skills,
            metric=metric,
            chance=chance,
            ceiling=ceiling,
            start=start,
            floor=floor,
            step=step,
            task=task,
            run=run,
            value=value,
            stderr=stderr,
        ),
    )
    keep_compiled()
    with progress_bar(len(ALL) + 2, "fitting theories", quiet=json) as advance:
        explanation = explain(
            curves,
            key=jax.random.key(seed),
            frequencies=known,
            infer=infer_frequencies,
            done=lambda name: advance(f"fitted {name}"),
        )
        report = write(explanation, out)
        advance("written")
    if json:
        print_json(summary(explanation))
        return
    console = Console()
    show(explanation, console)
    console.print(f"\nThe report is in {report}", soft_wrap=True, highlight=False)
