"""A perceptron that reads tokens through a trainable table of vectors."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Float, Int, Key

from skillphysics.checks import check_count
from skillphysics.networks.layers import Linear, check_sizes
from skillphysics.networks.mlp import MLP
from skillphysics.networks.network import Network


class Embedded(NamedTuple):
    """The parameters of an `EmbeddingMLP`."""

    embedding: Float[Array, "n_token dim"]
    layers: tuple[Linear, ...]


class EmbeddingMLP(Network):
    """Tokens, their trainable vectors side by side, an MLP: it groks modular addition (L25 Fig 13).

    The vectors start from N(0, 1), the MLP as PyTorch starts it. The published network reads two
    tokens of 59 and has two hidden layers of 100 SiLU units; its vectors have 32 dimensions in the
    text and 128 in the code.

    Args:
        n_token: number of tokens, and of outputs: one logit a token.
        dim: dimensions of a token's vector.
        hidden: number of units of each hidden layer.
        n_input: how many tokens a sample has.
        activation, dtype, compute: as of `MLP`.

    Raises:
        ArgumentError: a size is no whole number of at least 1, or as `MLP`.

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
        n_token: int,
        *,
        dim: int,
        hidden: Sequence[int],
        n_input: int = 2,
        activation: str = "silu",
        dtype: str = "float32",
        compute: str | None = None,
    ) -> None:
        self.n_token = check_count("n_token", n_token)
        self.dim = check_count("dim", dim)
        self.n_input = check_count("n_input", n_input)
        sizes = (n_input * dim, *check_sizes("hidden", hidden, at_least=0), n_token)
        self.mlp = MLP(sizes, activation, dtype=dtype, compute=compute)

    def init(self, key: Key[Array, ""]) -> Embedded:
        """Vectors from N(0, 1), and the MLP at its start."""
        for_vectors, for_mlp = jax.random.split(key)
        vectors = jax.random.normal(for_vectors, (self.n_token, self.dim), self.mlp.dtype)
        return Embedded(vectors, self.mlp.init(for_mlp))

    def __call__(
        self, params: Embedded, inputs: Int[Array, "n_sample n_input"]
    ) -> Float[Array, "n_sample n_token"]:
        """Logits, [n_sample, n_token], for tokens [n_sample, n_input]."""
        vectors = params.embedding[inputs]
        return self.mlp(params.layers, vectors.reshape(inputs.shape[0], self.n_input * self.dim))
