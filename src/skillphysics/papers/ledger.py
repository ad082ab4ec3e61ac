"""The ledger: every claim with what was found, as data and as a table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skillphysics.errors import ArgumentError
from skillphysics.io.files import replacing
from skillphysics.papers.claims import Claim, Finding
from skillphysics.papers.recipe import Recipe
from skillphysics.sweeps import Store


def measure(
    recipes: Sequence[Recipe], scale: str, store: Store | None = None
) -> Iterator[dict[str, Any]]:
    """The entry of every claim, one after the other; a figure's data are computed once.

    Raises:
        ArgumentError: the scale is unknown.
        StoreError: the store cannot be written.
    """
    for recipe in recipes:
        if recipe.claims:
            data = recipe.data(scale, store)
            for claim in recipe.claims:
                yield entry(claim, claim.measure(data), scale)


def entry(claim: Claim, finding: Finding, scale: str) -> dict[str, Any]:
    """A claim and its finding at a scale, as they stand in the ledger."""
    return {
        "id": claim.id, "where": claim.where, "claim": claim.claim, "expected": claim.expected,
        "measured": _plain(finding.measured),
        "interval": None if finding.interval is None else _plain(finding.interval),
        "tolerance": claim.tolerance, "verdict": finding.verdict, "why": finding.why,
        "scale": scale,
    }  # fmt: skip


def write(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The ledger as JSON. Where the file has other claims already, they stay.

    Raises:
        ArgumentError: the file is there and no ledger, or cannot be written.
    """
    before = read(path)["claims"] if path.exists() else []
    merged = {one["id"]: one for one in [*before, *entries]}
    text = json.dumps({"claims": list(merged.values())}, indent=1, ensure_ascii=False)
    with replacing(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """A ledger that `write` wrote.

    Raises:
        ArgumentError: the file cannot be read or holds no ledger.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        claims = {one["id"]: one["verdict"] for one in found["claims"]}
    except OSError as error:
        raise ArgumentError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError):
        raise ArgumentError(f"{path} is no ledger as `skillphysics verify` writes it") from None
    if len(claims) != len(found["claims"]):
        raise ArgumentError(f"{path} names a claim twice")
    return found


def changed(
    entries: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str, str]]:
    """Claims with another verdict than before: (id, before, now)."""
    before = {one["id"]: one["verdict"] for one in known}
    return [
        (one["id"], before[one["id"]], one["verdict"])
        for one in entries
        if one["id"] in before and before[one["id"]] != one["verdict"]
    ]


def _plain(value: Any) -> Any:
    """Numbers to four digits; what is not finite becomes a word, for JSON has none for it."""
    if isinstance(value, str):
        return value
    if np.ndim(value):
        return [_plain(one) for one in value]
    number = float(f"{float(value):.4g}")
    return number if np.isfinite(number) else str(number)
