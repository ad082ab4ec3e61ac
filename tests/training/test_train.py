"""The training loop against a plain one, and its way with many runs and bad input."""

import functools
import inspect
import logging
import pickle
import re
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics import Skills, memory, train
from skillphysics.errors import ArgumentError
from skillphysics.optimizers import OPTIMIZERS, optimizer
from skillphysics.training import DivergedError, Problem, program
from skillphysics.training.runs import Stack
from skillphysics.worlds import VECTORS, Geometry, Matrix, Quadratic

KEY = jax.random.key(0)
SKILLS = Skills.power_law(5, alpha=1)


def world(key=KEY, n_dim=20, **options):
    return Geometry.draw(key, SKILLS, n_dim, vectors="unit", **options)


def by_hand(problem, transformation, steps):
    """One run in a Python loop, with exact batches."""
    params = problem.init(KEY)
    state = transformation.init(params)
    levels = [problem.measure(params, KEY)["level"]]
    for _ in range(steps):
        gradient = jax.grad(problem.loss)(params, problem.batch(KEY))
        updates, state = transformation.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        levels.append(problem.measure(params, KEY)["level"])
    return np.array(levels)


@pytest.mark.parametrize("name", ["sgd", "adam", "lion", "soap", "shampoo"])
@pytest.mark.filterwarnings("ignore:soap acts on matrices:UserWarning")
def test_it_is_the_plain_loop(name):
    problem, make = world(), optimizer(name)
    curves = train(problem, make, learning_rate=0.01, steps=25, key=KEY)
    np.testing.assert_allclose(curves.level, by_hand(problem, make(0.01), 25), atol=2e-5)
    finished = train(problem, make(0.01), steps=25, key=KEY)
    np.testing.assert_array_equal(finished.level, curves.level)


def test_runs_of_all_kinds_together_are_those_apart():
    problems = [world(k) for k in jax.random.split(KEY, 3)]
    makes = [optimizer("adam"), optimizer("sgd", momentum=0.9), optimizer("adam")]
    rates = [0.01, 0.02, 0.03]
    together = train(problems, makes, learning_rate=rates, steps=40, key=KEY)
    assert together.level.dims == ("run", "step", "skill")
    for run, (problem, make, rate) in enumerate(zip(problems, makes, rates, strict=True)):
        alone = train(problem, make, learning_rate=rate, steps=40, key=KEY)
        np.testing.assert_allclose(together.level[run], alone.level, atol=2e-5)
    np.testing.assert_array_equal(together.dataset["learning_rate"], rates)
    assert together.dataset.attrs["optimizer"] == ["adam", "sgd(momentum=0.9)", "adam"]


def test_runs_that_share_vectors_are_those_apart():
    vectors = VECTORS["unit"](KEY, 5, 20)
    several = [
        Geometry(vectors, Skills.power_law(5, a), criterion="ce", batch_size=64, noise=0.01)
        for a in (0.5, 1.0, 2.0)
    ]
    makes = [optimizer("adam"), optimizer("sgd")]
    grid = [(w, m) for m in makes for w in several]
    together = train(
        [w for w, _ in grid], [m for _, m in grid], learning_rate=0.05, steps=60, key=KEY
    )
    for run, (one, make) in enumerate(grid):
        alone = train(one, make, learning_rate=0.05, steps=60, key=KEY)
        np.testing.assert_allclose(together.level[run], alone.level, atol=1e-4)
    frequency = together.dataset["run_frequency"].values
    np.testing.assert_allclose(frequency[2], Skills.power_law(5, 2.0).probability, rtol=1e-6)
    assert "frequency" not in together.dataset.coords


def test_equal_arrays_are_held_once():
    vectors = np.asarray(VECTORS["unit"](KEY, 5, 20))
    several = [Geometry(vectors.copy(), Skills.power_law(5, a)) for a in (1.0, 2.0)]
    stack: Any = Stack.of([(one, KEY) for one in several])
    assert stack.own.vectors is None
    assert stack.shared.vectors.shape == (5, 20)
    assert stack.own.probability.shape == (2, 5)


