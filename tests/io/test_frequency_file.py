"""Files of known frequencies, right and wrong."""

import numpy as np
import pytest

from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import Recorder, read_curves, read_frequencies


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mix.csv", "skill,frequency\nadd,0.9\ncarry,0.1\n"),
        ("mix.csv", "\ufeffTask,url,Tokens\nadd,a,0.9\ncarry,b,0.1\n"),
        ("mix.json", '{"add": 0.9, "carry": 0.1}'),
    ],
)
def test_frequencies_are_read(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_frequencies(tmp_path / name) == {"add": 0.9, "carry": 0.1}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mix.csv", "add,0.9\n", "must have one column of names"),
        ("mix.csv", "skill,share,count\nadd,1,2\n", "one of numbers"),
        (
            "mix.csv",
            "skill,share\nadd,often\n",
            "row 2: .* must be a number, got 'often'",
        ),
        ("mix.csv", "skill,share\n\nadd,1\nadd,2\n", "row 4 repeats 'add'"),
        ("mix.csv", "skill,share,share\nadd,1,2\n", "got 'skill', 'share', 'share'"),
        ("mix.csv", "skill,share\nadd,1,2\n", "row 2 must have 2 cells, got 3"),
        ("mix.csv", "skill,share\n,1\n", "row 2 must name a skill"),
        ("mix.csv", "skill,share\nadd,-1\n", "'add' must be positive and finite, got -1"),
        ("mix.csv", "skill,share\nadd,inf\n", "'add' must be positive and finite, got inf"),
        ("mix.csv", "skill,share\n", "must hold at least one frequency"),
        ("mix.csv", "", "got none"),
        ("mix.json", '{"add": 1, "add": 2}', "repeats 'add'"),
        ("mix.json", '{"add": null}', "'add' must be positive and finite, got nan"),
        ("mix.json", "[1, 2]", "must hold a JSON object"),
        ("mix.json", '{"add": "x"}', "'add'"),
        ("mix.json", "{}", "must hold at least one frequency"),
    ],
)
def test_what_is_no_frequency_is_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(LogError, match=message):
        read_frequencies(tmp_path / name)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(LogError, match="does not exist"):
        read_frequencies(tmp_path / "none.csv")
    with pytest.raises(LogError, match="is a folder"):
        read_frequencies(tmp_path)


def test_a_recording_carries_known_frequencies(tmp_path):
    path = tmp_path / "run.jsonl"
    known = {"add": 3, "carry": 1.0}
    with Recorder(path, metric="level", frequency=known) as recorder:
        recorder.record(0, {"add": 0.0, "carry": 0.0})
        recorder.record(1, {"add": 0.5, "carry": 0.1})
    assert np.asarray(read_curves(path).skills.frequency).tolist() == [3, 1]
    assert np.asarray(read_curves(path, skills="add").skills.frequency).tolist() == [3]
    with pytest.raises(ArgumentError, match="'add' must be positive and finite, got 0"):
        Recorder(tmp_path / "other.jsonl", metric="level", frequency={"add": 0})
