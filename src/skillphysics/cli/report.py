"""`skillphysics report`: from a training log to an explanation."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from skillphysics.cli.fields import options_of
from skillphysics.cli.log_options import Log, ReadingOptions
from skillphysics.cli.options import path as a_path
from skillphysics.cli.options import print_json


@options_of
def command(
    path: Log = None,
    *,
    out: Annotated[Path, typer.Option(parser=a_path, help="Folder for the report.")] = Path(
        "skillphysics-report"
    ),
    reading: ReadingOptions,
    frequencies: Annotated[
        Path | None,
        typer.Option(
            parser=a_path,
            metavar="FILE",
            help="CSV or JSON file with the known frequencies of three or more skills, to compare "
            "learning times with.",
        ),
    ] = None,
    infer_frequencies: Annotated[
        Literal["fresh", "full"] | None,
        typer.Option(
            help="Guess relative frequencies from learning times alone, for training on fresh "
            "batches or on full passes over a data set. The guess is rough."
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(metavar="INTEGER", help="Seed of the random starts.", min=0, max=2**31 - 1),
    ] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print only report.json, on standard output.")
    ] = False,
) -> None:
    """Explain a training log: which theory holds, what is learned when, and what is unreliable.

    Reads results of lm-evaluation-harness and lighteval, tables, JSON and text
    logs, logs of the Trainer, Weights & Biases, TensorBoard and MLflow,
    recordings, and files of curves.

    `skillphysics inspect` shows in seconds how a log is read.
    """
    # Imported here, so that `skillphysics --help` answers at once.
    import jax
    from rich.console import Console

    from skillphysics.cli.compiled import keep_compiled
    from skillphysics.io import read_curves, read_frequencies
    from skillphysics.io.results import check_folder
    from skillphysics.progress import progress_bar
    from skillphysics.report.explain import explain
    from skillphysics.report.summary import summary
    from skillphysics.report.terminal import show
    from skillphysics.sample import sample_log
    from skillphysics.theories import CANDIDATES

    check_folder(out)
    known = None if frequencies is None else read_frequencies(frequencies)
    curves = read_curves(sample_log() if path is None else path, **reading.arguments())
    keep_compiled()
    with progress_bar(len(CANDIDATES) + 2, "fitting theories", quiet=json) as advance:
        explanation = explain(
            curves,
            key=jax.random.key(seed),
            frequencies=known,
            infer=infer_frequencies,
            done=lambda name: advance(f"fitted {name}"),
        )
        report = explanation.save(out)
        advance("written")
    if json:
        print_json(summary(explanation))
        return
    console = Console()
    show(explanation, console)
    console.print(f"\nThe report is in {report}", soft_wrap=True, highlight=False)