def test_one_key_is_one_set_of_draws_and_two_keys_are_two():
    same = train(world(batch_size=8), optax.sgd, learning_rate=[0.1, 0.1], steps=20, key=KEY)
    np.testing.assert_array_equal(same.level[0], same.level[1])
    keys = list(jax.random.split(KEY))
    other = train(world(batch_size=8), optax.sgd, learning_rate=0.1, steps=20, key=keys)
    assert abs(other.level[0, -1] - other.level[1, -1]).max() > 1e-3
    again = train(world(batch_size=8), optax.sgd, learning_rate=0.1, steps=20, key=keys)
    np.testing.assert_array_equal(other.level, again.level)


def test_vmapped_runs_have_the_distribution_of_single_ones():
    """Learning times of sixteen runs together and of sixteen one by one."""
    keys = list(jax.random.split(jax.random.key(9), 32))
    skills = Skills.given([0.7, 0.3])
    worlds = [Geometry.draw(k, skills, 200, batch_size=8, noise=0.1) for k in keys]
    sign = optimizer("sign_gd")
    rest = {"learning_rate": 2e-3, "steps": 400, "record": 1}
    together = train(worlds[:16], sign, key=keys[:16], **rest).learning_time(0.8).values
    alone = [train(w, sign, key=k, **rest) for w, k in zip(worlds[16:], keys[16:], strict=True)]
    alone = np.array([curves.learning_time(0.8).values for curves in alone])
    spread = np.sqrt((together.var(0, ddof=1) + alone.var(0, ddof=1)) / 16)
    assert (abs(together.mean(0) - alone.mean(0)) < 4 * spread).all()


def test_another_learning_rate_does_not_compile(caplog):
    make = optimizer("adam")
    train(world(), make, learning_rate=[0.1, 0.2], steps=5, key=KEY)
    with jax.log_compiles(), caplog.at_level(logging.DEBUG, logger="jax"):
        train(world(), make, learning_rate=[0.3, 0.4], steps=50, key=KEY)
    assert not re.search("Compiling.*(advance|start)", caplog.text)
    with jax.log_compiles(), caplog.at_level(logging.DEBUG, logger="jax"):
        train(world(), optimizer("sgd"), learning_rate=[0.3, 0.4], steps=50, key=KEY)
    assert re.search("Compiling.*advance", caplog.text)


@pytest.mark.parametrize("name", [*OPTIMIZERS, "cautious_adam", "cautious_muon"])
@pytest.mark.parametrize("shape", ["vector", "matrix"])
@pytest.mark.filterwarnings("ignore:.* acts on matrices:UserWarning")
def test_every_optimizer_lowers_the_loss_of_every_run(name, shape):
    keys = list(jax.random.split(KEY, 2))
    if shape == "vector":
        worlds = [world(k, batch_size=256) for k in keys]
    else:
        worlds = [Matrix.draw(k, SKILLS, 6, 5, batch_size=256) for k in keys]
    rate = {"sgd": 0.2, "schedule_free_sgd": 0.2, "shampoo": 0.1, "adagrad": 0.1}.get(name, 0.01)
    curves = train(worlds, optimizer(name), learning_rate=rate, steps=400, key=keys)
    loss = curves.dataset["loss"]
    assert (loss[:, -1] < 0.2 * loss[:, 0]).all(), loss.values[:, ::50]


def test_sophia_draws_its_own_numbers_in_every_run():
    keys = list(jax.random.split(KEY, 2))
    curves = train(world(), optimizer("sophia", gamma=1.0), learning_rate=0.1, steps=60, key=keys)
    assert abs(curves.level[0] - curves.level[1]).max() > 1e-6


def test_schedule_free_is_measured_at_its_mean():
    make = optimizer("schedule_free_sgd")
    problem = Quadratic.aligned()
    curves = train(problem, make, learning_rate=0.1, steps=30, record=[30], key=KEY)
    params: Any = problem.init(KEY)
    transformation = make(0.1)
    state = transformation.init(params)
    for _ in range(30):
        updates, state = transformation.update(jax.grad(problem.loss)(params), state, params)
        params = optax.apply_updates(params, updates)
    mean = optax.contrib.schedule_free_eval_params(state, params)
    np.testing.assert_allclose(curves.level[0], problem.measure(mean, KEY)["level"], atol=1e-6)
    assert abs(problem.measure(params, KEY)["level"] - curves.level[0]).max() > 1e-3


