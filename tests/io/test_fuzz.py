"""Whatever happens to a file, a reader gives a log or a `SkillphysicsError`, and nothing else."""

import json
import random
import shutil
from typing import Any

import numpy as np
import pytest

from skillphysics.curves import Curves
from skillphysics.errors import SkillphysicsError
from skillphysics.io import Log, inspect_log, levels, read_curves, read_log


def flip_bits(content, dice):
    damaged = bytearray(content)
    for _ in range(dice.choice((1, 1, 8, 64))):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def truncate(content, dice):
    return content[: dice.randrange(len(content))]


def delete_lines(content, dice):
    lines = content.split(b"\n")
    for _ in range(dice.choice((1, 3))):
        lines.pop(dice.randrange(len(lines))) if len(lines) > 1 else None
    return b"\n".join(lines)


def repeat_lines(content, dice):
    lines = content.split(b"\n")
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    return b"\n".join(lines)


def swap_types(content, dice):
    """Another JSON value in the place of one, or text in the place of a cell."""
    odd = [None, True, "text", [], {}, -1, 1e400, "", "\ud800", 10**400, "NaN", 1.5]
    try:
        value = json.loads(content)
    except ValueError:
        cells = content.split(b",")
        text = str(dice.choice(odd)).encode(errors="surrogatepass")
        cells[dice.randrange(len(cells))] = text
        return b",".join(cells)
    place = parent = value
    key: Any = None
    while isinstance(place, dict | list) and place:
        inside = list(place) if isinstance(place, dict) else list(range(len(place)))
        parent, key = place, dice.choice(inside)
        place = parent[key]
        if dice.random() < 0.2:
            break
    else:
        if key is None:
            return content
    parent[key] = dice.choice(odd)
    if isinstance(parent, dict) and dice.random() < 0.2:
        parent[str(dice.choice(odd))] = parent.pop(key)
    return json.dumps(value).encode()


CHANGES = (flip_bits, truncate, delete_lines, repeat_lines, swap_types)


def read_whatever(path):
    """Reads as a user would; anything but a `SkillphysicsError` fails the test."""
    try:
        log = read_log(path)
        assert isinstance(log, Log)
        kinds: dict[str, Any] = {"chance": 0.0, "floor": -1.0}
        every: list[dict[str, Any]] = [{}, {"metric": "level"}, kinds, {"skills": "*", **kinds}]
        for arguments in every:
            try:
                assert isinstance(levels(log, **arguments), Curves)
            except SkillphysicsError:
                continue
    except SkillphysicsError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    for read in (read_curves, inspect_log):
        try:
            read(path)
        except SkillphysicsError:
            continue


def fuzz(folder, original, times, seed):
    dice = random.Random(seed)  # noqa: S311
    inside = [original, *original.rglob("*")]
    files = sorted(file for file in inside if file.is_file())
    for round_ in range(times):
        copy = folder / "copy"
        target = copy / original.name
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        (shutil.copytree if original.is_dir() else shutil.copy)(original, target)
        file = dice.choice(files)
        damaged = target if original.is_file() else target / file.relative_to(original)
        content = dice.choice(CHANGES)(file.read_bytes(), dice)
        damaged.write_bytes(content)
        try:
            read_whatever(target)
        except BaseException:
            print(f"seed {seed}, round {round_}: {damaged}")  # noqa: T201
            raise


def own_curves(folder, end):
    level = np.random.default_rng(0).random((2, 5, 3))
    path = folder / f"curves{end}"
    Curves.from_arrays(np.arange(5), level, attrs={"a": {"b": [1]}}).save(path)
    return path


NAMES = ["lm-eval", "wide", "long", "parquet", "trainer", "wandb-chart", "wandb-history"]
NAMES += ["tensorboard", "mlruns", "mlflow.db", "recorder", "json-lines", "history", "tidy"]
NAMES += ["tabs", "text", "through-training", "lighteval", "checkpoints", "lightning"]
NAMES += [".nc", ".csv", ".parquet"]


def originals(folder, sample, name):
    return own_curves(folder, name) if name.startswith(".") else sample.every[name](folder)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_samples(tmp_path, sample, name):
    fuzz(tmp_path, originals(tmp_path, sample, name), times=8, seed=0)


def test_damaged_pythia_files(tmp_path, pythia):
    for seed, size in enumerate(("70m", "410m")):
        for step in (0, 1000):
            original = pythia / f"pythia-{size}" / f"{size}_step{step}.json"
            fuzz(tmp_path, original, times=5, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_damaged_samples(tmp_path, sample, name):
    fuzz(tmp_path, originals(tmp_path, sample, name), times=1000, seed=1)


@pytest.mark.slow
def test_many_damaged_pythia_files(tmp_path, pythia):
    fuzz(tmp_path, pythia / "pythia-70m" / "70m_step1000.json", times=1000, seed=2)
