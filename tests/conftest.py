"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import jax
import jaxtyping
import pytest

# A thread for each worker of pytest: the threads of two would wait for each other. XLA reads this
# when it starts.
os.environ.setdefault("NPROC", "1")

# The first example of a test compiles, so a time limit for each example would measure the compiler.
hypothesis.settings.register_profile("skillphysics", deadline=None)
hypothesis.settings.load_profile("skillphysics")

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with data and papers beside the repository, which are no part of it."""
    if not _SHARED.is_dir():
        pytest.skip("needs the folder 'shared' with data and papers beside the repository")
    return _SHARED


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Calls without the type checker of the tests, as users make them."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True)
def few_programs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Drop the compiled programs of a slow test.

    Each holds maps of memory, of which Linux allows a process 65530; then XLA aborts.
    """
    yield
    if request.node.get_closest_marker("slow"):
        jax.clear_caches()
