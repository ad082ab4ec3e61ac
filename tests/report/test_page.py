"""The page, the terminal and the JSON of one explanation: they agree, and name what they count."""

import dataclasses
import io
import json
import re
from html.parser import HTMLParser

import jax
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from skillphysics.curves import Curves
from skillphysics.measure.describe import reading_paragraph
from skillphysics.report import Explanation, explain, rows, summary
from skillphysics.report.answer import answer
from skillphysics.report.figures import FIGURES, pictures
from skillphysics.report.terminal import show
from skillphysics.theories import Linear, Multilinear

RATES = np.array([6e-3, 3e-3, 1e-3])
SKILLS = ("<b>add</b>", "cost $x$ of [red] apples", "carry & borrow")
STEPS = np.arange(0, 1500, 75.0)
FREQUENCIES = dict(zip(SKILLS, [60.0, 30.0, 10.0], strict=True))


def curves(**options) -> Curves:
    level = 1 - np.exp(-np.outer(STEPS, RATES))
    level += 0.01 * np.random.default_rng(1).normal(size=level.shape)
    attrs = {"axis": "epochs", "source": "<my> log.csv", "format": "table"}
    return Curves.from_arrays(STEPS, level, skill=SKILLS, attrs=attrs, **options)


def explained(data: Curves, **options) -> Explanation:
    theories = {"linear": Linear, "multilinear": Multilinear}
    return explain(data, theories, key=jax.random.key(0), **options)


@pytest.fixture(scope="module")
def plain() -> Explanation:
    return explained(curves())


@pytest.fixture(scope="module")
def known() -> Explanation:
    return explained(curves(), frequencies=FREQUENCIES)


@pytest.fixture(scope="module")
def folder(plain, tmp_path_factory):
    return plain.save(tmp_path_factory.mktemp("plain")).parent


