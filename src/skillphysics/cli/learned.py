"""When skills are learned, as a table in the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console

    from skillphysics.curves import Curves

_MOST_LISTED = 12
# Side by side.
_MOST_COLUMNS = 6


def show_learned(curves: "Curves", console: "Console") -> None:
    """When skills are learned, as means over seeds: skills below each other, or kinds of runs."""
    import numpy as np
    from rich.table import Table

    from skillphysics.runs import replicates

    times = np.atleast_2d(curves.learning_time(0.9).values)
    # A skill that overshoots may cross the level and not keep it.
    kept = np.atleast_2d(curves.learning_time(0.9, lasting=True).values)
    below = np.isfinite(times) & np.isinf(kept)
    first = curves.steps[curves.steps > 0][:1]
    groups = replicates(curves.dataset)
    shown = curves.names[: _MOST_LISTED if len(groups) == 1 else _MOST_COLUMNS]
    cells = {
        kind: [
            _mean(times[runs, place], first) + _ends_below(below[runs, place])
            for place in range(len(shown))
        ]
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


def _ends_below(below: "np.ndarray") -> str:
    """A remark on runs that cross a level and end below it."""
    number = int(below.sum())
    if not number:
        return ""
    return " (ends below)" if number == below.size else f" (ends below in {number} of {below.size})"


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
