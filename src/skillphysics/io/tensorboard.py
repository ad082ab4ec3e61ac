"""Event files of TensorBoard, every point of every scalar."""

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from skillphysics.errors import LogError
from skillphysics.io.kinds import is_measurement, split_key
from skillphysics.io.log import Log, finished, make_table
from skillphysics.io.parse import files_below, first_line, readable

FORMAT = "tensorboard"

_MARK = "tfevents"


def detect(path: Path) -> bool:
    """Whether this is an event file, or a folder that holds one at any depth."""
    if path.is_dir():
        return next(files_below(path, inside=_MARK), None) is not None
    return _MARK in path.name


def read(path: Path) -> Log:
    """The scalars of an event file, or of every folder with event files below `path`, each a run.

    A training that was resumed writes some steps again: the later writing replaces everything of
    its tag from that step on, as TensorBoard itself does.

    Raises:
        LogError: the package tensorboard is missing, or a file is damaged before its end.
    """
    files = list(files_below(path, inside=_MARK)) if path.is_dir() else [path]
    if not files:
        raise LogError(f"{path} holds no event file (events.out.tfevents.…); one is wanted")
    points: dict[tuple[str, str], dict[int, float]] = {}
    plugins: dict[tuple[str, str], str] = {}
    notes: list[str] = []
    replaced = 0
    for file in files:
        run = "" if path in (file, file.parent) else file.parent.relative_to(path).as_posix()
        events, torn = _events(file)
        if torn:
            notes.append(f"{file.name} ends in the middle of an event, which is left out")
        for event in events:
            for one in event.summary.value:
                key = (run, one.tag)
                # Only the first event of a tag says what its tensors hold.
                plugin = plugins.setdefault(key, one.metadata.plugin_data.plugin_name)
                value = _scalar(one, plugin, file)
                if value is not None and one.tag and is_measurement(one.tag):
                    series = points.setdefault(key, {})
                    replaced += _rewind(series, event.step)
                    series[event.step] = value
    if replaced:
        notes.append(f"{replaced} points written before a restart are replaced by later ones")
    return Log(finished(_table(points, path)), path, FORMAT, tuple(notes))


def _table(points: dict[tuple[str, str], dict[int, float]], path: Path) -> pd.DataFrame:
    several = len({run for run, _ in points}) > 1
    tags: dict[tuple[str, str, str], str] = {}
    rows = []
    for (run, tag), series in points.items():
        task, metric = split_key(tag)
        other = tags.setdefault((run, task, metric), tag)
        if other != tag:
            raise LogError(
                f"{path}: the tags {other!r} and {tag!r} both measure {metric or 'a value'} of "
                f"{task!r}; keep the event files of one of them"
            )
        name = run or ("." if several else "")
        rows += [(name, step, task, metric, value) for step, value in series.items()]
    run, step, task, metric, value = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return make_table(run=run, step=step, task=task, metric=metric, value=value)


def _rewind(series: dict[int, float], step: int) -> int:
    """Forgets the points from `step` on, and counts them."""
    forgotten = 0
    while series and next(reversed(series)) >= step:
        series.popitem()
        forgotten += 1
    return forgotten


def _scalar(one: Any, plugin: str, file: Path) -> float | None:
    """The number of a summary, None where it holds an image, a histogram or a text."""
    held = one.WhichOneof("value")
    if held == "simple_value":
        return one.simple_value
    if held != "tensor" or plugin != "scalars":
        return None
    try:
        return float(_tensorboard("util.tensor_util").make_ndarray(one.tensor).reshape(()))
    except (TypeError, ValueError) as error:
        raise LogError(
            f"{file}, tag {one.tag!r} holds no plain number: {first_line(error)}; remove the tag"
        ) from error


def _events(file: Path) -> tuple[list[Any], bool]:
    """The events of a file, and whether it ends within one.

    TensorBoard's loader stops at damage as it does at the end, so the events are counted.
    """
    load = _tensorboard("backend.event_processing.event_file_loader").LegacyEventFileLoader
    damage = importlib.import_module("google.protobuf.message").DecodeError
    complete, torn = _frames(file)
    try:
        events = list(load(str(file)).Load())
    except (damage, OSError) as error:
        raise LogError(f"{file} is damaged: {first_line(error)}; copy it again") from error
    if len(events) < complete:
        raise LogError(
            f"{file} is damaged after its event {len(events)} of {complete}; copy it again"
        )
    if not events:
        raise LogError(f"{file} holds no complete event; copy it again")
    return events, torn


def _frames(file: Path) -> tuple[int, bool]:
    """How many whole records a file has, by their stated lengths, and whether more follows."""
    complete, position = 0, 0
    with readable(file), file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        while position < size:
            stream.seek(position)
            head = stream.read(8)
            # A record is a length of eight bytes, its checksum of four, an event, its checksum.
            position += 16 + int.from_bytes(head, "little")
            if len(head) < 8 or position > size:
                return complete, True
            complete += 1
    return complete, False


def _tensorboard(module: str) -> ModuleType:
    try:
        return importlib.import_module(f"tensorboard.{module}")
    except ImportError as error:
        raise LogError(
            "reading event files needs the package tensorboard: install skillphysics[logs]"
        ) from error
