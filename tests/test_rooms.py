"""Rooms import downwards only: no circles, and none knows those that stand on it."""

import ast
from pathlib import Path

import pytest

import skillphysics

ROOT = Path(skillphysics.__file__).parent

# From the ground up; what a room may import stands in an earlier line.
FLOORS = (
    {"errors"},
    {"domains", "registry", "numerics", "phrases", "progress", "memory"},
    {"precision"},
    {"skills", "steps", "graph", "runs", "dataset"},
    {"curves"},
    {"plotting", "measure"},
    {"io"},
    {"optimizers", "theories"},
    {"training"},
    {"worlds", "networks", "tasks", "scaling", "inference"},
    {"comparison", "experiments"},
    {"sample", "report", "sweeps"},
    {"papers"},
    {"cli"},
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# Within a floor, where one room stands on another.
ALLOWED = {
    ("io", "curves"),
    ("domains", "registry"),
    ("plotting", "measure"),
    ("tasks", "networks"),
}


def rooms() -> list[str]:
    return sorted(
        path.stem
        for path in ROOT.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    )


def imported(room: str) -> set[tuple[str, str]]:
    """The rooms that a room imports when it runs, with the file that does."""
    path = ROOT / room
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    found = set()
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        typing_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and id(node) not in typing_only:
                parts = (node.module or "").split(".")
                if parts[0] != "skillphysics":
                    continue
                names = parts[1:2] or [alias.name for alias in node.names]
                found |= {(name, file.relative_to(ROOT).as_posix()) for name in names}
    return {(name, file) for name, file in found if name != room and name in FLOOR}


def test_every_room_has_a_floor():
    assert set(rooms()) == set(FLOOR)


@pytest.mark.parametrize("room", rooms())
def test_rooms_import_downwards_only(room):
    upwards = [
        (file, name)
        for name, file in imported(room)
        if FLOOR[name] >= FLOOR[room] and (name, room) not in ALLOWED
    ]
    assert upwards == []
