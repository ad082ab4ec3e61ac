"""The names of columns: what they count, and how keys are split into tasks and metrics."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from skillphysics.measure.metrics import CAMEL, METRICS, STDERR, family, metric_of, normal

_LONGEST = max(name.count("_") for name in METRICS) + 1
# Metrics only if they are the whole name, because skills have such names too.
_ALONE = {"level", "map", "recall", "precision", "error", "err", "ce", "em", "soft", "dice", "mse"}
_OF_TRAINING = ("loss", "nll", "cross_entropy", "bpb")
_AFTER_A_TASK = _ALONE - {"level"}

_SPLITS = ("eval", "evaluation", "test", "val", "valid", "validation", "dev", "train", "training")
# Folders and prefixes that only group evaluations.
_NAMESPACE = re.compile(
    r"(?:eval|evals|evaluation|downstream(?:_[a-z_]+)?|metrics?|benchmarks?|harness|icl|"
    r"lm[_-]eval(?:[_-]harness)?|lighteval|results?|logs?|scores?|checkpoints?)/"
)
_NAMESPACE_WORD = re.compile(r"(?:eval|downstream|lm_eval)[_.]", re.IGNORECASE)

# Words that mark settings and clocks anywhere in a name.
_SETTING = re.compile(
    r"(?:^|_)(?:lr\d*|lrs|learning_rate|weight_decay|momentum|grad_norm|gradient_norm|grad|params_norm"
    r"|param_norm|batch_size|loss_scale|loss_scaler|clip_ratio|num_zeros|per_second|per_sec"
    r"|skipped_iterations|nan_iterations|beta1|beta2|hp_metric)(?:_|$)"
)
# Endings of clocks and speeds.
_CLOCK = re.compile(
    r"(?:^|_)(?:time|times|runtime|duration|latency|hours|minutes|seconds|sec|secs|ms|s_it|it_s"
    r"|timestamp|datetime|date|elapsed|eta|n_params|num_params|parameters"
    r"|(?:eval|evaluation|val|valid|validation|test)(?:_[a-z]+)?_(?:steps?|iters?|iterations?)"
    r"|tokens?|words|samples|examples|[kmgtp]?flops?|flos|mfu|hfu|tps|throughput|memory|mem"
    r"|utilization|percentage|progress|(?:tokens|samples|examples|words)_seen"
    r"|(?:total|max|warmup)_(?:steps|iters|iterations|epochs)|seed|rank|index|idx)$"
)
# Words that mark a quantity of data or time, not an accuracy, anywhere in a name.
_QUANTITY = re.compile(r"(?:^|_)(?:tokens?|[kmgtp]?flops?|flos)(?:_|$)|^time_(?:per|to|since|for)_")
_MACHINE = re.compile(
    r"(?:system|perf|throughput|optim|optimizer|timers?|time|gpu|memory|hardware)/"
)

# What a column counts, by its name in normal form; the first match is used.
_AXES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "steps",
        re.compile(
            r"(?:(?:train|training|trainer|global|optimizer|opt|current|num|n|gradient|grad|update"
            r"|model|completed)_)*"
            r"(?:steps?|iters?|iterations?|its?|updates?)(?:_(?:num|number|no|idx|id|count))?"
        ),
    ),
    ("epochs", re.compile(r"(?:[a-z_]+_)?epochs?(?:_(?:num|number|idx))?")),
    ("tokens", re.compile(r"(?:[a-z_]+_)?tokens?(?:_(?:seen|processed|consumed|total|trained))?")),
    ("FLOP", re.compile(r"(?:[a-z_]+_)?(?:flops?|flos)(?:_[a-z]+)?")),
    ("GFLOP", re.compile(r"(?:[a-z_]+_)?gflops?")),
    ("samples", re.compile(r"(?:[a-z_]+_)?(?:samples|examples)(?:_(?:seen|processed|consumed))?")),
    ("batches", re.compile(r"(?:[a-z_]+_)?batch(?:es)?(?:_(?:num|number|idx|id|index|count))?")),
    ("timesteps", re.compile(r"(?:[a-z_]+_)?time_?steps?")),
)
# The tracker's count of its calls, which is used only if there are no optimizer steps.
_CALLS = "_step"


class Key(NamedTuple):
    """The parts of a column's name: the task, and the metric ("" if not named)."""

    task: str
    metric: str
    generic: bool = False
    """Whether the key names no task, only a split or the metric itself."""


