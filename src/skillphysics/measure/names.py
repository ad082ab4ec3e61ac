"""The names of columns and metrics: one table of names, and how keys are split."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

Kind = Literal["level", "accuracy", "loss", "perplexity"]
STDERR = "_stderr"


@dataclass(frozen=True)
class Metric:
    """What the name of a metric implies.

    Attributes:
        family: one name for all its spellings.
        kind: how it becomes a level, or None where the name alone does not say.
        zero: the value of a model that can do nothing (accuracies) or everything (losses), where
            the name says it.
        guesses: whether guessing among options reaches the chance level of the task.
        percent: whether it is written from 0 to 100 as often as from 0 to 1.
        signed: whether it may be negative.
    """

    family: str
    kind: Kind | None
    zero: float | None = None
    guesses: bool = False
    percent: bool = False
    signed: bool = False


# In order of preference: the first of these that a task has becomes its level. Plain accuracy
# comes first because its chance level is known; length-normalised accuracies drift below chance.
_TABLE: tuple[tuple[Metric, str], ...] = (
    (Metric("level", "level"), "level"),
    (
        Metric("acc", "accuracy", guesses=True),
        "acc accuracy accuracies "
        "top1 top_1 acc1 acc@1 top_1_accuracy top_1_acc top1_accuracy top1_acc "
        "accuracy_top1 multiclass_accuracy binary_accuracy categorical_accuracy "
        "sparse_categorical_accuracy token_accuracy mean_token_accuracy acc_raw raw_acc "
        "in_context_learning_multiple_choice_accuracy in_context_learning_lm_accuracy "
        "in_context_learning_qa_accuracy in_context_learning_generation_exact_match_accuracy",
    ),
    (
        Metric("acc_norm", "accuracy", guesses=True),
        "acc_norm len_norm acc_len_norm length_normalized_accuracy accuracy_norm norm_acc "
        "acc_bytes acc_norm_bytes acc_per_char acc_per_token acc_per_byte",
    ),
    (Metric("exact_match", "accuracy"), "exact_match em quasi_exact_match prefix_exact_match"),
    (Metric("balanced_accuracy", "accuracy", guesses=True), "balanced_accuracy balanced_acc"),
    *(
        (Metric(f"{name}_acc", "accuracy", 0.0), f"{name}_acc {name}_accuracy")
        for name in (
            "prompt_level_strict",
            "prompt_level_loose",
            "inst_level_strict",
            "inst_level_loose",
        )
    ),
    (Metric("pass@k", "accuracy", 0.0), "pass@k pass@1 pass_at_1"),
    (Metric("success_rate", "accuracy", 0.0), "success_rate solve_rate pass_rate"),
    (Metric("top5", "accuracy"), "top5 top_5 acc5 acc@5 top_5_accuracy top5_accuracy top5_acc"),
    (Metric("soft", "accuracy", guesses=True), "soft soft_acc soft_accuracy"),
    (Metric("f1", "accuracy", percent=True), "f1 f1_score macro_f1 micro_f1 f1_macro f1_micro"),
    (Metric("auc", "accuracy", 0.5), "auc auroc roc_auc"),
    (Metric("mcc", "accuracy", 0.0, signed=True), "mcc matthews_correlation matthews_corrcoef"),
    (Metric("correlation", "accuracy", 0.0, signed=True), "pearson pearsonr spearman spearmanr"),
    *(
        (Metric(spellings.split()[0], "accuracy", 0.0, percent=True), spellings)
        for spellings in (
            "bleu sacrebleu bleu4 bleu_4",
            "rouge1",
            "rouge2",
            "rougel rouge_l rougelsum rouge_lsum",
            "chrf",
            "meteor",
            "map map50 map_50 map50_95 map_50_95 m_ap mean_average_precision",
            "iou miou mean_iou m_iou jaccard",
            "dice dice_score dice_coef",
            "recall",
            "precision",
            "mrr",
            "ndcg",
        )
    ),
    (
        Metric("loss", "loss"),
        "loss losses lm_loss mlm_loss language_modeling_loss log_loss logloss log_perplexity "
        "log_ppl",
    ),
    (Metric("nll", "loss"), "nll nll_loss neg_log_likelihood negative_log_likelihood"),
    (
        Metric("cross_entropy", "loss"),
        "cross_entropy cross_entropy_loss crossentropy crossentropyloss ce ce_loss xent "
        "language_cross_entropy",
    ),
    (Metric("bpb", "loss"), "bpb bits_per_byte bpc bits_per_character bits_per_token"),
    (Metric("brier", "loss", 0.0), "brier brier_score"),
    (
        Metric("error", "loss", 0.0, percent=True),
        "error err error_rate err_rate top1_error top1_err top_1_error classification_error",
    ),
    (Metric("wer", "loss", 0.0, percent=True), "wer word_error_rate"),
    (Metric("cer", "loss", 0.0, percent=True), "cer character_error_rate char_error_rate"),
    (Metric("mae", "loss", 0.0), "mae mean_absolute_error"),
    (Metric("mse", "loss", 0.0), "mse mean_squared_error mse_loss"),
    (Metric("rmse", "loss", 0.0), "rmse root_mean_squared_error"),
    # The exponential of a loss, whose logarithm is read only if it is requested by name.
    (
        Metric("perplexity", "perplexity"),
        "ppl perplexity word_perplexity byte_perplexity token_perplexity language_perplexity "
        "lm_loss_ppl",
    ),
    # Further metrics of public logs, on various scales.
    (Metric("soft_log", None), "soft_log log_soft"),
    (Metric("logprob", None), "logprob correct_logprob log_prob logits_per_byte"),
)
_METRICS = {name: metric for metric, names in _TABLE for name in names.split()}
# Families with a number in their name.
_NUMBERED = (
    (re.compile(r"pass(?:@|_at_)\d+"), "pass@k"),
    (re.compile(r"m_?ap[@_]?[\d_@:]+"), "map"),
    (re.compile(r"recall@\d+|hits?@\d+"), "recall"),
    (re.compile(r"precision@\d+"), "precision"),
    (re.compile(r"ndcg@\d+"), "ndcg"),
)
_RANK = {metric.family: i for i, (metric, _) in enumerate(_TABLE)}
_LONGEST = max(name.count("_") for name in _METRICS) + 1
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
# Suffixes of detectors: `mAP50(B)` is for boxes.
_CLASS = re.compile(r"\([a-z]\)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR = re.compile(r"[_\s.\-/()]+")

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


_HINTS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("perplexity", frozenset(("ppl", "perplexity"))),
    ("loss", frozenset(("loss", "losses", "nll", "xent", "bpb", "entropy", "crossentropy"))),
    ("accuracy", frozenset(("acc", "accuracy", "accuracies"))),
)


class Key(NamedTuple):
    """The parts of a column's name: the task, and the metric ("" if not named)."""

    task: str
    metric: str
    generic: bool = False
    """Whether the key names no task, only a split or the metric itself."""


