"""Networks, and the problem of training one on a task."""

from skillphysics.networks.embedding_mlp import EmbeddingMLP
from skillphysics.networks.gpt import GPT
from skillphysics.networks.layers import ACTIVATIONS
from skillphysics.networks.mlp import MLP
from skillphysics.networks.network import Learner, Network
from skillphysics.networks.transformer import Transformer

__all__ = ["ACTIVATIONS", "GPT", "MLP", "EmbeddingMLP", "Learner", "Network", "Transformer"]
