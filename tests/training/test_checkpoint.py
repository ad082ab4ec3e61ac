"""A training that is killed goes on as if it had not been."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from skillphysics import Curves, Skills, train
from skillphysics.errors import ArgumentError
from skillphysics.optimizers import optimizer
from skillphysics.training import DivergedError, loop
from skillphysics.training.checkpoint import Checkpoint
from skillphysics.worlds import Geometry, Matrix, Quadratic

KEY = jax.random.key(0)


def start(path=None, name="adam", rate=(0.01, 0.02), steps=60, every=0.0, matrix=False):
    skills = Skills.power_law(4, alpha=1)
    keys = list(jax.random.split(KEY))
    draw = (lambda k: Matrix.draw(k, skills, 5, 4, batch_size=16)) if matrix else (
        lambda k: Geometry.draw(k, skills, 12, batch_size=16, noise=0.01)
    )  # fmt: skip
    return train(
        [draw(k) for k in keys], optimizer(name), learning_rate=list(rate), steps=steps,
        record=2, key=keys, checkpoint=path, checkpoint_every=every,
    )  # fmt: skip


class KilledError(Exception):
    pass


@pytest.mark.parametrize("name", ["adam", "soap", "sophia", "schedule_free_adamw"])
@pytest.mark.parametrize("after", [1, 2, 11, 30, 31])
def test_it_goes_on_to_the_same_numbers(tmp_path, monkeypatch, name, after):
    path = tmp_path / "run.checkpoint"
    whole = start(name=name, matrix=True)
    written = 0
    real = Checkpoint.save

    def save(*arguments):
        nonlocal written
        real(*arguments)
        written += 1
        if written == after:
            raise KilledError

    monkeypatch.setattr(Checkpoint, "save", save)
    with pytest.raises(KilledError):
        start(path, name=name, matrix=True)
    monkeypatch.setattr(Checkpoint, "save", real)
    resumed = start(path, name=name, matrix=True)
    assert resumed.dataset.identical(whole.dataset)
    assert start(path, name=name, matrix=True).dataset.identical(whole.dataset)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": (0.01, 0.03)}, "with different learning rates;"),
        ({"name": "sgd"}, "with different optimizers;"),
        ({"steps": 62}, "with different steps or records;"),
        ({"matrix": True}, "with different problems;"),
        ({"rate": (0.1, 0.3), "steps": 62}, "different learning rates and steps or records;"),
    ],
)
def test_the_checkpoint_of_another_training_is_refused(tmp_path, change, said):
    path = tmp_path / "run.checkpoint"
    start(path)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match=f"belongs to another training, .*{said}"):
        start(path, **change)
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.checkpoint"
    start(path)
    whole = path.read_bytes()
    generator = random.Random(0)  # noqa: S311
    for length in (0, 1, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ArgumentError, match="not a complete checkpoint"):
            start(path)
    reference = start()
    for _ in range(20):
        place = generator.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        # Some bytes of an archive mean nothing; no other change may pass.
        try:
            found = start(path)
        except ArgumentError:
            continue
        assert found.dataset.identical(reference.dataset)


def test_another_content_of_a_whole_archive_is_refused(tmp_path):
    path = tmp_path / "run.checkpoint"
    start(path)
    with np.load(path) as archive:
        kept = dict(archive)
    head = json.loads(str(kept["head"]))
    level = "record_level"
    for name, other in (
        ("head", np.array(json.dumps([1]))),
        ("head", np.array(json.dumps({**head, "records": "level"}))),
        (level, kept[level][:-1]),
        (level, np.array(1.0)),
        ("state_0", kept["state_0"].astype(np.float64)),
        ("state_0", kept["state_0"].reshape(-1)),
    ):
        with path.open("wb") as file:
            np.savez(file, **{**kept, name: other})
        with pytest.raises(ArgumentError, match="not a complete checkpoint"):
            start(path)


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_a_closure_holds_belongs_to_the_training(tmp_path, wrapped):
    problem = Quadratic.rotated()
    path = tmp_path / "run.checkpoint"

    def run(momentum):
        if wrapped:
            made, rate = (lambda rate: optax.sgd(rate, momentum)), 1e-3
        else:
            made, rate = optax.sgd(1e-3, momentum), None
        return train(
            problem, made, learning_rate=rate, steps=20, key=jax.random.key(0), checkpoint=path
        )

    first = run(0.5)
    assert run(0.5).dataset.identical(first.dataset)
    with pytest.raises(ArgumentError, match="with different code of the optimizers"):
        run(0.6)


def test_an_interrupt_leaves_a_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    whole = start()
    monkeypatch.setattr(loop, "advance", interrupted(loop.advance, after=7))
    with pytest.raises(KeyboardInterrupt):
        start(path)
    monkeypatch.undo()
    assert path.exists()
    assert start(path).dataset.identical(whole.dataset)


def interrupted(function, after):
    """The function, until it has been called so often."""
    calls = itertools.count()

    def call(*arguments):
        if next(calls) == after:
            raise KeyboardInterrupt
        return function(*arguments)

    return call


def test_a_folder_that_is_missing_is_told_at_once(tmp_path):
    with pytest.raises(ArgumentError, match="checkpoint must be in an existing folder"):
        start(tmp_path / "none" / "run.checkpoint")


def test_a_diverged_training_diverges_again(tmp_path):
    path = tmp_path / "run.checkpoint"
    told = []
    for _ in range(2):
        with pytest.raises(DivergedError) as caught:
            start(path, name="sgd", rate=(0.01, 1e6))
        told.append(caught.value)
    assert str(told[0]) == str(told[1])
    assert told[0].curves.dataset.identical(told[1].curves.dataset)


CHILD = """
import sys, jax
from skillphysics import Skills, train
from skillphysics.optimizers import optimizer
from skillphysics.worlds import Geometry
keys = list(jax.random.split(jax.random.key(0), 2))
worlds = [Geometry.draw(k, Skills.power_law(50, 1), 200, batch_size=64) for k in keys]
curves = train(worlds, optimizer("adam"), learning_rate=1e-3, steps=60_000, record=60, key=keys,
               checkpoint=sys.argv[1] or None, checkpoint_every=0.02)
curves.save(sys.argv[2])
"""


@pytest.mark.slow
def test_fifty_kills_leave_no_trace(tmp_path):
    """SIGKILL at random times, fifty times in all, over as many trainings as that takes."""
    generator = random.Random(int(os.environ.get("SEED", "0")))  # noqa: S311

    def child(checkpoint: Path | str, out: Path) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-c", CHILD, str(checkpoint), str(out)])  # noqa: S603

    whole = tmp_path / "whole.nc"
    assert child("", whole).wait() == 0
    reference = Curves.load(whole)
    kills = trainings = 0
    while kills < 50:
        trainings += 1
        path, out = tmp_path / f"{trainings}.checkpoint", tmp_path / f"{trainings}.nc"
        while not out.exists():
            process = child(path, out)
            before = path.stat().st_mtime_ns if path.exists() else 0
            # Wait until it trains, so that a kill hits a training and not an import.
            while process.poll() is None and (
                not path.exists() or path.stat().st_mtime_ns == before
            ):
                time.sleep(0.01)
            time.sleep(generator.uniform(0, 1.0))
            if process.poll() is None and kills < 50:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.wait()
        resumed = Curves.load(out)
        assert resumed.dataset.identical(reference.dataset)
        assert np.isfinite(resumed.level).all()
        assert not list(tmp_path.glob(f".{path.name}*")) or kills
