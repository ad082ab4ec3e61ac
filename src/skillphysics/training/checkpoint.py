"""Where a training stands, on disk, so that a killed one goes on as if it had not been."""

import hashlib
import json
from pathlib import Path
from time import monotonic
from typing import Any
from zipfile import BadZipFile

import jax
import jax.numpy as jnp
import numpy as np

from skillphysics.errors import ArgumentError
from skillphysics.io.files import replacing

_FORMAT = 1
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, BadZipFile, TypeError,
               IndexError, AttributeError)  # fmt: skip


class _OtherTrainingError(Exception):
    """The checkpoint can be read, and its identity is another."""


def fingerprint(*parts: Any) -> str:
    """A hash of arrays, text and pytrees of both: equal for the same training in any process."""
    digest = hashlib.sha256()
    for part in parts:
        leaves, structure = jax.tree.flatten(part)
        digest.update(str(structure).encode())
        for leaf in leaves:
            array = np.asarray(leaf)
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(str(leaf).encode() if array.dtype == object else array.tobytes())
    return digest.hexdigest()


class Checkpoint:
    """A file that holds the state and the records of one training.

    Args:
        path: the file.
        identity: what the training is, as `fingerprint` says it.
        every: seconds after which another checkpoint is due.

    Raises:
        ArgumentError: its folder is missing.
    """

    def __init__(self, path: Path, identity: str, every: float) -> None:
        if not path.parent.is_dir():
            raise ArgumentError(f"cannot write {path}: {path.parent} is no folder")
        self._path, self._identity, self._every = path, identity, every
        self._written = monotonic()

    def is_due(self) -> bool:
        """Whether the last one is old enough."""
        return monotonic() - self._written >= self._every

    def save(self, state: Any, records: list[dict[str, np.ndarray]]) -> None:
        """Write; until the file is whole, the one before it stays.

        Raises:
            ArgumentError: the folder is missing or cannot be written.
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
            ArgumentError: it cannot be read, or it is of another training.
        """
        if not self._path.exists():
            return None
        leaves, structure = jax.tree.flatten(like)
        try:
            with self._path.open("rb") as file, np.load(file) as archive:
                head = json.loads(str(archive["head"]))
                if (head["identity"], head["format"]) != (self._identity, _FORMAT):
                    raise _OtherTrainingError
                state = [_restored(archive[f"state_{i}"], leaf) for i, leaf in enumerate(leaves)]
                columns = {name: archive[f"record_{name}"] for name in head["records"]}
                if len({len(column) for column in columns.values()}) != 1:
                    raise ValueError("its records are not all as many")
        except _OtherTrainingError:
            raise ArgumentError(
                f"the checkpoint {self._path} is of another training; give another path, or "
                "delete it to begin anew"
            ) from None
        except _UNREADABLE as error:
            raise ArgumentError(
                f"{self._path} is no whole checkpoint; give another path, or that of a checkpoint"
            ) from error
        n_record = len(next(iter(columns.values())))
        records = [{name: column[i] for name, column in columns.items()} for i in range(n_record)]
        return jax.tree.unflatten(structure, state), records


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _restored(array: np.ndarray, like: Any) -> Any:
    if not _is_key(like):
        if (array.shape, array.dtype) != (jnp.shape(like), jnp.result_type(like)):
            raise ValueError("an array of its state has another shape")
        return array
    return jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(like))
