"""The `trainer_state.json` of the Hugging Face Trainer."""

from pathlib import Path

from skillphysics.errors import LogError
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import head, number, read_json, step_number
from skillphysics.io.records import from_records
from skillphysics.measure.log import Log
from skillphysics.measure.names import parse_key

FORMAT = "trainer"

_NAME = "trainer_state.json"


def detect(path: Path) -> bool:
    """Whether this is a `trainer_state.json`, or a folder with one or with checkpoints."""
    if path.is_dir():
        return bool(_states(path))
    return path.name == _NAME or b'"log_history"' in head(path)


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The history of one training run.

    In a folder of checkpoints, the one with the largest step is read: its history contains the
    others'.

    Raises:
        LogError: the file is not JSON, has no history, or a row has no step.
    """
    file = _latest(path) if path.is_dir() else path
    content = read_json(file)
    history = content.get("log_history") if isinstance(content, dict) else None
    if not isinstance(history, list):
        raise LogError(f"{file} must have a list 'log_history'; give the path of a {_NAME}")
    for index, row in enumerate(history):
        where = f"{file}: log_history[{index}]"
        if not isinstance(row, dict) or "step" not in row:
            raise LogError(f"{where} must have a 'step'; add it or remove the row")
        step_number(row["step"], f"{where}['step']")
        for key, value in row.items():
            if parse_key(key).metric:
                number(value, f"{where}[{key!r}]")
    return from_records(file, FORMAT, list(enumerate(history)), columns)


def _states(folder: Path) -> dict[Path, int]:
    """The state files of a folder with the steps in their names, −1 for the folder's own."""
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
        raise LogError(f"{folder} must hold {_NAME} or checkpoint-<N>/{_NAME}")
    latest = max(states, key=lambda file: states[file])
    own = folder / _NAME
    if own not in states or latest == own:
        return latest
    # The folder's own file is written at the end of training, but may be from an earlier attempt.
    content = read_json(own)
    step = content.get("global_step") if isinstance(content, dict) else None
    return own if isinstance(step, int) and step >= states[latest] else latest