def test_records_are_where_they_are_asked():
    curves = train(world(), optax.sgd, learning_rate=0.1, steps=3000, key=KEY)
    np.testing.assert_array_equal(curves.steps, np.arange(0, 3001, 3))
    full = train(world(), optax.sgd, learning_rate=0.1, steps=20, record=1, key=KEY)
    some = train(world(), optax.sgd, learning_rate=0.1, steps=20, record=[3, 4, 17], key=KEY)
    np.testing.assert_array_equal(some.level, full.level.sel(step=[3, 4, 17]))


@pytest.mark.parametrize("checked", [1, 2])
def test_divergence_is_told_and_loses_nothing(checked):
    keys = list(jax.random.split(KEY, 3))
    with pytest.raises(DivergedError, match="run 'wild' diverged between") as caught:
        train(
            world(), optax.sgd, learning_rate=[0.1, 1e4, 0.2], steps=300, record=checked,
            key=keys, runs=["a", "wild", "b"],
        )  # fmt: skip
    error = caught.value
    assert error.run == "wild"
    assert f"steps {error.step - checked} and {error.step} (sgd, learning rate 10000)" in str(error)
    assert error.curves is not None
    assert error.curves.steps[-1] == error.step - checked
    sent = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(sent), sent.run, sent.step) == (str(error), error.run, error.step)
    calm = train(
        world(), optax.sgd, learning_rate=[0.1, 1e4, 0.2], steps=int(error.curves.steps[-1]),
        record=checked, key=keys,
    )  # fmt: skip
    np.testing.assert_array_equal(calm.level, error.curves.level)


class Poisoned(Quadratic):
    """Its loss is not a number from the start."""

    def measure(self, params, key):
        return {**super().measure(params, key), "loss": jnp.array(jnp.nan)}


def test_divergence_at_the_start():
    poisoned = Poisoned([1.0], np.eye(1), [1.0])  # pyright: ignore[reportCallIssue]
    with pytest.raises(DivergedError, match="not finite at step 0") as caught:
        train(poisoned, optax.sgd, learning_rate=0.1, steps=3, key=KEY)
    assert caught.value.curves is None


class Loose(Problem):
    """The mean of normal numbers, with a name that is no static field."""

    names: tuple[str, ...] = ("mean",)
    frequency: jax.Array = eqx.field(default_factory=lambda: jnp.ones(1))

    def init(self, key):
        return {"x": jnp.zeros(3)}

    def batch(self, key):
        return 2 + jax.random.normal(key, (100, 3))

    def loss(self, params, batch):
        return ((params["x"] - batch) ** 2).mean()

    def measure(self, params, key):
        return {"level": params["x"].mean()[None] / 2}


class Mean(Loose):
    names: tuple[str, ...] = eqx.field(default=("mean",), static=True)


def test_a_problem_of_ones_own():
    curves = train(Mean(), optax.adam, learning_rate=0.1, steps=300, key=KEY)
    assert abs(float(curves.level[-1, 0]) - 1) < 0.05
    assert "loss" not in curves.dataset


def test_rates_may_be_arrays_and_optimizers_names():
    rates = jnp.asarray([0.1, 0.2], jnp.float32)
    curves = train(world(), "adam", learning_rate=rates, steps=5, key=KEY)
    listed = train(world(), optimizer("adam"), learning_rate=[0.1, 0.2], steps=5, key=KEY)
    np.testing.assert_array_equal(curves.level, listed.level)
    one = train(world(), ["adam", "sgd"], learning_rate=jnp.asarray(0.1), steps=5, key=KEY)
    assert one.dataset.attrs["optimizer"] == ["adam", "sgd"]
    np.testing.assert_allclose(one.level[0], listed.level[0], atol=1e-6)