class Reader(HTMLParser):
    """The text of a page, and the cells of its tables by their labels."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.cells, self._label, self._silent = "", [], None, False

    def handle_starttag(self, tag, attrs):
        self._silent = tag == "style"
        if tag == "td":
            self._label = dict(attrs)["data-label"]
            self.cells.append([self._label, ""])

    def handle_endtag(self, tag):
        self._silent = False
        if tag == "td":
            self._label = None

    def handle_data(self, data):
        if not self._silent:
            self.text += data.replace("\N{NO-BREAK SPACE}", " ")
        if self._label is not None:
            self.cells[-1][1] += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def printed(explanation: Explanation, width: int) -> str:
    file = io.StringIO()
    show(explanation, Console(file=file, width=width))
    return file.getvalue()


def test_page_json_and_terminal_show_the_same_numbers(plain, folder):
    report = json.loads((folder / "report.json").read_text())
    page = read((folder / "report.html").read_text())
    terminal = printed(plain, 200)
    shown = {
        label: [cell for known, cell in page.cells if known == label]
        for label in ("skill", "half (measured)", "tᵢ/t₁", "relative rate (under linear)")
    }
    for place, row in enumerate(report["skills"]):
        assert shown["skill"][place] == row["skill"]
        half = f"{row['half']:.0f}"
        assert shown["half (measured)"][place].strip() == half
        line = next(line for line in terminal.splitlines() if line.startswith(row["skill"]))
        assert half in line.split()
        ratio = f"{row['time_ratio']:.2g}"
        assert shown["tᵢ/t₁"][place].split()[0] == ratio
        assert ratio in line.split()
        assert shown["relative rate (under linear)"][place].split()[0] == f"{row['rate']:.3g}"
    # By simulation the rates are in the ratio 6 : 3 : 1.
    rate = [row["rate"] for row in report["skills"]]
    np.testing.assert_allclose(rate, [1, 1 / 2, 1 / 6], rtol=0.1)


def test_the_three_sentences_come_first_everywhere(plain, folder):
    said = answer(plain)
    report = json.loads((folder / "report.json").read_text())
    assert report["answer"] == said._asdict()
    assert report["reading"] == reading_paragraph(plain.curves)
    page = read((folder / "report.html").read_text()).text
    terminal = " ".join(printed(plain, 80).split())
    for text in (page, terminal):
        assert text.index(reading_paragraph(plain.curves)) < text.index(said.holds)
        places = [text.index(sentence) for sentence in said]
        assert places == sorted(places)
        assert places[-1] < text.index("Skills in order of learning")
    assert "linear" in said.holds
    half = plain.skills["half"]
    assert (
        f"{SKILLS[0]} is learned first (half-way after {half.iloc[0]:.0f} epochs)" in said.learned
    )
    assert f"{SKILLS[2]} last (after {half.iloc[2]:.0f} epochs)" in said.learned
    assert f"not yet at 95 % of the ceiling at the end: {SKILLS[2]}" in said.learned


def test_a_log_in_epochs_is_not_said_to_be_in_steps(plain, folder):
    # The verdict comes from the comparison, which does not know what its axis counts.
    verdict = plain.comparison.verdict
    page = read((folder / "report.html").read_text()).text
    assert "Times are in epochs" in page
    assert "steps" not in page.replace(verdict, "")
    terminal = " ".join(printed(plain, 400).split())
    assert "times in epochs" in terminal
    assert "steps" not in terminal.replace(verdict, "")
    assert summary(plain)["axis"] == "epochs"
    assert {row["unit"] for row in summary(plain)["parameters"]} == {"", "1/epochs"}
    for name, picture in pictures(plain).items():
        figure = picture.draw(plain)
        labels = [axis.get_xlabel() for axis in figure.axes]
        assert not any("steps" in label for label in labels), name
        if name in ("curves", "learning_times", "residuals"):
            assert any("epochs" in label for label in labels), name


def test_frequencies_are_shown_only_where_they_are_known_or_asked_for(plain, known):
    assert {"frequency", "inferred"}.isdisjoint(rows.skill_columns(plain))
    assert "frequenc" not in " ".join(rows.skill_columns(plain).values())
    assert "nferred" not in printed(plain, 200)
    asked = explained(curves(), infer="full")
    assert "inferred" in rows.skill_columns(asked)
    assert "frequency" not in rows.skill_columns(asked)
    assert {"frequency", "inferred"} <= set(rows.skill_columns(known))
    assert [str(row["frequency"]) for row in rows.skills(known)] == ["1", "0.5", "0.167"]
    assert summary(plain)["law"] is None


def test_known_frequencies_are_counted_against_the_inferred_intervals(known):
    found = rows.frequencies(known)
    table = known.skills
    held = [
        low <= truth <= high
        for truth, low, high in zip(
            (1 / 2, 1 / 6), table["inferred_low"][1:], table["inferred_high"][1:], strict=True
        )
    ]
    assert (found.reference, found.n_compared, found.n_held) == (SKILLS[0], 2, sum(held))
    said = " ".join(rows.meaning(known))
    assert f"contains the known one for {sum(held)} of 2 skills" in said
    # Half-times of independent skills go as 1/p.
    kappa = summary(known)["law"]["kappa"]
    assert kappa["low"] < 1 < kappa["high"]


def test_names_off_the_line_and_predicted_frequencies_are_said(known):
    law = dataclasses.replace(known.law, off_line=np.array([False, True, False]))
    off = dataclasses.replace(known, law=law)
    assert f"Off the line by more than 3 standard deviations: {SKILLS[1]}" in printed(off, 400)
    figure = pictures(off)["relative_times"].draw(off)
    named = [text.get_text() for text in figure.axes[1].texts]
    assert named == [r"cost \$x\$ of…ed] apples"]
    four = Curves.from_arrays(
        STEPS, 1 - np.exp(-np.outer(STEPS, [6e-3, 3e-3, 2e-3, 1e-3])), skill=["a", "b", "c", "d"]
    )
    three = explained(four, frequencies={"a": 6.0, "b": 3.0, "d": 1.0})
    (row,) = rows.predicted(three)
    assert row["skill"] == "c"
    assert float(row["frequency"].value) == pytest.approx(2, rel=0.2)
    assert f"c {row['frequency']}" in printed(three, 400)


def test_names_are_no_markup_anywhere(plain, folder):
    html = (folder / "report.html").read_text()
    assert "<b>add" not in html
    assert "<my>" not in html
    page, terminal = read(html).text, printed(plain, 200)
    for name in SKILLS:
        assert name in page
        assert name in terminal
    for name in pictures(plain):
        assert (folder / f"{name}.png").stat().st_size > 1000


def test_the_terminal_keeps_names_whole_and_drops_columns(plain):
    names = [f"a task with a name of {length} characters" for length in ("36", "many", "few")]
    longer = dataclasses.replace(
        plain,
        curves=Curves(plain.curves.dataset.assign_coords(skill=names)),
        skills=plain.skills.set_axis(pd.Index(names, name="skill")),
    )
    wide, narrow = printed(longer, 200), printed(longer, 80)
    assert max(map(len, narrow.splitlines())) <= 80
    for name in names:
        assert name in narrow
    assert "ceiling" in wide
    assert "ceiling" not in narrow.split("Theories")[0].split("Skills in order")[1]


def test_the_terminal_cuts_names_in_their_middle_where_there_is_no_room(known):
    names = pd.Index(
        [f"hendrycksTest-high_school_{what}" for what in ("a", "b", "c")], name="skill"
    )
    longer = dataclasses.replace(
        known,
        curves=Curves(known.curves.dataset.assign_coords(skill=list(names))),
        skills=known.skills.set_axis(names),
    )
    table = printed(longer, 60).split("Skills in order")[1].split("Relative times")[0]
    assert max(map(len, table.splitlines())) <= 60
    assert re.search(r"^hend[\w.]*_a +122 ", table, re.MULTILINE)


def test_the_page_asks_for_nothing_from_outside(folder):
    html = (folder / "report.html").read_text()
    assert not re.search(r"""(src|href|action)\s*=\s*["']?\s*(https?:)?//""", html)
    assert "<script" not in html
    assert len(html) < 1_000_000


