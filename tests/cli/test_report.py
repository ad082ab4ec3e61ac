"""`skillphysics report`: one whole run, and what happens to input that is no use."""

import io
import json
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skillphysics.cli import main

NAMES = ("add", "<b>sub</b>", "carry, then add")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """The exit code of `skillphysics ARGUMENTS`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["skillphysics", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def linear_log(path: Path) -> Path:
    """Skills that are learned independently at rates 3 : 2 : 1, with noise 0.01."""
    steps = np.arange(0, 1600, 100)
    level = 1 - np.exp(-np.outer(steps, [6e-3, 4e-3, 2e-3]))
    level += 0.01 * np.random.default_rng(0).normal(size=level.shape)
    pd.DataFrame({"step": steps} | dict(zip(NAMES, level.T, strict=True))).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str, str]:
    """The folder, exit code, standard output and error of one report with `--json`."""
    folder = tmp_path_factory.mktemp("report")
    log = linear_log(folder / "log.csv")
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        code = run(patch, "report", log, "--metric", "level", "--out", folder / "out", "--json")
    return folder / "out", code, stdout.getvalue(), stderr.getvalue()


def test_a_report_succeeds_and_is_quiet_where_nobody_watches(whole_run):
    _, code, _, stderr = whole_run
    assert code == 0
    assert stderr == ""


def test_standard_output_is_the_json_report(whole_run):
    folder, _, stdout, _ = whole_run
    report = json.loads(stdout)
    assert report == json.loads((folder / "report.json").read_text())
    assert report["winner"] == "linear"
    assert [row["skill"] for row in report["skills"]] == list(NAMES)
    rate = [row["rate"] for row in report["skills"]]
    np.testing.assert_allclose(rate, np.array([3, 2, 1]) / 3, rtol=0.05)
    assert {row["frequency"] for row in report["skills"]} == {None}
    # Half of the level is reached at ln 2 over the rate.
    half = [row["half"] for row in report["skills"]]
    np.testing.assert_allclose(half, np.log(2) / np.array([6e-3, 4e-3, 2e-3]), rtol=0.1)


def test_the_folder_holds_the_report_and_nothing_else(whole_run):
    folder = whole_run[0]
    figures = (
        "collapse", "curves", "learning_times", "ranking", "relative_times", "residuals"
    )  # fmt: skip
    expected = {f"{name}.{kind}" for name in figures for kind in ("png", "svg")}
    assert {p.name for p in folder.iterdir()} == expected | {
        "report.html",
        "report.json",
        "curves.nc",
    }
    for name in figures:
        with Image.open(folder / f"{name}.png") as image:
            assert min(image.size) > 200
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_the_page_asks_for_nothing_from_outside_and_escapes_names(whole_run):
    page = (whole_run[0] / "report.html").read_text()
    assert not re.search(r"""(src|href|action)\s*=\s*["']?\s*(https?:)?//""", page)
    assert "url(" not in page
    assert "<script" not in page
    assert "<b>sub</b>" not in page
    assert "&lt;b&gt;sub&lt;/b&gt;" in page


def write(text: str):
    def make(folder: Path) -> list[str]:
        (folder / "log.csv").write_text(text)
        return [str(folder / "log.csv")]

    return make


def checkpoint(name: str, text: str):
    def make(folder: Path) -> list[str]:
        (folder / "runs").mkdir()
        (folder / "runs" / name).write_text(text)
        return [str(folder / "runs")]

    return make


GOOD = '{"results": {"piqa": {"acc": 0.5, "acc_stderr": 0.01}}}'
RISING = "step,a\n" + "".join(f"{10 * i},{i / 10}\n" for i in range(10))


@pytest.mark.parametrize(
    ("make", "options", "said"),
    [
        (write(""), [], ["log.csv", "empty"]),
        (write("step,a\n0,x\n"), ["--metric", "level"], ["log.csv", "row 2", "'x'"]),
        (write("a,b\n1,2\n"), ["--metric", "level"], ["log.csv", "step"]),
        (write("a,step,iter\n0,0,1\n"), ["--metric", "level"], ["log.csv", "--step step"]),
        (write(RISING), ["--metric", "level", "--step", "b"], ["log.csv", "'b'", "--step"]),
        (write("step,a\n0,0\n1,0.5\n"), [], ["metric"]),
        (write("step,a\n0,0.1\n"), ["--metric", "level"], ["at least 3"]),
        (write(RISING), ["--metric", "accuracy"], ["chance", "--chance"]),
        (write(RISING), ["--metric", "level", "--skills", "b"], ["'b'"]),
        (write(RISING), ["--metric", "accuracy", "--chance", "many"], ["--chance", "'many'"]),
        (write("step,a\n0,0\n1,0\n2,0\n3,0\n"), ["--metric", "level"], ["rises above chance"]),
        (write(RISING), ["--format", "floppy"], ["floppy", "lm-eval"]),
        (checkpoint("m_step1.json", GOOD), [], ["at least 3"]),
        (checkpoint("m_step1.json", GOOD[:30]), [], ["m_step1.json", "line"]),
        (checkpoint("notes.txt", "hello"), [], ["runs"]),
        (lambda folder: [str(folder / "nowhere")], [], ["nowhere"]),
    ],
)
def test_useless_input_is_one_sentence_and_exit_code_2(
    make, options, said, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "out"
    code = run(monkeypatch, "report", *make(tmp_path), "--out", out, *options)
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    for fragment in said:
        assert fragment in captured.err
    assert not out.exists()


def test_a_file_in_the_place_of_the_folder_is_refused_before_any_work(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "out").write_text("mine")
    assert run(monkeypatch, "report", "--out", tmp_path / "out") == 2
    assert "it is a file" in capsys.readouterr().err
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("model", ["70m", "410m", "1.4b"])
def test_pythia(model, shared, tmp_path, monkeypatch, capsys):
    log = shared / "data" / "pythia" / f"pythia-{model}"
    assert run(monkeypatch, "report", log, "--out", tmp_path / "out", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    chance = {name: task["chance"] for name, task in report["source"]["tasks"].items()}
    assert chance == {
        "lambada_openai": 0.0,
        **dict.fromkeys(("piqa", "winogrande", "wsc"), 0.5),
        **dict.fromkeys(("arc_easy", "arc_challenge", "logiqa", "sciq"), 0.25),
    }
    assert len(report["steps"]) == 27
    fitted = {row["skill"] for row in report["skills"] if row["fitted"]}
    assert {"lambada_openai", "piqa", "arc_easy", "sciq"} <= fitted
    # One sigmoid a task does not describe a benchmark; a mixture of them does much better.
    scale = {row["theory"]: row["scale"] for row in report["ranking"]}
    assert scale["composite multilinear"] < 0.9 * scale["multilinear"]
