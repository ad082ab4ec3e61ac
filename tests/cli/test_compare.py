"""`skillphysics compare`: one whole run, the forms in which runs are named, and bad input."""

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
from skillphysics.cli.runs import settings

STEPS = np.geomspace(30, 10_000, 20).round()
NAMES = ("add", "<b>sub</b>", "carry, then add")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """The exit code of `skillphysics ARGUMENTS`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["skillphysics", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def levels(factor: float, seed: int) -> np.ndarray:
    half = np.array([300, 700, 1500]) * factor
    level = STEPS[:, None] ** 3 / (half**3 + STEPS[:, None] ** 3)
    return level + 0.01 * np.random.default_rng(seed).normal(size=level.shape)


def one_log(path: Path, factor: float = 1.0, seed: int = 0) -> Path:
    table = {"step": STEPS} | dict(zip(NAMES, levels(factor, seed).T, strict=True))
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def log_of_runs(path: Path, names: list[str]) -> Path:
    parts = [
        pd.DataFrame({"run": name, "step": STEPS, "skill": skill, "value": level})
        for seed, name in enumerate(names)
        for skill, level in zip(NAMES, levels(1.0, seed).T, strict=True)
    ]
    pd.concat(parts).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str, str]:
    """The folder, exit code, standard output and error of one comparison with `--json`."""
    folder = tmp_path_factory.mktemp("compare")
    a, b = one_log(folder / "a.csv"), one_log(folder / "b.csv", 0.25, seed=1)
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        code = run(patch, "compare", a, b, "--metric", "level", "--out", folder / "out", "--json")
    return folder / "out", code, stdout.getvalue(), stderr.getvalue()


def test_standard_output_is_the_json_file_and_errors_are_empty(whole_run):
    folder, code, stdout, stderr = whole_run
    assert (code, stderr) == (0, "")
    assert json.loads(stdout) == json.loads((folder / "compare.json").read_text())


def test_the_factor_is_found(whole_run):
    change = json.loads(whole_run[2])["changes"][0]
    assert change["common_factor"]["low"] < 0.25 < change["common_factor"]["high"]
    assert change["differs"]
    assert "faster clock" in change["verdict"]
    assert {row["skill"] for row in change["skills"]} == set(NAMES)
    for row in change["skills"]:
        assert row["factor"] == pytest.approx(0.25, rel=0.1)


def test_the_page_asks_for_nothing_and_shows_names_as_text(whole_run):
    page = (whole_run[0] / "compare.html").read_text()
    assert "<b>sub</b>" not in page
    assert "&lt;b&gt;sub&lt;/b&gt;" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert page.count("<img") == 3 + len(NAMES)


def test_the_folder_holds_the_comparison_and_nothing_else(whole_run):
    folder = whole_run[0]
    figures = {f"{n}.{kind}" for n in ("clock", "ends", "factors") for kind in ("png", "svg")}
    assert {p.name for p in folder.iterdir()} == figures | {"compare.html", "compare.json"}
    for name in ("clock", "ends", "factors"):
        with Image.open(folder / f"{name}.png") as image:
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_the_terminal_fits_80_columns(tmp_path, monkeypatch, capsys):
    log = log_of_runs(tmp_path / "log.csv", ["a", "b", "a name that is longer than any column"])
    monkeypatch.setenv("COLUMNS", "80")
    for runs in ([log], [f"{log}:a", f"{log}:b"]):
        assert run(monkeypatch, "compare", *runs, "--metric", "level", "--out", tmp_path / "o") == 0
        lines = capsys.readouterr().out.splitlines()
        # The last line is a path, which is not broken.
        assert max(map(len, lines[:-1])) <= 80
        assert any("established" in line for line in lines)


def test_the_terminal_keeps_names_whole_at_80_columns(tmp_path, monkeypatch, capsys):
    name = "hendrycksTest-high_school_geogra"
    for file in (one_log(tmp_path / "a.csv"), one_log(tmp_path / "b.csv", 0.5, seed=1)):
        pd.read_csv(file).rename(columns={"add": name}).to_csv(file, index=False)
    for width, intervals in ((80, False), (120, True)):
        monkeypatch.setenv("COLUMNS", str(width))
        arguments = ("compare", tmp_path / "a.csv", tmp_path / "b.csv", "--metric", "level")
        assert run(monkeypatch, *arguments, "--out", tmp_path / "o") == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines[:-1])) <= width
        (row,) = [line for line in lines if line.startswith(name)]
        assert "…" not in row
        assert (" to " in row) is intervals


def test_runs_are_named_by_log_and_pattern(tmp_path):
    log = log_of_runs(tmp_path / "log.csv", ["x, seed 0", "x, seed 1", "y, seed 0"])
    one = settings([str(log)], metric="level")
    assert {name: c.dataset.sizes.get("run", 1) for name, c in one.items()} == {"x": 2, "y": 1}
    two = settings([f"{log}:x*", f"{log}:y, seed 0"], metric="level")
    assert [c.dataset.sizes.get("run", 1) for c in two.values()] == [2, 1]
    both = settings([str(log), f"{log}:y, seed 0"], metric="level")
    assert [c.dataset.sizes.get("run", 1) for c in both.values()] == [3, 1]


def test_a_colon_in_a_path_is_no_run(tmp_path):
    first, second = one_log(tmp_path / "a:b.csv"), one_log(tmp_path / "b.csv")
    assert list(settings([str(first), str(second)], metric="level")) == ["a:b", "b"]


def _bad(folder: Path) -> dict[str, tuple[list[str | Path], str]]:
    a, b = one_log(folder / "a.csv"), one_log(folder / "b.csv", seed=1)
    runs = log_of_runs(folder / "runs.csv", ["p", "q"])
    late = pd.read_csv(b)
    late["step"] += 1e6
    late.to_csv(folder / "late.csv", index=False)
    pd.read_csv(b).rename(columns=dict.fromkeys(NAMES[:1], "z"))[["step", "z"]].to_csv(
        folder / "other.csv", index=False
    )
    pd.read_csv(b)[:1].to_csv(folder / "short.csv", index=False)
    (folder / "file").write_text("")
    (folder / "link.csv").symlink_to(a)
    none = folder / "none.csv"
    return {
        "one run": ([a], "holds one run"),
        "no such run": ([f"{runs}:p", f"{runs}:r"], "has no run 'r'"),
        "missing": ([a, folder / "none.csv"], "does not exist"),
        "no skill": ([a, folder / "other.csv"], "must have a skill in common"),
        "steps": ([a, folder / "late.csv"], "must overlap in steps"),
        "checkpoint": ([a, folder / "short.csv"], "at least 4 checkpoints after the start, got 1"),
        "twice": ([a, b, a], "a.csv is given twice"),
        "link": ([a, folder / "link.csv"], "are one file"),
        "run twice": ([f"{runs}:p", f"{runs}:p"], "runs.csv:p is given twice"),
        # What is wrong with the options is said before a log is read.
        "axis": ([a, none, "--axis", "hours"], "--axis must be one of"),
        "tokens": ([a, b, "--axis", "tokens"], "--tokens-per-step"),
        "number": ([a, none, "--flop-per-step", "many"], "--flop-per-step must be N or N,N"),
        "negative": ([a, none, "--tokens-per-step", "2,-1"], "--tokens-per-step must be positive"),
        "count": ([a, none, "--tokens-per-step", "2,1,3"], "or 2, one for each, got 3"),
        "count of runs": ([runs, "--tokens-per-step", "2,1,3"], "or 2, one for each, got 3"),
        "two axes": ([a, none, "--axis", "steps", "--flop-per-step", "1"], "choose one axis"),
        "folder": ([a, b, "--out", folder / "file"], "it is a file"),
        "scatter": ([a, none, "--seed-scatter", "-1"], "--seed-scatter must be positive"),
        "not finite": ([a, none, "--seed-scatter", "nan"], "--seed-scatter must be positive"),
        "no folder": ([a, none, "--out", ""], "'--out': the path is empty"),
        "chance": ([a, none, "--chance", "nan"], "--chance nan: 'nan' is not a finite number"),
    }


@pytest.mark.parametrize(
    "case",
    ["one run", "no such run", "missing", "no skill", "steps", "checkpoint", "twice", "link",
     "run twice", "axis", "tokens", "number", "negative", "count", "count of runs", "two axes",
     "folder", "scatter", "not finite", "no folder", "chance"],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_code_2(case, tmp_path, monkeypatch, capsys):
    arguments, text = _bad(tmp_path)[case]
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "compare", *arguments, "--metric", "level") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert text in captured.err
    assert not (tmp_path / "skillphysics-compare").exists()


def test_gemstone_depth_costs_steps(shared, tmp_path, monkeypatch, capsys):
    log = shared / "data" / "gemstone" / "lighteval.csv"
    code = run(
        monkeypatch, "compare", f"{log}:1024x28", f"{log}:256x23", "--metric", "accuracy",
        "--chance", "arc:*=0.25", "--skills", "hellaswag", "--skills", "piqa", "--skills",
        "arc:easy", "--out", tmp_path, "--json",
    )  # fmt: skip
    assert code == 0
    change = json.loads(capsys.readouterr().out)["changes"][0]
    # By the table itself: hellaswag ends at 0.49 and 0.30 in accuracy, (0.49 − 0.30)/0.75.
    ends = {row["skill"]: row for row in change["skills"]}
    assert ends["hellaswag"]["end_difference"] == pytest.approx(-0.19 / 0.75, abs=0.03)
    assert ends["hellaswag"]["end_found"]


def test_figures_of_an_older_comparison_are_removed_and_other_files_stay(
    tmp_path, monkeypatch, capsys
):
    a, b, c = (one_log(tmp_path / f"{name}.csv", seed=i) for i, name in enumerate("abc"))
    out = tmp_path / "out"
    out.mkdir()
    for name in ("clock-7.svg", "mine.svg"):
        (out / name).write_text("")
    assert run(monkeypatch, "compare", a, b, c, "--metric", "level", "--out", out) == 0
    # The folder held no comparison, so this one is nobody's leftover.
    assert (out / "clock-7.svg").exists()
    assert (out / "clock-2.svg").exists()
    assert run(monkeypatch, "compare", a, b, "--metric", "level", "--out", out) == 0
    figures = {f"{n}.{kind}" for n in ("clock", "ends", "factors") for kind in ("png", "svg")}
    found = {path.name for path in out.iterdir()}
    assert found == figures | {"compare.html", "compare.json", "mine.svg"}


def test_copies_of_one_log_are_named_as_such(tmp_path, monkeypatch, capsys):
    a, b = one_log(tmp_path / "a.csv"), one_log(tmp_path / "b.csv")
    arguments = ("compare", a, b, "--metric", "level", "--out", tmp_path / "out")
    assert run(monkeypatch, *arguments) == 0
    assert "a and b have the same numbers" in " ".join(capsys.readouterr().out.split())
