"""What the benchmarks share: a clock, and things timed in turn."""

import statistics
import time
from collections.abc import Callable, Mapping

import jax


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    jax.block_until_ready(work())
    return time.perf_counter() - start


def medians(works: Mapping[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Median seconds of each, timed in turn after one call that does not count."""
    for work in works.values():
        work()
    times = [[seconds(work) for work in works.values()] for _ in range(repeat)]
    return dict(zip(works, map(statistics.median, zip(*times, strict=True)), strict=True))
