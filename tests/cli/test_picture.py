"""`--title`, `--size` and `--dpi`: what they draw, and what is said of bad ones."""

import struct
import sys

import pytest
from matplotlib.figure import Figure

from skillphysics.cli import main

COMMANDS = {
    "theory": ("simulate", "linear", "--n-skill", 2, "--steps", 20, "--out", "curves.nc"),
    "world": ("simulate", "quadratic", "--steps", 20, "--out", "curves.nc"),
    "scaling": ("scaling", "--out", "curves.png"),
}


@pytest.fixture
def called(monkeypatch, capsys, tmp_path):
    """Exit code and standard error of a command line."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["skillphysics", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, capsys.readouterr().err

    return call


@pytest.fixture
def titles(monkeypatch):
    """The texts of figures, as they are saved."""
    found = []
    save = Figure.savefig

    def saved(figure, *args, **options):
        axes = [axis.get_title() for axis in figure.axes]
        found.extend([figure.get_suptitle(), *axes])
        return save(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", saved)
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_picture_as_described(called, titles, tmp_path, command):
    words = ("--plot", "--title", "Of $2 skills", "--size", "6x3.5", "--dpi", 80)
    assert called(*COMMANDS[command], *words) == (0, "")
    header = (tmp_path / "curves.png").read_bytes()[:24]
    assert struct.unpack(">II", header[16:]) == (480, 280)
    assert r"Of \$2 skills" in titles


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--size 6", "--size must be WIDTHxHEIGHT in inches, such as 6x4, got '6'"),
        ("--size 6xfour", "--size must be WIDTHxHEIGHT in inches, such as 6x4, got '6xfour'"),
        ("--size 6x4x2", "--size must be WIDTHxHEIGHT in inches, such as 6x4, got '6x4x2'"),
        ("--size 0x4", "the width in --size must be between 1 and 50, got 0.0"),
        ("--size 4xinf", "the height in --size must be between 1 and 50, got inf"),
        ("--size nanx4", "the width in --size must be between 1 and 50, got nan"),
        ("--size 1x1", "--size must leave room for the labels of all panels, got 1x1"),
        ("--dpi 0", "--dpi must be an integer from 10 to 1200, got 0"),
        ("--dpi 1e3", "Invalid value for '--dpi': Input should be a valid integer"),
        ("--title=", "--title must hold non-empty text, got ''"),
    ],
)
@pytest.mark.parametrize("command", ["theory", "scaling"])
def test_a_bad_description_is_one_sentence(called, command, words, message):
    code, error = called(*COMMANDS[command], "--plot", *words.split())
    assert code == 2
    assert message in error
    assert len(error.splitlines()) == 1


def test_an_experiment_has_the_same_options(called, tmp_path):
    code, error = called("train", "modularity", "--plot", "--size", "6")
    assert (code, error[:27]) == (2, "error: --size must be WIDTH")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", ["simulate linear --title x", "scaling --dpi 100"])
def test_a_description_without_a_picture_is_refused(called, tmp_path, words):
    code, error = called(*words.split())
    assert (code, error.endswith("describes the picture; add --plot to draw it\n")) == (2, True)
    assert not list(tmp_path.iterdir())
