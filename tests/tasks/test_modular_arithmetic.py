"""Modular arithmetic against Python's whole numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.tasks import ModularArithmetic

KEY = jax.random.key(0)
PYTHON = {"add": int.__add__, "subtract": int.__sub__, "multiply": int.__mul__}


@pytest.mark.parametrize("operation", list(PYTHON))
@pytest.mark.parametrize("modulus", [2, 59])
def test_answers_are_those_of_python(operation, modulus):
    task = ModularArithmetic.draw(KEY, operation, modulus=modulus, train_share=0.6)
    pairs = np.concatenate([task.train, task.test])
    assert pairs.dtype == np.int32
    assert len(task.train) == round(0.6 * modulus**2)
    assert {tuple(pair) for pair in pairs.tolist()} == {
        (a, b) for a in range(modulus) for b in range(modulus)
    }
    assert len(pairs) == modulus**2
    wanted = [PYTHON[operation](a, b) % modulus for a, b in pairs.tolist()]
    np.testing.assert_array_equal(task.answers(jnp.asarray(pairs)), wanted)


def test_the_largest_product_is_right():
    last = 46_339
    pair = np.array([[last, last]])
    task = ModularArithmetic("multiply", last + 1, pair, pair)
    assert task.answers(task.train).tolist() == [last * last % (last + 1)]


def test_the_split_depends_on_the_key():
    one, other = (ModularArithmetic.draw(jax.random.key(seed), "add", modulus=7) for seed in (0, 1))
    assert not np.array_equal(one.train, other.train)


def test_levels_of_one_who_knows_the_training_pairs():
    task = ModularArithmetic.draw(KEY, "add", modulus=10, train_share=0.7)
    known = {tuple(pair) for pair in np.asarray(task.train).tolist()}

    def predict(pairs):
        guess = [(a + b) % 10 if (a, b) in known else 3 for a, b in np.asarray(pairs).tolist()]
        return jnp.asarray(2.0 * np.eye(10)[guess], jnp.float32)

    measured = task.measure(predict, KEY)
    lucky = np.mean(np.asarray(task.test).sum(1) % 10 == 3)
    np.testing.assert_allclose(measured["accuracy"], [1, lucky], rtol=1e-6)
    np.testing.assert_allclose(measured["level"], [1, (lucky - 0.1) / 0.9], rtol=1e-5, atol=1e-6)
    total = np.log(np.exp(2) + 9)
    assert float(measured["loss"]) == pytest.approx(total - 2, rel=1e-5)
    assert float(measured["test_loss"]) == pytest.approx(total - 2 * lucky, rel=1e-5)
    assert float(task.loss(predict, task.batch(KEY))) == pytest.approx(total - 2, rel=1e-5)


def test_batches_come_from_the_training_pairs():
    task = ModularArithmetic.draw(KEY, "add", modulus=4, train_share=0.5, batch_size=200)
    batch = np.asarray(task.batch(KEY))
    assert batch.shape == (200, 2)
    train = np.asarray(task.train).tolist()
    assert {tuple(pair) for pair in batch.tolist()} == {tuple(pair) for pair in train}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: ModularArithmetic.draw(KEY, "divide", modulus=5),
            "operation must be 'add', .* got 'divide'",
        ),
        (lambda: ModularArithmetic.draw(KEY, "add", modulus=1), "modulus must .* got 1"),
        (
            lambda: ModularArithmetic.draw(KEY, "add", modulus=5, batch_size=0),
            "batch_size must .* got 0",
        ),
        (
            lambda: ModularArithmetic.draw(KEY, "add", modulus=5, train_share=1.0),
            "to test on out of 25, got 1.0",
        ),
        (
            lambda: ModularArithmetic.draw(KEY, "add", modulus=5, train_share=0.0),
            "train_share must be above 0",
        ),
        (
            lambda: ModularArithmetic.draw(KEY, "add", modulus=5, train_share=0.01),
            "out of 25, got 0.01",
        ),
        (lambda: ModularArithmetic("add", 50_000, PAIR, PAIR), "from 2 to 46340, got 50000"),
        (
            lambda: ModularArithmetic("add", 2, PAIR, PAIR),
            "train must hold at least one pair .* 0 to 1",
        ),
        (lambda: ModularArithmetic("add", 3, PAIR, -PAIR), "test must hold"),
        (lambda: ModularArithmetic("add", 3, PAIR, PAIR[:0]), "at least one pair"),
    ],
)
def test_what_is_wrong_is_said(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()


PAIR = np.array([[1, 2]])
