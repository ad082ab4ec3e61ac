"""Many runs as one program: arrays that they share are held once, others are stacked."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Key

from skillphysics.domains import NON_NEGATIVE
from skillphysics.errors import ArgumentError
from skillphysics.numerics.threefry import fold_in
from skillphysics.optimizers import optimizer as optimizer_of
from skillphysics.training.problem import Problem

OptimizerLike = str | optax.GradientTransformation | Callable[[Any], optax.GradientTransformation]
"""A name, an optax transformation, or a function from the learning rate to one, as `optax.adam`."""

_KINDS = {
    "problem": "a Problem, such as Geometry",
    "optimizer": "a name, a function of the learning rate such as optax.adam, or an optax "
    "transformation",
    "learning_rate": "a number",
    "key": "a key, such as jax.random.key(0)",
}


class Run(NamedTuple):
    """One run: a problem, an optimizer, its learning rate and a key."""

    problem: Problem
    optimizer: OptimizerLike
    learning_rate: float | None
    key: Key[Array, ""]


class Stack(eqx.Module):
    """Pairs of a problem and a key, stacked.

    An array that is equal in all problems is held once, so that its products with the parameters of
    all runs become one matrix product. A key that is the same in all pairs is held once as well.

    Attributes:
        own: the problem with the arrays that differ, stacked [n, …]; None in place of the others.
        shared: the problem with the common arrays; None in place of the others.
        key: [] or [n].
        size: n.
    """

    own: Problem
    shared: Problem
    key: Key[Array, "..."]
    size: int = eqx.field(static=True)

    @classmethod
    def of(cls, pairs: Sequence[tuple[Problem, Key[Array, ""]]]) -> "Stack":
        """The pairs, whose problems differ only in the values of arrays, stacked."""
        leaves, structures = zip(*(jax.tree.flatten(problem) for problem, _ in pairs), strict=True)
        columns = list(zip(*leaves, strict=True))
        common = [all(_same(leaf, column[0]) for leaf in column) for column in columns]
        own = [None if same else jnp.stack(c) for c, same in zip(columns, common, strict=True)]
        shared = [c[0] if same else None for c, same in zip(columns, common, strict=True)]
        keys = [key for _, key in pairs]
        one_key = len({key_bytes(key) for key in keys}) == 1
        return cls(
            own=jax.tree.unflatten(structures[0], own),
            shared=jax.tree.unflatten(structures[0], shared),
            key=keys[0] if one_key else jnp.stack(keys),
            size=len(pairs),
        )

    def keys(self, *data: Int[Array, ""] | int) -> Key[Array, "..."]:
        """The key or keys with further integers folded in."""
        key = self.key
        for number in data:
            key = jax.vmap(fold_in, (0, None))(key, number) if key.ndim else fold_in(key, number)
        return key

    def map(self, function: Callable[..., Any], key: Key[Array, "..."], *stacked: Any) -> Any:
        """`function(problem, key, *stacked)` for every pair, stacked."""

        def one(own: Problem, key: Key[Array, ""], *rest: Any) -> Any:
            return function(eqx.combine(own, self.shared), key, *rest)

        if self.size == 1:
            # Products with a batch of one are slower than those without.
            own, rest = jax.tree.map(lambda x: x[0], (self.own, stacked))
            alone = one(own, key[0] if key.ndim else key, *rest)
            return jax.tree.map(lambda x: jnp.asarray(x)[None], alone)
        axes = (0, 0 if key.ndim else None, *(0 for _ in stacked))
        return jax.vmap(one, axes, axis_size=self.size)(self.own, key, *stacked)


class Plan(eqx.Module):
    """Runs in the order in which they are computed, sorted by optimizer.

    Attributes:
        runs: problem and key of every run.
        draws: the distinct pairs: runs that differ only in the optimizer have the same batches.
        draw_of: the place of each run in `draws`, [n_run]; None where that is its own place.
        learning_rate: [n_run], or None where the optimizers have their own.
        groups: (optimizer, number of runs), in order.
    """

    runs: Stack
    draws: Stack
    draw_of: Int[Array, " n_run"] | None
    learning_rate: Float[Array, " n_run"] | None
    groups: tuple[tuple[Hashable, int], ...] = eqx.field(static=True)


def plan(runs: Sequence[Run]) -> tuple[Plan, np.ndarray]:
    """The runs as one program, and the place of each given run in it."""
    kinds = list(dict.fromkeys(run.optimizer for run in runs))
    order = sorted(range(len(runs)), key=lambda i: kinds.index(runs[i].optimizer))
    runs = [runs[i] for i in order]
    marks = [(id(run.problem), key_bytes(run.key)) for run in runs]
    distinct = {mark: (run.problem, run.key) for mark, run in zip(marks, runs, strict=True)}
    places = {mark: place for place, mark in enumerate(distinct)}
    draw_of = np.array([places[mark] for mark in marks])
    stack = Stack.of([(run.problem, run.key) for run in runs])
    alone = np.array_equal(draw_of, np.arange(len(runs)))
    rates = [run.learning_rate for run in runs]
    planned = Plan(
        runs=stack,
        draws=stack if alone else Stack.of(list(distinct.values())),
        draw_of=None if alone else jnp.asarray(draw_of, jnp.int32),
        learning_rate=None if rates[0] is None else jnp.asarray(rates, jnp.float32),
        groups=tuple((kind, sum(run.optimizer == kind for run in runs)) for kind in kinds),
    )
    return planned, np.argsort(order)


def broadcast(problem: Any, optimizer: Any, learning_rate: Any, key: Any) -> tuple[list[Run], bool]:
    """One run per entry of the arguments that are lists, and whether any argument is a list.

    Raises:
        ArgumentError: the lists differ in length, an argument is of the wrong kind, a learning rate
            is missing, not finite or negative, or the problems cannot train together.
    """
    columns: dict[str, list[Any]] = {}
    listed = False
    given: list[tuple[str, Any, bool]] = [
        ("problem", problem, isinstance(problem, Problem)),
        # A GradientTransformation is a tuple, too.
        ("optimizer", optimizer, _is_optimizer(optimizer)),
        ("learning_rate", learning_rate, learning_rate is None or np.ndim(learning_rate) == 0),
        ("key", key, isinstance(key, jax.Array) and key.ndim == 0),
    ]
    for name, value, single in given:
        if not (single or isinstance(value, Sequence | np.ndarray | jax.Array)):
            raise _wrong_kind(name, value)
        columns[name] = [value] if single else list(value)
        listed = listed or not single
    lengths = {name: len(column) for name, column in columns.items()}
    if 0 in lengths.values():
        name = min(lengths, key=lambda name: lengths[name])
        raise ArgumentError(f"{name} must have at least one entry", argument=name)
    n_run = max(lengths.values())
    wrong = [f"{name} {length}" for name, length in lengths.items() if length not in (1, n_run)]
    if wrong:
        longest = max(lengths, key=lambda name: lengths[name])
        raise ArgumentError(
            f"lists must have the same length, got {longest} {n_run}, {', '.join(wrong)}; give "
            "lists of one length, or single values"
        )
    rows = zip(*(c * (n_run // len(c)) for c in columns.values()), strict=True)
    runs = [_checked(Run(*row)) for row in rows]
    _check_alike(columns["problem"])
    return runs, listed


def key_bytes(key: Key[Array, ""]) -> bytes:
    """A key as data: equal keys have equal bytes."""
    return np.asarray(jax.random.key_data(key)).tobytes()


def _is_optimizer(value: Any) -> bool:
    return callable(value) or isinstance(value, optax.GradientTransformation | str)


def _checked(run: Run) -> Run:
    for name, value, valid in (
        ("problem", run.problem, isinstance(run.problem, Problem)),
        ("optimizer", run.optimizer, _is_optimizer(run.optimizer)),
        ("key", run.key, _is_key(run.key) and run.key.ndim == 0),
    ):
        if not valid:
            raise _wrong_kind(name, value)
    kind, rate = run.optimizer, run.learning_rate
    if isinstance(kind, str):
        kind = optimizer_of(kind)
    finished = isinstance(kind, optax.GradientTransformation)
    if finished and rate is not None:
        raise ArgumentError(
            "learning_rate must be None for an optax transformation, which has its own, got "
            f"{rate}; give a function of the learning rate such as optax.adam",
            argument="learning_rate",
        )
    if not finished:
        if rate is None:
            raise ArgumentError(
                "learning_rate must be given, because the optimizer is a function of it",
                argument="learning_rate",
            )
        rate = NON_NEGATIVE.check("learning_rate", rate)
    return run._replace(optimizer=kind, learning_rate=rate)


def _wrong_kind(name: str, value: Any) -> ArgumentError:
    return ArgumentError(f"{name} must be {_KINDS[name]}, or a list, got {value!r}", argument=name)


def _check_alike(problems: Sequence[Problem]) -> None:
    """Check that problems differ only in the values of their arrays."""

    def form(problem: Problem) -> tuple[Any, list[Any]]:
        leaves, structure = jax.tree.flatten(problem)
        for leaf in leaves:
            if not isinstance(leaf, jax.Array | np.ndarray):
                raise ArgumentError(
                    f"the fields of {type(problem).__name__} must hold arrays, got {leaf!r}; "
                    "declare the field with equinox.field(static=True)"
                )
        return structure, [(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves]

    for place, problem in enumerate(problems):
        if form(problem) != form(problems[0]):
            raise ArgumentError(
                "problems that train together must differ only in the values of their arrays, got "
                f"problem {place} and problem 0 with different types, settings, names or shapes; "
                "train them in separate calls"
            )


def _same(one: Array | np.ndarray, other: Array | np.ndarray) -> bool:
    if one is other:
        return True
    # Keys are compared by identity only.
    return not _is_key(one) and np.array_equal(np.asarray(one), np.asarray(other))


def _is_key(value: Any) -> bool:
    return isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
