"""Many runs as one program: what they share is held once, what differs is stacked."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Key

from skillphysics.errors import ArgumentError
from skillphysics.numerics.threefry import fold_in
from skillphysics.training.problem import Problem

Optimizer = optax.GradientTransformation | Callable[[Any], optax.GradientTransformation]
"""A transformation, or a function of the learning rate that gives one, such as `optax.adam`."""


_WANTED = {
    "problem": "a Problem such as Geometry",
    "optimizer": "a function of the learning rate such as optax.adam, or an optax transformation",
    "learning_rate": "a finite number that is not negative",
    "key": "a key as made by jax.random.key(0)",
}


class Run(NamedTuple):
    """One training: what is trained, by what, and its randomness."""

    problem: Problem
    optimizer: Optimizer
    learning_rate: float | None
    key: Key[Array, ""]


class Stack(eqx.Module):
    """Pairs of a problem and a key, as one: what all of them share is held once.

    An array that is equal in all problems is shared, so that its products with the parameters of
    all runs become one matrix product. One key for all is shared as well.

    Attributes:
        own: the problem with the arrays that differ, stacked [n, …]; None in place of the others.
        shared: the problem with the common arrays.
        key: [] or [n].
        size: n.
    """

    own: Problem
    shared: Problem
    key: Key[Array, "..."]
    size: int = eqx.field(static=True)

    @classmethod
    def of(cls, pairs: Sequence[tuple[Problem, Key[Array, ""]]]) -> "Stack":
        """The pairs as one; their problems differ in the values of arrays only."""
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
        """The key, or keys, with further data folded in: a place and a step, say."""
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
    """Runs in the order in which they are computed: those of one optimizer follow each other.

    Attributes:
        runs: every run's problem and key.
        draws: the distinct ones among them: runs that differ in optimizer only see one batch.
        draw_of: [n_run], the place of each run in `draws`; None where that is its own place.
        learning_rate: [n_run], or None where the optimizers have theirs.
        groups: (optimizer, number of runs), in order.
    """

    runs: Stack
    draws: Stack
    draw_of: Int[Array, " n_run"] | None
    learning_rate: Float[Array, " n_run"] | None
    groups: tuple[tuple[Hashable, int], ...] = eqx.field(static=True)


def plan(runs: Sequence[Run]) -> tuple[Plan, np.ndarray]:
    """The runs as one program, and the place in it of each run as given."""
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


def broadcast(
    problem: Problem | Sequence[Problem],
    optimizer: Optimizer | Sequence[Optimizer],
    learning_rate: float | Sequence[float] | None,
    key: Array | Sequence[Array],
) -> tuple[list[Run], bool]:
    """One run for each entry of the arguments that are lists, and whether any is a list.

    Raises:
        ArgumentError: lists of different lengths, an argument of a wrong kind, a learning rate
            that is missing, not finite or negative, or problems that cannot train together.
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
            raise ArgumentError(f"{name} is {value!r}; {_WANTED[name]} is wanted, or a list")
        columns[name] = [value] if single else list(value)
        listed = listed or not single
    lengths = {name: len(column) for name, column in columns.items()}
    if 0 in lengths.values():
        raise ArgumentError(f"{min(lengths, key=lambda name: lengths[name])} is an empty list")
    n_run = max(lengths.values())
    wrong = [f"{name} {length}" for name, length in lengths.items() if length not in (1, n_run)]
    if wrong:
        longest = max(lengths, key=lambda name: lengths[name])
        raise ArgumentError(
            f"the lists do not fit together: {longest} has {n_run} entries, {', '.join(wrong)}; "
            "lists of one length are wanted, or single values"
        )
    rows = zip(*(c * (n_run // len(c)) for c in columns.values()), strict=True)
    runs = [Run(*row) for row in rows]
    for run in runs:
        _check(run)
    _check_alike(columns["problem"])
    return [run._replace(learning_rate=_float(run.learning_rate)) for run in runs], listed


def key_bytes(key: Key[Array, ""]) -> bytes:
    """A key as data: equal keys have equal bytes."""
    return np.asarray(jax.random.key_data(key)).tobytes()


def _is_optimizer(value: Any) -> bool:
    return callable(value) or isinstance(value, optax.GradientTransformation)


def _check(run: Run) -> None:
    for name, value, right in (
        ("problem", run.problem, isinstance(run.problem, Problem)),
        ("optimizer", run.optimizer, _is_optimizer(run.optimizer)),
        ("key", run.key, _is_key(run.key) and run.key.ndim == 0),
    ):
        if not right:
            raise ArgumentError(f"{name} is {value!r}; {_WANTED[name]} is wanted, or a list")
    finished, rate = isinstance(run.optimizer, optax.GradientTransformation), run.learning_rate
    if finished and rate is not None:
        raise ArgumentError(
            "learning_rate is given beside a finished transformation, which has its own; give "
            "a function of the learning rate such as optax.adam, or no learning_rate"
        )
    if not finished and rate is None:
        raise ArgumentError("learning_rate is missing: this optimizer is a function of it")
    number = isinstance(rate, int | float | np.number)
    if not finished and not (number and np.isfinite(rate) and rate >= 0):
        raise ArgumentError(f"learning_rate is {rate}; {_WANTED['learning_rate']} is wanted")


def _check_alike(problems: Sequence[Problem]) -> None:
    """Runs of one program may differ in the values of their arrays, not in more."""

    def form(problem: Problem) -> tuple[Any, list[Any]]:
        leaves, structure = jax.tree.flatten(problem)
        for leaf in leaves:
            if not isinstance(leaf, jax.Array | np.ndarray):
                raise ArgumentError(
                    f"a {type(problem).__name__} holds {leaf!r}, which is no array: declare the "
                    "field with equinox.field(static=True)"
                )
        return structure, [(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves]

    for place, problem in enumerate(problems):
        if form(problem) != form(problems[0]):
            raise ArgumentError(
                f"problem {place} differs from problem 0 in type, settings, names or shapes; runs "
                "of one call may differ in the values of their arrays only: train it in another"
            )


def _float(rate: Any) -> float | None:
    return None if rate is None else float(rate)


def _same(one: Array | np.ndarray, other: Array | np.ndarray) -> bool:
    if one is other:
        return True
    # Keys are compared by identity only.
    return not _is_key(one) and np.array_equal(np.asarray(one), np.asarray(other))


def _is_key(value: Any) -> bool:
    return isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
