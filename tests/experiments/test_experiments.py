"""Every experiment, shrunk until it takes a second; what it means is measured elsewhere."""

import dataclasses
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.experiments import EXPERIMENTS, against
from skillphysics.experiments.experiment import pairs
from skillphysics.experiments.schedules import Halved, Scheduled, WarmupCosine
from skillphysics.optimizers import optimizer

_PARITY = {"width": 8, "batch_size": 20, "n_measure": 20}
SMALL = {
    "domino": {"n_samples": 200, "steps": 20, "shares": (1.0, 0.1)},
    "dependent": {"n_samples": 200, "steps": 20},
    "grokking": {"steps": 40, "modulus": 7, "hidden": 8, "dim": 4},
    "modularity": {"steps": 10, "hidden": 8},
    "multitask": {"steps": 10, "n_task": 4, "n_bits": 8, "batch_size": 20, "widths": (4, 6),
                  "n_measure": 10, "b1": (0.0,), "b2": (0.9,)},
    "reweighting": {"steps": 10, "width": 8, "n_layer": 1, "block": 8, "batch_size": 2,
                    "n_token": 20_000, "warmup": 2, "weighted_steps": (0, 4),
                    "validation_batches": 40},
    "emergence-time": {"steps": 100, **_PARITY},
    "emergence-data": {"steps": 10, "width": 8, "n_samples": (20, 40), "n_measure": 20},
    "emergence-parameters": {"steps": 10, "widths": (2, 3), "batch_size": 20, "n_measure": 20},
    "emergence-transformer": {"steps": 20, **_PARITY},
    "calibration-time": {"steps": 100, **_PARITY},
    "calibration-data": {"steps": 10, "width": 8, "n_samples": (20, 40), "n_measure": 20},
    "calibration-parameters": {"steps": 10, "widths": (2, 3), "batch_size": 20, "n_measure": 20},
}  # fmt: skip
# They take longest to compile, and a class of the same file stands for them.
LONG = ("reweighting", "emergence-transformer", "calibration-time", "calibration-data",
        "calibration-parameters", "multitask")  # fmt: skip


def small(name):
    return dataclasses.replace(EXPERIMENTS[name].at("quick"), **SMALL[name])


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in EXPERIMENTS],
)
def test_every_experiment_runs_for_every_seed(name):
    experiment = small(name)
    curves = experiment.run([3, 5])
    variants = experiment.variants(jax.random.key(3))
    assert curves.level.shape[0] == 2 * len(variants)
    assert np.isfinite(curves.level).all()
    dataset = curves.dataset
    assert dataset["seed"].values.tolist() == [3] * len(variants) + [5] * len(variants)
    for key in variants[0].values:
        assert dataset[key].values.tolist() == 2 * [one.values[key] for one in variants]
    assert dataset.attrs["settings"]["steps"] == experiment.steps
    half, loss = len(variants), dataset["loss"].values[:, -1]
    assert (loss[:half] != loss[half:]).all()


def test_a_seed_gives_the_same_numbers_again():
    one, other = (small("dependent").run([1]) for _ in range(2))
    np.testing.assert_array_equal(one.level, other.level)


def test_an_interrupted_experiment_goes_on(tmp_path):
    experiment = small("dependent")
    whole = experiment.run([0])
    path = tmp_path / "run.ckpt"
    experiment.run([0], path)
    assert {p.name for p in tmp_path.iterdir()} == {"run.ckpt.0-of-2", "run.ckpt.1-of-2"}
    np.testing.assert_array_equal(experiment.run([0], path).level, whole.level)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_scales_are_known_settings_and_costs_are_told(name):
    kind = EXPERIMENTS[name]
    fields = {field.name for field in dataclasses.fields(kind)}
    assert set(kind.QUICK) <= fields
    assert set(kind.COST) == {"quick", "paper"}
    published = {field.name: field.default for field in dataclasses.fields(kind)}
    assert dataclasses.asdict(kind.at("paper")) == published
    # What `--set` can read.
    for hint in typing.get_type_hints(kind).values():
        if typing.get_origin(hint) is not typing.ClassVar:
            inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
            assert inner in (int, float, str, bool)
    with pytest.raises(ArgumentError, match="'quick' or 'paper'"):
        kind.at("large")


def test_no_seed_and_lonely_betas_are_refused():
    with pytest.raises(ArgumentError, match="at least one seed"):
        small("domino").run([])
    with pytest.raises(ArgumentError, match="b1 has 1 values and b2 2"):
        pairs([0.9], [0.9, 0.99])


def test_levels_at_the_end_over_what_differs():
    curves = small("emergence-data").run([0, 1])
    over = against(curves, "n_samples")
    assert over.steps.tolist() == [20, 40]
    np.testing.assert_array_equal(over.level[1, 0], curves.level[2, -1])
    np.testing.assert_array_equal(over.level[0, 1], curves.level[1, -1])
    with pytest.raises(ArgumentError, match=r"variable is 'width'; one of .*n_samples"):
        against(curves, "width")


def test_halved_after_the_first_step_and_every_so_many():
    factor = [float(Halved(10)(jnp.asarray(step))) for step in (0, 1, 9, 10, 19, 20)]
    assert factor == [1.0, 0.5, 0.5, 0.25, 0.25, 0.125]


@pytest.mark.parametrize("warmup", [0, 10, 20])
def test_a_warm_up_that_leaves_no_steps_is_refused(warmup):
    with pytest.raises(ArgumentError, match="a number from 1 to 9 is wanted"):
        WarmupCosine(warmup, 10, 0.1)


def test_a_scheduled_rate_is_the_rate_times_the_factor():
    # SGD with gradient 1 moves by the rate of the step.
    kind = Scheduled(optimizer("sgd"), WarmupCosine(2, 10, 0.1))
    assert kind == Scheduled(optimizer("sgd"), WarmupCosine(2, 10, 0.1))
    transformation = kind(jnp.asarray(0.5))
    x, moved = jnp.zeros(()), []
    state = transformation.init(x)
    for _ in range(11):
        update, state = transformation.update(jnp.ones(()), state, x)
        moved.append(-float(jnp.asarray(update)))
        x = optax.apply_updates(x, update)
    expected = [0.0, 0.25, *(0.5 * (0.1 + 0.9 * (1 + np.cos(np.pi * t / 8)) / 2) for t in range(9))]
    np.testing.assert_allclose(moved, expected, rtol=1e-5)
