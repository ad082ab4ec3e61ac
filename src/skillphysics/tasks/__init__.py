"""What networks learn: samples, their loss, and the level of every skill.

To add a task: write a `Task` in a module here, with `example`, and add its line to `TASKS`.
"""

from skillphysics.registry import Registry
from skillphysics.tasks.modular_arithmetic import ModularArithmetic
from skillphysics.tasks.multitask import MultitaskParity
from skillphysics.tasks.parity import Parities
from skillphysics.tasks.squares import Squares
from skillphysics.tasks.stepping_stones import parity_bits
from skillphysics.tasks.subsets import draw_subsets
from skillphysics.tasks.task import Task
from skillphysics.tasks.text import Text
from skillphysics.tasks.tokens import Tokens, bpe_tokens, byte_tokens, dataset_texts

TASKS: Registry[type[Task]] = Registry(
    "task",
    {
        "modular-arithmetic": ModularArithmetic,
        "multitask-parity": MultitaskParity,
        "parities": Parities,
        "squares": Squares,
        "text": Text,
    },
)
"""The tasks by public name."""

__all__ = [
    "TASKS",
    "ModularArithmetic",
    "MultitaskParity",
    "Parities",
    "Squares",
    "Task",
    "Text",
    "Tokens",
    "bpe_tokens",
    "byte_tokens",
    "dataset_texts",
    "draw_subsets",
    "parity_bits",
]
