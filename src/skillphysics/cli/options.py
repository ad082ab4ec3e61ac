"""What several commands share: options given as TASK=NUMBER, JSON output."""

import json
import sys
from collections.abc import Sequence
from typing import Any

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
                f"{option} {text}: give TASK=NUMBER, or one NUMBER alone for all tasks"
            )
        if name in pairs:
            raise ArgumentError(f"{option} names {name!r} twice; give it once")
        pairs[name] = _number(option, text, value)
    return pairs


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def _number(option: str, text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ArgumentError(
            f"{option} {text}: {value!r} is no number; give NUMBER or TASK=NUMBER"
        ) from None
