"""What several commands share: paths, options given as TASK=NUMBER, limits, JSON output."""

import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skillphysics.errors import ArgumentError


def path(text: str | Path) -> Path:
    """A path as a command line gives it; the parser of all options and arguments that are one.

    Raises:
        ArgumentError: the text is empty, which as a path would be the current folder.
    """
    if not str(text):
        raise ArgumentError("the path is empty; give the path of a file or a folder")
    return Path(text)


def numbers(option: str, given: Sequence[str]) -> float | dict[str, float] | None:
    """`["0.25"]` as one number for all tasks, `["a=0.25", "b*=0.5"]` as one each.

    Raises:
        ArgumentError: a text is neither NUMBER nor TASK=NUMBER, or a number is not finite.

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
                f"{option} {text}: give TASK=NUMBER, or one NUMBER alone for all tasks"
            )
        if name in pairs:
            raise ArgumentError(f"{option} names {name!r} twice; give it once")
        pairs[name] = _number(option, text, value)
    return pairs


def check_memory(n_bytes: float, name: str, value: object) -> None:
    """Stop before the machine does.

    Raises:
        ArgumentError: more memory is needed than the machine has.
    """
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if n_bytes > 0.8 * available:
        raise ArgumentError(
            f"{name} must be smaller than {value}: that needs about {n_bytes / 2**30:.0f} GiB of "
            f"memory, and this machine has {available / 2**30:.0f}",
            argument=name,
        )


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def _number(option: str, text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ArgumentError(
            f"{option} {text}: {value!r} is not a finite number; give NUMBER or TASK=NUMBER"
        )
    return number
