"""Groups of commands made of the members of registries, when they are asked for."""

from collections.abc import Callable, Iterable
from typing import Any

import typer
from typer.core import TyperGroup

from skillphysics.registry import unknown


def group_of(
    kind: str, names: Callable[[], Iterable[str]], command: Callable[[str], Callable[..., None]]
) -> type[TyperGroup]:
    """A class of groups with one command for each member, for `typer.Typer(cls=…)`.

    Nothing is imported until the group is called.

    Args:
        kind: the noun for one member, for messages.
        names: the names of all members.
        command: what makes the function behind the command of a member, with its help as docstring.
    """

    class Group(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
            return list(names())

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
            if cmd_name not in names():
                raise unknown(kind, cmd_name, names())
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            app.command(name=cmd_name)(command(cmd_name))
            return typer.main.get_command(app)

    return Group
