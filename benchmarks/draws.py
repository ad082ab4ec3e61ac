"""What `numerics.threefry` buys over JAX's own Threefry, whose bits are the same.

    python benchmarks/draws.py [--repeat 9]

Both draw what one step of training draws, 300 steps in one compiled loop: batches of 1024 from 1000
skills (L25 Fig 10), batches of 128 from 5 skills for ten runs with keys of their own (L25 Fig 4),
and 4000 questions of 32 bits (N24 Fig 1). JAX's own bits come from
`jax.extend.random.threefry_2x32` and its keys from `jax.random.fold_in`.
"""

import argparse
from collections.abc import Callable
from unittest.mock import patch

import jax
import jax.extend
import jax.numpy as jnp
from jaxtyping import Array, Key
from timing import medians

from skillphysics import Skills
from skillphysics.numerics import multinomial, threefry
from skillphysics.numerics.multinomial import Multinomial
from skillphysics.tasks import bits, questions
from skillphysics.tasks.questions import Questions

STEPS = 300
Draw = Callable[[Key[Array, ""]], Array]


def main() -> None:
    """Print one row per draw: microseconds a step, and how many times as long JAX's own takes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=9)
    repeat = parser.parse_args().repeat
    print(f"{'draw':>24} {'own':>8} {'JAX':>8} {'JAX/own':>8}   µs a step, medians of {repeat}")
    for name, (draw, n_run) in draws().items():
        with (
            patch.object(questions, "fold_in", jax.random.fold_in),
            patch.object(multinomial, "random_words", library_words),
            patch.object(bits, "random_words", library_words),
        ):
            theirs = loop(draw, jax.random.fold_in, n_run)
        ours = loop(draw, threefry.fold_in, n_run)
        times = medians({"own": ours, "JAX": theirs}, repeat)
        own, jax_own = (1e6 * times[way] / STEPS for way in ("own", "JAX"))
        print(f"{name:>24} {own:8.1f} {jax_own:8.1f} {jax_own / own:8.2f}", flush=True)


def draws() -> dict[str, tuple[Draw, int]]:
    """What is drawn in a step, by name, and for how many runs."""
    many = Multinomial(Skills.power_law(1000, 1.0).probability, 1024)
    few = Multinomial(Skills.power_law(5, 1.0).probability, 128)
    asked = Multinomial(Skills.power_law(5, 1.6).probability, 4000)

    def question(key: Key[Array, ""]) -> Array:
        drawn = Questions.draw(key, asked, 4000, 32)
        return drawn.words.sum(dtype=jnp.uint32) + drawn.skill.sum().astype(jnp.uint32)

    return {
        "1024 of 1000 skills": (many, 1),
        "128 of 5 skills, 10 runs": (few, 10),
        "4000 questions": (question, 1),
    }


def loop(draw: Draw, fold_in: Callable[..., Key[Array, ""]], n_run: int) -> Callable[[], Array]:
    """Many steps of drawing as one compiled function without arguments."""

    def total(keys: Key[Array, " n_run"]) -> Array:
        def step(i: Array, sofar: Array) -> Array:
            return sofar + jax.vmap(lambda key: draw(fold_in(key, i)))(keys)

        start = jnp.zeros_like(jax.vmap(draw)(keys))
        return jax.lax.fori_loop(0, STEPS, step, start)

    keys = jax.random.split(jax.random.key(0), n_run)
    compiled = jax.jit(total).lower(keys).compile()
    return lambda: compiled(keys)


def library_words(key: Key[Array, ""], n: int) -> tuple[Array, Array]:
    """The words of `numerics.threefry.random_words`, by JAX."""
    counter = jnp.concatenate([jnp.zeros(n, jnp.uint32), jnp.arange(n, dtype=jnp.uint32)])
    words = jax.extend.random.threefry_2x32(jax.random.key_data(key), counter)
    return words[:n], words[n:]


if __name__ == "__main__":
    main()
