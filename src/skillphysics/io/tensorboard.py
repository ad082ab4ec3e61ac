"""Event files of TensorBoard: all points of all scalars."""

import importlib
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from skillphysics.errors import LogError
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import files_below, first_line, head, readable
from skillphysics.io.places import sorted_out
from skillphysics.measure.log import Log, categories, measured
from skillphysics.measure.names import is_measurement

FORMAT = "tensorboard"

_MARK = "tfevents"
# SessionLog.START marks the start or restart of a training.
_START = 1
_BEGUN = re.compile(r"tfevents\.(\d+)")


def detect(path: Path) -> bool:
    """Whether this is an event file, or a folder that holds one at any depth."""
    if path.is_dir():
        return next(files_below(path, inside=_MARK), None) is not None
    return _MARK in path.name


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The scalars of an event file, or of every folder with event files below `path`.

    `places.sorted_out` decides which folders are runs, tasks or splits. Points keep the order in
    which they were written. When a training restarts at a marked step, earlier points from that
    step on are dropped, as in TensorBoard. Other repeated steps are handled as in all logs.

    Raises:
        LogError: the package tensorboard is missing, or a file is damaged before its end.
    """
    columns.allow(FORMAT, "task", "run")
    files = list(files_below(path, inside=_MARK)) if path.is_dir() else [path]
    if not files:
        raise LogError(f"{path} must hold event files (events.out.tfevents.…)")
    points: dict[tuple[str, str], list[tuple[int, float]]] = {}
    plugins: dict[tuple[str, str], str] = {}
    notes: list[str] = []
    gone: dict[str, str] = {}
    replaced = 0
    for file in sorted(files, key=_age):
        # Profilers, and writers that were never used, leave such files.
        if file != path and not head(file):
            gone[file.name] = "an empty file"
            continue
        place = "." if path == file else file.parent.relative_to(path).as_posix()
        events, torn = _events(file)
        if torn:
            notes.append(f"{file.name} ends in the middle of an event, which is ignored")
        for event in events:
            if event.HasField("session_log") and event.session_log.status == _START:
                replaced += _rewind(points, place, event.step)
            for one in event.summary.value:
                key = (place, one.tag)
                # Only the first event of a tag describes its tensors.
                plugin = plugins.setdefault(key, one.metadata.plugin_data.plugin_name)
                value = _scalar(one, plugin, file)
                if value is None or not one.tag:
                    continue
                if is_measurement(one.tag):
                    points.setdefault(key, []).append((event.step, value))
                else:
                    gone[one.tag] = "a clock, a setting, a speed or a counter"
    if replaced:
        notes.append(f"{replaced} points from before a restart are dropped")
    return _log(points, path, columns, notes, gone)


def _age(file: Path) -> tuple[str, str]:
    """Sorts the files of a folder by the time in their names, at which they were begun."""
    begun = _BEGUN.search(file.name)
    return file.parent.as_posix(), f"{int(begun[1]):020d}{file.name}" if begun else file.name


def _rewind(points: dict[tuple[str, str], list[tuple[int, float]]], place: str, step: int) -> int:
    """Drop the points of a place from `step` on, and return how many."""
    forgotten = 0
    for (where, _), series in points.items():
        if where == place:
            kept = [point for point in series if point[0] < step]
            forgotten += len(series) - len(kept)
            series[:] = kept
    return forgotten


def _log(
    points: dict[tuple[str, str], list[tuple[int, float]]],
    path: Path,
    columns: Columns,
    notes: list[str],
    gone: dict[str, str],
) -> Log:
    axis = _axis(points, gone)
    held: dict[str, set[str]] = {}
    for place, tag in points:
        held.setdefault(place, set()).add(tag)
    places, more = sorted_out(held, columns)
    count = [len(series) for series in points.values()]
    flat = [point for series in points.values() for point in series]

    def each(labels: list[str]) -> pd.Categorical:
        whole = categories(labels)
        return pd.Categorical.from_codes(np.repeat(whole.codes, count), whole.categories)

    return measured(
        path,
        FORMAT,
        run=each([places[place].run for place, _ in points]),
        step=np.array([step for step, _ in flat], dtype=np.int64),
        key=each([tag for _, tag in points]),
        value=np.array([value for _, value in flat], dtype=np.float64),
        task=each([places[place].task for place, _ in points]),
        axis=axis,
        notes=[*notes, *more],
        left_out=gone,
    )


def _axis(points: dict[tuple[str, str], list[tuple[int, float]]], gone: dict[str, str]) -> str:
    """What the steps count: Keras logs tags `epoch_…` at epochs and others at batches."""
    by_epoch = {key for key in points if key[1].rpartition("/")[2].startswith("epoch_")}
    if not by_epoch:
        return "steps"
    for key in set(points) - by_epoch:
        gone[key[1]] = "logged over steps, while tags 'epoch_…' are logged over epochs"
        del points[key]
    return "epochs"


def _scalar(one: Any, plugin: str, file: Path) -> float | None:
    """The number in a summary; None for images, histograms and text."""
    held = one.WhichOneof("value")
    if held == "simple_value":
        return one.simple_value
    if held != "tensor" or plugin != "scalars":
        return None
    try:
        return float(_tensorboard("util.tensor_util").make_ndarray(one.tensor).reshape(()))
    except (TypeError, ValueError) as error:
        raise LogError(
            f"{file}, tag {one.tag!r} must hold single numbers: {first_line(error)}; remove the tag"
        ) from error


def _events(file: Path) -> tuple[list[Any], bool]:
    """The events of a file, and whether it ends in the middle of one.

    TensorBoard's loader stops at damage as if the file ended there, so the events are counted.
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
        raise LogError(f"{file} must hold a complete event; copy it again")
    return events, torn


def _frames(file: Path) -> tuple[int, bool]:
    """How many complete records a file has, and whether an incomplete one follows."""
    complete, position = 0, 0
    with readable(file), file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        while position < size:
            stream.seek(position)
            length = stream.read(8)
            # A record is a length (8 bytes), its checksum (4), an event, and its checksum (4).
            position += 16 + int.from_bytes(length, "little")
            if len(length) < 8 or position > size:
                return complete, True
            complete += 1
    return complete, False


def _tensorboard(module: str) -> ModuleType:
    try:
        return importlib.import_module(f"tensorboard.{module}")
    except ImportError as error:
        raise LogError(
            "event files need the package tensorboard; install skillphysics[logs]"
        ) from error
