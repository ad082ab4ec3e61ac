"""Runs as the command line names them: LOG, or LOG:RUN."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.io import read_curves
from skillphysics.runs import replicates


def settings(given: Sequence[str], **reading: Any) -> dict[str, Curves]:
    """The curves of each setting by name, in the order given.

    One argument is a log whose runs are compared with each other; runs called "…, seed N" are
    seeds of one setting. Of several arguments each is a setting, and its runs are its seeds.

    Args:
        given: LOG or LOG:RUN, where RUN may be a pattern.
        reading: options of `read_curves`.

    Raises:
        ArgumentError: a log has no such run, there is one run only, or two arguments are the same.
        LogError: as `read_curves`.
    """
    logs: dict[Path, Curves] = {}
    parts = [_split(text) for text in given]
    _refuse_same(given, parts)
    for path, _ in parts:
        if path not in logs:
            logs[path] = read_curves(path, **reading)
    chosen = [_chosen(path, logs[path], pattern) for path, pattern in parts]
    if len(given) == 1:
        return _settings_of(parts[0][0], chosen[0])
    names = [_name(path, pattern) for path, pattern in parts]
    return dict(zip(_distinct(names, parts), chosen, strict=True))


def _split(text: str) -> tuple[Path, str | None]:
    """A path and the run behind its last colon; a colon may be part of a path."""
    if not text:
        raise ArgumentError("the path of a log is empty; give the path of a file or a folder")
    path, colon, run = text.rpartition(":")
    if not colon or Path(text).exists() or not path or not Path(path).exists():
        return Path(text), None
    if not run:
        raise ArgumentError(f"{text} names no run behind the colon; give LOG or LOG:RUN")
    return Path(path), run


def _refuse_same(given: Sequence[str], parts: Sequence[tuple[Path, str | None]]) -> None:
    seen: dict[tuple[Path, str | None], str] = {}
    for text, (path, pattern) in zip(given, parts, strict=True):
        setting = (path.resolve(), pattern)
        if setting in seen:
            first = seen[setting]
            same = f"{text} is given twice" if first == text else f"{first} and {text} are one file"
            raise ArgumentError(
                f"{same}, and a comparison with itself says nothing; give another log, or LOG:RUN "
                "for two runs of one log"
            )
        seen[setting] = text


def _chosen(path: Path, curves: Curves, pattern: str | None) -> Curves:
    if pattern is None:
        return curves
    names = _runs(curves)
    places = [i for i, name in enumerate(names) if name == pattern]
    places = places or [i for i, name in enumerate(names) if fnmatchcase(name, pattern)]
    if not places:
        there = f"has {_listed(names)}" if names else "names no runs"
        raise ArgumentError(f"{path} has no run {pattern!r}; it {there}")
    if "run" not in curves.level.dims:
        return curves
    return _part(curves, places)


def _settings_of(path: Path, curves: Curves) -> dict[str, Curves]:
    if "run" not in curves.level.dims or curves.dataset.sizes["run"] < 2:
        raise ArgumentError(
            f"{path} holds one run; give a second log, LOG:RUN for two runs of one log, or a log "
            "with several runs"
        )
    names = _runs(curves)
    kinds = replicates(curves.dataset)
    if len(kinds) == 1:
        kinds = {name: [place] for place, name in enumerate(names)}
    return {kind: _part(curves, places) for kind, places in kinds.items()}


def _part(curves: Curves, places: list[int]) -> Curves:
    """Some runs of curves; a single one without the dimension."""
    return Curves(curves.dataset.isel(run=places if len(places) > 1 else places[0]))


def _runs(curves: Curves) -> list[str]:
    if "run" in curves.level.dims:
        return [str(name) for name in curves.dataset["run"].values]
    name = curves.dataset.attrs.get("run")
    return [str(name)] if name else []


def _name(path: Path, pattern: str | None) -> str:
    whole = path.resolve()
    return pattern or (whole.name if whole.is_dir() else whole.stem) or str(path)


def _distinct(names: list[str], parts: Sequence[tuple[Path, str | None]]) -> list[str]:
    """Names that differ: with the folder before them, and a number, where they do not."""
    if len(set(names)) < len(names):
        names = [
            f"{path.resolve().parent.name}/{name}" if names.count(name) > 1 else name
            for name, (path, _) in zip(names, parts, strict=True)
        ]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})"
        for i, name in enumerate(names)
    ]


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
