"""A small training log for examples: eight parities learned by one network, as in `make.py`."""

from importlib.resources import files
from pathlib import Path


def sample_log() -> Path:
    """The path of the sample log, a recording of accuracies (`skillphysics.io.Recorder`).

    Example:
        >>> from skillphysics.io import read_curves
        >>> read_curves(sample_log()).names[:2]
        ('parity 1', 'parity 2')
    """
    return Path(str(files("skillphysics.sample"))) / "multitask_parity.jsonl"
