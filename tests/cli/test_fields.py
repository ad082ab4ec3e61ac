"""Dataclasses as options of a command."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from skillphysics.cli.fields import in_options, options_of
from skillphysics.errors import ArgumentError, LogError


@dataclass(frozen=True)
class Size:
    width: Annotated[int, "Neurons of a layer.", ("unit", "neurons")] = 64
    names: Annotated[list[str] | None, typer.Option("--name", help="Names.")] = None

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ArgumentError(f"width must be positive, got {self.width}")


@dataclass(frozen=True)
class Rate:
    lr: float


def test_typer_sees_flat_options_and_the_command_sees_dataclasses():
    seen = []

    @options_of
    def command(path: str, *, size: Size, rate: Rate, quiet: bool = False) -> None:
        seen.append((path, size, rate, quiet))

    app = typer.Typer()
    app.command()(command)
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert "Neurons of a layer." in shown
    assert "--name " in shown
    assert "[default: 64]" in shown
    given = ["log", "--width", "8", "--name", "a", "--name", "b", "--lr", "0.1", "--quiet"]
    assert CliRunner().invoke(app, given).exit_code == 0
    assert CliRunner().invoke(app, ["log", "--lr", "1"]).exit_code == 0
    assert seen == [
        ("log", Size(8, ["a", "b"]), Rate(0.1), True),
        ("log", Size(), Rate(1.0), False),
    ]
    assert CliRunner().invoke(app, ["log"]).exit_code == 2
    refused = CliRunner().invoke(app, ["log", "--lr", "1", "--width", "0"])
    assert isinstance(refused.exception, ArgumentError)


def test_one_name_for_two_options_is_an_error():
    with pytest.raises(TypeError, match="two options 'width'"):

        @options_of
        def command(width: int, *, size: Size) -> None: ...


@pytest.mark.parametrize(
    ("text", "phrased"),
    [
        ("set step='epoch'", "set --step epoch"),
        ("set step=…", "set --step …"),
        ("set skills=['*']", "set --skills '*'"),
        ("set ceiling=100 if", "set --ceiling 100 if"),
        ("set chance={'a b': 0.5, 'c': 0.25, …} or", "set --chance 'a b'=0.5 --chance c=0.25 or"),
        ("set floor={'x': …}", "set --floor x=…"),
        ("set overwrite=True", "set overwrite=True"),  # an argument without an option
        ("the run 'step=4' of steps=3", "the run 'step=4' of steps=3"),
    ],
)
def test_proposed_arguments_are_options(text, phrased):
    names = ["step", "skills", "ceiling", "chance", "floor"]
    assert in_options(text, names) == phrased


def test_errors_of_a_library_name_options():
    def command(path: str, step: str | None = None) -> None:
        raise LogError(f"{path} has several columns that count; set step='epoch' ({step})")

    with pytest.raises(LogError, match=r"log\.csv has .*; set --step epoch"):
        options_of(command)(path="log.csv", step=None)
