"""Findings become entries, entries a file, and a verdict that changed is seen."""

import json

import numpy as np
import pytest
import xarray as xr

from skillphysics.errors import ArgumentError
from skillphysics.papers import Claim, Finding, Recipe, ledger
from skillphysics.papers.claims import near, ordered


def recipe(finding):
    claim = Claim("paper/fig0/one", "§1", "It is so.", "1", "0.1: rounding", lambda data: finding)
    return Recipe(
        name="paper/fig0",
        title="Nothing.",
        parts=lambda scale: {"all": {"n": 2}},
        compute=lambda n: xr.Dataset({"x": ("n", np.arange(n))}),
        draw=None,
        cost={"smoke": "-", "quick": "-", "paper": "-"},
        claims=(claim,),
    )


@pytest.mark.parametrize(
    ("measured", "interval", "verdict"),
    [
        (1.05, None, "holds"),
        (1.2, None, "does not hold"),
        (1.05, (1.0, 1.09), "holds"),
        (1.05, (1.0, 1.3), "holds in part"),
        (1.2, (1.05, 1.35), "holds in part"),
        (1.0, (0.5, 1.5), "holds in part"),
        (1.5, (1.4, 1.6), "does not hold"),
        (np.nan, None, "does not hold"),
    ],
)
def test_near_judges_a_number_by_its_interval(measured, interval, verdict):
    assert near(measured, 1.0, 0.1, interval=interval).verdict == verdict


def test_a_ledger_goes_to_a_file_and_back(tmp_path):
    path = tmp_path / "ledger.json"
    finding = near(np.float32(1.23456), 1.2, 0.1, interval=(1.2, 1.2666), why="π ≈ 3")
    entries = list(ledger.measure([recipe(finding)], "smoke"))
    ledger.write(entries, path)
    assert ledger.read(path) == {"claims": entries}
    (one,) = entries
    assert one["measured"] == 1.235
    assert one["interval"] == [1.2, 1.267]
    assert list(one) == [
        "id", "where", "claim", "expected", "measured", "interval", "tolerance", "verdict", "why",
        "scale",
    ]  # fmt: skip


def test_other_claims_of_the_file_stay(tmp_path):
    path = tmp_path / "ledger.json"
    first = list(ledger.measure([recipe(ordered(True, 1.0))], "smoke"))
    other = [{**first[0], "id": "paper/fig0/other"}]
    ledger.write(other, path)
    ledger.write(first, path)
    ledger.write([{**first[0], "verdict": "does not hold"}], path)
    assert [(one["id"], one["verdict"]) for one in ledger.read(path)["claims"]] == [
        ("paper/fig0/other", "holds"),
        ("paper/fig0/one", "does not hold"),
    ]
    path.write_text("mine")
    with pytest.raises(ArgumentError, match="is no ledger"):
        ledger.write(first, path)
    assert path.read_text() == "mine"


def test_numbers_that_json_has_not_become_words(tmp_path):
    entries = list(ledger.measure([recipe(ordered(False, [np.inf, 1.0]))], "smoke"))
    ledger.write(entries, tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["claims"][0]["measured"] == ["inf", 1.0]


def test_another_verdict_is_seen():
    before = list(ledger.measure([recipe(ordered(True, 1.0))], "smoke"))
    after = list(ledger.measure([recipe(Finding("none", "does not hold"))], "smoke"))
    assert ledger.changed(before, before) == []
    assert ledger.changed(after, before) == [("paper/fig0/one", "holds", "does not hold")]
    assert ledger.changed(after, []) == []


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"claims": [{"id": "a"}]}', '{"claims": {"a": 1}}']
)
def test_what_is_no_ledger_is_told(tmp_path, text):
    path = tmp_path / "ledger.json"
    path.write_text(text)
    with pytest.raises(ArgumentError, match="is no ledger"):
        ledger.read(path)
    with pytest.raises(ArgumentError, match="cannot read"):
        ledger.read(tmp_path / "none.json")


def test_a_scale_that_is_none():
    with pytest.raises(ArgumentError, match=r"scale must be .smoke., .quick. or .paper."):
        recipe(ordered(True, 1.0)).data("large")
