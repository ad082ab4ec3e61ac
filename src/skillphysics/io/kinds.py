"""What metrics are called: the one table of names, and how a key names task and metric."""

import re
from functools import lru_cache

# In order of preference: the first of these that a task has becomes its level. Plain accuracy
# comes first because chance is known for it; a length-normalised one drifts below chance more.
ACCURACY = (
    "acc",
    "accuracy",
    "acc_norm",
    "exact_match",
    "em",
    "top1",
    "top_1_accuracy",
    "balanced_accuracy",
)
LOSS = (
    "loss",
    "nll",
    "nll_loss",
    "cross_entropy",
    "cross_entropy_loss",
    "ce_loss",
    "log_loss",
    "bits_per_byte",
    "bpb",
)
# The exponential of a loss: its logarithm is one, and is taken only where asked for by name.
PERPLEXITY = ("ppl", "perplexity", "word_perplexity", "byte_perplexity", "token_perplexity")
LEVEL = ("level",)

PREFERENCE = (*LEVEL, *ACCURACY, *LOSS)
_KIND = {
    **dict.fromkeys(LEVEL, "level"),
    **dict.fromkeys(ACCURACY, "accuracy"),
    **dict.fromkeys(LOSS, "loss"),
    **dict.fromkeys(PERPLEXITY, "perplexity"),
}

_LONGEST_FIRST = sorted(_KIND, key=len, reverse=True)

# Clocks, settings and speeds that logs hold beside their measurements.
_NOT_MEASURED = re.compile(
    r"(?:.*[/ ])?(?:(?:eval|train|test)_)?(?:.*_)?(?:"
    r"epoch|epochs|learning_rate|lr|lr-[A-Za-z]+|grad_norm|total_flos|runtime|wall[ _]time|"
    r"timestamp|samples_per_second|steps_per_second|tokens_per_second|tokens_seen|"
    r"model_preparation_time|jit_compilation_time)",
    re.IGNORECASE,
)
# `eval_foo_loss` is what the Trainer writes, `eval/foo_loss` what it sends to a tracker.
_SPLIT = re.compile(r"(?P<split>eval|test|val|valid|validation|train)[_/]")
_STDERR = "_stderr"


def kind(metric: str) -> str | None:
    """The kind of a metric: "accuracy", "loss", "level", "perplexity", or None where unknown.

    What follows a comma names the filter of lm-evaluation-harness and does not count.

    Example:
        >>> kind("acc_norm"), kind("exact_match,strict-match"), kind("pct_stereotype")
        ('accuracy', 'accuracy', None)
    """
    return _KIND.get(base(metric))


def base(metric: str) -> str:
    """A metric's name without the filter of lm-evaluation-harness, in lower case."""
    return metric.partition(",")[0].lower()


@lru_cache(2**16)
def is_measurement(key: str) -> bool:
    """Whether a column or tag can be a skill, rather than a clock, a setting or a speed.

    Example:
        >>> [is_measurement(key) for key in ("lambada/acc", "eval_runtime", "train/epoch")]
        [True, False, False]
    """
    return _NOT_MEASURED.fullmatch(key) is None and not key.startswith("system/")


@lru_cache(2**16)
def split_key(key: str) -> tuple[str, str]:
    """Task and metric of a column or tag; the metric is "" where the key does not name it.

    The rules: `<task>/<metric>` and `<metric>/<task>`; `eval_<task>_<metric>` (or `eval/`), and
    the same after `test`, `val` and `train`, which stay part of the task; a metric's bare name,
    which is the task "train" for a loss. `_stderr` after any of these is a standard error.

    Example:
        >>> split_key("lambada/acc"), split_key("accuracy/foo"), split_key("eval_foo_loss")
        (('lambada', 'acc'), ('foo', 'accuracy'), ('foo', 'loss'))
        >>> split_key("eval_loss"), split_key("loss"), split_key("lambada")
        (('eval', 'loss'), ('train', 'loss'), ('lambada', ''))
    """
    if key.endswith(_STDERR) and len(key) > len(_STDERR):
        task, metric = split_key(key.removesuffix(_STDERR))
        return task, metric + _STDERR
    if kind(key):
        return ("train" if kind(key) == "loss" else key), key
    before, slash, after = key.rpartition("/")
    if slash and before and kind(after):
        return before, after
    before, slash, after = key.partition("/")
    if slash and after and kind(before):
        return after, before
    return _split_at_underscores(key)


def _split_at_underscores(key: str) -> tuple[str, str]:
    found = _SPLIT.match(key)
    if found is None:
        return key, ""
    split, rest = found["split"], key[found.end() :]
    # The longest metric wins: `eval_foo_acc_norm` is no task `foo_acc` with a metric `norm`.
    for metric in _LONGEST_FIRST:
        if rest.lower() == metric:
            return split, rest
        if rest.lower().endswith("_" + metric):
            return _task(split, rest[: -len(metric) - 1]), rest[-len(metric) :]
    return (rest if split == "eval" and rest else key), ""


def _task(split: str, name: str) -> str:
    return name if split == "eval" else f"{split}_{name}"
