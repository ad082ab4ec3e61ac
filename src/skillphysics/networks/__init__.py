"""Networks, and the problem of training one on a task.

To add a network: write a `Network` in a module here, with `example`, and add its line to
`NETWORKS`.
"""

from skillphysics.networks.embedding_mlp import EmbeddingMLP
from skillphysics.networks.gpt import GPT
from skillphysics.networks.layers import ACTIVATIONS
from skillphysics.networks.mlp import MLP
from skillphysics.networks.network import Learner, Network
from skillphysics.networks.transformer import Transformer
from skillphysics.registry import Registry

NETWORKS: Registry[type[Network]] = Registry(
    "network",
    {
        "mlp": MLP,
        "embedding-mlp": EmbeddingMLP,
        "transformer": Transformer,
        "gpt": GPT,
    },
)
"""The networks by public name."""

__all__ = [
    "ACTIVATIONS",
    "GPT",
    "MLP",
    "NETWORKS",
    "EmbeddingMLP",
    "Learner",
    "Network",
    "Transformer",
]
