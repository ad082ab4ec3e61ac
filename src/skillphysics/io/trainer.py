"""The `trainer_state.json` of the Hugging Face Trainer."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skillphysics.errors import LogError
from skillphysics.io.kinds import is_measurement, kind, split_key
from skillphysics.io.log import Log, finished, listed, make_table
from skillphysics.io.parse import head, number, read_json, step_number

FORMAT = "trainer"

_NAME = "trainer_state.json"
# `train_loss` is the mean over the whole run, written once at its end.
_SUMMARIES = ("step", "train_loss", "num_input_tokens_seen", "total_flos")


def detect(path: Path) -> bool:
    """Whether this is a `trainer_state.json`, or a folder with one or with checkpoints."""
    if path.is_dir():
        return bool(_states(path))
    return path.name == _NAME or b'"log_history"' in head(path)


def read(path: Path) -> Log:
    """The history of one training run.

    Of a folder of checkpoints, the one with the largest step, whose history holds the others'.

    Raises:
        LogError: the file is no JSON, has no history, or a row has no step.
    """
    file = _latest(path) if path.is_dir() else path
    content = read_json(file)
    history = content.get("log_history") if isinstance(content, dict) else None
    if not isinstance(history, list):
        raise LogError(f"{file} has no list 'log_history'; a {_NAME} of the Trainer is wanted")
    cells: dict[tuple[float, str, str], float] = {}
    again: dict[str, float] = {}
    for index, row in enumerate(history):
        where = f"{file}: log_history[{index}]"
        if not isinstance(row, dict) or "step" not in row:
            raise LogError(f"{where} has no 'step'; add it or remove the row")
        step = step_number(row["step"], f"{where}['step']")
        for key, value in _measurements(row, where).items():
            place = (step, *split_key(key))
            kept = cells.setdefault(place, value)
            # Evaluating once more after training may load another checkpoint at the last step.
            if kept != value and not (math.isnan(kept) and math.isnan(value)):
                again[key] = step
    steps, tasks, metrics = zip(*cells, strict=True) if cells else ((), (), ())
    table = make_table(
        run=[""] * len(cells), step=steps, task=tasks, metric=metrics, value=list(cells.values())
    )
    notes = ()
    if again:
        notes = (
            f"measured twice at one step with two results, of which the first is kept: "
            f"{listed(f'{key} at step {step:g}' for key, step in again.items())}",
        )
    return Log(finished(table), path, FORMAT, notes)


def _states(folder: Path) -> dict[Path, int]:
    """The state files of a folder and the step that each name tells; −1 for the folder's own."""
    found = {}
    if (folder / _NAME).is_file():
        found[folder / _NAME] = -1
    for file in sorted(folder.glob(f"checkpoint-*/{_NAME}")):
        step = file.parent.name.removeprefix("checkpoint-")
        if step.isascii() and step.isdigit():
            found[file] = int(step)
    return found


def _latest(folder: Path) -> Path:
    states = _states(folder)
    if not states:
        raise LogError(f"{folder} has neither {_NAME} nor checkpoint-<N>/{_NAME}; one is wanted")
    latest = max(states, key=lambda file: states[file])
    own = folder / _NAME
    if own not in states or latest == own:
        return latest
    # The folder's own file is written at the end of training, but may be of an earlier attempt.
    content = read_json(own)
    step = content.get("global_step") if isinstance(content, dict) else None
    return own if isinstance(step, int) and step >= states[latest] else latest


def _measurements(row: Mapping[str, Any], where: str) -> dict[str, float]:
    found = {}
    for key, value in row.items():
        if key in _SUMMARIES or not key or not is_measurement(key):
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number or kind(split_key(key)[1]) is not None:
            found[key] = number(value, f"{where}[{key!r}]")
    return found
