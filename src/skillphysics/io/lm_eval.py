"""Results of lm-evaluation-harness and lighteval, one JSON file per checkpoint or one for all."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skillphysics.errors import LogError
from skillphysics.io import records
from skillphysics.io.checkpoints import CHECKPOINT, Counted, counted, step_in, without_count
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.parse import files_below, head, is_json_lines, number, read_json, short
from skillphysics.measure.log import Log, finished, later, listed, make_table, rows_where
from skillphysics.measure.metrics import kind
from skillphysics.measure.names import axis_of

FORMAT = "lm-eval"

# 57 subjects of one benchmark, which older harnesses list next to whole benchmarks.
_FAMILIES = ("hendrycksTest-*",)
_NO_METRIC = ("alias", "name", " ", "sample_len", "sample_count")
_REVISION = re.compile(r"(?:^|,)\s*revision=([^,]*)")
_PRETRAINED = re.compile(r"(?:^|,)\s*(?:pretrained|model|path)=([^,]*)")
_RESULTS = re.compile(rb'"results"\s*:\s*\{')
_BY_TIME = re.compile(r"results_\d{4}-\d\d-\d\dT.*\.json")
# lighteval writes the suite before a task and the number of examples behind it, and a mean.
_LIGHTEVAL = re.compile(r"[a-z_]+\|(?P<task>[^|]+)(?P<shots>\|\d+)?(?:\|\d+)?")
_MEAN_OF_ALL = "all"


@dataclass(frozen=True)
class _Checkpoint:
    path: Path
    step: float
    model: str
    results: Mapping[str, Mapping[str, Any]]
    content: Mapping[str, Any]


def detect(path: Path) -> bool:
    """Whether this is a results file, or a folder that holds one."""
    if path.is_dir():
        return any(_is_results(file) for file in files_below(path, ".json"))
    return _is_results(path)


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """Results of one model at its checkpoints: a folder of files, or one file.

    The step of a file is taken from its name, from the name of a folder around it, or from the
    `revision` of the model's arguments. If no name contains `step`, it is the only number in which
    the names differ. One file may also hold all checkpoints, with lists along `checkpoints` or
    `steps`.

    Raises:
        LogError: a file is not JSON, its step is unknown or ambiguous, or two files belong to the
            same checkpoint or to different models.
    """
    columns.allow(FORMAT)
    contents = {
        file: read_json(file) for file in (files_below(path, ".json") if path.is_dir() else [path])
    }
    results = {file: one for file, one in contents.items() if _results(one) is not None}
    others = {file.name: "no results" for file in contents if file not in results}
    if not results:
        raise LogError(
            f"{path} must hold results of lm-evaluation-harness, which are JSON with 'results'"
        )
    if len(results) == 1:
        file, content = next(iter(results.items()))
        if _axis(content) is not None:
            return replace(_through_training(file, content), left_out=others)
        by_step = {name: step_in(name) for name in _results(content) or {}}
        if by_step and None not in by_step.values():
            return replace(records.read(file), format=FORMAT, left_out=others)
    steps = _steps(path, results)
    checkpoints = [
        _checkpoint(file, content, steps.values[file]) for file, content in results.items()
    ]
    _refuse_two_models(checkpoints)
    _refuse_overlap(checkpoints)
    # In the order of evaluation: the later of two results of a checkpoint counts.
    checkpoints.sort(key=lambda one: one.path.name)
    rows = [row for checkpoint in checkpoints for row in _rows(checkpoint)]
    rows.sort(key=lambda row: (row[1], row[0]))
    step, task, metric, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    table = make_table(run=[""] * len(rows), step=step, task=task, metric=metric, value=value)
    table, repeated = later(rows_where(table, table["value"].notna().to_numpy()))
    groups = _groups(checkpoints, set(task))
    members = {name for group in groups.values() for name in group}
    members |= {name for family in _FAMILIES for name in fnmatch.filter(set(task), family)}
    return Log(
        finished(table),
        path,
        FORMAT,
        steps.axis,
        notes=(*steps.notes, *_notes(checkpoints), *repeated),
        left_out=others,
        members=frozenset(members),
        groups=groups,
    )


def _is_results(path: Path) -> bool:
    if path.suffix == ".jsonl" or is_json_lines(path):
        return False
    start = head(path)
    is_object = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return is_object and _RESULTS.search(start) is not None


def _results(content: Any) -> Mapping[str, Any] | None:
    results = content.get("results") if isinstance(content, dict) else None
    if isinstance(results, dict) and all(isinstance(entry, dict) for entry in results.values()):
        return results
    return None


def _checkpoint(path: Path, content: Mapping[str, Any], step: float) -> _Checkpoint:
    results = dict(_results(content) or {})
    aggregates = content.get("groups")
    if isinstance(aggregates, dict):
        # Some versions list a group's mean only here.
        results |= {k: v for k, v in aggregates.items() if k not in results and isinstance(v, dict)}
    if "config_general" in content:
        results = _without_suite(results)
    return _Checkpoint(path, step, _model(content), results, content)


def _without_suite(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Results of lighteval by the plain names of their tasks, if these are distinct."""
    named = {}
    for name in results:
        found = _LIGHTEVAL.fullmatch(name)
        named[name] = found["task"] if found else name
    short = list(named.values())
    return {
        (named[name] if short.count(named[name]) == 1 else name): values
        for name, values in results.items()
        if name != _MEAN_OF_ALL
    }


