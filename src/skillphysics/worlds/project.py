"""The product of a matrix with the parameters of many runs, fast for a few runs.

With 9 to 32 runs a CPU's matrix product reaches half its rate or less: it wants rows in multiples
of sixteen, and in both directions a matrix whose rows are summed. So the matrix is kept both ways
round, and each product is the transpose of the other by a primitive: a `custom_vjp` would cost the
forward derivatives.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float

_LANES = 16
# Fewer runs waste the lanes; for more, one product is as fast either way round.
_FEWEST, _MOST = 9, 32


def project(
    params: Float[Array, " n_dim"],
    matrix: Float[Array, "n_task n_dim"],
    transposed: Float[Array, "n_dim n_task"],
) -> Float[Array, " n_task"]:
    """`matrix @ params`; `transposed` must be the transpose of `matrix`, as an array of its own.

    Derivatives of every order and `vmap` work. A derivative by either array is one by the matrix.
    """
    return _project.bind(params, matrix, transposed)


def _plain(x: Any, matrix: Any, transposed: Any) -> Any:  # noqa: ARG001
    return jnp.einsum("...d,td->...t", x, matrix)


def _in_lanes(x: Any, matrix: Any, transposed: Any) -> Any:
    if x.ndim != 2 or not _FEWEST <= x.shape[0] <= _MOST:
        return _plain(x, matrix, transposed)
    n_run = x.shape[0]
    padded = jnp.pad(x, ((0, -n_run % _LANES), (0, 0)))
    return jax.lax.dot_general(matrix, padded, (((1,), (1,)), ((), ())))[:, :n_run].T


def _jvp(primals: Any, tangents: Any) -> tuple[Any, Any]:
    x, matrix, transposed = primals
    of_x, of_matrix, of_transposed = tangents
    out = _project.bind(*primals)
    parts = [] if _is_zero(of_x) else [_project.bind(of_x, matrix, transposed)]
    if not _is_zero(of_matrix):
        parts.append(_plain(x, of_matrix, None))
    if not _is_zero(of_transposed):
        parts.append(_plain(x, of_transposed.T, None))
    return out, sum(parts[1:], parts[0])


def _transpose(cotangent: Any, x: Any, matrix: Any, transposed: Any) -> tuple[Any, None, None]:  # noqa: ARG001
    if _is_zero(cotangent):
        return None, None, None
    return _project.bind(cotangent, transposed, matrix), None, None


def _batch(arguments: Any, axes: Any) -> tuple[Any, int]:
    x, matrix, transposed = arguments
    if axes[1] is None and axes[2] is None:
        return _project.bind(jnp.moveaxis(x, axes[0], 0), matrix, transposed), 0
    return jax.vmap(_plain, axes)(x, matrix, transposed), 0


def _is_zero(tangent: Any) -> bool:
    return type(tangent) is ad.Zero


_project = Primitive("project")
_project.def_impl(jax.jit(_plain))
_project.def_abstract_eval(lambda x, matrix, _: x.update(shape=(*x.shape[:-1], matrix.shape[0])))
ad.primitive_jvps[_project] = _jvp
ad.primitive_transposes[_project] = _transpose
batching.primitive_batchers[_project] = _batch
mlir.register_lowering(_project, mlir.lower_fun(_plain, multiple_results=False))
mlir.register_lowering(_project, mlir.lower_fun(_in_lanes, multiple_results=False), platform="cpu")
