"""Dataclasses as options of a command: a field is declared once, whatever commands take it."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer
from typer.models import ParameterInfo


def options_of(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters that are dataclasses become options, one for each field.

    The command is called with the dataclasses, made of what the options were given. A field is
    annotated as a parameter of a command is, `Annotated[int, typer.Option(help="…")]`, or with the
    text of its help alone, `Annotated[int, "…"]`, so that a dataclass need not know of a command
    line. Other annotations have no effect, and what a dataclass refuses the command refuses.

    Raises:
        TypeError: two options have one name.

    Example:
        >>> from dataclasses import dataclass
        >>> from typing import Annotated
        >>> @dataclass(frozen=True)
        ... class Size:
        ...     width: Annotated[int, "Neurons of a layer."] = 64
        ...     depth: Annotated[int, "Number of layers."] = 2
        >>> @options_of
        ... def build(name: str, size: Size) -> None:
        ...     print(name, size)
        >>> list(inspect.signature(build).parameters)
        ['name', 'width', 'depth']
        >>> build(name="mlp", width=8, depth=3)
        mlp Size(width=8, depth=3)
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            groups[name] = hints[name]
            parameters += _options(groups[name])
        else:
            parameters.append(
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
            )
    names = [parameter.name for parameter in parameters]
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise TypeError(f"{command.__module__} has two options {twice!r}")

    @wraps(command)
    def flat(**given: Any) -> None:
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **made)

    # Typer reads both.
    flat.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _options(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=_annotated(hints[field.name]),
        )


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    return inspect.Parameter.empty


def _annotated(hint: Any) -> Any:
    """The annotation with an option of Typer, since without one a required field is an argument."""
    about = getattr(hint, "__metadata__", ())
    if any(isinstance(one, ParameterInfo) for one in about):
        return hint
    text = next((one for one in about if isinstance(one, str)), None)
    return Annotated[hint, typer.Option(help=text)]
