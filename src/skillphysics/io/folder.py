"""A folder of tables, JSON logs or text logs: one per run, one per skill, or parts of one log."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pandas as pd

from skillphysics.errors import LogError
from skillphysics.io import records, tables, text, wandb
from skillphysics.io.columns import BY_NAME, FOLDER, Columns
from skillphysics.io.parse import NoLogError, files_below
from skillphysics.io.places import Place, sorted_out
from skillphysics.measure.log import Log, categories, finished, listed, measured
from skillphysics.measure.names import shortened, split_key

FORMAT = "folder"

# The first of these that recognizes a file reads it.
_READERS: tuple[ModuleType, ...] = (wandb, tables, records, text)
# What training scripts write next to their logs.
_BESIDE = ("config", "args", "hparams", "all_results", "eval_results", "train_results", "summary")
_BESIDE += ("tokenizer", "vocab", "special_tokens", "generation", "added_tokens", "requirements")
_BESIDE += ("readme", "license", "package", "model", "preprocessor", "wandb-")


def detect(path: Path) -> bool:
    """Whether this is a folder with a file that a reader of files recognizes."""
    return path.is_dir() and bool(_files(path))


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The logs of all files below a folder, joined.

    Files that measure different things are parts of one log, for example one chart per skill.
    Files that measure the same are runs, or tasks or splits if their names or their folders say
    so.

    Raises:
        LogError: no file is a log, the axes of the files differ, or a file is damaged.
    """
    found = _files(path)
    if not found:
        raise LogError(f"{path} must hold tables, JSON logs or text logs")
    inner = replace(
        columns,
        run=None if columns.run == FOLDER else columns.run,
        task=None if columns.task == FOLDER else columns.task,
    )
    logs, others = _read_all(found, inner)
    axes = {log.axis: file for file, log in logs.items()}
    if len(axes) > 1:
        (axis, first), (other, second) = list(axes.items())[:2]
        raise LogError(
            f"the files of a log must count the same, got {axis} in {first} and {other} in "
            f"{second}; "
            "read them separately, or set step=… to a column of all of them"
        )
    places, notes = _places(path, logs, columns)
    log = _together(path, logs, places, notes)
    return replace(log, left_out={**others, **log.left_out})


def _read_all(
    found: Mapping[Path, ModuleType], columns: Columns
) -> tuple[dict[Path, Log], dict[str, str]]:
    """The logs among the files, and the other files."""
    logs: dict[Path, Log] = {}
    others: dict[Path, NoLogError] = {}
    for file, reader in found.items():
        try:
            logs[file] = reader.read(file, columns)
        except NoLogError as error:
            others[file] = error
    if not logs:
        raise next(iter(others.values()))
    return logs, {file.name: "not a training log" for file in others}


def _files(folder: Path) -> dict[Path, ModuleType]:
    found = {}
    # The folder of a tracker also holds the output of the script, and settings.
    local = {file.parent for file in files_below(folder, ".wandb")}
    for file in files_below(folder):
        if local.intersection(file.parents):
            continue
        if file.stem.lower().startswith(_BESIDE) or file.suffix == ".wandb":
            continue
        reader = next((one for one in _READERS if one.detect(file)), None)
        if reader is not None:
            found[file] = reader
    return found


def _places(
    folder: Path, logs: dict[Path, Log], columns: Columns
) -> tuple[dict[Path, Place], list[str]]:
    """Which run and task each file is."""
    if len(logs) == 1 and not {columns.task, columns.run} & {FOLDER}:
        return dict.fromkeys(logs, Place("", "")), []
    measures = {file: _series(log) for file, log in logs.items()}
    every = [one for found in measures.values() for one in found]
    names = _labels(folder, list(logs))
    if len(set(every)) == len(every) and not {columns.task, columns.run} & {FOLDER}:
        return dict.fromkeys(logs, Place("", "")), [
            f"the files are read as parts of one log: {listed(names.values())}"
        ]
    runs = {file: {run for run, _, _ in found if run} for file, found in measures.items()}
    named = set.union(*runs.values())
    keys = {names[file]: set(log.keys.values()) for file, log in logs.items()}
    if columns.run != FOLDER and named and all(found == named for found in runs.values()):
        # All files hold the same runs, so the files do not differ by run.
        columns = replace(columns, task=FOLDER)
    places, notes = sorted_out(keys, columns)
    if columns.task == FOLDER:
        notes = [f"the files are read as tasks: {listed(one.task for one in places.values())}"]
    return {file: places[names[file]] for file in logs}, notes


