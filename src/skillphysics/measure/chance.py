"""Chance levels of well-known benchmarks: the accuracy of guessing at random among the options."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import SupportsFloat

# Only tasks in which every question has the same number of options, or answers in free text. Tasks
# whose options vary, for example truthfulqa_mc1 or bbh, are left to the user. ARC has a few
# questions with three or five options; 1/4 is the customary level.
KNOWN: Mapping[str, float] = {
    # Free text or the next word: guessing is hopeless.
    **dict.fromkeys(
        ("lambada*", "triviaqa", "nq_open", "webqs", "gsm8k", "gsm8k_cot", "arithmetic_*"), 0.0
    ),
    # Two options.
    **dict.fromkeys(
        ("piqa", "winogrande", "wsc", "wsc273", "boolq", "copa", "rte", "wnli", "mrpc", "qqp"), 0.5
    ),
    **dict.fromkeys(("qnli", "sst", "sst2", "wic", "blimp", "blimp_*", "storycloze_*"), 0.5),
    **dict.fromkeys(("xcopa_*", "xwinograd_*", "xstorycloze_*", "paws_*"), 0.5),
    # Three options.
    **dict.fromkeys(("cb", "mnli", "mnli_mismatch", "anli_r1", "anli_r2", "anli_r3"), 1 / 3),
    **dict.fromkeys(("xnli_*", "social_iqa", "siqa", "socialiqa", "pubmedqa"), 1 / 3),
    # Four options.
    **dict.fromkeys(("arc_easy", "arc_challenge", "logiqa", "sciq", "hellaswag"), 0.25),
    **dict.fromkeys(("arc_e", "arc_c", "obqa", "race_high", "race_middle"), 0.25),
    **dict.fromkeys(("openbookqa", "race", "swag", "medmcqa", "hendrycksTest-*", "mmlu"), 0.25),
    **dict.fromkeys(("mmlu_*", "prost"), 0.25),
    # Five options.
    **dict.fromkeys(("commonsense_qa", "commonsenseqa", "csqa", "mathqa"), 0.2),
}
# What logs add to the name of a benchmark: groups, splits, the number of examples shown, and the
# format of the question.
_BEFORE = re.compile(
    r"^(?:.*[/|])?(?:(?:eval|downstream|icl|lm_eval|test|val|valid|validation|dev|train)[_.])*"
)
_AFTER = re.compile(
    r"(?:[_.](?:rc|mc|cf|mcf|test|val|valid|validation|dev|train|en|std|olmes|\d+_?shots?"
    r"|zero_shot|few_shot))+$"
)
_HARNESS = re.compile(r"^(?:lighteval|leaderboard|custom|original|helm)\|(.*?)(?:\|\d+)*$")
# Similar names with other chance levels: up to ten options, or answers in free text.
UNLIKE = ("mmlu_pro*", "mmlu_*generative*", "mmlu_*cot*", "mmlu_redux*")


def known_chance(task: str, *, free_text: bool) -> float | None:
    """The chance level of a task, or None if it is uncertain.

    Args:
        task: the name in lm-evaluation-harness.
        free_text: whether the metric compares free text, where a model does not choose among
            options.

    Example:
        >>> known_chance("hendrycksTest-anatomy", free_text=False)
        0.25
        >>> known_chance("eval/piqa_test", free_text=False)
        0.5
        >>> known_chance("mmlu_pro_law", free_text=False) is None
        True
    """
    parts = [benchmark(part) for part in reversed(re.split("[/|]", task))]
    for name in (task, benchmark(task), *parts):
        if any(fnmatchcase(name, pattern) for pattern in UNLIKE):
            return None
        level = most_specific(KNOWN, name)
        if level is not None:
            return None if free_text and level else level
    return None


def benchmark(task: str) -> str:
    """The name of a benchmark, without what logs add to it.

    Example:
        >>> benchmark("downstream/piqa_val_rc_5shot"), benchmark("lighteval|arc:easy|0|0")
        ('piqa', 'arc_easy')
    """
    found = _HARNESS.match(task)
    name = (found[1] if found else task).lower().replace(":", "_").replace("-", "_")
    return _AFTER.sub("", _BEFORE.sub("", name, count=1).replace(" ", "_"))


def most_specific(levels: Mapping[str, SupportsFloat], task: str) -> float | None:
    """The value for a task by its name, else by the matching pattern with most letters, or None.

    Example:
        >>> most_specific({"*": 0.0, "arc_*": 0.25}, "arc_easy")
        0.25
    """
    if task in levels:
        return float(levels[task])
    fitting = [pattern for pattern in levels if fnmatchcase(task, pattern)]
    if not fitting:
        return None
    return float(levels[max(fitting, key=_letters)])


def _letters(pattern: str) -> int:
    return sum(letter not in "*?[]" for letter in pattern)