def _arguments(content: Mapping[str, Any]) -> str:
    """The arguments of the model as `key=value,…`; newer harnesses store a mapping."""
    config = content.get("config")
    arguments = config.get("model_args") if isinstance(config, dict) else None
    general = content.get("config_general")
    if arguments is None and isinstance(general, dict):
        inner = general.get("model_config")
        inner = inner if isinstance(inner, dict) else {}
        name = general.get("model_name", inner.get("model_name", inner.get("pretrained", "")))
        arguments = {"pretrained": name, "revision": inner.get("revision", "main")}
    if isinstance(arguments, dict):
        return ",".join(f"{key}={value}" for key, value in arguments.items())
    return arguments if isinstance(arguments, str) else ""


def _model(content: Mapping[str, Any]) -> str:
    """The name of the model, "" if the file does not have it."""
    found = _PRETRAINED.search(_arguments(content))
    return found[1] if found else ""


def _steps(root: Path, results: Mapping[Path, Mapping[str, Any]]) -> Counted:
    """The step of each file, from words in names or from the only number that differs."""
    said = {file: _said(file, root, _arguments(content)) for file, content in results.items()}
    if all(said.values()):
        return Counted({file: float(step) for file, step in said.items() if step is not None})
    if any(step is not None for step in said.values()):
        file = next(file for file, step in said.items() if step is None)
        raise LogError(
            f"{file} has no step in its name, unlike other files; rename it to contain step<N>"
        )
    names = {}
    for file in results:
        parts = file.relative_to(root).parts if file != root else (file.name,)
        # The time of an evaluation is not a step.
        by_time = _BY_TIME.fullmatch(parts[-1]) is not None
        names[file] = "/".join(parts[:-1] if by_time else (*parts[:-1], file.stem))
    return counted(names)


def _said(path: Path, root: Path, arguments: str) -> str | None:
    folders = path.relative_to(root).parts[:-1] if path != root else ()
    found = {f"the name {p!r}": p for p in (path.name, *folders) if CHECKPOINT.search(p)}
    if not found:
        # The given folder may itself be that of one checkpoint.
        name = root.name if path != root else path.resolve().parent.name
        found = {f"the folder {name!r}": name} if CHECKPOINT.search(name) else {}
    for pattern, what in ((_REVISION, "revision"), (_PRETRAINED, "model path")):
        one = pattern.search(arguments)
        if one and CHECKPOINT.search(one[1]):
            found[f"the {what} {one[1]!r}"] = one[1]
    steps = {where: one for where, text in found.items() for one in CHECKPOINT.findall(text)}
    if len({int(one) for text in found.values() for one in CHECKPOINT.findall(text)}) > 1:
        listed_ = " and ".join(f"{int(step)} in {where}" for where, step in steps.items())
        raise LogError(
            f"{path} has more than one step: {listed_}; rename the file or correct its revision"
        )
    return next(iter(steps.values()), None)


def _axis(content: Mapping[str, Any]) -> str | None:
    """The key of the checkpoints along which a file has lists, or None."""
    lists = {key for key, value in content.items() if isinstance(value, list) and value}
    by_axis = {axis_of(key): key for key in lists}
    return next(
        (key for key in ("checkpoints", "checkpoint", "revisions") if key in lists),
        by_axis.get("steps") or by_axis.get("tokens") or by_axis.get("epochs"),
    )


