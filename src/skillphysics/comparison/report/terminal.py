"""A comparison in the terminal."""

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from skillphysics.comparison import Change, RunComparison
from skillphysics.comparison.report import rows
from skillphysics.phrases import shortened

_MOST_ROWS = 40
_SHORTEST_NAME, _LONGEST_NAME = 12, 40
# Width of a column without its text: a space and the line between columns.
_PADDING = 2
# Dropped where names would be cut; compare.html has it.
_DISPENSABLE = "interval"
_HEADINGS = {
    "half_baseline": "half A",
    "half": "half B",
    "factor": "B/A",
    "interval": "90 %",
    "end_baseline": "end A",
    "end": "end B",
    "difference": "B − A",
}
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
            console.print(_skills(comparison, change, console.width))
            for remark in rows.remarks(comparison, change):
                console.print(_item(remark))
            console.print()
    console.print(Text("How significance is assessed", style="italic"))
    for sentence in rows.yardstick(comparison):
        console.print(_item(sentence))


def _item(sentence: str) -> Padding:
    # As Text, so that square brackets are not markup.
    return Padding(Text(f"- {sentence}"), (0, 0, 0, 2))


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


def _skills(comparison: RunComparison, change: Change, width: int) -> Table:
    every = rows.skills(comparison, change)
    shown = every[:_MOST_ROWS]
    cells = {key: [_marked(row, key) for row in shown] for key in _HEADINGS}
    widths = {
        key: max(cell_len(text) for text in (_HEADINGS[key], *cells[key])) + _PADDING
        for key in _HEADINGS
    }
    longest = min(max(cell_len(row["skill"]) for row in shown), _LONGEST_NAME) + _PADDING
    kept = list(_HEADINGS)
    if sum(widths.values()) > width - longest:
        kept.remove(_DISPENSABLE)
    room = width - _PADDING - sum(widths[key] for key in kept)
    table = Table(
        title=f"A = {comparison.baseline}, B = {change.name}\n"
        f"{comparison.axis} at half of the final level, and levels at the end; *: significant",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        title_justify="left",
        padding=(0, _PADDING - 1, 0, 0),
    )
    table.add_column("skill", overflow="crop", no_wrap=True)
    for key in kept:
        table.add_column(_HEADINGS[key], justify="right", no_wrap=True)
    for place, row in enumerate(shown):
        name = shortened(row["skill"], min(max(room, _SHORTEST_NAME), _LONGEST_NAME))
        # As Text, so that square brackets are not markup.
        line = map(Text, [name, *(cells[key][place] for key in kept)])
        table.add_row(*line, style="bold" if row["timed"] or row["ended"] else None)
    if len(every) > len(shown):
        table.caption = f"and {len(every) - len(shown)} more, in compare.json"
        table.caption_justify = "left"
    return table


def _marked(row: rows.Row, key: str) -> str:
    """A cell, with a star or its room where a column has significant entries."""
    significant = {"factor": "timed", "difference": "ended"}
    if key not in significant:
        return row[key]
    return row[key] + ("*" if row[significant[key]] else " ")
