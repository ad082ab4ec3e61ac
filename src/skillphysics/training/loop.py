"""One loop for every problem and every optimizer."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from skillphysics.curves import Curves
from skillphysics.domains import check_names
from skillphysics.errors import ArgumentError
from skillphysics.progress import progress_bar
from skillphysics.steps import record_steps
from skillphysics.training.checkpoint import Checkpoint, fingerprint
from skillphysics.training.describe import label, tells_all
from skillphysics.training.problem import Problem
from skillphysics.training.program import State, advance, code, start
from skillphysics.training.recording import Recording
from skillphysics.training.runs import Optimizer, Plan, broadcast, plan

# Segments that are handed to the device before the oldest is looked at.
_AHEAD = 2


def train(
    problem: Problem | Sequence[Problem],
    optimizer: Optimizer | Sequence[Optimizer],
    *,
    steps: int,
    key: Array | Sequence[Array],
    learning_rate: float | Sequence[float] | None = None,
    record: int | ArrayLike | None = None,
    runs: Sequence[str] | None = None,
    checkpoint: Path | str | None = None,
    checkpoint_every: float = 30.0,
) -> Curves:
    """Train a problem, or many runs in one program, and return the curves of its skills.

    Problem, optimizer, learning rate and key may each be a list with one entry a run; what is no
    list holds for all runs. Runs with one key see the same random draws, so that what differs
    between them is no noise. An array that is equal in all problems is held once, and its products
    with the parameters of all runs become one matrix product: worlds that share task vectors train
    fastest. Learning rates are data: another value does not compile anew.

    Args:
        problem: what is trained. Several may differ in the values of their arrays only.
        optimizer: a function of the learning rate (`optimizer("adam")`, `optax.adam`), or a
            finished optax transformation where there is no `learning_rate`.
        steps: how many optimizer steps.
        key: randomness: start, batches, measurement.
        learning_rate: where the optimizer is a function of it.
        record: a spacing in steps, or the steps themselves (`log_spaced`); by default the smallest
            spacing with at most 1000 records after the start.
        runs: names of the runs, by default "0", "1", ….
        checkpoint: a file that is written every `checkpoint_every` seconds, when interrupted and at
            the end. Where it exists, the same training goes on from it, to the very numbers that it
            would have had without a break (same machine and versions).
        checkpoint_every: seconds.

    Returns:
        Curves, over runs where an argument is a list. Besides `level` and `loss` they hold whatever
        the problem measures, `learning_rate(run)`, and `run_frequency(run, skill)` where
        frequencies differ between runs.

    Raises:
        ArgumentError: an argument is unusable or does not fit the others; the checkpoint cannot be
            read or is of another training.
        DivergedError: a run is no longer finite; it says which and when, and its attribute
            `curves` holds what all runs had recorded before.

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
    """
    every, listed = broadcast(problem, optimizer, learning_rate, key)
    names = _run_names(runs, len(every), listed)
    stops = record_steps(steps, record)
    planned, place = plan(every)
    state = start(planned)
    recording = Recording(every, place, names, stops, listed)
    kept = None
    if checkpoint is not None:
        if not isinstance(checkpoint, str | Path):
            raise ArgumentError(f"checkpoint is {checkpoint!r}; the path of a file is wanted")
        kept = Checkpoint(Path(checkpoint), _identity(planned, state, stops), checkpoint_every)
        found = kept.load(state)
        if found is not None:
            state, recording.records = found
    _segments(planned, state, stops, recording, kept)
    return recording.curves()


def _segments(
    planned: Plan,
    state: State,
    stops: np.ndarray,
    recording: Recording,
    checkpoint: Checkpoint | None,
) -> None:
    """Train from record to record; the device works ahead while the host looks and writes."""
    begin = len(recording.records)
    pending: deque[tuple[State, Any, Any]] = deque()
    reached = state
    with progress_bar(int(stops[-1]), "training") as told:
        told("training", int(stops[begin - 1]) if begin else 0)

        def look_at_oldest() -> None:
            nonlocal reached
            reached, measured, finite = pending.popleft()
            recording.add(*jax.device_get((measured, finite)))
            done = len(recording.records)
            told("training", int(stops[done - 1] - (stops[done - 2] if done > 1 else 0)))
            if checkpoint is not None and (done == stops.size or checkpoint.is_due()):
                checkpoint.save(reached, recording.records)

        try:
            for stop in stops[begin:]:
                state, measured, finite = advance(planned, state, jnp.asarray(stop, jnp.int32))
                pending.append((state, measured, finite))
                if len(pending) > _AHEAD:
                    look_at_oldest()
            while pending:
                look_at_oldest()
        except KeyboardInterrupt:
            if checkpoint is not None and len(recording.records) > begin:
                checkpoint.save(reached, recording.records)
            raise


def _identity(planned: Plan, state: State, stops: np.ndarray) -> str:
    kinds = [(label(kind), size) for kind, size in planned.groups]
    runs = planned.runs
    key = jax.random.key_data(runs.key)
    told = all(tells_all(kind) for kind, _ in planned.groups)
    return fingerprint(
        runs.own, runs.shared, key, planned.learning_rate, planned.draw_of, stops, kinds,
        None if told else code(planned, state),
    )  # fmt: skip


def _run_names(runs: Sequence[str] | None, n_run: int, listed: bool) -> tuple[str, ...]:
    if runs is None:
        return tuple(str(i) for i in range(n_run))
    names = check_names(runs, "runs")
    if len(names) != n_run or not listed:
        wanted = f"{n_run} names" if listed else "no names, for one run has none,"
        raise ArgumentError(f"runs has {len(names)} names; {wanted} are wanted")
    return names