def test_a_line_search_works_in_one_run_and_in_several():
    problems = [world(k) for k in jax.random.split(KEY, 2)]
    both = train(problems, optax.lbfgs, learning_rate=1.0, steps=8, record=8, key=KEY)
    # A quadratic with 20 parameters and 5 curvatures, which gradient descent does not solve in 8.
    assert (both.dataset["loss"][:, -1] < 1e-4 * both.dataset["loss"][:, 0]).all()
    alone = train(problems[1], optax.lbfgs(1.0), steps=8, record=8, key=KEY)
    np.testing.assert_allclose(both.level[1], alone.level, atol=1e-3)


def test_a_counter_of_its_own_in_each_run():
    """Skipped updates are counted per run."""
    make = optax.apply_if_finite(optax.sgd(0.1), max_consecutive_errors=3)
    curves = train([world(), world()], make, steps=5, key=KEY)
    plain = train(world(), optax.sgd(0.1), steps=5, key=KEY)
    np.testing.assert_allclose(curves.level[1], plain.level, atol=1e-6)


@pytest.mark.parametrize(("name", "rule"), [("muon", "AdamW"), ("cautious_soap", "Adam")])
def test_an_optimizer_of_matrices_says_that_there_are_none(name, rule):
    options = {"learning_rate": 0.01, "steps": 3, "key": KEY}
    with pytest.warns(UserWarning, match=f"{name} acts on matrices, and Geometry .* follow {rule}"):
        train(world(), optimizer(name), **options)
    # Warnings are errors: neither of these warns.
    train(Matrix.draw(KEY, SKILLS, 6, 5), optimizer(name), **options)
    train(world(), optimizer("shampoo"), **options)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"learning_rate": [0.1, 0.2]}, ["lr 0.1", "lr 0.2"]),
        ({"optimizer": ["sgd", optax.adam]}, ["sgd", "adam"]),
        (
            {"optimizer": ["sgd", "sgd", "adam", "adam"], "learning_rate": [0.1, 0.2] * 2},
            ["sgd, lr 0.1", "sgd, lr 0.2", "adam, lr 0.1", "adam, lr 0.2"],
        ),
        ({"key": list(jax.random.split(KEY, 2))}, ["0", "1"]),
        (
            {"key": list(jax.random.split(KEY, 4)), "learning_rate": [0.1, 0.2] * 2},
            ["lr 0.1, run 0", "lr 0.2, run 0", "lr 0.1, run 1", "lr 0.2, run 1"],
        ),
    ],
)
def test_runs_are_named_by_what_differs(change, names):
    arguments = {"problem": world(), "optimizer": "sgd", "learning_rate": 0.1, "key": KEY}
    curves = train(**(arguments | change), steps=2)
    assert curves.dataset["run"].values.tolist() == names


def test_a_function_without_a_name_has_a_readable_label():
    unnamed = train(world(), lambda rate: optax.sgd(rate), learning_rate=0.1, steps=2, key=KEY)
    assert unnamed.dataset.attrs["optimizer"] == "unnamed optimizer"
    partial = functools.partial(optax.sgd, momentum=0.9)
    named = train(world(), partial, learning_rate=0.1, steps=2, key=KEY)
    assert named.dataset.attrs["optimizer"] == "sgd(momentum=0.9)"


def test_what_does_not_fit_into_memory_is_refused_before_it_is_allocated(monkeypatch):
    size = 3 * 4 * 20 + 2 * 4  # of 20 parameters: twice, and a gradient; of the counter: twice
    for module in (memory, program):
        monkeypatch.setattr(module, "available_memory", lambda: (size + 30) / 0.8)
    train(world(), "sgd", learning_rate=0.1, steps=2, key=KEY)
    for module in (memory, program):
        monkeypatch.setattr(module, "available_memory", lambda: size / 0.8)
    with pytest.raises(ArgumentError, match=r"training 1 run needs at least .* GiB of memory"):
        train(world(), "sgd", learning_rate=0.1, steps=2, key=KEY)
    with pytest.raises(ArgumentError, match=r"training 3 runs needs at least"):
        train(world(), "sgd", learning_rate=[0.1, 0.2, 0.3], steps=2, key=KEY)


