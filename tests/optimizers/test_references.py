"""Every optimizer against its publication in NumPy (references.py)."""

import inspect

import numpy as np
import pytest

from skillphysics.optimizers import OPTIMIZERS, defaults, optimizer

from . import references
from .trained import N_STEP, Problem, first, path, paths

VECTOR, MATRIX = Problem(6), Problem(4, 4)

CASES = [
    ("sgd", {}, VECTOR),
    ("sgd", {"momentum": 0.8}, VECTOR),
    ("sgd", {"momentum": 0.8, "nesterov": True}, VECTOR),
    ("sign_gd", {}, VECTOR),
    ("sign_gd", {"eps": 0.3}, VECTOR),
    ("sign_gd", {"eps": 0}, VECTOR),
    ("signum", {}, VECTOR),
    ("adam", {}, VECTOR),
    ("adam", {"b1": 0.5, "b2": 0.8, "eps": 0.1}, VECTOR),
    ("adam", {"l2": 0.3}, VECTOR),
    ("adamw", {}, VECTOR),
    ("adamw", {"weight_decay": 0.3}, VECTOR),
    ("adagrad", {}, VECTOR),
    ("adagrad", {"eps": 0.3}, VECTOR),
    ("rmsprop", {}, VECTOR),
    ("rmsprop", {"decay": 0.6, "eps": 0.3}, VECTOR),
    ("lion", {}, VECTOR),
    ("lion", {"b1": 0.6, "b2": 0.8, "weight_decay": 0.3}, VECTOR),
    ("ademamix", {}, VECTOR),
    ("ademamix", {"b3": 0.95, "alpha": 2, "weight_decay": 0.3}, VECTOR),
    ("mars", {}, VECTOR),
    ("mars", {"gamma": 0.3, "b1": 0.8, "weight_decay": 0.3}, MATRIX),
    ("soap", {}, MATRIX),
    ("soap", {"interval": 1, "weight_decay": 0.3}, MATRIX),
    ("shampoo", {}, MATRIX),
    ("shampoo", {"interval": 7, "eps": 0.1}, MATRIX),
    ("shampoo", {}, Problem(3, 5)),
    ("cautious_adamw", {"weight_decay": 0.3}, VECTOR),
    ("cautious_lion", {}, VECTOR),
]


@pytest.mark.parametrize(
    ("name", "values", "problem"), CASES, ids=[f"{name}-{values}" for name, values, _ in CASES]
)
def test_steps_are_the_published_ones(name, values, problem):
    reference = getattr(references, name)
    expected = first(N_STEP, reference(problem.gradient, problem.start, 0.05, **values))
    got = path(optimizer(name, **values), 0.05, problem)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
    assert np.ptp(expected, axis=0).max() > 0.3


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_muon_without_nesterov(weight_decay):
    problem = Problem(3, 5)
    expected = references.muon(
        problem.gradient, problem.start, 0.05, momentum=0.8, weight_decay=weight_decay
    )
    make = optimizer("muon", momentum=0.8, nesterov=False, weight_decay=weight_decay)
    np.testing.assert_allclose(path(make, 0.05, problem), first(N_STEP, expected), atol=1e-6)


def test_sophia_where_the_hessian_is_diagonal():
    # Between its bounds too: the clip at 1 must cut some entries of some steps, not all.
    values = {"gamma": 20.0, "interval": 3, "b2": 0.5, "weight_decay": 0.3}
    expected = first(
        N_STEP,
        references.sophia(VECTOR.gradient, VECTOR.start, 0.05, VECTOR.curvature, **values),
    )
    np.testing.assert_allclose(path(optimizer("sophia", **values), 0.05, VECTOR), expected)
    clipped = references.sophia(VECTOR.gradient, VECTOR.start, 0.05, VECTOR.curvature)
    np.testing.assert_allclose(path(optimizer("sophia"), 0.05, VECTOR), first(N_STEP, clipped))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("schedule_free_sgd", {}),
        ("schedule_free_sgd", {"b1": 0.6, "weight_decay": 0.3}),
        ("schedule_free_adamw", {}),
        ("schedule_free_adamw", {"b1": 0.6, "b2": 0.9, "weight_decay": 0.3}),
    ],
)
def test_schedule_free_trains_at_y_and_is_measured_at_x(name, values):
    steps = getattr(references, name)(VECTOR.gradient, VECTOR.start, 0.05, **values)
    trained, measured = zip(*first(N_STEP, steps), strict=True)
    got = paths(optimizer(name, **values), 0.05, VECTOR)
    np.testing.assert_allclose(got[0], trained, atol=1e-9)
    np.testing.assert_allclose(got[1], measured, atol=1e-9)
    assert np.abs(np.subtract(trained, measured)).max() > 0.01


@pytest.mark.parametrize(
    ("reference", "problem"),
    [(references.shampoo_vector, VECTOR), (references.shampoo_tensor, Problem(2, 3, 4))],
)
def test_shampoo_of_other_ranks(reference, problem):
    expected = first(N_STEP, reference(problem.gradient, problem.start, 0.3))
    np.testing.assert_allclose(path(optimizer("shampoo"), 0.3, problem), expected, atol=1e-9)


def test_every_optimizer_has_a_reference():
    assert set(OPTIMIZERS) <= set(vars(references))


def test_defaults_are_those_of_the_references():
    # The reference of Muon stops at matrices and leaves out Nesterov's term.
    for name in set(OPTIMIZERS) - {"muon"}:
        signature = inspect.signature(getattr(references, name)).parameters.values()
        published = {p.name: p.default for p in signature if p.default is not p.empty}
        assert {k: v for k, v in defaults(name).items() if k != "max_size"} == published
