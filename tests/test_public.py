"""The public face: every name documented once, with an example, and arguments of one vocabulary."""

import ast
import contextlib
import dataclasses
import importlib
import inspect
import re
import textwrap
import typing
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jaxtyping
import numpy as np
import pytest
import xarray as xr

import skillphysics

ROOMS = (
    "comparison", "curves", "domains", "errors", "experiments", "graph", "inference", "io",
    "measure", "networks", "optimizers", "papers", "plotting", "registry", "report", "scaling",
    "skills", "steps", "sweeps", "tasks", "theories", "training", "worlds",
)  # fmt: skip
NAMES = Path(__file__).with_name("argument_names.txt").read_text(encoding="utf-8").split()


def public() -> Iterator[tuple[str, str, object]]:
    """Room, name and value of everything public."""
    for room in ROOMS:
        module = importlib.import_module(f"skillphysics.{room}")
        own = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
        ]
        for name in getattr(module, "__all__", own):
            yield room, name, getattr(module, name)


PUBLIC = {f"{room}.{name}": value for room, name, value in public()}
CALLABLE = {
    name: value
    for name, value in PUBLIC.items()
    if inspect.isfunction(value)
    or (inspect.isclass(value) and not issubclass(value, BaseException))
}


def results() -> set[object]:
    """Classes that functions return, or that the fields of such classes hold."""
    found: set[object] = set()

    def add(hint: object) -> None:
        for part in typing.get_args(hint):
            add(part)
        if not inspect.isclass(hint) or hint in found:
            return
        if str(getattr(hint, "__module__", "")).startswith("skillphysics"):
            found.add(hint)
            if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
                with contextlib.suppress(NameError):
                    for inner in typing.get_type_hints(hint).values():
                        add(inner)

    for value in CALLABLE.values():
        methods = vars(value).values() if inspect.isclass(value) else [value]
        for method in methods:
            function = getattr(method, "__func__", method)
            if inspect.isfunction(function):
                # Names that only type checkers import are none of the package's own.
                with contextlib.suppress(NameError):
                    add(typing.get_type_hints(function).get("return"))
    return found


def test_names_of_rooms_are_those_of_the_package():
    assert set(skillphysics._ROOMS) <= set(ROOMS)


@pytest.mark.parametrize("name", [n for n, v in PUBLIC.items() if callable(v)])
def test_every_name_has_a_docstring(name):
    value = PUBLIC[name]
    text = value.__doc__ if inspect.isclass(value) else inspect.getdoc(value)
    assert text
    assert text.strip().splitlines()[0].rstrip().endswith((".", "?", ":")) or "\n" in text


@pytest.mark.parametrize("name", CALLABLE)
def test_every_name_has_an_example(name):
    """Doctests run it. An abstract class has none, and a result has that of what returns it."""
    value = CALLABLE[name]
    if inspect.isabstract(value) or value in results():
        return
    assert ">>>" in (value.__doc__ or "")


def test_no_name_is_exported_twice():
    homes = Counter(name.partition(".")[2] for name in PUBLIC)
    assert [name for name, count in homes.items() if count > 1] == []


def test_the_nouns_are_those_of_their_rooms():
    for name in set(skillphysics.__all__) - set(ROOMS):
        home = skillphysics._HOME[name]
        assert PUBLIC[f"{home}.{name}"] is getattr(skillphysics, name)


@pytest.mark.parametrize("name", CALLABLE)
def test_arguments_have_known_names(name):
    """A new name is a decision: it joins argument_names.txt, or an old one serves."""
    try:
        parameters = inspect.signature(CALLABLE[name]).parameters  # pyright: ignore[reportArgumentType]
    except ValueError:
        return
    assert set(parameters) - set(NAMES) == set()


@pytest.mark.parametrize("name", CALLABLE)
def test_signatures_can_be_read(name):
    """Help names a type; it neither spells out an alias of NumPy nor shows an address."""
    try:
        shown = str(inspect.signature(CALLABLE[name]))  # pyright: ignore[reportArgumentType]
    except ValueError:
        return
    assert "_NestedSequence" not in shown
    assert " at 0x" not in shown


def documented() -> Iterator[tuple[str, Any, str]]:
    """Functions, methods and constructors that are public and written by hand, with docstrings."""
    for name, value in CALLABLE.items():
        if inspect.isfunction(value):
            yield name, value, inspect.getdoc(value) or ""
            continue
        for method, member in vars(value).items():
            function = inspect.unwrap(getattr(member, "__func__", getattr(member, "fget", member)))
            if not inspect.isfunction(function) or function.__code__.co_filename == "<string>":
                continue
            if method in ("__init__", "__post_init__", "__check_init__"):
                yield f"{name}.{method}", function, inspect.getdoc(value) or ""
            elif not method.startswith("_"):
                yield f"{name}.{method}", function, inspect.getdoc(getattr(value, method)) or ""


DOCUMENTED = {name: (function, text) for name, function, text in documented()}


def arrays(hint: object) -> Iterator[bool]:
    """Whether each array that an annotation names has a shape; arrays of callables aside."""
    if isinstance(hint, str):
        for word in re.findall(r"\b(ndarray|Array|ArrayLike|DataArray)\b(?!, )", hint):
            yield not word
    elif inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray):
        yield True
    elif hint in (np.ndarray, jax.Array, xr.DataArray):
        yield False
    # Trees of arrays, as optax names them, have no shape.
    elif typing.get_origin(hint) is not Callable and np.number not in typing.get_args(hint):
        for part in typing.get_args(hint):
            yield from arrays(part)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_arrays_have_shapes(name):
    """In the signature as jaxtyping, or in the docstring where it takes more than arrays."""
    function, text = DOCUMENTED[name]
    for argument, hint in inspect.get_annotations(function).items():
        found = list(arrays(hint))
        if found and not any(found):
            words = text.partition("Example:")[0]
            assert re.search(r"\[[\w…]+(, [\w…]+)*\]|\bshaped?\b", words), argument


@pytest.mark.parametrize("name", DOCUMENTED)
def test_times_have_their_unit(name):
    function, text = DOCUMENTED[name]
    for argument in inspect.signature(function).parameters:
        if argument == "step" or argument.split("_")[-1] == "steps":
            assert re.search(r"\bsteps?\b", text.replace(f"{argument}:", ""))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_is_raised_is_documented(name):
    """Errors of the function itself; what its callees raise is for them to say."""
    function, text = DOCUMENTED[name]
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    section = text.partition("Raises:")[2]
    errors = {one for one in raised if one.endswith("Error")} - {"NotImplementedError"}
    assert [one for one in errors if f"{one}:" not in section] == []


def test_no_argument_name_is_left_over():
    used = set()
    for value in CALLABLE.values():
        used |= set(inspect.signature(value).parameters)  # pyright: ignore[reportArgumentType]
    assert sorted(set(NAMES) - used) == []
    assert sorted(NAMES) == NAMES
