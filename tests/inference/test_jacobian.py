"""Derivatives and normal equations in parts, against dense ones of JAX."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.graph import Graph
from skillphysics.inference.coordinates import Layout, at_free, moved, replaced, to_free
from skillphysics.inference.jacobian import linearised, normal_equations
from skillphysics.inference.normal import Normal, order
from skillphysics.inference.solver import gauge
from skillphysics.theories import CANDIDATES, SIMPLE, Dependent, Measured, Theory

N_SKILL = 5
STEPS = np.concatenate([[0], np.geomspace(1, 300, 20)])
FREQUENCY = np.array([0.43, 0.24, 0.19, 0.09, 0.05])
RNG = np.random.default_rng(0)
WEIGHT = RNG.uniform(0.5, 2, (STEPS.size, N_SKILL))
RESIDUAL = RNG.normal(size=WEIGHT.shape)
CORRELATION = 0.6 ** np.abs(np.subtract.outer(np.arange(STEPS.size), np.arange(STEPS.size)))
CHAIN = Graph.given({"a": [], "b": ["a"], "c": [], "d": [], "e": ["c", "d"]})
MAKERS = {
    **SIMPLE,
    "composite resource l1": CANDIDATES["composite resource l1"],
    "composite resource l2": CANDIDATES["composite resource l2"],
    "dependent": partial(Dependent, graph=CHAIN, gate_exponent=0.3),
}


def example(name: str) -> Theory:
    ceiling = jnp.linspace(0.6, 0.95, N_SKILL)
    theory = Measured(MAKERS[name](jnp.asarray(FREQUENCY)), ceiling=ceiling)
    theory = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), theory)
    for p in moved(theory):
        if p.unit == "1/steps":
            theory = replaced(theory, p.path, jnp.asarray(0.031))
    return theory


@pytest.mark.parametrize("name", MAKERS)
def test_parts_make_the_dense_jacobian(name):
    with jax.enable_x64(True):
        theory = example(name)
        assert theory.separable == (name != "dependent")
        free, layout = np.asarray(to_free(theory)), Layout.of(theory)
        linear = linearised(theory, free[None], (), STEPS)
        linear = type(linear)(*(np.asarray(part) for part in linear))
        dense = np.asarray(
            jax.jacfwd(lambda free: at_free(theory, free).level_at(jnp.asarray(STEPS)[:, None]))(
                jnp.asarray(free)
            )
        )
    # Steps keep the sum of the frequencies, so only such directions count.
    allowed = np.eye(free.size)
    for normal in gauge(layout, free[None])[0]:
        allowed -= np.outer(normal, normal)
    weighted = dense * WEIGHT[..., None]
    size = np.abs(np.einsum("tkf,tkf->f", weighted, weighted)).max()
    one = type(linear)(*(part[0] for part in linear))
    # The effort of "l2" is integrated to 1e-6 for derivatives.
    close = partial(np.testing.assert_allclose, rtol=0, atol=2e-6 * size)
    for correlation in (None, CORRELATION):
        given = np.eye(STEPS.size) if correlation is None else correlation
        expected = np.einsum("tkf,ts,skg->fg", weighted, given, weighted, optimize=True)
        found, _ = normal_equations(one, layout, WEIGHT, correlation=correlation)
        close(allowed @ found @ allowed, allowed @ expected @ allowed)
    matrix, slope = normal_equations(one, layout, WEIGHT, RESIDUAL)
    expected = np.einsum("tkf,tk->f", weighted, RESIDUAL)
    close(allowed @ slope, allowed @ expected)
    # A damped step of the parts is that of the dense equations.
    parts, places = Normal.of(linear, WEIGHT, RESIDUAL[None]), order(layout)
    forbidden = gauge(layout, free[None])
    step, along, bent = parts.step(np.array([0.1]), forbidden[..., places])
    found = np.empty(free.size)
    found[places] = step[0]
    curvature = np.diag(matrix)
    damped = matrix + 0.1 * np.diag(np.maximum(curvature, 1e-12 * curvature.max()))
    border = forbidden[0]
    system = np.block([[damped, border.T], [border, np.zeros((len(border), len(border)))]])
    right = np.concatenate([-slope, np.zeros(len(border))])
    solution = np.linalg.lstsq(system, right, rcond=None)[0][: free.size]
    seen = curvature > 1e-10 * curvature.max()
    np.testing.assert_allclose(found[seen], solution[seen], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(along[0], found @ slope, rtol=1e-6)
    np.testing.assert_allclose(bent[0], found @ matrix @ found, rtol=1e-5)