@lru_cache(2**16)
def axis_of(name: str) -> str | None:
    """What a column counts, by its name: "steps", "epochs", "tokens", …, or None.

    Example:
        >>> [axis_of(n) for n in ("global_step", "trainer/step", "iter_num", "tokens_seen", "acc")]
        ['steps', 'steps', 'steps', 'tokens', None]
        >>> axis_of("max_steps") is None
        True
    """
    plain = normal(name)
    if re.search(r"(?:^|_)(?:total|max|warmup|eval|val|save|logging)_(?:steps?|iters?)", plain):
        return None
    if metric_of(name) or re.search(r"(?:^|_)(?:per|time|size|loss|acc|accuracy)_", plain):
        return None
    return next((axis for axis, pattern in _AXES if pattern.fullmatch(plain)), None)


def is_call_count(name: str) -> bool:
    """Whether a column counts the calls of a tracker instead of optimizer steps."""
    return name == _CALLS


@lru_cache(2**16)
def is_measurement(key: str) -> bool:
    """Whether a column or tag may be a skill, and not a clock, a setting or a speed.

    Example:
        >>> [is_measurement(key) for key in ("lambada/acc", "eval_runtime", "train/epoch")]
        [True, False, False]
        >>> is_measurement("val_acc_epoch"), is_measurement("lm loss"), is_measurement("loss scale")
        (True, True, False)
    """
    plain = normal(key)
    if not plain or _MACHINE.match(key) or _SETTING.search(plain):
        return False
    if parse_key(key).metric:
        return True
    return not (axis_of(key) or _CLOCK.search(plain) or _QUANTITY.search(plain))


@lru_cache(2**16)
def parse_key(key: str) -> Key:
    """The task and the metric of a column or tag.

    A metric is known at the end of a key (`lambada/acc`, `copy_acc`, `sort acc`), at its start
    (`accuracy/foo`, `acc_add`, `val_acc/copy`), or as a part between slashes
    (`eval/accuracy/copy`). What is left names the task. `eval` and other words that only group
    evaluations are dropped; `test`, `val` and `train` stay part of the task. The endings `_step`
    and `_epoch` of Lightning do not count, nor does the `epoch_` of Keras. `_stderr` after any of
    these is a standard error.

    Example:
        >>> parse_key("eval/piqa/acc")[:2], parse_key("acc_add")[:2], parse_key("eval_foo_loss")[:2]
        (('piqa', 'acc'), ('add', 'acc'), ('foo', 'loss'))
        >>> parse_key("eval_loss")[:2], parse_key("train_loss_step")[:2], parse_key("lambada")[:2]
        (('eval', 'loss'), ('train', 'loss'), ('lambada', ''))
    """
    plain = key.strip().removesuffix(",none")
    if plain.endswith(STDERR) and len(plain) > len(STDERR):
        task, metric, generic = parse_key(plain.removesuffix(STDERR))
        return Key(task, metric + STDERR, generic)
    for start, end in (("", "_step"), ("", "_epoch"), ("epoch_", ""), ("", "")):
        if not (plain.startswith(start) and plain.endswith(end)):
            continue
        inner = plain[len(start) : len(plain) - len(end)]
        found = _metric_within(inner)
        if found is not None:
            metric, rest = inner[slice(*found)], _joined(inner[: found[0]], inner[found[1] :])
            return _with_task(rest, metric)
    task = without_namespace(plain)
    return Key(task, "", not task or task.lower() in _SPLITS)


def split_key(key: str) -> tuple[str, str]:
    """Task and metric of a key, as `parse_key` finds them.

    Example:
        >>> split_key("lambada/acc"), split_key("accuracy/foo"), split_key("Loss/train")
        (('lambada', 'acc'), ('foo', 'accuracy'), ('train', 'Loss'))
    """
    task, metric, _ = parse_key(key)
    return task, metric


def is_split(name: str) -> bool:
    """Whether a name is that of a split of the data, for example train, validation or test."""
    return normal(name) in _SPLITS


