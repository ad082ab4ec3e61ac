"""An explanation in the terminal."""

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from skillphysics.report.explain import Explanation
from skillphysics.report.wording import interval, number, steps

_MOST_ROWS = 40


def show(explanation: Explanation, console: Console) -> None:
    """Print the verdict, the ranking, the skills in order of learning, and what is unreliable."""
    console.print(
        Group(
            Text(),
            Text(explanation.comparison.verdict, style="bold"),
            Text(),
            _ranking(explanation),
            _skills(explanation),
            *_unreliable(explanation),
        )
    )


def _ranking(explanation: Explanation) -> Table:
    comparison = explanation.comparison
    unit = "std. errors" if "level_stderr" in explanation.curves.dataset else "level"
    table = Table(title="Theories, best first", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("theory", no_wrap=True)
    for heading in (
        "parameters",
        f"error ({unit})",
        f"last {comparison.n_held_out} steps predicted",
        "AIC above best",
    ):
        table.add_column(heading, justify="right")
    for row in comparison.table.itertuples():
        table.add_row(
            str(row.Index),
            str(row.parameters),
            number(row.scale),
            number(row.held_out),
            f"{row.delta_aic:.1f}",
            style="bold" if row.Index in comparison.tied else None,
        )
    return table


def _skills(explanation: Explanation) -> Table:
    table = Table(
        title="Skills in order of learning (steps)", box=box.SIMPLE_HEAD, title_justify="left"
    )
    table.add_column("skill", overflow="fold")
    for heading in ("emerges", "half", "saturates", "final level", "ceiling", "rel. frequency"):
        table.add_column(heading, justify="right")
    for row in explanation.skills.head(_MOST_ROWS).itertuples():
        fitted = bool(row.fitted)
        table.add_row(
            str(row.Index),
            steps(row.emergence) if fitted else "–",
            steps(row.half) if fitted else "–",
            steps(row.saturation) if fitted else "–",
            number(row.final_level),
            number(row.ceiling) if fitted else "–",
            f"{number(row.frequency)} ({interval(row.frequency_low, row.frequency_high)})"
            if fitted
            else "–",
            style=None if fitted else "dim",
        )
    more = len(explanation.skills) - _MOST_ROWS
    if more > 0:
        table.caption = f"and {more} more, in report.json"
    return table


def _unreliable(explanation: Explanation) -> list[Text | Padding]:
    reasons = [*explanation.unreliable, *explanation.curves.dataset.attrs.get("notes", [])]
    if not reasons:
        return []
    lines = [Padding(Text(f"- {reason}"), (0, 0, 0, 2)) for reason in reasons]
    return [Text("What to keep in mind", style="italic"), *lines]
