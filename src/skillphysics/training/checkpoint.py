"""The state of a training on disk, from which it continues as if it had not been interrupted."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any
from zipfile import BadZipFile

import jax
import jax.numpy as jnp
import numpy as np

from skillphysics.errors import ArgumentError
from skillphysics.io.files import replacing

_FORMAT = 2
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, BadZipFile, TypeError,
               IndexError, AttributeError)  # fmt: skip


class _OtherTrainingError(Exception):
    """The checkpoint can be read, but belongs to another training."""


def fingerprint(part: Any) -> str:
    """A hash of a pytree of arrays and text: equal for equal trees in any process."""
    leaves, structure = jax.tree.flatten(part)
    digest = hashlib.sha256(str(structure).encode())
    for leaf in leaves:
        array = np.asarray(leaf)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(str(leaf).encode() if array.dtype == object else array.tobytes())
    return digest.hexdigest()


class Checkpoint:
    """A file that holds the state and the records of one training.

    Args:
        path: the file.
        identity: fingerprints of what determines the training, by name.
        every: seconds after which the next checkpoint is due.

    Raises:
        ArgumentError: the folder does not exist.
    """

    def __init__(self, path: Path, identity: Mapping[str, str], every: float) -> None:
        if not path.parent.is_dir():
            raise ArgumentError(
                f"checkpoint must be in an existing folder, got {path}", argument="checkpoint"
            )
        self._path, self._identity, self._every = path, dict(identity), every
        self._written = monotonic()

    def is_due(self) -> bool:
        """Whether the next checkpoint is due."""
        return monotonic() - self._written >= self._every

    def save(self, state: Any, records: list[dict[str, np.ndarray]]) -> None:
        """Write the file; until it is complete, the previous one remains.

        Raises:
            ArgumentError: the folder does not exist or cannot be written.
        """
        names = list(records[0])
        head = {"format": _FORMAT, "identity": self._identity, "records": names}
        arrays: dict[str, Any] = {
            f"state_{i}": _plain(leaf) for i, leaf in enumerate(jax.tree.leaves(state))
        }
        for name in names:
            arrays[f"record_{name}"] = np.stack([record[name] for record in records])
        with replacing(self._path) as temporary, temporary.open("wb") as file:
            np.savez(file, head=np.array(json.dumps(head)), **arrays)
        self._written = monotonic()

    def load(self, like: Any) -> tuple[Any, list[dict[str, np.ndarray]]] | None:
        """The state, in the form of `like`, and the records; None where there is no file.

        Raises:
            ArgumentError: it cannot be read, or belongs to another training; the message says in
                what the two differ.
        """
        if not self._path.exists():
            return None
        leaves, structure = jax.tree.flatten(like)
        try:
            with self._path.open("rb") as file, np.load(file) as archive:
                head = json.loads(str(archive["head"]))
                self._check_identity(head)
                state = [_restored(archive[f"state_{i}"], leaf) for i, leaf in enumerate(leaves)]
                columns = {name: archive[f"record_{name}"] for name in head["records"]}
                if len({len(column) for column in columns.values()}) != 1:
                    raise ValueError("its records differ in length")
        except _OtherTrainingError as error:
            raise ArgumentError(
                f"the checkpoint {self._path} belongs to another training, with {error}; give "
                "another path, or delete the file to start again",
                argument="checkpoint",
            ) from None
        except _UNREADABLE as error:
            raise ArgumentError(
                f"{self._path} is not a complete checkpoint; give another path, or delete the file "
                "to start again",
                argument="checkpoint",
            ) from error
        n_record = len(next(iter(columns.values())))
        records = [{name: column[i] for name, column in columns.items()} for i in range(n_record)]
        return jax.tree.unflatten(structure, state), records

    def _check_identity(self, head: Any) -> None:
        if head["format"] != _FORMAT:
            raise _OtherTrainingError("the file format of another version")
        saved = head["identity"]
        differing = [name for name, mark in self._identity.items() if saved[name] != mark]
        if differing:
            raise _OtherTrainingError(f"different {' and '.join(differing)}")


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _restored(array: np.ndarray, like: Any) -> Any:
    if not _is_key(like):
        if (array.shape, array.dtype) != (jnp.shape(like), jnp.result_type(like)):
            raise ValueError("an array of the state has another shape or dtype")
        return array
    return jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(like))
