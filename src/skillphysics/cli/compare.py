"""`skillphysics compare`: two or more runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from skillphysics.cli.fields import options_of
from skillphysics.cli.log_options import ReadingOptions
from skillphysics.cli.options import path as a_path
from skillphysics.cli.options import print_json


@options_of
def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="LOG or LOG:RUN, two or more, the baseline first. RUN may be a pattern. If one "
            "LOG is given, its runs are compared with each other.",
            metavar="RUN",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(parser=a_path, help="Folder for the page.")] = Path(
        "skillphysics-compare"
    ),
    axis: Annotated[
        str | None,
        typer.Option(help="Compare by steps, tokens or FLOP. Default: what the logs count."),
    ] = None,
    tokens_per_step: Annotated[
        str | None,
        typer.Option(
            metavar="N[,N…]",
            help="Tokens of a step, for all runs or for each. Compares by tokens.",
        ),
    ] = None,
    flop_per_step: Annotated[
        str | None,
        typer.Option(
            metavar="N[,N…]", help="FLOP of a step, for all runs or for each. Compares by FLOP."
        ),
    ] = None,
    seed_scatter: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation of ln t of a skill between seeds, if you know it. Default: "
            "estimated from the seeds, or from the scatter between skills if each setting has "
            "one seed.",
            show_default=False,
        ),
    ] = None,
    reading: ReadingOptions,
    json: Annotated[
        bool, typer.Option("--json", help="Print only compare.json, on standard output.")
    ] = False,
) -> None:
    """Compare runs skill by skill: which are learned sooner or later, and where they end.

    Several runs in one log or pattern are seeds of one setting. Differences
    between settings are judged by the spread of these seeds.
    """
    # Imported here, so that `skillphysics --help` answers at once.
    from rich.console import Console

    from skillphysics.cli.runs import settings
    from skillphysics.comparison import compare_runs
    from skillphysics.report.runs import show, summary, write
    from skillphysics.report.write import check_folder

    check_folder(out)
    axis, per_step = _axis(axis, tokens_per_step, flop_per_step)
    chosen = settings(runs, **reading.arguments())
    comparison = compare_runs(
        *chosen.values(),
        names=list(chosen),
        axis=axis,
        per_step=per_step,
        seed_scatter=seed_scatter,
    )
    page = write(comparison, out)
    if json:
        print_json(summary(comparison))
        return
    console = Console()
    show(comparison, console)
    console.print(f"\nThe page is {page}", soft_wrap=True, highlight=False)


def _axis(
    axis: str | None, tokens: str | None, flop: str | None
) -> tuple[str | None, list[float] | None]:
    from skillphysics.errors import ArgumentError

    given = {"tokens": tokens, "FLOP": flop}
    if tokens is not None and flop is not None:
        raise ArgumentError("--tokens-per-step and --flop-per-step are both given; choose one axis")
    for name, text in given.items():
        if text is None:
            continue
        if axis is not None and axis.lower() != name.lower():
            raise ArgumentError(
                f"--axis {axis} and {name} per step are both given; choose one axis"
            )
        try:
            return name, [float(part) for part in text.split(",")]
        except ValueError:
            raise ArgumentError(f"{name} per step must be N or N,N,…, got {text!r}") from None
    return axis, None