def shortened(names: Sequence[str], most: int = 20) -> dict[str, str]:
    """A shorter form of each name, without what all of them share, if they stay distinct.

    A shared path is always dropped, shared words at either end only from names longer than
    `most`.

    Example:
        >>> list(shortened(["suite/add", "suite/mul"]).values())
        ['add', 'mul']
        >>> list(shortened(["a_b", "a_c"]).values())
        ['a_b', 'a_c']
    """
    unchanged = {name: name for name in names}
    if len(unchanged) < 2:
        return unchanged
    first = _shared(list(unchanged), r"/")
    short = {name: name[first:] for name in unchanged}
    if max(map(len, short.values())) > most:
        first = _shared(list(short.values()), r"[_/ .:-]")
        last = _shared([name[::-1] for name in short.values()], r"[_/ .:-]")
        short = {
            name: inner[first : len(inner) - last]
            for name, inner in short.items()
            if len(inner) > first + last
        }
    distinct = len(short) == len(unchanged) == len(set(short.values())) and all(short.values())
    return short if distinct else unchanged


def _shared(names: Iterable[str], separator: str) -> int:
    """The length of the common prefix of all names, up to and including its last separator."""
    every = list(names)
    low, high = min(every), max(every)
    same = next((i for i, letter in enumerate(low) if high[i : i + 1] != letter), len(low))
    ends = [found.end() for found in re.finditer(separator, low[:same])]
    return ends[-1] if ends else 0


def _metric_within(key: str) -> tuple[int, int] | None:
    """The place of the metric in a key."""
    if metric_of(key):
        return 0, len(key)
    parts = _parts(key)
    # A whole part first: the last, the first, then any between.
    for start, end in (*parts[-1:], *parts[:1], *parts[1:-1]):
        # An empty part next to it would name no task.
        if metric_of(key[start:end]) and len(parts) > 1 and all(a < b for a, b in parts):
            return start, end
    # Then words at the end, and at the start; the longest match is used.
    words = _words(key)
    for count in range(min(_LONGEST, len(words) - 1), 0, -1):
        start, end = words[-count][0], words[-1][1]
        name = key[start:end]
        if metric_of(name) and (normal(name) in _AFTER_A_TASK or normal(name) not in _ALONE):
            return start, end
    skipped = 1 if words and normal(key[slice(*words[0])]) in _SPLITS else 0
    for count in range(min(_LONGEST, len(words) - 1 - skipped), 0, -1):
        start, end = words[skipped][0], words[skipped + count - 1][1]
        name = key[start:end]
        if metric_of(name) and normal(name) not in _ALONE:
            return start, end
    return None


def _parts(key: str) -> list[tuple[int, int]]:
    return [(found.start(), found.end()) for found in re.finditer(r"[^/]*(?=/)|(?<=/)[^/]*$", key)]


def _words(key: str) -> list[tuple[int, int]]:
    found = [(one.start(), one.end()) for one in re.finditer(r"[^_\s.\-/]+", key)]
    words = []
    for start, end in found:
        cuts = [start, *(start + one.start() for one in CAMEL.finditer(key[start:end])), end]
        words += list(pairwise(cuts))
    return words


def _joined(before: str, after: str) -> str:
    """A key without its metric."""
    before, after = before.rstrip("_ .-/"), after.lstrip("_ .-/")
    # `val_acc/copy` is the task copy of a split; `a/acc/b` is a path.
    between = "/" if before and after and ("/" in before) else "_" if before and after else ""
    return before + between + after


def _with_task(rest: str, metric: str) -> Key:
    task = without_namespace(rest)
    if task.lower() in _SPLITS:
        return Key(task.lower(), metric, generic=True)
    if _NAMESPACE.fullmatch(f"{task}/"):
        task = ""
    if task:
        return Key(task, metric)
    bare = "eval" if rest.lower().startswith("eval") else ""
    # A plain loss is that of training, whatever else the script evaluates.
    alone = "train" if family(metric) in _OF_TRAINING else metric
    return Key(bare or alone, metric, generic=True)


def without_namespace(name: str) -> str:
    """A name without leading words that only group evaluations, unless nothing is left."""
    while True:
        found = _NAMESPACE.match(name) or _NAMESPACE_WORD.match(name)
        if found is None or found.end() == len(name):
            return name
        name = name[found.end() :]