def test_figures_of_an_earlier_report_do_not_stay(plain, folder, tmp_path):
    assert "collapse" in pictures(plain)
    for kind in ("png", "svg"):
        (tmp_path / f"collapse.{kind}").write_text("old")
    (tmp_path / "report.html").write_text("old")
    clockless = dataclasses.replace(plain, drift=plain.drift._replace(n_pair=0))
    assert "collapse" not in pictures(clockless)
    clockless.save(tmp_path)
    assert {p.stem for p in tmp_path.glob("*.png")} == set(FIGURES) - {"collapse"}
    assert not (tmp_path / "collapse.svg").exists()


def test_the_same_explanation_is_the_same_files(plain, folder, tmp_path):
    plain.save(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in folder.iterdir()}
    for path in tmp_path.iterdir():
        if path.suffix != ".nc":
            assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_names_in_any_script_leave_standard_error_clean(plain, tmp_path, recwarn):
    names = pd.Index(["加法", "сложение", "➕"], name="skill")
    new = dict(zip(SKILLS, names, strict=True))
    comparison = plain.comparison
    fits = {
        name: dataclasses.replace(
            fit,
            predicted=fit.predicted.assign_coords(skill=list(names)),
            parameters=fit.parameters.rename(index=new, level="skill"),
        )
        for name, fit in comparison.fits.items()
    }
    foreign = dataclasses.replace(
        with_comparison(plain, fits=fits),
        curves=Curves(plain.curves.dataset.assign_coords(skill=list(names))),
        skills=plain.skills.set_axis(names),
    )
    page = foreign.save(tmp_path).read_text(encoding="utf-8")
    assert all(name in page for name in names)
    assert not recwarn.list


def with_comparison(explanation: Explanation, **changes) -> Explanation:
    return dataclasses.replace(
        explanation, comparison=dataclasses.replace(explanation.comparison, **changes)
    )


def test_the_first_sentence_agrees_with_the_verdict(plain):
    tied = with_comparison(plain, tied=("linear", "multilinear"))
    assert tied.comparison.verdict.startswith("The data cannot tell linear from multilinear")
    assert "cannot single out a theory: 2 of 2" in answer(tied).holds
    assert "multilinear may be true as well" in answer(tied).caution
    rival = with_comparison(plain, better_predictors=("multilinear",))
    assert "multilinear predicts the last 5 checkpoints better" in answer(rival).holds
    fits = {
        name: dataclasses.replace(fit, deviance=9.0 * (fit.n_point - fit.n_parameter))
        for name, fit in plain.comparison.fits.items()
    }
    missed = with_comparison(plain, fits=fits, known_noise=True)
    assert missed.comparison.misses == pytest.approx(3)
    assert "misses the measurements by 3.0 standard errors" in answer(missed).holds
    assert "more than measurement error" in answer(missed).caution
