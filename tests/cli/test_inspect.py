"""`skillphysics inspect`: what is printed, and how fast."""

import json
import subprocess
import sys
import time

import pytest

from skillphysics.cli import main
from skillphysics.io import FORMATS

TEXT = "step,note,eval/downstream/copy_acc,train_loss\n0,hi,0.1,3.5\n1000,ho,0.5,2.5\n"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(TEXT)
    return path


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["skillphysics", "inspect", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_text(log, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(monkeypatch, log) == 0
    out = capsys.readouterr().out
    assert "is read as a table with 2 steps from 0 to 1,000" in out
    assert "eval/downstream/copy_acc" in out
    assert "1: text: note" in out
    assert f"skillphysics report {log} --chance copy=NUMBER" in out
    assert max(len(line) for line in out.splitlines() if "skillphysics report" not in line) <= 80


def test_json(log, monkeypatch, capsys):
    assert run(monkeypatch, log, "--chance", "copy=0.1", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["skills"][0]["chance"] == 0.1
    assert content["axis"] == "steps"


def test_options_of_the_columns(log, monkeypatch, capsys):
    assert run(monkeypatch, log, "--step", "step", "--chance", "0", "--json") == 0
    assert json.loads(capsys.readouterr().out)["steps"]["number"] > 1
    assert run(monkeypatch, log, "--step", "train_loss") == 2
    assert "got 'train_loss', which is a measurement by its name" in capsys.readouterr().err
    assert run(monkeypatch, log, "--step", "step", "--task", "step") == 2
    assert "--task must name another column than step, got 'step'" in capsys.readouterr().err
    assert run(monkeypatch, log, "--step", "nothing") == 2
    assert "no column 'nothing' (--step nothing)" in capsys.readouterr().err


def test_without_a_path_the_sample_is_shown(monkeypatch, capsys):
    assert run(monkeypatch) == 0
    assert "is read as a recording" in capsys.readouterr().out


def test_a_missing_log(tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, tmp_path / "no.csv") == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_it_is_fast_and_never_imports_jax(log):
    code = (
        "import sys; sys.argv = ['skillphysics', 'inspect', sys.argv[1]]\n"
        "from skillphysics.cli import main\n"
        "try: main()\n"
        "finally: assert not {'jax', 'matplotlib', 'scipy.optimize'} & set(sys.modules)"
    )
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code, str(log)], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    # Two seconds on an idle core; the limit leaves room for a busy machine.
    assert time.perf_counter() - begun < 20


def test_the_help_names_every_format_and_fits_80_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    for command in ("inspect", "report", "compare"):
        monkeypatch.setattr(sys, "argv", ["skillphysics", command, "--help"])
        with pytest.raises(SystemExit):
            main()
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 80
        words = shown.replace(",", " ").replace(".", " ").split()
        assert set(FORMATS) <= set(words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", ""],
        ["report", ""],
        ["report", "--out", ""],
        ["train", "multitask", "--out", ""],
        ["simulate", "linear", "--out", ""],
        ["reproduce", "all", "--out", ""],
        ["verify", "--out", ""],
        ["scaling", "--out", ""],
    ],
    ids=" ".join,
)
def test_an_empty_path_is_refused(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["skillphysics", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "the path is empty; give the path of a file or a folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_a_report_refuses_is_said(tmp_path, monkeypatch, capsys):
    path = tmp_path / "log.csv"
    path.write_text("step,copy\n0,0.1\n5,0.5\n")
    assert run(monkeypatch, path, "--metric", "level") == 0
    assert "needs at least 3 steps, got 2" in " ".join(capsys.readouterr().out.split())
