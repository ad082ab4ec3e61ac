"""What all simulations share: skills from options, where the curves go, what is said of them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillphysics.cli.options import path
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

    from skillphysics.curves import Curves
    from skillphysics.skills import Skills

NTask = Annotated[
    int | None, typer.Option(help="Number of skills.  \\[default: 10]", show_default=False)
]
Alpha = Annotated[
    float | None,
    typer.Option(
        help="Frequencies ∝ rank^-ALPHA, L25's exponent, which is N24's plus 1.  \\[default: 2]",
        show_default=False,
    ),
]
Ratio = Annotated[
    float | None,
    typer.Option(help="Frequencies ∝ RATIO^-rank, in place of a power law.", show_default=False),
]
Frequency = Annotated[
    list[float] | None,
    typer.Option(help="Frequency of a skill; once a skill, in place of --n-task."),
]
Steps = Annotated[int, typer.Option(help="Number of steps.")]
Out = Annotated[Path, typer.Option(parser=path, help="File for the curves: .nc, .csv or .parquet.")]
Plot = Annotated[bool, typer.Option("--plot", help="Draw the curves too, beside OUT as a .png.")]
Record = Annotated[
    int | None,
    typer.Option(
        help="Record every so many steps.  \\[default: at most 1000 records]", show_default=False
    ),
]
LogSpaced = Annotated[
    int | None,
    typer.Option(help="Record at most so many steps, evenly in their logarithm."),
]

DEFAULT_OUT = Path("curves.nc")
_DEFAULT_TASKS = 10
_MOST_LISTED = 12
# Side by side.
_MOST_COLUMNS = 6


def skills_of(
    n_task: int | None,
    alpha: float | None,
    ratio: float | None,
    frequency: Sequence[float] | None,
) -> "Skills":
    """The skills that the options describe.

    Raises:
        ArgumentError: two descriptions are given, or a value is out of range.
    """
    from skillphysics.skills import Skills

    options = {"--alpha": alpha, "--ratio": ratio, "--frequency": frequency or None}
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise ArgumentError(f"{given[0]} and {given[1]} both describe the frequencies; give one")
    if frequency:
        if n_task not in (None, len(frequency)):
            raise ArgumentError(
                f"--n-task is {n_task}, but --frequency is given {len(frequency)} times; leave "
                "--n-task out"
            )
        return Skills.given(frequency)
    count = _DEFAULT_TASKS if n_task is None else n_task
    check_memory(200 * count, "--n-task", count)
    if count < 1:
        raise ArgumentError(f"--n-task is {count}; at least 1 is wanted")
    if ratio is not None:
        return Skills.exponential(count, ratio)
    return Skills.power_law(count, 2.0 if alpha is None else alpha)


def record_of(steps: int, record: int | None, log_spaced: int | None) -> "np.ndarray":
    """The steps to record.

    Raises:
        ArgumentError: both options are given, or a number is out of range.
    """
    from skillphysics import steps as grids

    if record is not None and log_spaced is not None:
        raise ArgumentError("--record and --log-spaced both say when to record; give one")
    if log_spaced is not None:
        if log_spaced < 1:
            raise ArgumentError(f"--log-spaced is {log_spaced}; at least 1 is wanted")
        grids.record_steps(steps)
        return grids.log_spaced(steps, min(log_spaced, steps))
    if record is None or record >= 1:
        n_record = steps // record if record else 0
        check_memory(8 * n_record, "--steps", steps)
    return grids.record_steps(steps, record)


def check_memory(n_bytes: float, option: str, value: object) -> None:
    """Stop before the machine does.

    Raises:
        ArgumentError: more memory is needed than the machine has.
    """
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if n_bytes > 0.8 * available:
        raise ArgumentError(
            f"{option} {value} needs about {n_bytes / 2**30:.0f} GiB of memory, and this machine "
            f"has {available / 2**30:.0f}; take a smaller one"
        )


def check_out(out: Path, *, plot: bool = False, checkpoint: Path | None = None) -> None:
    """Stop before the work whose curves could not be written.

    Raises:
        ArgumentError: the name has a wrong ending, its folder is missing or cannot be written, or
            the picture or the checkpoint cannot be beside it.
    """
    picture = out.with_suffix(".png")
    if plot and picture.is_dir():
        raise ArgumentError(f"--plot draws into {picture}, which is a folder; move it away")
    if checkpoint is not None and checkpoint.resolve() in (out.resolve(), picture.resolve()):
        raise ArgumentError(f"--checkpoint is {checkpoint}, as the result is; another is wanted")
    if checkpoint is not None and checkpoint.is_dir():
        raise ArgumentError(f"--checkpoint is {checkpoint}, which is a folder; a file is wanted")
    if out.suffix.lower() not in (".nc", ".csv", ".parquet"):
        raise ArgumentError(f"--out is {out}; a name in .nc, .csv or .parquet is wanted")
    if out.is_dir():
        raise ArgumentError(f"--out is {out}, which is a folder; a file is wanted")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        reason = "cannot be written" if out.parent.is_dir() else "is no folder"
        raise ArgumentError(f"--out is {out}, but {out.parent} {reason}")


def finish(curves: "Curves", out: Path, *, plot: bool) -> None:
    """Write the curves, draw them if asked, and say when the skills were learned."""
    from rich.console import Console

    from skillphysics.io.files import replacing

    curves.save(out)
    console = Console()
    _say_learned(curves, console)
    console.print(f"The curves are in {out}", soft_wrap=True, highlight=False, markup=False)
    if plot:
        from skillphysics.plotting import plot as draw

        picture = out.with_suffix(".png")
        with replacing(picture) as temporary:
            draw(curves).savefig(temporary, dpi=160)
        console.print(f"The picture is {picture}", soft_wrap=True, highlight=False, markup=False)


def _say_learned(curves: "Curves", console: object) -> None:
    """When skills are learned, as means over seeds: skills below each other, or kinds of runs."""
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from skillphysics.runs import replicates

    assert isinstance(console, Console)  # noqa: S101
    times = np.atleast_2d(curves.learning_time(0.9).values)
    first = curves.steps[curves.steps > 0][:1]
    groups = replicates(curves.dataset)
    shown = curves.names[: _MOST_LISTED if len(groups) == 1 else _MOST_COLUMNS]
    cells = {
        kind: [_mean(times[runs, place], first) for place in range(len(shown))]
        for kind, runs in groups.items()
    }
    more = ["…"] if len(curves.names) > len(shown) else []
    table = Table(box=None, header_style="bold", pad_edge=False)
    if len(cells) == 1:
        table.add_column("skill")
        table.add_column("level 0.9 at step", justify="right")
        for name, cell in zip([*shown, *more], [*next(iter(cells.values())), *more], strict=True):
            table.add_row(name, cell)
    else:
        console.print("level 0.9 reached at step", highlight=False)
        table.add_column("run")
        for name in [*shown, *more, "last loss"]:
            table.add_column(name, justify="right")
        for kind, row in cells.items():
            table.add_row(kind, *row, *more, _last_loss(curves, groups[kind]))
    console.print(table)


def _last_loss(curves: "Curves", runs: list[int]) -> str:
    """The mean over runs with its standard error."""
    import numpy as np

    if "loss" not in curves.dataset:
        return "-"
    last = np.atleast_1d(curves.dataset["loss"].isel(step=-1).values)[runs]
    if last.size == 1:
        return f"{last[0]:.4g}"
    return f"{last.mean():.4g} ± {last.std(ddof=1) / np.sqrt(last.size):.1g}"


def _mean(times: "np.ndarray", first: "np.ndarray") -> str:
    """A mean with its standard error; no more than a bound before the first record."""
    import numpy as np

    if (times < first).any() and first[0] > 1:
        return f"< {first[0]:g}"
    if np.isinf(times).any():
        missed = int(np.isinf(times).sum())
        return "never" if missed == times.size else f"never in {missed} of {times.size}"
    if np.isnan(times).any():
        return "-"
    if times.size == 1:
        return f"{times[0]:.0f}"
    return f"{times.mean():.0f} ± {times.std(ddof=1) / np.sqrt(times.size):.0f}"
