import pytest

from skillphysics.measure.metrics import kind, metric_of
from skillphysics.measure.names import axis_of, is_measurement, shortened, split_key


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


@pytest.mark.parametrize(
    ("key", "task", "metric"),
    [
        ("sort acc", "sort", "acc"),
        ("acc_add", "add", "acc"),
        ("val_acc/copy", "val_copy", "acc"),
        ("eval/accuracy/copy", "copy", "accuracy"),
        ("eval/piqa/acc", "piqa", "acc"),
        ("eval/downstream/arc_easy_acc", "arc_easy", "acc"),
        ("eval/downstream_bpb/piqa_val_rc_5shot_bpb", "piqa_val_rc_5shot", "bpb"),
        ("copy/pass@1", "copy", "pass@1"),
        ("val_mAP@0.5", "val", "mAP@0.5"),
        ("metrics/mAP50-95(B)", "mAP50-95(B)", "mAP50-95(B)"),
        ("rewards/accuracies", "rewards", "accuracies"),
        ("train_loss_step", "train", "loss"),
        ("test/accuracy_epoch", "test", "accuracy"),
        ("epoch_loss", "train", "loss"),
        ("TrainLoss", "train", "Loss"),
        ("Validation Loss", "validation", "Loss"),
        ("LanguageCrossEntropy", "train", "LanguageCrossEntropy"),
        ("results/piqa/acc,none", "piqa", "acc"),
        ("acc_stderr,none", "acc", "acc_stderr"),
        ("error_correction", "error_correction", ""),
        ("level_1", "level_1", ""),
        ("grid_error", "grid", "error"),
    ],
)
def test_keys_of_public_logs(key, task, metric):
    assert split_key(key) == (task, metric)


@pytest.mark.parametrize(
    ("metric", "family", "kind", "zero"),
    [
        ("MulticlassAccuracy", "acc", "accuracy", None),
        ("top-1 acc", "acc", "accuracy", None),
        ("pass@10", "pass@k", "accuracy", 0),
        ("mAP", "map", "accuracy", 0),
        ("WER", "wer", "loss", 0),
        ("err", "error", "loss", 0),
        ("log_perplexity", "loss", "loss", None),
        ("test_acc", None, None, None),
    ],
)
def test_metrics(metric, family, kind, zero):
    known = metric_of(metric)
    assert (known and known.family, known and known.kind, known and known.zero) == (
        family,
        kind,
        zero,
    )


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("global_step", "steps"),
        ("trainer/step", "steps"),
        ("num_updates", "steps"),
        ("training_iteration", "steps"),
        ("Epoch", "epochs"),
        ("throughput/total_tokens", "tokens"),
        ("total_flops", "FLOP"),
        ("batch_idx", "batches"),
        ("max_steps", None),
        ("steps_per_second", None),
        ("batch_size_in_tokens", None),
        ("epoch_loss", None),
        ("val_step", None),
    ],
)
def test_axes(name, axis):
    assert axis_of(name) == axis


@pytest.mark.parametrize(
    "key",
    [
        "num_tokens",
        "flops",
        "epoch_time",
        "copy_seconds",
        "tokens_copy",
        "loss scale",
        "x/lr0",
        "learning_rate_peak",
        "throughput/total_training_Gflops",
        "eval/global_step",
        "percentage",
    ],
)
def test_quantities_are_no_skills(key):
    assert not is_measurement(key)


@pytest.mark.parametrize("key", ["val_acc_epoch", "lm loss", "time_series/acc", "skill 12", "copy"])
def test_skills(key):
    assert is_measurement(key)


def test_shorter_names_stay_distinct():
    long = [f"downstream/{name}_validation_rc_5shot" for name in ("piqa", "boolq", "piqa_x")]
    assert list(shortened(long).values()) == ["piqa", "boolq", "piqa_x"]
    assert list(shortened(["a/b", "a/c"]).values()) == ["b", "c"]
    assert list(shortened(["parity_1", "parity_2"]).values()) == ["parity_1", "parity_2"]
    assert list(shortened(["x" * 30 + "_a", "x" * 30]).values()) == ["x" * 30 + "_a", "x" * 30]
    assert shortened(["alone/one"]) == {"alone/one": "alone/one"}
