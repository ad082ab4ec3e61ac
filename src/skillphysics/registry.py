"""Registries: what can be added to the package, by its public name."""

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from skillphysics.errors import ArgumentError

Member = TypeVar("Member")


class Registry(Mapping[str, Member]):
    """An immutable mapping from public names to the members of one kind.

    Args:
        kind: the noun for one member, as messages use it.
        members: the members by public name, in the order in which they are listed.

    Example:
        >>> numbers = Registry("number", {"one": 1, "two": 2})
        >>> numbers["one"], list(numbers), "three" in numbers
        (1, ['one', 'two'], False)
        >>> numbers["on"]
        Traceback (most recent call last):
            ...
        skillphysics.errors.ArgumentError: unknown number 'on', did you mean 'one'? Known: one, two
    """

    def __init__(self, kind: str, members: Mapping[str, Member]) -> None:
        self.kind, self._members = kind, dict(members)

    def __getitem__(self, name: str) -> Member:
        """The member of that name.

        Raises:
            ArgumentError: there is none; the message has the nearest name and all known ones.
        """
        if name not in self:
            raise unknown(self.kind, name, self)
        return self._members[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._members

    def get(self, key: str, default: Any = None) -> Any:
        """The member of that name, or `default`."""
        return self._members[key] if key in self else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def parsed(kind: str, text: str) -> tuple[str, dict[str, Any]]:
    """A name with options in brackets, as a command line gives a member of a registry.

    Raises:
        ArgumentError: the text has another form.

    Example:
        >>> parsed("optimizer", "adam(b2=0.95)"), parsed("engine", "local")
        (('adam', {'b2': 0.95}), ('local', {}))
    """
    matched = re.fullmatch(r"([^()]*)(?:\((.*)\))?", text.strip(), re.DOTALL)
    options: dict[str, Any] = {}
    try:
        if matched is None:
            raise ValueError
        call = ast.parse(f"f({matched[2] or ''})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in options:
                raise ValueError
            options[keyword.arg] = ast.literal_eval(keyword.value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ArgumentError(
            f"{kind} must be a name, or NAME(OPTION=VALUE, …), got {text!r}", argument=kind
        ) from None
    return matched[1].strip(), options


def unknown(kind: str, name: Any, names: Iterable[str], listed: str | None = None) -> ArgumentError:
    """The error for a name that is not known: the nearest of `names`, and the list of them.

    Example:
        >>> print(unknown("color", "gren", ["red", "green"]))
        unknown color 'gren', did you mean 'green'? Known: red, green
    """
    names = list(names)
    listed = ", ".join(names) if listed is None else listed
    if not isinstance(name, str):
        return ArgumentError(f"{kind} must be a name, got {name!r}; known: {listed}", argument=kind)
    spelled = {_spelled(known): known for known in names}
    near = difflib.get_close_matches(_spelled(name), list(spelled), n=1)
    hint = f", did you mean {spelled[near[0]]!r}? Known: " if near else "; known: "
    return ArgumentError(f"unknown {kind} {name!r}{hint}{listed}", argument=kind)


def _spelled(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