class Halfway(Problem):
    """½(x − 1)² from x = 0, in a given precision."""

    names: tuple[str, ...] = eqx.field(default=("x",), static=True)
    frequency: jax.Array = eqx.field(default_factory=lambda: jnp.ones(1))
    dtype: str = eqx.field(default="float32", static=True)

    def init(self, key):
        return jnp.zeros(1, self.dtype)

    def batch(self, key):
        return None

    def loss(self, params, batch):
        return jnp.sum((params - 1) ** 2) / 2

    def measure(self, params, key):
        return {"level": params}


def test_the_precision_is_that_of_the_parameters():
    rest = {}
    for dtype in ("float32", "float64"):
        with jax.enable_x64(dtype == "float64"):
            curves = train(Halfway(dtype=dtype), "sgd", learning_rate=0.5, steps=30, key=KEY)
            assert curves.level.dtype == dtype
            rest[dtype] = 1 - curves.level.values[-1, 0]
    assert rest["float64"] == 0.5**30
    assert rest["float32"] == 0


def test_curves_say_what_was_trained():
    curves = train(world(batch_size=4), optimizer("adam"), learning_rate=0.1, steps=3, key=KEY)
    attributes = curves.dataset.attrs
    assert attributes["problem"]["type"] == "Geometry"
    assert attributes["problem"]["criterion"] == "mse"
    assert attributes["problem"]["vectors"] == {"shape": [5, 20]}
    assert attributes["problem"]["draws"]["total"] == 4
    assert attributes["optimizer"] == "adam"
    assert attributes["key"] == [0, 0]
    assert set(attributes["versions"]) == {"skillphysics", "jax", "optax"}
    assert "run" not in curves.dataset.dims
    named = train(
        world(), optimizer("adam"), learning_rate=[0.1, 0.2], steps=3, key=KEY, runs=["a", "b"]
    )
    assert named.dataset["run"].values.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 0}, "steps must .* got 0"),
        ({"steps": 2**31}, "steps must .* got 2147483648"),
        ({"learning_rate": None}, "learning_rate must be given"),
        ({"learning_rate": float("nan")}, "learning_rate must be .* got nan"),
        ({"learning_rate": -0.1}, "learning_rate must be .* got -0.1"),
        ({"learning_rate": [0.1, float("inf")]}, "learning_rate must be .* got inf"),
        ({"learning_rate": []}, "learning_rate must have at least one"),
        ({"learning_rate": [0.1, 0.2], "problem": [world()] * 3}, "got problem 3, learning_rate 2"),
        ({"optimizer": optax.sgd(0.1)}, "must be None for an optax transformation"),
        ({"optimizer": [optax.sgd, optax.sgd(0.1)]}, "must be None for an optax transformation"),
        ({"problem": Loose()}, "arrays, got 'mean'; .*static"),
        ({"record": 0}, "record must .* got 0"),
        ({"record": [3, 3]}, "record must strictly increase"),
        ({"record": [0, 99]}, "record must strictly increase"),
        ({"record": [0.5]}, "record must be a positive integer or a list of"),
        ({"problem": [world(), world(n_dim=3)]}, "problem 1 and problem 0 with different"),
        ({"problem": [world(), world(criterion="ce")]}, "problem 1 and problem 0 with different"),
        ({"key": jax.random.PRNGKey(0)}, "key must be a key, such as"),
        ({"key": 0}, r"key must be a key, such as jax.random.key\(0\), or a list, got 0"),
        ({"optimizer": 3}, "optimizer must be a name, a function .* got 3"),
        ({"runs": ["a"]}, "runs must be None for a single run"),
        ({"runs": ["a"], "learning_rate": [0.1, 0.2]}, "each of the 2 runs, got 1"),
        ({"optimizer": "adm"}, "unknown optimizer .*did you mean 'adam'"),
        ({"optimizer": lambda rate: rate}, "must return an optax transformation"),
        ({"checkpoint_every": -1.0}, "checkpoint_every"),
        ({"runs": ["a", "a"], "learning_rate": [0.1, 0.2]}, "more than once"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(change, said):
    arguments = {
        "problem": world(), "optimizer": optax.sgd, "learning_rate": 0.1, "steps": 5, "key": KEY,
    }  # fmt: skip
    with pytest.raises(ArgumentError, match=said):
        # Without the type checker of the tests.
        inspect.unwrap(train)(**(arguments | change))
