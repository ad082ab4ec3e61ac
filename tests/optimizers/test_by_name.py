"""Names and hyperparameters: what is refused, and what they give."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.optimizers import OPTIMIZERS, Optimizer, defaults, known, optimizer


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("adm", "adam"),
        ("AdamW", "adamw"),
        ("sign-gd", "sign_gd"),
        ("cautious_lio", "cautious_lion"),
        ("cautious_cautious_lion", "cautious_lion"),
        ("", None),
        ("zzz", None),
    ],
)
def test_unknown_names_are_refused_with_the_nearest_and_the_known_ones(name, hint):
    nearest = "; known" if hint is None else rf", did you mean '{hint}'\? Known"
    with pytest.raises(
        ArgumentError, match=rf"^unknown optimizer '{name}'{nearest}: adagrad, .*soap"
    ):
        Optimizer(name)


def test_a_prefix_alone_is_not_a_name():
    with pytest.raises(ArgumentError, match=r"^unknown optimizer 'cautious_'"):
        Optimizer("cautious_")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("adam", {"b3": 0.9}, r"unknown hyperparameter of adam 'b3'; known: b1, b2, eps, l2"),
        ("sgd", {"nestrov": True}, r"'nestrov', did you mean 'nesterov'\? Known: momentum, nest"),
        ("cautious_lion", {"eps": 1}, r"hyperparameter of cautious_lion 'eps'; known: b1, b2, wei"),
        ("adam", {"b1": 1.0}, r"b1 of adam must be at least 0 and below 1, got 1.0"),
        ("adam", {"b1": -0.1}, r"b1 of adam must be .*, got -0.1"),
        ("adam", {"b1": np.nan}, r"b1 of adam must be .*, got nan"),
        ("adam", {"b1": True}, r"b1 of adam must be .*, got True"),
        ("adam", {"b1": "0.9"}, r"b1 of adam must be .*, got '0.9'"),
        ("adam", {"b1": None}, r"b1 of adam must be .*, got None"),
        ("adam", {"b1": 0.9j}, r"b1 of adam must be .*, got 0.9j"),
        ("adam", {"b1": jnp.ones(1)}, r"b1 of adam must be .*, got an array of shape \(1,\)"),
        ("adam", {"eps": -1e-8}, r"eps of adam must be non-negative and finite, got -1e-08"),
        ("adam", {"eps": np.inf}, r"eps of adam must be .* finite, got inf"),
        ("adam", {"eps": 10**400}, r"eps of adam must be .* finite, got 1000*"),
        ("shampoo", {"eps": 0}, r"eps of shampoo must be positive and finite, got 0"),
        ("shampoo", {"interval": 2.0}, r"interval of shampoo must be an integer .*, got 2.0"),
        ("shampoo", {"interval": 0}, r"interval of shampoo must be .*at least 1, got 0"),
        ("soap", {"interval": True}, r"interval of soap must be an integer .*, got True"),
        ("sgd", {"nesterov": 1}, r"nesterov of sgd must be True or False, got 1"),
        ("schedule_free_sgd", {"b1": 0.0}, r"b1 of .* must be between 0 and 1, both excluded, got"),
        ("adamw", {"weight_decay": -1}, r"weight_decay of adamw must be non-negative .* got -1"),
    ],
)
def test_unusable_hyperparameters_are_refused(name, values, message):
    with pytest.raises(ArgumentError, match=message):
        optimizer(name, **values)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5)])
def test_numbers_of_any_kind_are_the_same_optimizer(value):
    make = optimizer("adam", b1=value, b2=0)
    assert make == optimizer("adam", b2=0.0, b1=0.5)
    assert make == optimizer("adam", b2=np.int64(0), b1=0.5, eps=1e-8)
    assert hash(make) == hash(optimizer("adam", b2=0.0, b1=0.5))
    assert make != optimizer("adam", b1=0.5)
    assert make.label == "adam(b1=0.5, b2=0.0)"
    assert pickle.loads(pickle.dumps(make)) == make  # noqa: S301


def test_labels_tell_apart():
    makes = [
        optimizer("adam"),
        optimizer("cautious_adam"),
        optimizer("adam", b2=0.9999999),
        optimizer("sgd", nesterov=True),
    ]
    labels = ["adam", "cautious_adam", "adam(b2=0.9999999)", "sgd(nesterov=True)"]
    assert [make.label for make in makes] == labels


def test_defaults_and_names_are_there_for_help_texts():
    for name in OPTIMIZERS:
        assert name in known()
        assert defaults(name) == defaults(f"cautious_{name}")
        assert optimizer(name, **defaults(name)) == optimizer(name)
        assert optimizer(name).label == name
    assert "cautious_" in known()
    assert defaults("sgd") == {"momentum": 0.0, "nesterov": False}
    with pytest.raises(ArgumentError, match="unknown optimizer"):
        defaults("adm")
    with pytest.raises(TypeError):
        OPTIMIZERS["adam"] = OPTIMIZERS["sgd"]  # type: ignore[index]
