"""The multilayer perceptron, whole, narrowed, or cut into independent blocks."""

from collections.abc import Sequence
from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from skillphysics.domains import COUNT, FLAG, POSITIVE, Count, Flag, one_of
from skillphysics.errors import ArgumentError
from skillphysics.networks.layers import (
    ACTIVATIONS,
    Affine,
    affine,
    check_precision,
    check_sizes,
    normal_affine,
    uniform_affine,
)
from skillphysics.networks.network import Network
from skillphysics.networks.relu_output import relu_output

ACTIVATION = one_of(*ACTIVATIONS)
Activation = Annotated[str, ACTIVATION]


class MLP(Network):
    """A multilayer perceptron: affine maps with an activation between them.

    Networks that differ in `init` (two numbers) or in `width` train in one program.

    Args:
        sizes: numbers of inputs, of units in each hidden layer, and of outputs.
        activation: "relu", "silu", "tanh" or "gelu".
        init: "torch" for weights and biases uniform in ±1/√fan_in, as in PyTorch, or a number:
            the standard deviation of all weights and biases, which are then normal (N24).
        width: number of units in use, the first of every hidden layer, which start as in a network
            of that width; None for all units.
        output_bias: whether the last layer has a bias.
        n_block: number of equal, independent blocks, each with its share of the inputs, units and
            outputs. The weights between blocks are set to zero after the whole network has been
            initialized, and stay zero (L25 Fig 19, where the code has two blocks and therefore the
            fan-in of the whole network).
        dtype: precision of parameters and outputs, "float32" or "float64".
        compute: precision of the matrix products, by default `dtype`; "bfloat16" on GPUs, which
            accumulate in float32.

    Attributes:
        std: the number given as `init`, or None for "torch".

    Raises:
        ArgumentError: a size is less than 1, a name is unknown, the width exceeds a hidden layer,
            the blocks do not divide a size, width and blocks are both given, or a precision is
            unknown or not enabled.

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
        activation: Activation = "relu",
        *,
        init: str | float = "torch",
        width: Count | None = None,
        output_bias: Flag = True,
        n_block: Count = 1,
        dtype: str = "float32",
        compute: str | None = None,
    ) -> None:
        self.sizes = check_sizes("sizes", sizes, at_least=2)
        self.activation = ACTIVATION.check("activation", activation)
        self.dtype, self.compute = check_precision(dtype, compute)
        self.std = _check_init(init, dtype)
        self.width = _check_width(width, self.sizes[1:-1])
        self.output_bias = FLAG.check("output_bias", output_bias)
        self.n_block = COUNT.check("n_block", n_block)
        if width is not None and n_block > 1:
            raise ArgumentError(
                f"n_block must be 1 together with a width, got {n_block}; give one of the two",
                argument="n_block",
            )
        if any(size % n_block for size in self.sizes):
            raise ArgumentError(
                f"n_block must divide all sizes {self.sizes}, got {n_block}", argument="n_block"
            )

    @classmethod
    def example(cls) -> "MLP":
        """Four inputs, six units, two outputs."""
        return cls([4, 6, 2], "silu")

    def init(self, key: Key[Array, ""]) -> tuple[Affine, ...]:
        """Weights and biases of each layer at step 0; those not in use are zero."""
        keys = jax.random.split(key, len(self.sizes) - 1)
        *hidden, last = (self._masked(self._start(k, place), place) for place, k in enumerate(keys))
        return (*hidden, last if self.output_bias else last._replace(bias=None))

    def __call__(
        self, params: tuple[Affine, ...], inputs: Float[Array, "n_sample n_in"]
    ) -> Float[Array, "n_sample n_out"]:
        """Outputs, [n_sample, n_out], for inputs [n_sample, n_in]."""
        *hidden, last = (self._masked(layer, place) for place, layer in enumerate(params))
        as_one = bool(hidden) and self.activation == "relu" and self.sizes[-1] == 1
        x = inputs
        for layer in hidden[:-1] if as_one else hidden:
            x = ACTIVATIONS[self.activation](affine(layer, x, self.compute))
        if as_one:
            return relu_output(hidden[-1], last, x, self.compute).astype(self.dtype)
        return affine(last, x, self.compute).astype(self.dtype)

    def _start(self, key: Key[Array, ""], place: int) -> Affine:
        n_in, n_out = self.sizes[place : place + 2]
        if self.std is not None:
            return normal_affine(key, n_in, n_out, self.dtype, self.std)
        narrowed = self.width is not None and place > 0
        return uniform_affine(key, n_in, n_out, self.dtype, self.width if narrowed else None)

    def _masked(self, layer: Affine, place: int) -> Affine:
        """A layer with zeros where it is not in use."""
        n_in, n_out = self.sizes[place : place + 2]
        if self.n_block > 1:
            return layer._replace(weight=layer.weight * _same_block(n_in, n_out, self.n_block))
        if self.width is None:
            return layer
        ins, outs = self._used(place), self._used(place + 1)
        bias = None if layer.bias is None else layer.bias * outs
        return Affine(layer.weight * (ins[:, None] & outs), bias)

    def _used(self, place: int) -> Bool[Array, " n_unit"]:
        unit = jnp.arange(self.sizes[place], dtype=jnp.int32)
        outer = place in (0, len(self.sizes) - 1)
        return unit >= 0 if self.width is None or outer else unit < self.width


def _same_block(n_in: int, n_out: int, n_block: int) -> Bool[Array, "{n_in} {n_out}"]:
    # Computed in the program: a constant of this size would be held for every layer.
    ins, outs = (jnp.arange(n, dtype=jnp.int32) // (n // n_block) for n in (n_in, n_out))
    return ins[:, None] == outs


def _check_init(init: str | float, dtype: str) -> Float[Array, ""] | None:
    if init == "torch":
        return None
    if isinstance(init, str):
        raise ArgumentError(
            f"init must be 'torch' or a standard deviation, got {init!r}", argument="init"
        )
    return jnp.asarray(POSITIVE.check("init", init), dtype)


def _check_width(width: int | None, hidden: tuple[int, ...]) -> Int[Array, ""] | None:
    if width is None:
        return None
    if not hidden or COUNT.check("width", width) > min(hidden):
        raise ArgumentError(
            f"width must be at most the size of every hidden layer {hidden}, got {width}",
            argument="width",
        )
    return jnp.asarray(width, jnp.int32)
