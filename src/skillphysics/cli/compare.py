"""`skillphysics compare`: two or more runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from skillphysics.cli import log_options as options
from skillphysics.cli.options import print_json


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Two or more of LOG or LOG:RUN, the baseline first; RUN may be a pattern. One log "
            "alone: its runs are compared.",
            metavar="RUN",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("skillphysics-compare"),
    axis: Annotated[
        str | None, typer.Option(help="Compare by steps, tokens or FLOP; by default as logged.")
    ] = None,
    tokens_per_step: Annotated[
        str | None,
        typer.Option(help="Tokens of a step: N, or N,N,… for each run. Compares by tokens."),
    ] = None,
    flop_per_step: Annotated[
        str | None, typer.Option(help="FLOP of a step, as --tokens-per-step. Compares by FLOP.")
    ] = None,
    seed_scatter: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation between seeds of ln t of a skill, where you know it. "
            "Default: the spread between seeds where there are several, else 0.2, corrected by "
            "the scatter between skills.",
            show_default=False,
        ),
    ] = None,
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
    json: Annotated[
        bool, typer.Option("--json", help="Print compare.json on standard output, nothing else.")
    ] = False,
) -> None:
    """Compare runs skill by skill: which are learned sooner or later, and where they end.

    Several runs in one log or pattern are seeds of one setting; their spread is what differences
    are held against.
    """
    # Imported here, so that `skillphysics --help` answers at once.
    from rich.console import Console

    from skillphysics.cli.runs import settings
    from skillphysics.comparison import compare_runs
    from skillphysics.report.runs import show, summary, write
    from skillphysics.report.write import check_folder

    check_folder(out)
    axis, per_step = _axis(axis, tokens_per_step, flop_per_step)
    chosen = settings(
        runs,
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
