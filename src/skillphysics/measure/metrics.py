"""The names of metrics: one table, and what a name implies."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

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
METRICS = {name: metric for metric, names in _TABLE for name in names.split()}
# Families with a number in their name.
_NUMBERED = (
    (re.compile(r"pass(?:@|_at_)\d+"), "pass@k"),
    (re.compile(r"m_?ap[@_]?[\d_@:]+"), "map"),
    (re.compile(r"recall@\d+|hits?@\d+"), "recall"),
    (re.compile(r"precision@\d+"), "precision"),
    (re.compile(r"ndcg@\d+"), "ndcg"),
)
_RANK = {metric.family: i for i, (metric, _) in enumerate(_TABLE)}
# Suffixes of detectors: `mAP50(B)` is for boxes.
_CLASS = re.compile(r"\([a-z]\)$")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR = re.compile(r"[_\s.\-/()]+")
_HINTS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("perplexity", frozenset(("ppl", "perplexity"))),
    ("loss", frozenset(("loss", "losses", "nll", "xent", "bpb", "entropy", "crossentropy"))),
    ("accuracy", frozenset(("acc", "accuracy", "accuracies"))),
)


@lru_cache(2**16)
def normal(name: str) -> str:
    """A name in lower case, with words joined by underscores.

    Example:
        >>> normal("Validation Loss"), normal("CrossEntropyLoss"), normal("top-1 acc")
        ('validation_loss', 'cross_entropy_loss', 'top_1_acc')
    """
    return _SEPARATOR.sub("_", CAMEL.sub("_", name.strip())).strip("_").lower()


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
    found = METRICS.get(plain) or METRICS.get(normal(plain)) or METRICS.get(normal(name))
    if found is not None or not any(letter.isdigit() for letter in plain):
        return found
    # Also by the first word of a longer name, `mAP@0.5`.
    return next(
        (METRICS[to] for pattern, to in _NUMBERED if pattern.fullmatch(normal(plain))), None
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
