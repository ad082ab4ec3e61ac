import pytest

from skillphysics.measure.names import (
    is_measurement,
    kind,
    split_key,
)


@pytest.mark.parametrize(
    ("key", "task", "metric"),
    [
        ("lambada/acc", "lambada", "acc"),
        ("a/b/acc_norm", "a/b", "acc_norm"),
        ("accuracy/foo", "foo", "accuracy"),
        ("Loss/train", "train", "Loss"),
        ("eval_foo_loss", "foo", "loss"),
        ("eval_foo_acc_norm", "foo", "acc_norm"),
        ("eval/foo_accuracy", "foo", "accuracy"),
        ("test_foo_accuracy", "test_foo", "accuracy"),
        ("eval_loss", "eval", "loss"),
        ("val_loss", "val", "loss"),
        ("train/loss", "train", "loss"),
        ("loss", "train", "loss"),
        ("accuracy", "accuracy", "accuracy"),
        ("eval_f1", "eval", "f1"),
        ("foo_loss", "foo", "loss"),
        ("lambada", "lambada", ""),
        ("acc/", "acc/", ""),
        ("/acc", "/acc", ""),
        ("foo/acc_stderr", "foo", "acc_stderr"),
        ("foo_stderr", "foo", "_stderr"),
    ],
)
def test_keys(key, task, metric):
    assert split_key(key) == (task, metric)


@pytest.mark.parametrize(
    "key", ["epoch", "train/epoch", "lr-Adam", "eval_nli_runtime", "Wall time"]
)
def test_clocks_and_speeds(key):
    assert not is_measurement(key)


def test_kinds():
    assert kind("Accuracy") == "accuracy"
    assert kind("exact_match,strict-match") == "accuracy"
    assert kind("word_perplexity") == "perplexity"
    assert kind("likelihood_difference") is None
