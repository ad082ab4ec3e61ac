"""All runs of a plan as two compiled functions: start, and advance to a step."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from skillphysics.errors import ArgumentError
from skillphysics.memory import available_memory, check_memory, n_bytes
from skillphysics.optimizers import Optimizer, evaluated, seeded
from skillphysics.training.describe import label
from skillphysics.training.problem import Problem
from skillphysics.training.runs import Plan

# Each has its own stream of random numbers from the key of a run.
_START, _BATCH, _MEASURE, _OPTIMIZE = range(4)

# Shampoo keeps up to two matrices of 768 numbers for each number of a vector.
_MOST_PER_PARAMETER = 2000


class State(NamedTuple):
    """The state of all runs."""

    params: Any
    memory: tuple[Any, ...]
    """States of the optimizers, one stack per group of runs."""
    step: Int[Array, ""]


@eqx.filter_jit
def start(planned: Plan) -> State:
    """All runs at step 0."""
    runs = planned.runs
    params = runs.map(lambda problem, key: problem.init(key), runs.keys(_START))
    memories = []
    for group in _groups(planned, params):

        def init(params: Any, rate: Any, key: Any, optimizer: Any = group.optimizer) -> Any:
            return seeded(_transformation(optimizer, rate).init(params), key)

        keys = runs.keys(_OPTIMIZE)
        key_axis = 0 if keys.ndim else None
        keys = keys[group.rows] if keys.ndim else keys
        mapped = jax.vmap(init, (0, 0, key_axis), group.memory_axes, axis_size=group.size)
        memories.append(mapped(group.of(params), group.of(planned.learning_rate), keys))
    return State(params, tuple(memories), jnp.zeros((), jnp.int32))


@eqx.filter_jit
def advance(
    planned: Plan, state: State, stop: Int[Array, ""]
) -> tuple[State, dict[str, Float[Array, "n_run ..."]], Bool[Array, " n_run"]]:
    """Train up to the step `stop`, measure, and check which runs are finite."""
    state = jax.lax.while_loop(
        lambda state: state.step < stop, lambda state: _step(planned, state), state
    )
    points = [
        jax.vmap(evaluated, (0, group.memory_axes))(group.of(state.params), memory)
        for group, memory in zip(_groups(planned, state.params), state.memory, strict=True)
    ]
    runs = planned.runs
    measured = runs.map(
        lambda problem, key, params: problem.measure(params, key),
        runs.keys(_MEASURE, state.step),
        _joined(points),
    )
    return state, measured, jax.vmap(_all_finite)((state.params, measured))


def check_size(planned: Plan) -> Any:
    """The shapes of the parameters of one run, if all runs fit into memory.

    Raises:
        ArgumentError: the states before and after a step, a gradient, a batch and the problems do
            not fit.
    """
    runs = planned.runs
    key = runs.key if runs.key.ndim == 0 else runs.key[0]

    def single(own: Problem) -> tuple[Any, Any]:
        problem = eqx.combine(jax.tree.map(lambda x: x[0], own), runs.shared)
        return problem.init(key), problem.batch(key)

    params, batch = eqx.filter_eval_shape(single, runs.own)
    # The state of an optimizer takes longer to trace; only large ones can be too large.
    if runs.size * (_MOST_PER_PARAMETER * n_bytes(params) + n_bytes(batch)) > available_memory():
        state = eqx.filter_eval_shape(start, planned)
        needed = 2 * n_bytes(state) + n_bytes(state.params) + runs.size * n_bytes(batch)
        check_memory(f"training {runs.size} run{'s' if runs.size > 1 else ''}", needed)
    return params


def code(planned: Plan, state: State) -> tuple[str, list[Array]]:
    """The program of a step as text, and its constants."""
    arrays, rest = eqx.partition((planned, state), eqx.is_array)
    traced = jax.make_jaxpr(lambda arrays: jax.tree.leaves(_step(*eqx.combine(arrays, rest))))(
        arrays
    )
    # Functions are printed with their addresses.
    return re.sub(r"0x[0-9a-f]+", "", str(traced.jaxpr)), traced.consts


def _step(planned: Plan, state: State) -> State:
    draws, runs = planned.draws, planned.runs
    step = state.step
    batch = draws.map(lambda problem, key: problem.at(step).batch(key), draws.keys(_BATCH, step))
    if planned.draw_of is not None:
        batch = jax.tree.map(lambda x: x[planned.draw_of], batch)

    def gradient(problem: Problem, key: Any, params: Any, batch: Any) -> tuple[Any, Any]:  # noqa: ARG001
        return jax.value_and_grad(problem.at(step).loss)(params, batch)

    # All runs at once, regardless of optimizer, so that their products are one matrix product.
    value, slope = runs.map(gradient, runs.key, state.params, batch)
    params, memories = [], []
    for group, memory in zip(_groups(planned, state.params), state.memory, strict=True):

        def update(row: tuple[Any, ...], memory: Any, kind: Any = group.optimizer) -> Any:
            own, params, batch, value, slope, rate = row
            problem = eqx.combine(own, runs.shared).at(step)

            # A line search passes on further arguments of the update to its function.
            def objective(params: Any, obj_fn: Any = None) -> Float[Array, ""]:  # noqa: ARG001
                return problem.loss(params, batch)

            # What a transformation does not use, including the value, is never computed.
            transformation = optax.with_extra_args_support(_transformation(kind, rate))
            updates, memory = transformation.update(
                slope, memory, params, value=value, grad=slope, value_fn=objective, obj_fn=objective
            )
            return optax.apply_updates(params, updates), memory

        rows = group.of((runs.own, state.params, batch, value, slope, planned.learning_rate))
        mapped = jax.vmap(update, (0, group.memory_axes), (0, group.memory_axes))
        new, memory = mapped(rows, memory)
        params.append(new)
        memories.append(memory)
    return State(_joined(params), tuple(memories), step + 1)


class _Group(NamedTuple):
    """Consecutive runs of one optimizer."""

    optimizer: Any
    size: int
    rows: slice
    memory_axes: Any
    """Axes of the state: counters are common to all runs, so a condition on them is a branch."""

    def of(self, tree: Any) -> Any:
        return jax.tree.map(lambda x: x[self.rows], tree)


def _groups(planned: Plan, params: Any) -> Iterator[_Group]:
    single = jax.eval_shape(lambda params: jax.tree.map(lambda x: x[0], params), params)
    rate = None if planned.learning_rate is None else planned.learning_rate[0]
    begin = 0
    for optimizer, size in planned.groups:
        memory = jax.eval_shape(
            lambda p, r, of=optimizer: _transformation(of, r).init(p), single, rate
        )
        axes = _memory_axes(optimizer, single, rate, memory)
        yield _Group(optimizer, size, slice(begin, begin + size), axes)
        begin += size


def _memory_axes(optimizer: Any, params: Any, rate: Any, memory: Any) -> Any:
    axes = jax.tree.map(lambda leaf: None if _is_counter(leaf) else 0, memory)
    if isinstance(optimizer, Optimizer) or _is_common(optimizer, params, rate, memory, axes):
        return axes
    return jax.tree.map(lambda _: 0, memory)


def _is_counter(leaf: jax.ShapeDtypeStruct) -> bool:
    return leaf.ndim == 0 and jnp.issubdtype(leaf.dtype, jnp.integer)


def _is_common(optimizer: Any, params: Any, rate: Any, memory: Any, axes: Any) -> bool:
    """Whether counters are the same in all runs: those of a line search are not."""

    def objective(params: Any, obj_fn: Any = None) -> Float[Array, ""]:  # noqa: ARG001
        return sum((jnp.sum(leaf) for leaf in jax.tree.leaves(params)), start=jnp.zeros(()))

    def update(params: Any, memory: Any, rate: Any) -> Any:
        transformation = optax.with_extra_args_support(_transformation(optimizer, rate))
        return transformation.update(
            params, memory, params, value=objective(params), grad=params, value_fn=objective,
            obj_fn=objective,
        )[1]  # fmt: skip

    def stacked(leaf: Any, axis: int | None) -> jax.ShapeDtypeStruct:
        shape = leaf.shape if axis is None else (2, *leaf.shape)
        return jax.ShapeDtypeStruct(shape, leaf.dtype)

    several = jax.tree.map(lambda leaf: stacked(leaf, 0), params)
    memories = jax.tree.map(lambda leaf: stacked(leaf, None if _is_counter(leaf) else 0), memory)
    rates = None if rate is None else stacked(rate, 0)
    try:
        jax.eval_shape(jax.vmap(update, (0, axes, 0), axes), several, memories, rates)
    except ValueError:  # an output that differs between runs
        return False
    return True


def _transformation(optimizer: Any, rate: Float[Array, ""] | None) -> optax.GradientTransformation:
    transformation = optimizer if rate is None else optimizer(rate)
    if not isinstance(transformation, optax.GradientTransformation):
        raise ArgumentError(
            f"optimizer must return an optax transformation for a learning rate, got "
            f"{transformation!r} from {label(optimizer)}",
            argument="optimizer",
        )
    return transformation


def _joined(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return jax.tree.map(lambda *x: jnp.concatenate(x), *parts)


def _all_finite(tree: Any) -> Array:
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]).all()