def _series(log: Log) -> set[tuple[str, str, str]]:
    columns = [log.table[name].astype(str) for name in ("run", "task", "metric")]
    return set(zip(*columns, strict=True))


def _labels(folder: Path, files: Sequence[Path]) -> dict[Path, str]:
    """Labels of files: relative paths without what all of them share."""
    paths = {file: file.relative_to(folder) for file in files}
    # metrics.csv in each of several folders.
    same = len({path.name for path in paths.values()}) == 1
    label = {f: (p.parent if same else p.with_suffix("")).as_posix() for f, p in paths.items()}
    if len(set(label.values())) < len(label):
        label = {file: path.as_posix() for file, path in paths.items()}
    short = shortened(list(label.values()))
    return {file: short[name] for file, name in label.items()}


def _together(
    folder: Path, logs: dict[Path, Log], places: dict[Path, Place], notes: Sequence[str]
) -> Log:
    parts = []
    left_out: dict[str, str] = {}
    for file, log in logs.items():
        run, task = places[file]
        table = log.table.astype({"run": object, "task": object, "metric": object})
        if run:
            inner = table["run"].map(lambda one, run=run: f"{run}/{one}" if one else run)
            table = table.assign(run=inner)
        pairs = list(zip(table["task"], table["metric"], strict=True))
        keys = {pair: _key(log, *pair) for pair in set(pairs)}
        table = table.assign(key=[keys[pair] for pair in pairs], outer=task)
        parts.append(table)
        for name, why in log.left_out.items():
            same = left_out.setdefault(name, why) == why
            left_out |= {} if same else {f"{file.name}: {name}": why}
    table = pd.concat(parts, ignore_index=True)
    inner_notes = dict.fromkeys(note for log in logs.values() for note in log.notes)
    first = next(iter(logs.values()))
    if all(not place.task for place in places.values()):
        return _stacked(folder, logs, table, [*notes, *inner_notes], left_out)
    return measured(
        folder,
        FORMAT,
        run=categories(list(table["run"])),
        step=table["step"].to_numpy(),
        key=categories(list(table["key"])),
        value=table["value"].to_numpy(),
        stderr=table["stderr"].to_numpy(),
        task=categories(list(table["outer"])),
        axis=first.axis,
        notes=[*notes, *inner_notes],
        left_out=left_out,
    )


def _key(log: Log, task: str, metric: str) -> str:
    """A key for task and metric: that of the file, if it names both."""
    key = log.keys.get((task, metric), "")
    return key if split_key(key) == (task, metric) else f"{task}/{metric}" if metric else task


def _stacked(
    folder: Path, logs: dict[Path, Log], table: pd.DataFrame, notes: list[str], gone: dict[str, str]
) -> Log:
    """Runs or parts whose tasks keep their names."""
    first = next(iter(logs.values()))
    keys = {pair: key for log in logs.values() for pair, key in log.keys.items()}
    names = {name: categories(list(table[name])) for name in ("run", "task", "metric")}
    whole = table[list(first.table.columns)].assign(**names)
    return Log(
        finished(whole),
        folder,
        FORMAT,
        first.axis,
        keys,
        tuple(notes),
        gone,
        tokens=_tokens(logs.values()),
    )


def _tokens(logs: Iterable[Log]) -> dict[float, float]:
    """The tokens at each step, if all logs agree."""
    found: dict[float, float] = {}
    for log in logs:
        for step, tokens in log.tokens.items():
            if found.setdefault(step, tokens) != tokens:
                return {}
    return found
