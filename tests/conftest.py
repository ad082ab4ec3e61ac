"""What all tests share."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import jax
import jaxtyping
import pytest

# A thread for each worker of pytest: the threads of two would wait for each other. XLA reads this
# when it starts.
os.environ.setdefault("NPROC", "1")

# Commands that tests call leave the programs that the user's own reports compiled alone.
os.environ["SKILLPHYSICS_CACHE"] = "off"

# Compiling is most of the time of the tests, and most programs are those of the run before. They
# are compiled for a number of threads, which is no part of the name JAX gives them.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
_COMPILED = _CACHE / "skillphysics" / f"tests-{os.environ['NPROC']}"
_KEPT = 14 * 24 * 3600  # seconds

# The first example of a test compiles, so a time limit for each example would measure the compiler.
hypothesis.settings.register_profile("skillphysics", deadline=None)
hypothesis.settings.load_profile("skillphysics")

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs between runs, and share them between the workers of one."""
    # Imported here: the type checker comes first.
    import jax
    from jax._src import lru_cache

    _COMPILED.mkdir(parents=True, exist_ok=True)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        for file in _COMPILED.iterdir():
            if file.is_file() and time.time() - file.stat().st_mtime > _KEPT:
                file.unlink()

    put = lru_cache.LRUCache.put

    def put_whole(self: lru_cache.LRUCache, key: str, value: bytes) -> None:
        """Rename a finished file: JAX writes in place, where another worker may read a part."""
        with tempfile.TemporaryDirectory(dir=self.path) as aside:
            put(lru_cache.LRUCache(aside, max_size=-1), key, value)
            for file in Path(aside).iterdir():
                file.replace(Path(self.path) / file.name)

    lru_cache.LRUCache.put = put_whole
    jax.config.update("jax_compilation_cache_dir", str(_COMPILED))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)


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
