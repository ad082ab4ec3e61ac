"""A perceptron on trainable token vectors."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Float, Int, Key

from skillphysics.domains import COUNT, Count
from skillphysics.networks.layers import Affine, check_sizes
from skillphysics.networks.mlp import MLP
from skillphysics.networks.network import Network


class Embedded(NamedTuple):
    """The parameters of an `EmbeddingMLP`."""

    embedding: Float[Array, "n_token dim"]
    layers: tuple[Affine, ...]


class EmbeddingMLP(Network):
    """An MLP on concatenated token vectors, which groks modular addition (L25 Fig 13).

    The vectors start from N(0, 1), the MLP as in PyTorch. The published network reads two of 59
    tokens and has two hidden layers of 100 SiLU units; its vectors have 32 dimensions in the text
    and 128 in the code.

    Args:
        n_token: number of tokens, and of outputs, which are their logits.
        dim: dimensions of a token's vector.
        hidden: number of units of each hidden layer.
        n_input: number of tokens in a sample.
        activation, dtype, compute: as of `MLP`.

    Raises:
        ArgumentError: a size is less than 1, or as `MLP`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network = EmbeddingMLP(59, dim=32, hidden=(100, 100))
        >>> params = network.init(jax.random.key(0))
        >>> params.embedding.shape
        (59, 32)
        >>> network(params, jnp.array([[3, 4], [58, 0]])).shape
        (2, 59)
    """

    n_token: int = eqx.field(static=True)
    dim: int = eqx.field(static=True)
    n_input: int = eqx.field(static=True)
    mlp: MLP

    def __init__(
        self,
        n_token: Count,
        *,
        dim: Count,
        hidden: Sequence[int],
        n_input: Count = 2,
        activation: str = "silu",
        dtype: str = "float32",
        compute: str | None = None,
    ) -> None:
        self.n_token = COUNT.check("n_token", n_token)
        self.dim = COUNT.check("dim", dim)
        self.n_input = COUNT.check("n_input", n_input)
        sizes = (n_input * dim, *check_sizes("hidden", hidden, at_least=0), n_token)
        self.mlp = MLP(sizes, activation, dtype=dtype, compute=compute)

    @classmethod
    def example(cls) -> "EmbeddingMLP":
        """Two of five tokens, one hidden layer."""
        return cls(5, dim=3, hidden=(4,))

    def init(self, key: Key[Array, ""]) -> Embedded:
        """The parameters at step 0."""
        for_vectors, for_mlp = jax.random.split(key)
        vectors = jax.random.normal(for_vectors, (self.n_token, self.dim), self.mlp.dtype)
        return Embedded(vectors, self.mlp.init(for_mlp))

    def __call__(
        self, params: Embedded, inputs: Int[Array, "n_sample n_input"]
    ) -> Float[Array, "n_sample n_token"]:
        """Logits, [n_sample, n_token], for tokens [n_sample, n_input]."""
        vectors = params.embedding[inputs]
        return self.mlp(params.layers, vectors.reshape(inputs.shape[0], self.n_input * self.dim))