@lru_cache(2**16)
def normal(name: str) -> str:
    """A name in lower case, with words joined by underscores.

    Example:
        >>> normal("Validation Loss"), normal("CrossEntropyLoss"), normal("top-1 acc")
        ('validation_loss', 'cross_entropy_loss', 'top_1_acc')
    """
    return _SEPARATOR.sub("_", _CAMEL.sub("_", name.strip())).strip("_").lower()


@lru_cache(2**16)
def metric_of(name: str) -> Metric | None:
    """What is known about a metric, or None if it is unknown.

    What follows a comma names the filter of lm-evaluation-harness and does not count.

    Example:
        >>> metric_of("exact_match,strict-match").family, metric_of("MulticlassAccuracy").kind
        ('exact_match', 'accuracy')
        >>> metric_of("pct_stereotype") is None
        True
    """
    plain = _CLASS.sub("", name.partition(",")[0].strip().lower())
    if "/" in plain:
        return None
    found = _METRICS.get(plain) or _METRICS.get(normal(plain)) or _METRICS.get(normal(name))
    if found is not None or not any(letter.isdigit() for letter in plain):
        return found
    # Also by the first word of a longer name, `mAP@0.5`.
    return next(
        (_METRICS[to] for pattern, to in _NUMBERED if pattern.fullmatch(normal(plain))), None
    )


def kind(metric: str) -> Kind | None:
    """The kind of a metric: "accuracy", "loss", "level", "perplexity", or None if unknown.

    Example:
        >>> kind("acc_norm"), kind("exact_match,strict-match"), kind("pct_stereotype")
        ('accuracy', 'accuracy', None)
    """
    known = metric_of(metric)
    return None if known is None else known.kind


def family(metric: str) -> str:
    """The common name of all spellings of a metric; an unknown metric keeps its name.

    Example:
        >>> family("top1_accuracy"), family("foo")
        ('acc', 'foo')
    """
    if metric.endswith(STDERR) and metric != STDERR:
        return family(metric.removesuffix(STDERR)) + STDERR
    known = metric_of(metric)
    return metric if known is None else known.family


def rank(metric: str) -> tuple[int, bool, str]:
    """The place of a metric in the order of preference, smallest first."""
    return _RANK.get(family(metric), len(_RANK)), "," in metric, metric


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


def kind_in(name: str) -> Kind | None:
    """The kind that words within a name imply, if the name itself is not a known metric.

    Example:
        >>> kind_in("smoothed loss of copy"), kind_in("copy")
        ('loss', None)
    """
    words = set(normal(name).split("_"))
    for known, hints in _HINTS:
        if words & hints:
            return known
    return None


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
        cuts = [start, *(start + one.start() for one in _CAMEL.finditer(key[start:end])), end]
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
