"""A comparison in the terminal."""

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from skillphysics.comparison import Change, RunComparison
from skillphysics.report.runs import rows

_MOST_ROWS = 40
# With more settings there is one row per setting, and the skills are on the page.
_MOST_TABLES = 2


def show(comparison: RunComparison, console: Console) -> None:
    """Print the verdicts, the tables, and how significance is assessed."""
    several = len(comparison.changes) > 1
    if several:
        console.print(_overview(comparison))
    for change in comparison.changes:
        title = f"{comparison.baseline} → {change.name}: " if several else ""
        console.print(Text.assemble((title, ""), (comparison.verdict(change.name), "bold")))
        if len(comparison.changes) <= _MOST_TABLES:
            console.print()
            console.print(_skills(comparison, change))
            for remark in rows.remarks(comparison, change):
                console.print(_item(remark))
            console.print()
    console.print(Text("How significance is assessed", style="italic"))
    for sentence in rows.yardstick(comparison):
        console.print(_item(sentence))


def _item(sentence: str) -> Padding:
    # As Text, so that square brackets are not markup.
    return Padding(Text(f"- {sentence}"), (0, 0, 0, 2))


def _short(name: str) -> str:
    """A name of at most 16 letters, with its end, in which skills often differ."""
    return name if len(name) <= 16 else f"{name[:5]}…{name[-10:]}"


def _overview(comparison: RunComparison) -> Table:
    table = Table(
        title=f"Against {comparison.baseline} (bold: a significant difference)",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    table.add_column("run", overflow="fold", min_width=10)
    for heading in (
        f"all skills, factor\nof {comparison.axis}",
        "sooner or\nlater",
        "other\nend",
        "final\nlevel",
    ):
        table.add_column(heading, justify="right")
    for row in rows.overview(comparison):
        cells = (row[k] for k in ("run", "common", "timed", "ended", "level"))
        table.add_row(*map(Text, cells), style="bold" if row["found"] else None)
    return table


def _skills(comparison: RunComparison, change: Change) -> Table:
    table = Table(
        title=f"A = {comparison.baseline}, B = {change.name}\n"
        f"{comparison.axis} at half of the final level, and levels at the end; *: significant",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        padding=(0, 1, 0, 0),
    )
    table.add_column("skill", overflow="ellipsis", no_wrap=True, min_width=10, max_width=16)
    for heading in ("half A", "half B", "B/A", "90 %", "end A", "end B", "B − A"):
        table.add_column(heading, justify="right", no_wrap=True)
    known = rows.skills(comparison, change)
    for row in known[:_MOST_ROWS]:
        table.add_row(
            Text(_short(row["skill"])),
            Text(row["half_baseline"]),
            Text(row["half"]),
            Text(row["factor"] + ("*" if row["timed"] else " ")),
            Text(row["interval"]),
            Text(row["end_baseline"]),
            Text(row["end"]),
            Text(row["difference"] + ("*" if row["ended"] else " ")),
            style="bold" if row["timed"] or row["ended"] else None,
        )
    if len(known) > _MOST_ROWS:
        table.caption = f"and {len(known) - _MOST_ROWS} more, in compare.json"
    return table
