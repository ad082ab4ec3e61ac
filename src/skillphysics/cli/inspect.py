"""`skillphysics inspect`: what is understood of a log, before one waits for a report."""

import shlex
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillphysics.cli.fields import in_options, option, options_of
from skillphysics.cli.log_options import Log, ReadingOptions
from skillphysics.cli.options import print_json

if TYPE_CHECKING:
    from skillphysics.io.inspection import InspectedSkill, Inspection

# Names of one reason that are shown; --json has all.
_SHOWN = 8


@options_of
def command(
    path: Log = None,
    *,
    reading: ReadingOptions,
    json: Annotated[
        bool, typer.Option("--json", help="Print only JSON, on standard output.")
    ] = False,
) -> None:
    """Show how a log is read: its format, axis and skills, and what is left out and why."""
    # Imported here, so that `skillphysics --help` answers at once.
    from skillphysics.io.inspection import inspect_log
    from skillphysics.sample import sample_log

    log = sample_log() if path is None else path
    inspection = inspect_log(log, **reading.arguments())
    commands = [_command(log, given) for given in inspection.arguments]
    if json:
        print_json({**inspection.to_json(), "commands": commands})
    else:
        _show(inspection, commands)


def _command(log: Path, given: Mapping[str, Any]) -> str:
    """A command that reads a log with some arguments; NUMBER is for the user to fill in."""
    words = []
    for name, value in given.items():
        if isinstance(value, Mapping):
            texts = [
                _number(number) if task == "*" else f"{task}={_number(number)}"
                for task, number in value.items()
            ]
        elif isinstance(value, str | int | float):
            texts = [value if isinstance(value, str) else _number(value)]
        else:
            texts = [str(one) for one in value]
        words += [f"{option(name)} {shlex.quote(text)}" for text in texts]
    return " ".join(["skillphysics report", shlex.quote(str(log)), *words])


def _number(value: float | None) -> str:
    return "NUMBER" if value is None else f"{float(value):g}"


def _show(inspection: "Inspection", commands: Sequence[str]) -> None:
    width = shutil.get_terminal_size().columns
    lines = [*_wrapped(inspection.paragraph, width), "", *_table(inspection.skills, width)]
    if inspection.left_out:
        reasons: dict[str, list[str]] = {}
        for name, why in inspection.left_out.items():
            reasons.setdefault(why, []).append(name or "''")
        lines += ["", "Left out (--json lists all):"]
        for why, names in reasons.items():
            shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
            lines += _wrapped(f"{len(names)}: {why}: {shown}", width, "  ")
    if inspection.notes:
        lines += ["", "Notes:"]
        options = [field.name for field in fields(ReadingOptions)]
        notes = [in_options(note, options) for note in inspection.notes]
        lines += [line for note in notes for line in _wrapped(note, width, "  ")]
    if commands:
        lines += ["", "To read it:", *(f"  {line}" for line in commands)]
    typer.echo("\n".join(lines))


def _table(skills: "Sequence[InspectedSkill]", width: int) -> list[str]:
    """A row a skill, with its column or key in a line of its own where it would not fit."""
    header = ("skill", "column or key", "metric", "trend", "chance/floor", "n", "first", "last")
    rows = [header, *map(_row, skills)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    if sum(widths) + 2 * len(widths) <= width:
        return [_line(row, widths) for row in rows]
    short = [widths[0], *widths[2:]]
    lines = [_line((header[0], *header[2:]), short)]
    for row in rows[1:]:
        lines += [_line((row[0], *row[2:]), short), f"  {row[1]}"]
    return lines


def _row(skill: "InspectedSkill") -> tuple[str, ...]:
    end = skill.one if skill.kind == "loss" else skill.zero
    known = "" if skill.kind == "level" else "unknown" if end is None else f"{end:.4g}"
    about = (skill.name, skill.key, skill.metric or "?", skill.direction or "?", known)
    return (*about, f"{skill.measurements}", f"{skill.first:.4g}", f"{skill.last:.4g}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Text to the left, the three numbers to the right."""
    padded = [
        cell.rjust(wide) if i >= len(cells) - 3 else cell.ljust(wide)
        for i, (cell, wide) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )
