"""Steps in the names of checkpoints: `checkpoint-500`, `iter_0001000`, `ep0-ba1000`, `chck_1M`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillphysics.errors import LogError
from skillphysics.measure.log import listed

# Not followed by a unit: 10k would be read as ten steps.
CHECKPOINT = re.compile(
    r"(?<![A-Za-z])(?:global_)?(?:step|checkpoint|ckpt|iter|iteration)[-_=]?(\d+)(?![\dkKmMbB])"
)

_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)([kKmMbBtT]?)(?![A-Za-z\d])")
# What a number counts, by the word before it.
_STEPS = re.compile(
    r"(?:^|[^a-z])(?:(?:global_?)?steps?|iter|iteration|it|ba|batch|checkpoint|ckpt|update)s?[-_=]?$"
)
_WORDS = (
    ("tokens", re.compile(r"(?:^|[^a-z])(?:tokens?|tok)[-_=]?$")),
    ("epochs", re.compile(r"(?:^|[^a-z])(?:epochs?|ep)[-_=]?$")),
    # BabyLM names checkpoints by the number of words read.
    ("words", re.compile(r"(?:^|[^a-z])(?:chck|words?)[-_=]?$")),
)


# Numbers that distinguish other things than checkpoints.
_OTHERS = re.compile(
    r"(?:^|[^a-z])(?:seeds?|runs?|rank|layers?|width|depth|dim|heads?|trial|version|v|gpu|shots?|fold"
    r"|exp|size|model|lr|bs)[-_=]?$"
)


@dataclass(frozen=True)
class Counted:
    """The count in the name of each file, what it counts, and notes."""

    values: Mapping[Path, float]
    axis: str = "steps"
    notes: tuple[str, ...] = ()


def step_in(text: str) -> float | None:
    """The step in the name of a checkpoint, or None.

    Example:
        >>> step_in("out/checkpoint-500"), step_in("2k"), step_in("final")
        (500.0, 2000.0, None)
    """
    found = CHECKPOINT.search(text)
    if found is not None:
        return float(found[1])
    bare = _NUMBER.fullmatch(text.strip())
    return _value(bare) if bare is not None else None


def counted(names: Mapping[Path, str]) -> Counted:
    """The counts of files: the only number in which their names differ.

    Args:
        names: for each file, its name and those of its folders.

    Raises:
        LogError: the names differ in no number, or in several of which none is named as a step.

    Example:
        >>> found = counted({Path(n): n for n in ("iter_0001000", "iter_0002000")})
        >>> list(found.values.values()), found.axis
        ([1000.0, 2000.0], 'steps')
    """
    first = next(iter(names))
    if len({_NUMBER.sub("#", name) for name in names.values()}) > 1 or len(names) < 2:
        raise LogError(
            f"{first} has no step in its name; rename it to contain step<N>, for example "
            f"{first.stem}_step1000{first.suffix}"
        )
    found = {file: list(_NUMBER.finditer(name)) for file, name in names.items()}
    places = range(len(found[first]))
    differ = [i for i in places if len({_value(numbers[i]) for numbers in found.values()}) > 1]
    before = {i: names[first][: found[first][i].start()].lower() for i in differ}
    named = [i for i in differ if _STEPS.search(before[i])]
    axes = {i: _axis(before[i], names[first][found[first][i].end() :].lower()) for i in differ}
    if not named:
        # 7B alone is the size of a model, seed1 is a run, and wd2 is a setting.
        differ = [i for i in differ if axes[i] or _could_be_steps(before[i], found.values(), i)]
    if len(differ) != 1 and len(named) != 1:
        raise LogError(
            f"the names of {first} and the files next to it must differ in a single number that "
            "can "
            f"be a step, got {listed(names.values())}; rename them to contain step<N>"
        )
    place = named[0] if named else differ[0]
    axis = "steps" if named else axes[place] or "steps"
    values = {file: _value(numbers[place]) for file, numbers in found.items()}
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    note = (
        f"{axis} are read from the names of the files, from {found[low][place][0]} in "
        f"{names[low]} to {found[high][place][0]}"
    )
    return Counted(values, axis, (note,))


def _could_be_steps(before: str, found: Iterable[Sequence[re.Match[str]]], place: int) -> bool:
    """Whether a number that no word describes may be a step."""
    named_otherwise = _OTHERS.search(before) is not None or before[-1:].isalpha()
    return not named_otherwise and not any(numbers[place][2] for numbers in found)


def _axis(before: str, after: str) -> str | None:
    """What a number counts, by the words around it; or None."""
    follows = re.match(r"[-_.]?(tokens|epochs|words)(?![a-z])", after)
    return next(
        (axis for axis, word in _WORDS if word.search(before)), follows[1] if follows else None
    )


def without_count(name: str, count: float) -> str:
    """The path of a model, with the numbers of the part that holds its count replaced.

    Example:
        >>> without_count("runs/step1000-tokens4B", 1000)
        'runs/step#-tokens#'
        >>> without_count("EleutherAI/pythia-70m", 1000)
        'EleutherAI/pythia-70m'
    """
    parts = name.split("/")
    for i in reversed(range(len(parts))):
        if any(_value(found) == count for found in _NUMBER.finditer(parts[i])):
            return "/".join([*parts[:i], _NUMBER.sub("#", parts[i]), *parts[i + 1 :]])
    return name


def _value(number: re.Match[str]) -> float:
    return float(number[1]) * _UNITS[number[2].lower()]