def _through_training(path: Path, content: Mapping[str, Any]) -> Log:
    """The results of a file with one list per metric along its checkpoints."""
    key = str(_axis(content))
    names = [str(one) for one in content[key]]
    steps = [step_in(str(one)) for one in content[key]]
    if None in steps:
        raise LogError(
            f"{path}: {key!r} must hold steps, got {short(names[steps.index(None)])}; write it "
            "with "
            "its number"
        )
    rows = []
    for task, entry in (_results(content) or {}).items():
        for name, values in entry.items():
            where = f"{path}: results[{task!r}][{name!r}]"
            if not isinstance(values, list):
                continue
            if len(values) != len(steps):
                raise LogError(
                    f"{where} must have {len(steps)} values, one per entry of {key!r}, got "
                    f"{len(values)}"
                )
            if kind(_metric(name).removesuffix("_stderr")) is None and not _are_numbers(values):
                continue
            rows += [
                (step, task, _metric(name), number(value, where))
                for step, value in zip(steps, values, strict=True)
            ]
    step, task, metric, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    table = make_table(run=[""] * len(rows), step=step, task=task, metric=metric, value=value)
    table, notes = later(table)
    return Log(finished(table), path, FORMAT, axis_of(key) or "steps", notes=tuple(notes))


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in values)


def _refuse_two_models(checkpoints: Sequence[_Checkpoint]) -> None:
    named: dict[str, tuple[str, Path]] = {}
    for one in checkpoints:
        if one.model:
            named.setdefault(without_count(one.model, one.step), (one.model, one.path))
    if len(named) > 1:
        (model, path), (other, second) = list(named.values())[:2]
        raise LogError(
            f"the files must be of one model, got {model!r} in {path} and {other!r} in {second}; "
            "move each model to its own folder"
        )


def _refuse_overlap(checkpoints: Sequence[_Checkpoint]) -> None:
    """Refuse two files of one checkpoint, unless their names tell which is newer."""
    seen: dict[float, list[_Checkpoint]] = {}
    for one in checkpoints:
        for other in seen.setdefault(one.step, []):
            if not (_BY_TIME.fullmatch(one.path.name) and _BY_TIME.fullmatch(other.path.name)):
                raise LogError(
                    f"{other.path} and {one.path} both have step {one.step:g}; remove one of them"
                )
        seen[one.step].append(one)


def _rows(one: _Checkpoint) -> list[tuple[float, str, str, float]]:
    rows = []
    for task in sorted(one.results):
        for key, value in one.results[task].items():
            metric = _metric(key)
            if key in _NO_METRIC or value == "N/A":
                continue
            if not isinstance(value, int | float) and kind(metric.removesuffix("_stderr")) is None:
                continue
            if not isinstance(value, float):
                value = number(value, f"{one.path}: results[{task!r}][{key!r}]")
            rows.append((one.step, task, metric, value))
    return rows


def _metric(key: str) -> str:
    """`acc_stderr,none` as `acc_stderr`, and `acc_stderr,strict` as `acc,strict_stderr`."""
    name, _, choice = key.partition(",")
    if choice in ("", "none"):
        return name
    if name.endswith("_stderr"):
        return f"{name.removesuffix('_stderr')},{choice}_stderr"
    return key


def _groups(checkpoints: Sequence[_Checkpoint], measured: set[str]) -> dict[str, frozenset[str]]:
    """Groups whose mean is measured, and the measured tasks below each at any depth."""
    below: dict[str, set[str]] = {}
    for one in checkpoints:
        subtasks = one.content.get("group_subtasks")
        for group, names in subtasks.items() if isinstance(subtasks, dict) else ():
            if isinstance(names, list):
                below.setdefault(group, set()).update(str(name) for name in names)
    groups: dict[str, frozenset[str]] = {}
    for group in below:
        found: set[str] = set()
        ahead = [group]
        while ahead:
            fresh = below.get(ahead.pop(), set()) - found
            found |= fresh
            ahead.extend(fresh)
        members = frozenset((found & measured) - {group})
        # A tag like ai2_arc has no mean: its tasks are read one by one.
        if members and group in measured:
            groups[group] = members
    return groups


def _notes(checkpoints: Sequence[_Checkpoint]) -> list[str]:
    notes = []
    limits = {one.path.name: _config(one, "limit") for one in checkpoints}
    limited = [name for name, limit in limits.items() if limit not in (None, "None")]
    if limited:
        first = limited[0]
        notes.append(
            f"{len(limited)} files use only part of each task (limit {short(limits[first])} in "
            f"{first}): their levels are inaccurate"
        )
    shots = {repr(_config(one, "num_fewshot")) for one in checkpoints}
    if len(shots) > 1:
        notes.append(f"the files differ in num_fewshot: {listed(sorted(shots))}")
    return notes


def _config(one: _Checkpoint, key: str) -> Any:
    config = one.content.get("config")
    return config.get(key) if isinstance(config, dict) else None
