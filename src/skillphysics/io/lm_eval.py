"""Results of lm-evaluation-harness, one JSON file a checkpoint."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillphysics.errors import LogError
from skillphysics.io.kinds import kind
from skillphysics.io.log import Log, finished, listed, make_table
from skillphysics.io.parse import files_below, head, number, read_json, short

FORMAT = "lm-eval"

# 57 subjects of one benchmark, which older harnesses list beside whole benchmarks.
_FAMILIES = ("hendrycksTest-*",)
_NO_METRIC = ("alias", "name", " ", "sample_len", "sample_count")
# The count may not go on as 10k or 4B: that would be read as ten steps.
_STEP = re.compile(r"(?<![A-Za-z])(?:global_)?(?:step|checkpoint|ckpt)[-_=]?(\d+)(?![\dkKmMbB])")
_REVISION = re.compile(r"(?:^|,)\s*revision=([^,]*)")
_PRETRAINED = re.compile(r"(?:^|,)\s*(?:pretrained|model|path)=([^,]*)")
_BY_TIME = re.compile(r"results_\d{4}-\d\d-\d\dT.*\.json")


@dataclass(frozen=True)
class _Checkpoint:
    path: Path
    step: int
    model: str
    results: Mapping[str, Mapping[str, Any]]
    content: Mapping[str, Any]


def detect(path: Path) -> bool:
    """Whether this is a results file, or a folder that holds one."""
    if path.is_dir():
        return any(_is_results(file) for file in files_below(path, ".json"))
    return _is_results(path)


def read(path: Path) -> Log:
    """Results of one model at its checkpoints: a folder of files, or one file.

    The step of a file stands in its name, in the name of a folder it lies in, or in the
    `revision` of the model's arguments.

    Raises:
        LogError: a file is no JSON, tells no step or two, or two files tell of one checkpoint or
            of two models.
    """
    contents = {
        file: read_json(file) for file in (files_below(path, ".json") if path.is_dir() else [path])
    }
    others = [file.name for file, content in contents.items() if _results(content) is None]
    checkpoints = [
        _checkpoint(file, content, path)
        for file, content in contents.items()
        if _results(content) is not None
    ]
    if not checkpoints:
        raise LogError(f"{path} holds no results of lm-evaluation-harness (JSON with 'results')")
    _refuse_two_models(checkpoints)
    _refuse_overlap(checkpoints)
    rows = [row for checkpoint in checkpoints for row in _rows(checkpoint)]
    rows.sort(key=lambda row: row[1])
    step, task, metric, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    table = make_table(run=[""] * len(rows), step=step, task=task, metric=metric, value=value)
    table = finished(table)
    groups = _groups(checkpoints, set(task))
    members = {name for group in groups.values() for name in group}
    members |= {name for family in _FAMILIES for name in fnmatch.filter(set(task), family)}
    notes = [*_notes(checkpoints)]
    if others:
        notes.append(f"files that are no results are left out: {listed(others)}")
    return Log(table, path, FORMAT, tuple(notes), frozenset(members), groups)


def _is_results(path: Path) -> bool:
    start = head(path)
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"results"' in start


def _results(content: Any) -> Mapping[str, Any] | None:
    results = content.get("results") if isinstance(content, dict) else None
    if isinstance(results, dict) and all(isinstance(entry, dict) for entry in results.values()):
        return results
    return None


def _checkpoint(path: Path, content: Mapping[str, Any], root: Path) -> _Checkpoint:
    arguments = _arguments(content)
    results = dict(_results(content) or {})
    aggregates = content.get("groups")
    if isinstance(aggregates, dict):
        # Some versions list a group's mean only here.
        results |= {k: v for k, v in aggregates.items() if k not in results and isinstance(v, dict)}
    return _Checkpoint(path, _step(path, root, arguments), _model(content), results, content)


def _arguments(content: Mapping[str, Any]) -> str:
    """The model's arguments as `key=value,…`; newer harnesses keep them as a mapping."""
    config = content.get("config")
    arguments = config.get("model_args") if isinstance(config, dict) else None
    if isinstance(arguments, dict):
        return ",".join(f"{key}={value}" for key, value in arguments.items())
    return arguments if isinstance(arguments, str) else ""


def _model(content: Mapping[str, Any]) -> str:
    """The model evaluated, without what tells its checkpoint; "" where the file does not say."""
    found = _PRETRAINED.search(_arguments(content))
    return _STEP.sub("", found[1]) if found else ""


def _step(path: Path, root: Path, arguments: str) -> int:
    folders = path.relative_to(root).parts[:-1] if path != root else ()
    told = {f"the name {part!r}": part for part in (path.name, *folders) if _STEP.search(part)}
    if not told:
        # The folder that was asked for may itself be that of one checkpoint.
        name = root.name if path != root else path.resolve().parent.name
        told = {f"the folder {name!r}": name} if _STEP.search(name) else {}
    for pattern, what in ((_REVISION, "revision"), (_PRETRAINED, "model path")):
        found = pattern.search(arguments)
        if found and _STEP.search(found[1]):
            told[f"the {what} {found[1]!r}"] = found[1]
    steps = {where: int(one) for where, text in told.items() for one in _STEP.findall(text)}
    if not steps:
        raise LogError(
            f"{path} tells no step; rename it so that it contains step<N>, for example "
            f"{path.stem}_step1000.json"
        )
    if len({int(one) for text in told.values() for one in _STEP.findall(text)}) > 1:
        said = " and ".join(f"step {step} by {where}" for where, step in steps.items())
        raise LogError(f"{path} contradicts itself: {said}; rename the file or mend its revision")
    return next(iter(steps.values()))


def _refuse_two_models(checkpoints: Sequence[_Checkpoint]) -> None:
    named: dict[str, Path] = {}
    for one in checkpoints:
        if one.model:
            named.setdefault(one.model, one.path)
    if len(named) > 1:
        (model, path), (other, second) = list(named.items())[:2]
        raise LogError(
            f"{path} is of model {model!r} and {second} of {other!r}; keep one folder a model and "
            "read each by itself"
        )


def _refuse_overlap(checkpoints: Sequence[_Checkpoint]) -> None:
    """Refuses two files of one checkpoint, unless a later run of the harness added other tasks."""
    seen: dict[int, list[_Checkpoint]] = {}
    for one in checkpoints:
        for other in seen.setdefault(one.step, []):
            shared = sorted(set(one.results) & set(other.results))
            added = _BY_TIME.fullmatch(one.path.name) and _BY_TIME.fullmatch(other.path.name)
            if shared or not added:
                also = f" (both measure {listed(shared)})" if shared else ""
                raise LogError(
                    f"{other.path} and {one.path} are both of step {one.step}{also}; keep one of "
                    "them"
                )
        seen[one.step].append(one)


def _rows(one: _Checkpoint) -> list[tuple[int, str, str, float]]:
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
    """Groups with a mean of their own, and the measured tasks below each, at any depth."""
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
        # A mere tag, such as ai2_arc, has no mean: its tasks stand for themselves.
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
            f"{len(limited)} files measure only part of each task (limit {short(limits[first])} in "
            f"{first}): their levels are rough"
        )
    shots = {repr(_config(one, "num_fewshot")) for one in checkpoints}
    if len(shots) > 1:
        notes.append(f"the files differ in their number of examples shown: {listed(sorted(shots))}")
    return notes


def _config(one: _Checkpoint, key: str) -> Any:
    config = one.content.get("config")
    return config.get(key) if isinstance(config, dict) else None
