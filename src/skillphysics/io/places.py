"""What the folders and files of a log are: runs, tasks, or splits of the data."""

from collections.abc import Mapping, Set
from typing import NamedTuple

from skillphysics.io.columns import BY_NAME, FOLDER, Columns
from skillphysics.measure.log import listed
from skillphysics.measure.names import is_split, shortened

# Names of runs lose only a shared path: the rest may be settings.
_NEVER = 10**6


class Place(NamedTuple):
    """What one folder or file holds: the run, and the task ("" if its keys name the tasks)."""

    run: str
    task: str


def sorted_out(
    places: Mapping[str, Set[str]], columns: Columns = BY_NAME
) -> tuple[dict[str, Place], list[str]]:
    """What each folder is, by its name and by what is measured in it, with notes.

    `train` and `validation` are splits. Folders below a split (`eval/copy`) are tasks, and so is
    the `val_acc_copy` that PyTorch's `add_scalars` creates for the tag `val_acc`. All others are
    runs, unless `columns` has the task or run "folder".

    Args:
        places: for each relative path ("." for the given folder) the keys in it.
        columns: the columns that were chosen.

    Example:
        >>> sorted_out({"train": {"loss"}, "val": {"loss"}})[0]
        {'train': Place(run='', task='train'), 'val': Place(run='', task='val')}
        >>> sorted_out({"seed1/acc_copy": {"acc"}, "seed1/acc_sort": {"acc"}})[0]["seed1/acc_sort"]
        Place(run='seed1', task='sort')
    """
    if columns.task == FOLDER:
        short = shortened([path for path in places if path != "."], most=0)
        return {path: Place("", short.get(path, "")) for path in places}, []
    if columns.run == FOLDER:
        return {path: Place("" if len(places) == 1 else path, "") for path in places}, []
    found = {path: _place(path, keys) for path, keys in places.items()}
    if len(found) == 1 and not next(iter(found.values())).task:
        return dict.fromkeys(found, Place("", "")), []
    runs = {place.run for place in found.values()}
    notes = []
    tasks = list(dict.fromkeys(place.task for place in found.values() if place.task))
    if tasks:
        notes.append(f"files or folders are read as tasks or splits: {listed(tasks)}")
    if len(runs) > 1:
        named = [run for run in runs if run]
        notes.append(
            f"files or folders are read as runs: {listed(sorted(named))}; if they are tasks, set "
            f"task='{FOLDER}'"
        )
        short = shortened([run or "." for run in runs], most=_NEVER)
        found = {path: Place(short[place.run or "."], place.task) for path, place in found.items()}
    return found, notes


def _place(path: str, keys: Set[str]) -> Place:
    parts = [] if path == "." else path.split("/")
    if not parts:
        return Place("", "")
    *before, last = parts
    if is_split(last):
        return Place("/".join(before), last)
    # PyTorch writes the tag `a/b` of a label `c` into the folder `a_b_c`.
    tags = {key.replace("/", "_") + "_" for key in keys}
    if len(tags) == 1 and last.startswith(tag := next(iter(tags))) and last != tag:
        return Place("/".join(before), last[len(tag) :])
    split = next((i for i, part in enumerate(before) if is_split(part)), None)
    if split is not None:
        return Place("/".join(parts[:split]), "/".join(parts[split:]))
    return Place(path, "")
