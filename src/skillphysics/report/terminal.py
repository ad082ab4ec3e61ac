"""An explanation in the terminal."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from skillphysics.phrases import listed, shortened
from skillphysics.report import rows
from skillphysics.report.answer import answer
from skillphysics.report.explain import Explanation

_MOST_ROWS = 40
_SHORTEST_NAME, _LONGEST_NAME = 12, 40
# Width of a column without its text: a space and the line between columns.
_PADDING = 2
# Dropped first in narrow terminals; report.html has all.
_DISPENSABLE = ("ceiling", "emergence", "saturation", "final_level", "rate")
_HEADINGS = {
    "emergence": "emerges\n(5 %)",
    "half": "half\n(measured)",
    "saturation": "saturates\n(95 %)",
    "final_level": "final\nlevel",
    "rate": "relative\nrate",
    "inferred": "inferred\np_i/p_1",
}


def show(explanation: Explanation, console: Console) -> None:
    """Print the answer, the ranking, the skills in order of learning, and what is unreliable."""
    parts: list[RenderableType] = [
        Text(rows.understood(explanation), style="dim"),
        Text(),
        *_answer(explanation),
        _skills(explanation, console.width),
        *_notes(explanation),
        _ranking(explanation),
        Text(),
        Text(explanation.comparison.verdict),
        Text(),
        *_list("Caveats", rows.caveats(explanation)),
    ]
    console.print(Group(*parts), highlight=False)


def _answer(explanation: Explanation) -> list[RenderableType]:
    titles = ("Best theory: ", "Order of learning: ", "Caution: ")
    return [
        Padding(Text.assemble((title, "bold"), sentence), (0, 0, 1, 0))
        for title, sentence in zip(titles, answer(explanation), strict=True)
    ]


def _skills(explanation: Explanation, width: int) -> Table:
    every = rows.skills(explanation)
    shown = every[:_MOST_ROWS]
    headings = {
        key: _HEADINGS.get(key, text.replace(" ", "\n", 1))
        for key, text in rows.skill_columns(explanation).items()
    }
    cells = {key: [_plain(row[key], key) for row in shown] for key in headings}
    widths = {key: _widest([headings[key], *cells[key]]) + _PADDING for key in headings}
    longest = min(_widest([row["skill"] for row in shown]), _LONGEST_NAME) + _PADDING
    kept = _fitting(widths, width - longest)
    room = width - _PADDING - sum(widths[key] for key in kept)
    title = f"Skills in order of learning (times in {explanation.curves.axis})"
    table = _table(title, ["skill", *(headings[key] for key in kept)])
    for place, row in enumerate(shown):
        name = shortened(row["skill"], min(max(room, _SHORTEST_NAME), _LONGEST_NAME), "...")
        # As Text, so that square brackets are not markup.
        line = map(Text, [name, *(cells[key][place] for key in kept)])
        table.add_row(*line, style=None if row["fitted"] else "dim")
    if len(every) > len(shown):
        table.caption = f"and {len(every) - len(shown)} more, in report.json"
        table.caption_justify = "left"
    return table


def _fitting(widths: Mapping[str, int], room: int) -> list[str]:
    """The columns that fit next to whole names, without the dispensable ones that do not."""
    kept = list(widths)
    for key in _DISPENSABLE:
        if key in kept and sum(widths[one] for one in kept) > room:
            kept.remove(key)
    return kept


def _widest(texts: Sequence[str]) -> int:
    return max(cell_len(line) for text in texts for line in text.split("\n"))


def _notes(explanation: Explanation) -> list[RenderableType]:
    unknown = rows.predicted(explanation)
    sentences = rows.meaning(explanation)
    if unknown:
        found = listed([f"{row['skill']} {row['frequency']}" for row in unknown], 12)
        sentences.append(f"Predicted by this law, in the unit of the known frequencies: {found}.")
    lines = [Text(_ascii(sentence)) for sentence in sentences]
    return [Text(), *lines, Text()] if lines else [Text()]


def _ranking(explanation: Explanation) -> Table:
    headings = rows.ranking_columns(explanation)
    headings.pop("converged")
    headings["scale"] = headings["scale"].replace("standard errors", "std. errors")
    table = _table("Theories, the winner first", list(headings.values()))
    for row in rows.ranking(explanation):
        line = [Text(_ascii(row[key])) for key in headings]
        table.add_row(*line, style="bold" if row["tied"] else None)
    return table


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, _PADDING - 1, 0, 0),
    )
    table.add_column(headings[0], overflow="crop", no_wrap=True)
    for heading in headings[1:]:
        table.add_column(Text(heading), justify="right", overflow="fold")
    return table


def _list(title: str, sentences: Sequence[str]) -> list[RenderableType]:
    if not sentences:
        return []
    lines = [Padding(Text(f"- {sentence}"), (0, 0, 0, 2)) for sentence in sentences]
    return [Text(title, style="italic"), *lines]


def _plain(cell: rows.Cell, key: str) -> str:
    # Intervals of rates are on the page only, because they depend on the theory.
    return _ascii(cell.value if key == "rate" else str(cell))


def _ascii(text: str) -> str:
    return text.replace("–", "-")
