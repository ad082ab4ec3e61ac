import json

import pytest

from skillphysics.errors import LogError
from skillphysics.io import levels, read_log


def rows(log):
    return {tuple(row) for row in log.table[["step", "task", "metric", "value"]].to_numpy()}


def test_sets_of_one_step_are_merged(tmp_path, sample):
    log = read_log(sample.trainer(tmp_path / "trainer_state.json"))
    expected = set()
    for step in (100, 200, 300):
        expected |= {
            (step, "train", "loss", 3 - step / 100),
            (step, "nli", "loss", 2 - step / 300),
            (step, "qa", "accuracy", step / 400),
        }
    assert rows(log) == expected
    assert log.notes == ()


def test_the_last_checkpoint_is_read(tmp_path, sample):
    for step in (9, 10, 100):
        history = [{"step": s, "loss": 1 / s} for s in (9, 10, 100) if s <= step]
        place = tmp_path / f"checkpoint-{step}" / "trainer_state.json"
        sample.json(place, {"global_step": step, "log_history": history})
    assert len(read_log(tmp_path).table) == 3
    own = tmp_path / "trainer_state.json"
    sample.json(own, {"global_step": 120, "log_history": [{"step": 120, "loss": 0.5}]})
    assert read_log(tmp_path).table["step"].tolist() == [120]
    sample.json(own, {"global_step": 10, "log_history": [{"step": 10, "loss": 0.5}]})
    assert len(read_log(tmp_path).table) == 3


def test_losses_need_a_floor(tmp_path, sample):
    log = read_log(sample.trainer(tmp_path / "trainer_state.json"))
    curves = levels(log, skills=["nli"], floor=0.5)
    # (5/3 − ℓ)/(5/3 − 1/2) at ℓ = 5/3, 4/3, 1.
    assert curves.level.values.ravel() == pytest.approx([0, 2 / 7, 4 / 7])
    assert curves.dataset.attrs["tasks"]["nli"] == {
        "key": "eval_nli_loss",
        "metric": "loss",
        "kind": "loss",
        "start": pytest.approx(5 / 3),
        "floor": 0.5,
    }
    with pytest.raises(
        LogError, match=r"perfect model on nli is unknown; set floor=\{'nli': 1.7\}, or floor=1.7"
    ):
        levels(log, skills=["nli"])


def test_a_second_evaluation_of_the_last_step(tmp_path, sample):
    history = [{"step": 5, "eval_loss": 1.0}, {"step": 5, "eval_loss": 0.9}]
    log = read_log(sample.json(tmp_path / "trainer_state.json", {"log_history": history}))
    assert rows(log) == {(5, "eval", "loss", 0.9)}
    assert any("repeat a step (eval), and the later ones are kept" in note for note in log.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"log_history": [{"loss": 1.0}]}, r"log_history\[0\] must have a 'step'"),
        (
            {"log_history": [{"step": "5", "loss": 1}]},
            r"log_history\[0\]\['step'\] must be a number, got '5'",
        ),
        (
            {"log_history": [{"step": 5, "loss": "1"}]},
            r"log_history\[0\]\['loss'\] must be a number, got '1'",
        ),
        ({"log_history": [5]}, r"log_history\[0\]"),
        ({"log_history": {}}, r"must have a list 'log_history'"),
        ([], r"must have a list 'log_history'"),
    ],
)
def test_bad_states(tmp_path, sample, content, message):
    path = sample.json(tmp_path / "trainer_state.json", content)
    with pytest.raises(LogError, match=message):
        read_log(path)


def test_a_state_cut_off(tmp_path, sample):
    path = sample.trainer(tmp_path / "trainer_state.json")
    path.write_text(path.read_text()[:200])
    with pytest.raises(LogError, match=r"trainer_state\.json must be JSON.*line 1, column"):
        read_log(path)


def test_diverged_losses(tmp_path):
    path = tmp_path / "trainer_state.json"
    history = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": float("nan")}]
    path.write_text(json.dumps({"log_history": history}))
    assert read_log(path).table["step"].tolist() == [1]
