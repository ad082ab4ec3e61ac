"""The Python of the README runs as printed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from skillphysics.io import read_curves

README = Path(__file__).resolve().parents[1] / "README.md"
RECORDER, PYTHON, LABORATORY, SWEEP = re.findall(
    r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
)


def run(code: str) -> dict:
    names: dict = {}
    exec(compile(code, str(README), "exec"), names)  # noqa: S102
    return names


def test_the_recorder_records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(RECORDER)
    run(RECORDER)  # a script is run again
    curves = read_curves(tmp_path / "run.jsonl")
    assert curves.names == ("add", "carry")
    np.testing.assert_allclose(curves.level.values[-1], [0.45 / 0.9, 0], atol=1e-12)


@pytest.mark.slow
def test_the_session_in_python(tmp_path, monkeypatch):
    folder = tmp_path / "runs" / "my-model"
    folder.mkdir(parents=True)
    for step in range(0, 2000, 100):
        share = {task: 1 - np.exp(-step / scale) for task, scale in (("piqa", 300), ("wsc", 900))}
        noise = 0.01 * np.random.default_rng(step).normal(size=2)
        results = {
            task: {"acc": min(0.5 + 0.4 * s + n, 1), "acc_stderr": 0.01}
            for (task, s), n in zip(share.items(), noise, strict=True)
        }
        (folder / f"m_step{step}.json").write_text(json.dumps({"results": results}))
    monkeypatch.chdir(tmp_path)
    names = run(PYTHON)
    assert names["curves"].names == ("piqa", "wsc")
    assert set(names["fit"].parameters.index.get_level_values("parameter")) == {
        "frequency",
        "rate",
        "waste",
        "ceiling",
    }


def test_the_laboratory():
    names = run(LABORATORY)
    assert names["curves"].level.shape == (3, 1001, 10)
    assert (np.diff(names["curves"].learning_time(0.5).values[1]) > 0).all()


def test_the_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = SWEEP.replace("3000", "300").replace("range(20)", "range(3)")
    found = run(f"import skillphysics as sp\n{code}")["found"]
    assert dict(found["level"].sizes) == {"learning_rate": 3, "seed": 3, "step": 301, "skill": 10}
