"""The multilayer perceptron, whole, narrowed, or cut into independent blocks."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.networks.layers import (
    ACTIVATIONS,
    Linear,
    check_activation,
    check_precision,
    check_sizes,
    linear,
    normal_linear,
    uniform_linear,
)
from skillphysics.networks.network import Network
from skillphysics.networks.relu_output import relu_output


class MLP(Network):
    """A multilayer perceptron: affine maps with an activation between them.

    Networks that differ in `init` (two numbers) or in `width` train in one program.

    Args:
        sizes: number of inputs, of units in each hidden layer, and of outputs.
        activation: "relu", "silu", "tanh" or "gelu".
        init: "torch" for weights and biases uniform in ±1/√fan_in, as PyTorch starts a Linear, or
            a number: the standard deviation of all weights and biases, which are normal (N24).
        width: only the first `width` units of every hidden layer take part, and are started as
            in a network that has no others; None for all units.
        output_bias: whether the last layer has a bias.
        n_block: the network is cut into so many equal ones, each from its share of the inputs
            through its share of the units to its share of the outputs. The weights between
            blocks are set to zero after the start of the whole network, and stay zero (L25
            Fig 19, where the code has two blocks and so starts with the fan-in of the whole).
        dtype: of the parameters and outputs, "float32" or "float64".
        compute: precision of the matrix products where it is not that of the parameters:
            "bfloat16" on GPUs, which add up in float32.

    Attributes:
        std: the number given as `init`, or None for "torch".

    Raises:
        ArgumentError: a size is no whole number of at least 1, a name is unknown, the width is more
            than a hidden layer has, the blocks do not divide a size, width and blocks are both
            given, or float64 is wanted while JAX computes in 32 bits.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network = MLP([3, 50, 2], "relu", init=0.1, width=20)
        >>> params = network.init(jax.random.key(0))
        >>> [layer.weight.shape for layer in params]
        [(3, 50), (50, 2)]
        >>> int((params[0].bias != 0).sum())
        20
        >>> network(params, jnp.ones((5, 3))).shape
        (5, 2)
    """

    sizes: tuple[int, ...] = eqx.field(static=True)
    activation: str = eqx.field(static=True)
    std: Float[Array, ""] | None
    width: Int[Array, ""] | None
    output_bias: bool = eqx.field(static=True)
    n_block: int = eqx.field(static=True)
    dtype: str = eqx.field(static=True)
    compute: str = eqx.field(static=True)

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "relu",
        *,
        init: str | float = "torch",
        width: int | None = None,
        output_bias: bool = True,
        n_block: int = 1,
        dtype: str = "float32",
        compute: str | None = None,
    ) -> None:
        self.sizes = check_sizes("sizes", sizes, at_least=2)
        self.activation = check_activation(activation)
        self.dtype, self.compute = check_precision(dtype, compute)
        self.std = _check_init(init, dtype)
        self.width = _check_width(width, self.sizes[1:-1])
        self.output_bias = output_bias
        self.n_block = check_count("n_block", n_block)
        if width is not None and n_block > 1:
            raise ArgumentError("width and n_block are both given; one of them is wanted")
        if any(size % n_block for size in self.sizes):
            raise ArgumentError(
                f"n_block is {n_block}; a number that divides all sizes {self.sizes} is wanted"
            )

    def init(self, key: Key[Array, ""]) -> tuple[Linear, ...]:
        """Weights and biases of each layer; those that take no part are zero."""
        keys = jax.random.split(key, len(self.sizes) - 1)
        *hidden, last = (self._masked(self._start(k, place), place) for place, k in enumerate(keys))
        return (*hidden, last if self.output_bias else last._replace(bias=None))

    def __call__(
        self, params: tuple[Linear, ...], inputs: Float[Array, "n_sample n_in"]
    ) -> Float[Array, "n_sample n_out"]:
        """Outputs, [n_sample, n_out], for inputs [n_sample, n_in]."""
        *hidden, last = (self._masked(layer, place) for place, layer in enumerate(params))
        as_one = bool(hidden) and self.activation == "relu" and self.sizes[-1] == 1
        x = inputs
        for layer in hidden[:-1] if as_one else hidden:
            x = ACTIVATIONS[self.activation](linear(layer, x, self.compute))
        if as_one:
            return relu_output(hidden[-1], last, x, self.compute).astype(self.dtype)
        return linear(last, x, self.compute).astype(self.dtype)

    def _start(self, key: Key[Array, ""], place: int) -> Linear:
        n_in, n_out = self.sizes[place : place + 2]
        if self.std is not None:
            return normal_linear(key, n_in, n_out, self.dtype, self.std)
        narrowed = self.width is not None and place > 0
        return uniform_linear(key, n_in, n_out, self.dtype, self.width if narrowed else None)

    def _masked(self, layer: Linear, place: int) -> Linear:
        """A layer with zeros where nothing takes part."""
        n_in, n_out = self.sizes[place : place + 2]
        if self.n_block > 1:
            return layer._replace(weight=layer.weight * _same_block(n_in, n_out, self.n_block))
        if self.width is None:
            return layer
        ins, outs = self._used(place), self._used(place + 1)
        bias = None if layer.bias is None else layer.bias * outs
        return Linear(layer.weight * (ins[:, None] & outs), bias)

    def _used(self, place: int) -> Bool[Array, " n_unit"]:
        unit = jnp.arange(self.sizes[place], dtype=jnp.int32)
        outer = place in (0, len(self.sizes) - 1)
        return unit >= 0 if self.width is None or outer else unit < self.width


def _same_block(n_in: int, n_out: int, n_block: int) -> Bool[np.ndarray, "n_in n_out"]:
    return np.equal.outer(
        np.arange(n_in) * n_block // n_in,
        np.arange(n_out) * n_block // n_out,
    )


def _check_init(init: str | float, dtype: str) -> Float[Array, ""] | None:
    if init == "torch":
        return None
    if isinstance(init, str) or not (np.isfinite(init) and init > 0):
        raise ArgumentError(f"init is {init!r}; 'torch' or a positive standard deviation is wanted")
    return jnp.asarray(init, dtype)


def _check_width(width: int | None, hidden: tuple[int, ...]) -> Int[Array, ""] | None:
    if width is None:
        return None
    if not hidden or check_count("width", width) > min(hidden):
        raise ArgumentError(
            f"width is {width}; a number from 1 to the size of every hidden layer {hidden} is "
            "wanted"
        )
    return jnp.asarray(width, jnp.int32)
