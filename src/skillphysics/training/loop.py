"""One loop for every problem and every optimizer."""

import warnings
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from skillphysics.curves import Curves
from skillphysics.domains import NON_NEGATIVE, NonNegative, check_names
from skillphysics.errors import ArgumentError
from skillphysics.memory import refusing_exhaustion
from skillphysics.progress import progress_bar
from skillphysics.steps import record_steps
from skillphysics.training.checkpoint import Checkpoint, fingerprint
from skillphysics.training.describe import is_complete, label
from skillphysics.training.problem import Problem
from skillphysics.training.program import State, advance, check_size, code, start
from skillphysics.training.recording import Recording
from skillphysics.training.runs import OptimizerLike, Plan, Run, broadcast, plan

# Segments that are dispatched to the device before the oldest is fetched.
_AHEAD = 2


def train(
    problem: Problem | Sequence[Problem],
    optimizer: "OptimizerLike | Sequence[OptimizerLike]",
    *,
    steps: int,
    key: Array | Sequence[Array],
    learning_rate: float | Sequence[float] | Array | np.ndarray | None = None,
    record: "int | ArrayLike | None" = None,
    runs: Sequence[str] | None = None,
    checkpoint: Path | str | None = None,
    checkpoint_every: NonNegative = 30.0,
) -> Curves:
    """Train a problem, or many runs in one program, and return the curves of its skills.

    Problem, optimizer, learning rate and key may each be a list with one entry per run, [n_run]; a
    single value holds for all runs. Runs with the same key have the same random draws, so a
    difference between them is not due to noise. An array that is equal in all problems is held
    once, and its products with the parameters of all runs become one matrix product: worlds with
    the same task vectors train fastest. Learning rates are data, so new values do not compile
    again.

    The precision is that of the parameters: float32 for worlds and by default for networks. For
    float64, build networks and tasks with `dtype="float64"` and train within
    `jax.enable_x64(True)`.

    Args:
        problem: what to train. Several problems may differ only in the values of their arrays.
        optimizer: a name of `skillphysics.optimizers.OPTIMIZERS`, a function of the learning rate
            (`optimizer("adam", b2=0.95)`, `optax.adam`), or an optax transformation without
            `learning_rate`. All transformations of optax work, including those with a line search
            (`optax.lbfgs`), as they are given the value, the gradient and the loss as a function.
        steps: number of optimizer steps.
        key: randomness of the start, the batches and the measurements.
        learning_rate: the learning rate, where the optimizer is a function of it.
        record: a spacing in steps, or the steps themselves (`log_spaced`); by default the smallest
            spacing with at most 1000 records after the start.
        runs: names of the runs. By default, they are made of the optimizers and learning rates in
            which the runs differ.
        checkpoint: a file that is written every `checkpoint_every` seconds, on an interrupt and at
            the end. Where it exists, the same training continues from it, with exactly the numbers
            of an uninterrupted one (on the same machine and versions).
        checkpoint_every: seconds between checkpoints.

    Returns:
        Curves, with a dimension `run` where an argument is a list. Besides `level` and `loss` they
        have all that the problem measures, `learning_rate(run)`, and `run_frequency(run, skill)`
        where frequencies differ between runs.

    Raises:
        ArgumentError: an argument is unusable or does not fit the others, the runs do not fit into
            memory, or the checkpoint cannot be read or belongs to another training.
        DivergedError: the numbers of a run are no longer finite; its attribute `curves` has what
            all runs recorded before.

    Warns:
        UserWarning: an optimizer that acts on matrices, such as Muon, has none to act on.

    Example:
        >>> import jax, optax
        >>> from skillphysics import Skills
        >>> from skillphysics.worlds import Geometry
        >>> key = jax.random.key(0)
        >>> world = Geometry.draw(key, Skills.given([0.9, 0.1]), n_dim=100)
        >>> rates = [0.01, 0.1]
        >>> curves = train(world, optax.sgd, learning_rate=rates, steps=2000, record=1, key=key)
        >>> curves.learning_time(0.9).values.round().tolist()  # 1.15 / (p η), with mse's factor 2
        [[127.0, 1150.0], [12.0, 114.0]]
        >>> curves.dataset["run"].values.tolist()
        ['lr 0.01', 'lr 0.1']
    """
    every, listed = broadcast(problem, optimizer, learning_rate, key)
    names = _run_names(runs, every, listed)
    stops = record_steps(steps, record)
    NON_NEGATIVE.check("checkpoint_every", checkpoint_every)
    planned, place = plan(every)
    with refusing_exhaustion(f"training {len(every)} run{'s' if len(every) > 1 else ''}"):
        _warn_without_matrices(every, check_size(planned))
        state = start(planned)
        recording = Recording(every, place, names, stops, listed)
        kept = None
        if checkpoint is not None:
            kept = _checkpoint(checkpoint, checkpoint_every, planned, state, stops)
            restored = kept.load(state)
            if restored is not None:
                state, recording.records = restored
        _segments(planned, state, stops, recording, kept)
    return recording.curves()


