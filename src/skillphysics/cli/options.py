"""What several commands share: options given as TASK=NUMBER, progress bars, JSON output."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from skillphysics.errors import ArgumentError


def numbers(option: str, given: Sequence[str]) -> float | dict[str, float] | None:
    """`["0.25"]` as one number for all tasks, `["a=0.25", "b*=0.5"]` as one each.

    Raises:
        ArgumentError: a text is neither NUMBER nor TASK=NUMBER.

    Example:
        >>> numbers("--chance", ["0.25"]), numbers("--chance", ["piqa=0.5", "arc_*=0.25"])
        (0.25, {'piqa': 0.5, 'arc_*': 0.25})
    """
    if not given:
        return None
    if len(given) == 1 and "=" not in given[0]:
        return _number(option, given[0], given[0])
    pairs: dict[str, float] = {}
    for text in given:
        name, equals, value = text.rpartition("=")
        if not equals or not name:
            raise ArgumentError(
                f"{option} {text}: TASK=NUMBER is wanted, or one NUMBER alone for all tasks"
            )
        if name in pairs:
            raise ArgumentError(f"{option} names {name!r} twice; give it once")
        pairs[name] = _number(option, text, value)
    return pairs


@contextmanager
def progress_bar(total: int, *, quiet: bool) -> Iterator["Advance"]:
    """A progress bar on standard error, silent where that is no terminal or `quiet` is asked."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("fitting theories", total=total)

        def advance(name: str) -> None:
            progress.update(task, advance=1, description=f"fitted {name}")

        yield advance


class Advance(Protocol):
    """Called with the name of each finished piece of work."""

    def __call__(self, name: str) -> None:
        """One piece of work is finished."""


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def _number(option: str, text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ArgumentError(
            f"{option} {text}: {value!r} is no number; NUMBER or TASK=NUMBER is wanted"
        ) from None
