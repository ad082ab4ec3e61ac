from pathlib import Path

import pytest

CELLS = Path(__file__).parent / "cells.py"


@pytest.fixture
def cells():
    """The module `cells`, as its path names it to workers."""
    from skillphysics.sweeps import computation_of

    computation_of(f"{CELLS}:product")
    return lambda name: f"{CELLS}:{name}"


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"
