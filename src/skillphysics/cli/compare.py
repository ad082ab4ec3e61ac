"""`skillphysics compare`: two or more runs side by side."""

import math
from pathlib import Path
from typing import Annotated

import typer

from skillphysics.cli.fields import options_of
from skillphysics.cli.log_options import ReadingOptions
from skillphysics.cli.options import path as a_path
from skillphysics.cli.options import print_json
from skillphysics.errors import ArgumentError


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
    from skillphysics.comparison.report import show, summary
    from skillphysics.io.results import check_folder

    check_folder(out)
    axis, per_step = _axis(axis, tokens_per_step, flop_per_step)
    if seed_scatter is not None:
        _positive("--seed-scatter", f"{seed_scatter:g}")
    if len(runs) > 1:
        _refuse_count(per_step, axis, len(runs))
    chosen = settings(runs, **reading.arguments())
    _refuse_count(per_step, axis, len(chosen))
    try:
        comparison = compare_runs(
            *chosen.values(),
            names=list(chosen),
            axis=axis,
            per_step=per_step,
            seed_scatter=seed_scatter,
        )
    except ArgumentError as error:
        if error.argument != "per_step":
            raise
        option = f"--{str(axis).lower()}-per-step"
        raise ArgumentError(str(error).replace("per_step", option, 1)) from error
    page = comparison.save(out)
    if json:
        print_json(summary(comparison))
        return
    console = Console()
    show(comparison, console)
    console.print(f"\nThe page is {page}", soft_wrap=True, highlight=False)


def _axis(
    axis: str | None, tokens: str | None, flop: str | None
) -> tuple[str | None, list[float] | None]:
    """The axis to compare by, and the tokens or FLOP of a step."""
    from skillphysics.comparison.align import AXES

    known = {name.lower(): name for name in AXES}
    if axis is not None and axis.lower() not in known:
        raise ArgumentError(f"--axis must be one of {', '.join(AXES)}, got {axis!r}")
    given = [
        (option, name, text)
        for option, name, text in (
            ("--tokens-per-step", "tokens", tokens),
            ("--flop-per-step", "FLOP", flop),
        )
        if text is not None
    ]
    if not given:
        return axis, None
    if len(given) > 1:
        raise ArgumentError("--tokens-per-step and --flop-per-step are both given; choose one axis")
    option, name, text = given[0]
    if axis is not None and known[axis.lower()] != name:
        raise ArgumentError(f"--axis {axis} and {option} are both given; choose one axis")
    return name, [_positive(option, part) for part in text.split(",")]


def _positive(option: str, text: str) -> float:

    try:
        number = float(text)
    except ValueError:
        raise ArgumentError(f"{option} must be N or N,N,…, got {text!r}") from None
    if not (math.isfinite(number) and number > 0):
        raise ArgumentError(f"{option} must be positive and finite, got {text}")
    return number


def _refuse_count(per_step: list[float] | None, axis: str | None, n: int) -> None:
    """Numbers per step are one for all settings, or one for each."""
    if per_step is not None and len(per_step) not in (1, n):
        raise ArgumentError(
            f"--{str(axis).lower()}-per-step must be one number for all runs or {n}, one for each, "
            f"got {len(per_step)}"
        )