def _segments(
    planned: Plan,
    state: State,
    stops: np.ndarray,
    recording: Recording,
    checkpoint: Checkpoint | None,
) -> None:
    """Train from record to record; the device works ahead while the host fetches and writes."""
    begin = len(recording.records)
    pending: deque[tuple[State, Any, Any]] = deque()
    reached = state
    with progress_bar(int(stops[-1]), "training") as advance_bar:
        advance_bar("training", int(stops[begin - 1]) if begin else 0)

        def fetch_oldest() -> None:
            nonlocal reached
            reached, measured, finite = pending.popleft()
            recording.add(*jax.device_get((measured, finite)))
            done = len(recording.records)
            advance_bar("training", int(stops[done - 1] - (stops[done - 2] if done > 1 else 0)))
            if checkpoint is not None and (done == stops.size or checkpoint.is_due()):
                checkpoint.save(reached, recording.records)

        try:
            for stop in stops[begin:]:
                state, measured, finite = advance(planned, state, jnp.asarray(stop, jnp.int32))
                pending.append((state, measured, finite))
                if len(pending) > _AHEAD:
                    fetch_oldest()
            while pending:
                fetch_oldest()
        except KeyboardInterrupt:
            if checkpoint is not None and len(recording.records) > begin:
                checkpoint.save(reached, recording.records)
            raise


def _checkpoint(
    path: Any, every: float, planned: Plan, state: State, stops: np.ndarray
) -> Checkpoint:
    if not isinstance(path, str | Path):
        raise ArgumentError(
            f"checkpoint must be the path of a file, got {path!r}", argument="checkpoint"
        )
    runs = planned.runs
    labels = [(label(kind), size) for kind, size in planned.groups]
    complete = all(is_complete(kind) for kind, _ in planned.groups)
    parts = {
        "problems": (runs.own, runs.shared, planned.draw_of),
        "keys": jax.random.key_data(runs.key),
        "optimizers": labels,
        "learning rates": planned.learning_rate,
        "steps or records": stops,
    }
    identity = {name: fingerprint(part) for name, part in parts.items()}
    if not complete:
        identity["code of the optimizers"] = fingerprint(code(planned, state))
    return Checkpoint(Path(path), identity, every)


def _run_names(runs: Sequence[str] | None, every: list[Run], listed: bool) -> tuple[str, ...]:
    if runs is None:
        return _default_names(every)
    names = check_names(runs, "runs")
    if not listed:
        raise ArgumentError(
            f"runs must be None for a single run, got {len(names)} names", argument="runs"
        )
    if len(names) != len(every):
        raise ArgumentError(
            f"runs must have one name for each of the {len(every)} runs, got {len(names)}",
            argument="runs",
        )
    return names


def _default_names(runs: list[Run]) -> tuple[str, ...]:
    """Optimizer and learning rate where they differ; a number where that is not enough."""
    columns = [[label(run.optimizer) for run in runs]]
    if runs[0].learning_rate is not None:
        columns.append([f"lr {run.learning_rate:g}" for run in runs])
    differing = [column for column in columns if len(set(column)) > 1]
    if not differing:
        return tuple(str(i) for i in range(len(runs)))
    names = [", ".join(parts) for parts in zip(*differing, strict=True)]
    if len(set(names)) == len(names):
        return tuple(names)
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        numbered.append(f"{name}, run {seen[name]}")
        seen[name] += 1
    return tuple(numbered)


def _warn_without_matrices(runs: list[Run], params: Any) -> None:
    if any(leaf.ndim == 2 for leaf in jax.tree.leaves(params)):
        return
    for kind in dict.fromkeys(run.optimizer for run in runs):
        rule = getattr(kind, "rule_for_vectors", None)
        if rule is not None:
            warnings.warn(
                f"{label(kind)} acts on matrices, and {type(runs[0].problem).__name__} has none: "
                f"its parameters follow {rule}",
                UserWarning,
                stacklevel=3,
            )
