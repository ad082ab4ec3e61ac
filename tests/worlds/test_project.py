"""The product with the parameters of many runs is the plain product, in every derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.worlds.project import project

N_TASK, N_DIM = 30, 20


@pytest.fixture
def matrix():
    return jax.random.normal(jax.random.key(0), (N_TASK, N_DIM))


def draw(*shape):
    return jax.random.normal(jax.random.key(1), shape)


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5)


# Beside the lanes, at their bounds and beyond them.
@pytest.mark.parametrize("n_run", [1, 2, 9, 14, 16, 17, 32, 33])
def test_values_and_gradients_of_many_runs(matrix, n_run):
    x = draw(n_run, N_DIM)
    exact = np.asarray(x, np.float64) @ np.asarray(matrix, np.float64).T

    def loss(x):
        return jnp.sum(jnp.sin(project(x, matrix, matrix.T)))

    value = jax.jit(jax.vmap(project, (0, None, None)))(x, matrix, matrix.T)
    gradient = jax.jit(jax.vmap(jax.grad(loss)))(x)
    close(value, exact)
    close(gradient, np.cos(exact) @ np.asarray(matrix, np.float64))


def test_derivatives_are_those_of_the_plain_product(matrix):
    x, direction, other = draw(3, N_DIM)

    def both(function):
        ours = function(lambda x, m: jnp.sum(jnp.sin(project(x, m, jax.lax.stop_gradient(m).T))))
        plain = function(lambda x, m: jnp.sum(jnp.sin(m @ x)))
        jax.tree.map(close, ours, plain)

    both(lambda f: jax.jvp(f, (x, matrix), (direction, jnp.ones_like(matrix))))
    both(lambda f: jax.grad(f, (0, 1))(x, matrix))
    both(lambda f: jax.hessian(f)(x, matrix))
    both(lambda f: jax.jvp(jax.grad(f), (x, matrix), (other, jnp.ones_like(matrix))))
    both(lambda f: jax.grad(lambda m: direction @ jax.grad(f)(x, m))(matrix))


def test_the_transpose_counts_as_the_matrix(matrix):
    x = draw(N_DIM)
    by_transposed = jax.grad(lambda t: jnp.sum(project(x, matrix, t) ** 2))(matrix.T)
    close(by_transposed, jax.grad(lambda m: jnp.sum((m @ x) ** 2))(matrix).T)


def test_axes_of_every_argument(matrix):
    x = draw(2, 3, N_DIM)
    nested = jax.vmap(jax.vmap(project, (0, None, None)), (1, None, None))(x, matrix, matrix.T)
    close(nested, jnp.einsum("abd,td->bat", x, matrix))
    matrices = jnp.stack([matrix, 2 * matrix])
    each = jax.vmap(project)(x[:, 0], matrices, jnp.swapaxes(matrices, 1, 2))
    close(each, jnp.einsum("ad,atd->at", x[:, 0], matrices))
    one = jax.vmap(project, (None, 0, 2))(x[0, 0], matrices, matrices.T)
    close(one, jnp.einsum("d,atd->at", x[0, 0], matrices))
