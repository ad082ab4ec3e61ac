"""Every experiment, shrunk until it takes a second; what it means is measured elsewhere."""

import dataclasses
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics import memory
from skillphysics.cli.docstrings import arguments
from skillphysics.domains import domain_of
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
    "multitask": {"steps": 10, "n_skill": 4, "n_bits": 8, "batch_size": 20, "widths": (4, 6),
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
    # One that is not in the list is small enough with few steps.
    return dataclasses.replace(EXPERIMENTS[name].at("quick"), **SMALL.get(name, {"steps": 10}))


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
    # What a command line can read.
    hints = typing.get_type_hints(kind, include_extras=True)
    plain = typing.get_type_hints(kind)
    texts = arguments(kind)
    for field in fields:
        inner = (
            typing.get_args(plain[field])[0]
            if typing.get_origin(plain[field]) is tuple
            else plain[field]
        )
        assert inner in (int, float, str, bool)
        assert inner is str or domain_of(hints[field]) is not None, field
        assert texts.get(field), field
    with pytest.raises(ArgumentError, match="'quick' or 'paper'"):
        kind.at("large")


def test_no_seed_and_lonely_betas_are_refused():
    with pytest.raises(ArgumentError, match="seeds must have at least one entry"):
        small("domino").run([])
    with pytest.raises(ArgumentError, match="same number of values, got 1 and 2"):
        pairs([0.9], [0.9, 0.99])


def test_levels_at_the_end_over_what_differs():
    curves = small("emergence-data").run([0, 1])
    over = against(curves, "n_samples")
    assert over.steps.tolist() == [20, 40]
    np.testing.assert_array_equal(over.level[1, 0], curves.level[2, -1])
    np.testing.assert_array_equal(over.level[0, 1], curves.level[1, -1])
    with pytest.raises(ArgumentError, match=r"variable must be one of .*n_samples.*, got 'width'"):
        against(curves, "width")


def test_halved_after_the_first_step_and_every_so_many():
    factor = [float(Halved(10)(jnp.asarray(step))) for step in (0, 1, 9, 10, 19, 20)]
    assert factor == [1.0, 0.5, 0.5, 0.25, 0.25, 0.125]


@pytest.mark.parametrize("warmup", [0, 10, 20])
def test_a_warm_up_that_leaves_no_steps_is_refused(warmup):
    with pytest.raises(ArgumentError, match=f"warmup must be .* got {warmup}"):
        WarmupCosine(warmup, 10, 0.1)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("modularity", {"hidden": 0}, "hidden must be an integer of at least 1, got 0"),
        ("modularity", {"learning_rate": -1.0}, "learning_rate must be .* got -1"),
        ("modularity", {"reading": "both"}, "reading must be 'code' or 'text', got 'both'"),
        ("domino", {"shares": (1.0, 2.0)}, "shares must be .* got 2.0"),
        ("grokking", {"precision": "float16"}, "precision must be 'float32' or 'float64'"),
        ("emergence-data", {"n_samples": (10, 0)}, "n_samples must be .* got 0"),
        ("reweighting", {"weighted_steps": (-1,)}, "weighted_steps must be .* got -1"),
    ],
)
def test_a_setting_out_of_its_domain_is_refused(name, change, said):
    with pytest.raises(ArgumentError, match=said):
        dataclasses.replace(EXPERIMENTS[name].at("quick"), **change)


@pytest.mark.parametrize("hidden", [10**6, 10**9])
def test_a_network_beyond_the_memory_is_refused(hidden):
    experiment = dataclasses.replace(EXPERIMENTS["modularity"].at("quick"), hidden=hidden)
    with pytest.raises(ArgumentError, match=r"needs at least .* GiB of memory, and this machine"):
        experiment.run([0])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("modularity", {"n_samples": 2**31 - 1}),
        ("domino", {"n_samples": 2**31 - 1}),
        ("emergence-data", {"n_samples": (2**31 - 1,), "batch_size": 10}),
        ("emergence-time", {"batch_size": 2**31 - 1}),
        ("grokking", {"modulus": 46_340}),
    ],
)
def test_samples_beyond_the_memory_are_refused(name, change, monkeypatch):
    # As large as the machine of a test may be.
    monkeypatch.setattr(memory, "available_memory", lambda: 2**33)
    experiment = dataclasses.replace(EXPERIMENTS[name].at("quick"), **change)
    with pytest.raises(ArgumentError, match="GiB of memory"):
        experiment.run([0])


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
