"""Texts as integers: bytes, or byte-pair encoded documents from files and data sets."""

import importlib
import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Integer

from skillphysics.domains import COUNT, Count
from skillphysics.errors import ArgumentError

# Documents encoded together, on all cores.
_AT_ONCE = 1000


class Tokens(NamedTuple):
    """A text as integers from 0 to below `n_vocab`."""

    ids: Integer[np.ndarray, " n_token"]
    n_vocab: int


def byte_tokens(*paths: Path | str) -> Tokens:
    """The bytes of files, concatenated: a vocabulary of 256.

    Raises:
        ArgumentError: a file cannot be read.

    Example:
        >>> from skillphysics.sample import sample_log
        >>> tokens = byte_tokens(sample_log())
        >>> bytes(tokens.ids[:1]), tokens.n_vocab
        (b'{', 256)
    """
    return Tokens(np.frombuffer(b"".join(_read(path) for path in paths), np.uint8), 256)


def bpe_tokens(
    texts: Iterable[str],
    tokenizer: Path | str,
    *,
    end: str | None = None,
    most: Count | None = None,
) -> Tokens:
    """The byte-pair encoded tokens of documents, concatenated.

    Args:
        texts: the documents.
        tokenizer: a file `tokenizer.json` of the package tokenizers.
        end: the token that ends every document, such as ``"<|endoftext|>"``.
        most: the largest number of tokens, after which reading stops; None for all documents.

    Raises:
        ArgumentError: the file cannot be read or is not such a file, `most` is less than 1, `end`
            is not a token of the file, or the package is not installed.

    Example:
        >>> bpe_tokens(["one document", "another"], "missing.json")
        Traceback (most recent call last):
            ...
        skillphysics.errors.ArgumentError: cannot read missing.json: No such file or directory
    """
    encoding = _encoding(tokenizer)
    end_id = None if end is None else encoding.token_to_id(end)
    if end is not None and end_id is None:
        raise ArgumentError(f"end must be a token of {tokenizer}, got {end!r}", argument="end")
    ending = [] if end_id is None else [end_id]
    n_vocab = encoding.get_vocab_size()
    dtype = np.uint16 if n_vocab <= 2**16 else np.int32
    left = math.inf if most is None else COUNT.check("most", most)
    parts = [np.zeros(0, dtype)]
    documents = iter(texts)
    while left > 0 and (some := list(itertools.islice(documents, _AT_ONCE))):
        encoded = encoding.encode_batch(some, add_special_tokens=False)
        parts += [np.array(one.ids + ending, dtype) for one in encoded]
        left -= sum(len(part) for part in parts[-len(some) :])
    return Tokens(np.concatenate(parts)[:most], n_vocab)


def dataset_texts(name: str, *, column: str = "text", **options: Any) -> Iterator[str]:
    """The documents of a data set, through `datasets.load_dataset(name, **options)`.

    `dataset_texts("openwebtext", split="train")` is what GPT-2 small learns in L25 Fig 14. A name
    can be a folder, or a format such as "json" with `data_files`. The option `split` is required.

    Raises:
        ArgumentError: the package datasets is not installed, `split` is not given, or there is no
            such column.

    Example:
        >>> dataset_texts("openwebtext")
        Traceback (most recent call last):
            ...
        skillphysics.errors.ArgumentError: split must be given, for example 'train'
    """
    if "split" not in options:
        raise ArgumentError("split must be given, for example 'train'", argument="split")
    rows = _package("datasets").load_dataset(name, **options)
    if column not in rows.column_names:
        raise ArgumentError(
            f"column must be one of {', '.join(rows.column_names)}, got {column!r}",
            argument="column",
        )
    return (row[column] for row in rows)


def _encoding(tokenizer: Path | str) -> Any:
    text, kind = _read(tokenizer), _package("tokenizers").Tokenizer
    try:
        return kind.from_str(text.decode())
    except Exception as error:  # The package raises bare ones.
        raise ArgumentError(f"{tokenizer} is not a valid tokenizer.json: {error}") from error


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ArgumentError(
            f"the package {name} is not installed; install it with `pip install {name}`"
        ) from error


def _read(path: Path | str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ArgumentError(f"cannot read {path}: {error.strerror}") from error
