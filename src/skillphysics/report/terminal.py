"""An explanation in the terminal."""

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from skillphysics.report import rows
from skillphysics.report.explain import Explanation

_MOST_ROWS = 40


def show(explanation: Explanation, console: Console) -> None:
    """Print the verdict, the ranking, the skills in order of learning, and what is unreliable."""
    verdict = Text(explanation.comparison.verdict, style="bold")
    parts: list[RenderableType] = [verdict, Text(), _ranking(explanation), _skills(explanation)]
    console.print(Group(*parts, *_caveats(explanation)))


def _ranking(explanation: Explanation) -> Table:
    table = _table("Theories, best first", "theory", width=21)
    unit = "std. errors" if rows.unit(explanation) == "standard errors" else "level"
    for heading in (
        "parameters",
        f"error\n({unit})",
        f"last {explanation.comparison.n_held_out} steps\npredicted",
        "AIC above\nthe best",
    ):
        table.add_column(heading, justify="right")
    for row in rows.ranking(explanation):
        cells = (row[k] for k in ("theory", "parameters", "scale", "held_out", "delta_aic"))
        # As Text, in which square brackets are no markup.
        table.add_row(*map(Text, cells), style="bold" if row["tied"] else None)
    return table


def _skills(explanation: Explanation) -> Table:
    table = _table("Skills in order of learning (steps)", "skill", width=12)
    for heading in ("emerges", "half", "saturates", "final\nlevel", "ceiling", "frequency"):
        table.add_column(heading, justify="right")
    known = rows.skills(explanation)
    for row in known[:_MOST_ROWS]:
        frequency = row["frequency"].split(" (")[0]
        cells = (row[k] for k in ("emergence", "half", "saturation", "final_level", "ceiling"))
        table.add_row(
            *map(Text, (_short(row["skill"]), *cells, frequency)),
            style=None if row["fitted"] else "dim",
        )
    if len(known) > _MOST_ROWS:
        table.caption = f"and {len(known) - _MOST_ROWS} more, in report.json"
    return table


def _table(title: str, first: str, width: int) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(first, overflow="fold", min_width=width)
    return table


def _short(name: str, most: int = 40) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _caveats(explanation: Explanation) -> list[RenderableType]:
    reasons = rows.caveats(explanation)
    if not reasons:
        return []
    lines = [Padding(Text(f"- {reason}"), (0, 0, 0, 2)) for reason in reasons]
    return [Text("What to keep in mind", style="italic"), *lines]
