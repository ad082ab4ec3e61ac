"""What is refused at the door, and what a name is good for."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.optimizers import OPTIMIZERS, Optimizer, defaults, known, optimizer


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("adm", r" \(did you mean adam\?\)"),
        ("AdamW", r" \(did you mean adamw\?\)"),
        ("sign-gd", r" \(did you mean sign_gd\?\)"),
        ("cautious_lio", r" \(did you mean cautious_lion\?\)"),
        ("cautious_cautious_lion", r" \(did you mean cautious_lion\?\)"),
        ("", ""),
        ("cautious_", ".*"),
        ("zzz", ""),
    ],
)
def test_unknown_names_are_refused_with_those_that_are_known(name, hint):
    with pytest.raises(ArgumentError, match=rf"is no optimizer{hint}; known are adagrad, .*soap"):
        Optimizer(name)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("adam", {"b3": 0.9}, r"adam has no hyperparameter 'b3'; it has b1, b2, eps, l2"),
        ("sgd", {"nestrov": True}, r"'nestrov' \(did you mean nesterov\?\); it has momentum,"),
        ("cautious_lion", {"eps": 1}, r"cautious_lion has no hyperparameter 'eps'.*; it has b1"),
        ("adam", {"b1": 1.0}, r"b1 of adam is 1.0; a number from 0 to below 1 is wanted"),
        ("adam", {"b1": -0.1}, r"b1 of adam is -0.1; .* is wanted"),
        ("adam", {"b1": np.nan}, r"b1 of adam is nan; .* is wanted"),
        ("adam", {"b1": True}, r"b1 of adam is True; a number .* is wanted"),
        ("adam", {"b1": "0.9"}, r"b1 of adam is '0.9'; a number .* is wanted"),
        ("adam", {"b1": None}, r"b1 of adam is None; a number .* is wanted"),
        ("adam", {"b1": 0.9j}, r"b1 of adam is 0.9j; a number .* is wanted"),
        ("adam", {"b1": jnp.ones(1)}, r"b1 of adam is Array.*; a number .* is wanted"),
        ("adam", {"eps": -1e-8}, r"eps of adam is -1e-08; .* not negative is wanted"),
        ("adam", {"eps": np.inf}, r"eps of adam is inf; a finite number .* is wanted"),
        ("adam", {"eps": 10**400}, r"eps of adam is 1000*; a finite number .* is wanted"),
        ("shampoo", {"eps": 0}, r"eps of shampoo is 0; a positive finite number is wanted"),
        ("shampoo", {"interval": 2.0}, r"interval of shampoo is 2.0; a whole number .* is wanted"),
        ("shampoo", {"interval": 0}, r"interval of shampoo is 0; a whole number from 1 to"),
        ("soap", {"interval": True}, r"interval of soap is True; a whole number"),
        ("sgd", {"nesterov": 1}, r"nesterov of sgd is 1; True or False is wanted"),
        ("schedule_free_sgd", {"b1": 0.0}, r"b1 .* is 0.0; a number between 0 and 1 is wanted"),
        ("adamw", {"weight_decay": -1}, r"weight_decay of adamw is -1; .* not negative"),
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
    with pytest.raises(ArgumentError, match="no optimizer"):
        defaults("adm")
    with pytest.raises(TypeError):
        OPTIMIZERS["adam"] = OPTIMIZERS["sgd"]  # type: ignore[index]
