"""Options of a command from dataclasses and from the arguments of a member of a registry.

What an option means, its default and what it may be are declared once, where the library needs
them: in a signature, its annotations and its docstring.
"""

import ast
import dataclasses
import inspect
import re
import shlex
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer
from typer.models import ParameterInfo

from skillphysics.cli.docstrings import arguments
from skillphysics.errors import ArgumentError, SkillphysicsError


def options_of(command: Callable[..., None], **groups: Any) -> Callable[..., None]:
    """A command whose parameters that are dataclasses become options, one for each field.

    The command is called with the dataclasses, made of what the options were given. A field is
    annotated as a parameter of a command is, `Annotated[int, typer.Option(help="…")]`, or with the
    text of its help alone, `Annotated[int, "…"]`, so that a dataclass need not know of a command
    line. Other annotations have no effect, and what a dataclass refuses the command refuses. An
    error that names an argument names the option in its place.

    Args:
        command: a function for Typer.
        groups: dataclasses in place of the annotations of parameters.

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
    hints = {**get_type_hints(command, include_extras=True), **groups}
    dataclass_of: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            dataclass_of[name] = hints[name]
            parameters += _options(hints[name])
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
        try:
            groups = {
                name: group(**{f.name: given.pop(f.name) for f in dataclasses.fields(group)})
                for name, group in dataclass_of.items()
            }
            command(**given, **groups)
        except ArgumentError as error:
            renamed = _naming_options(error, names)
            renamed.args = (in_options(str(renamed), names),)
            raise renamed from error
        except SkillphysicsError as error:
            error.args = (in_options(str(error), names),)
            raise

    # Typer reads both.
    flat.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def settings_of(
    member: Callable[..., Any], *more: Callable[..., Any], without: Collection[str] = ()
) -> type:
    """A dataclass of the arguments of a member that a command line can give.

    These are numbers, words, flags, tuples of them, and graphs, which are read from files. Help
    texts come from docstrings. Later functions add arguments that earlier ones pass on.

    Args:
        member: a class or a function.
        more: functions that take its further keyword arguments.
        without: names to leave out.

    Example:
        >>> from skillphysics.theories import Multilinear
        >>> settings = settings_of(Multilinear, without=["frequency"])
        >>> [field.name for field in dataclasses.fields(settings)]
        ['rate', 'initial_share', 'target_scale']
    """
    fields: dict[str, tuple[str, Any, Any]] = {}
    texts: dict[str, str] = {}
    for function in (member, *more):
        texts = {**arguments(function), **texts}
        hints = _hints(function)
        metadata = _metadata(function)
        for name, parameter in inspect.signature(function).parameters.items():
            kind = _kind(hints.get(name), parameter.default, "constraint" in metadata.get(name, {}))
            if kind is None or name in fields or name in without:
                continue
            unit = metadata.get(name, {}).get("unit")
            text = texts.get(name, "")
            text = sentence(text) + (f" Unit: {unit}." if unit else "")
            default = _plain(parameter.default)
            # Brackets would be markup.
            help_text = text.replace("[", "\\[") or None
            # A flag that is off needs no option to turn it off.
            names = [option(name)] if kind is bool and default is False else []
            fields[name] = (name, Annotated[kind, typer.Option(*names, help=help_text)], default)
    required = [one[:2] for one in fields.values() if one[2] is inspect.Parameter.empty]
    optional = [
        (*one[:2], dataclasses.field(default=one[2]))
        for one in fields.values()
        if one[2] is not inspect.Parameter.empty
    ]
    return dataclasses.make_dataclass("Settings", [*required, *optional], frozen=True)


def sentence(text: str) -> str:
    """A text with a capital in front, unless it begins with a symbol such as η or p."""
    symbol = not text[:1].isascii() or not text[1:2].isalpha()
    return text if symbol else text[:1].upper() + text[1:]


def option(name: str) -> str:
    """The option of an argument.

    Example:
        >>> option("batch_size")
        '--batch-size'
    """
    return f"--{name.replace('_', '-')}"


def in_options(text: str, names: Collection[str]) -> str:
    """A text in which the arguments that a library proposes are options.

    Args:
        text: an error or a note, with arguments as Python has them (`step='epoch'`).
        names: the arguments that the command has as options.

    Example:
        >>> in_options("set step='my epoch' or chance={'a': 0.5, 'b': 0.25}", ["step", "chance"])
        "set --step 'my epoch' or --chance a=0.5 --chance b=0.25"
    """
    if not names:
        return text
    # The longest first: "n" must not match in place of "n_dim".
    known = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.sub(rf"(?<![\w'\"-])({known})=({_PROPOSED})", _as_options, text)


_PROPOSED = r"'[^']*'|\"[^\"]*\"|\{[^{}]*\}|\[[^\[\]]*\]|…|-?\d[\w.+-]*|True|False"


def _as_options(found: re.Match[str]) -> str:
    flag, text = option(found[1]), found[2]
    if text in ("True", "False"):
        return flag if text == "True" else flag.replace("--", "--no-", 1)
    if text == "…":
        return f"{flag} …"
    value = ast.literal_eval(text.replace(", …", "").replace("…", "'…'"))
    if isinstance(value, dict):
        values = [f"{_quoted(key)}={number}" for key, number in value.items()]
    else:
        values = [_quoted(one) for one in (value if isinstance(value, list) else [value])]
    return " ".join(f"{flag} {one}" for one in values)


def _quoted(value: Any) -> str:
    return shlex.quote(str(value))


def _naming_options(error: ArgumentError, names: Collection[str]) -> ArgumentError:
    # "Linear.rate" and "frequency[2]" name the arguments rate and frequency.
    matched = re.match(r"(?:\w+\.)?(\w+)", error.argument or "")
    message = str(error)
    if matched is None or matched[1] not in names or not message.startswith(matched[0]):
        return error
    return ArgumentError(option(matched[1]) + message.removeprefix(matched[0]))


def _options(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=_annotated(hints[field.name]),
        )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty


def _annotated(hint: Any) -> Any:
    """The annotation with an option of Typer, since without one a required field is an argument."""
    about = getattr(hint, "__metadata__", ())
    if any(isinstance(one, ParameterInfo) for one in about):
        return hint
    text = next((one for one in about if isinstance(one, str)), None)
    return Annotated[hint, typer.Option(help=text)]


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    if not inspect.isclass(function):
        return get_type_hints(function)
    # A constructor of its own says what it takes, which may differ from what it keeps.
    return {**get_type_hints(function), **get_type_hints(function.__init__)}


def _metadata(function: Callable[..., Any]) -> dict[str, Mapping[str, Any]]:
    if not dataclasses.is_dataclass(function):
        return {}
    return {field.name: field.metadata for field in dataclasses.fields(function)}


def _kind(hint: Any, default: Any, is_parameter: bool) -> Any:
    """The type of an option, None for an argument that no option can give."""
    from skillphysics.graph import Graph

    if is_parameter:
        # A parameter of a theory: a number for all skills, or one per skill.
        return float if getattr(default, "ndim", 0) == 0 and _plain(default) is not None else None
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        kinds = [_kind(part, default, False) for part in inner if part is not type(None)]
        kinds = [kind for kind in kinds if kind is not None]
        return kinds[0] | None if kinds else None
    if origin is tuple and inner[1:] == (...,):
        kind = _kind(inner[0], None, False)
        return None if kind is None else list[kind]
    if origin is Literal or hint in (int, float, str, bool):
        return hint
    return Path if hint is Graph else None


def _plain(default: Any) -> Any:
    """A default as Typer shows it: arrays without dimensions are numbers."""
    if default is inspect.Parameter.empty or not hasattr(default, "dtype"):
        return default
    return float(default)
