"""Help texts from docstrings, so that what an argument means is written once."""

import ast
import inspect
import itertools
import re
import textwrap
from typing import Any

_SECTION = re.compile(r"^(Args|Attributes):\n((?:    .*\n|\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^    (\w+):[ ]*((?:.*\n)(?:     .*\n)*)", re.MULTILINE)


def summary(member: Any) -> str:
    """The first paragraph of a docstring, on one line.

    Example:
        >>> summary(summary)
        'The first paragraph of a docstring, on one line.'
    """
    return " ".join((inspect.getdoc(member) or "").split("\n\n")[0].split())


def arguments(member: Any) -> dict[str, str]:
    """What the docstring of a function says of each argument, or of a class and its bases.

    It reads the sections "Args" and "Attributes", and the text below a field of a dataclass.

    Example:
        >>> from skillphysics.theories import Linear
        >>> arguments(Linear)["frequency"]
        'p, [n_skill].'
    """
    if not inspect.isclass(member):
        return _entries(member.__doc__)
    known: dict[str, str] = {}
    for base in reversed(member.__mro__):
        if base.__module__.partition(".")[0] == "builtins":
            continue
        known |= _entries(base.__dict__.get("__doc__")) | _below_fields(base)
    return known


def _entries(docstring: str | None) -> dict[str, str]:
    text = inspect.cleandoc(docstring or "") + "\n"
    return {
        name: " ".join(words.split())
        for _, body in _SECTION.findall(text)
        for name, words in _ENTRY.findall(body)
    }


def _below_fields(kind: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):  # defined where there is no file
        return {}
    body = ast.parse(source).body[0].body  # pyright: ignore[reportAttributeAccessIssue]
    texts = {}
    for field, below in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            texts[field.target.id] = " ".join(below.value.value.split())
    return texts
