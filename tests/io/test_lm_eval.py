import json
import re

import numpy as np
import pytest

from skillphysics.errors import LogError
from skillphysics.io import levels, lm_eval, read_curves, read_log


def value(log, task, metric, step, column="value"):
    table = log.table
    row = table[(table["task"] == task) & (table["metric"] == metric) & (table["step"] == step)]
    assert len(row) == 1
    return row[column].item()


def test_pythia_values_stand_in_the_json(pythia):
    log = read_log(pythia / "pythia-70m")
    assert log.format == "lm-eval"
    assert value(log, "lambada_openai", "acc", 1000) == 0.050067921599068504
    assert value(log, "lambada_openai", "acc", 1000, "stderr") == 0.0030383523145974317
    assert value(log, "lambada_openai", "ppl", 1000) == 4465.3093044480365
    assert value(log, "logiqa", "acc_norm", 1000, "stderr") == 0.016631166823890972


def test_every_pythia_number_arrives(pythia):
    folder = pythia / "pythia-410m"
    log = read_log(folder)
    assert len(log.members) == 57
    assert all(name.startswith("hendrycksTest-") for name in log.members)
    rows = {tuple(row) for row in log.table[["step", "task", "metric", "value"]].to_numpy()}
    expected = set()
    for file in folder.glob("*.json"):
        step = int(re.findall(r"step(\d+)", file.name)[0])
        for task, entry in json.loads(file.read_text())["results"].items():
            expected |= {
                (step, task, key, number)
                for key, number in entry.items()
                if not key.endswith("_stderr")
            }
    assert rows == expected


def test_pythia_levels_are_the_accuracies_above_chance(pythia):
    curves = read_curves(pythia / "pythia-70m")
    assert curves.level.shape == (27, 8)
    assert curves.steps[[0, -1]].tolist() == [0, 143000]
    wsc = curves.level.sel(step=1000, skill="wsc").item()
    assert wsc == pytest.approx((0.5576923076923077 - 0.5) / 0.5)
    arc = curves.level.sel(step=1000, skill="arc_challenge").item()
    assert arc == pytest.approx((0.1697952218430034 - 0.25) / 0.75)
    error = curves.dataset["level_stderr"].sel(step=1000, skill="arc_challenge").item()
    assert error == pytest.approx(0.01097177515778422 / 0.75)
    attrs = curves.dataset.attrs
    assert attrs["source"] == "pythia-70m"
    assert attrs["tasks"]["wsc"] == {
        "key": "wsc/acc",
        "metric": "acc",
        "kind": "accuracy",
        "chance": 0.5,
        "ceiling": 1.0,
    }
    assert any("crows_pairs_* (22)" in note for note in attrs["notes"])
    assert any("hendrycksTest-* (57)" in note for note in attrs["notes"])


def test_members_of_a_family_are_there_for_the_asking(pythia):
    curves = read_curves(pythia / "pythia-70m", skills=["hendrycksTest-*", "piqa"])
    assert len(curves.names) == 58
    assert curves.names[-1] == "piqa"


def test_one_file_is_one_step(pythia):
    curves = read_curves(pythia / "pythia-1.4b" / "1.4b_step512.json")
    assert curves.steps.tolist() == [512]


def test_new_keys_filters_and_groups(tmp_path, sample):
    sample.new_results(
        tmp_path / "EleutherAI__pythia-70m" / "results_2024-05-01T10-00-00.123456.json",
        {
            "mmlu": {"acc,none": 0.3, "acc_stderr,none": 0.01},
            "mmlu_stem": {"acc,none": 0.28, "acc_stderr,none": "N/A"},
            "mmlu_anatomy": {"acc,none": 0.26},
            "gsm8k": {
                "exact_match,strict-match": 0.1,
                "exact_match_stderr,strict-match": 0.02,
                "exact_match,flexible-extract": 0.2,
            },
            "ai2_arc": {" ": " "},
            "arc_easy": {"acc,none": 0.5, "sample_len": 500},
        },
        group_subtasks={
            "mmlu": ["mmlu_stem"],
            "mmlu_stem": ["mmlu_anatomy"],
            "ai2_arc": ["arc_easy"],
            "gsm8k": [],
        },
    )
    log = read_log(tmp_path)
    assert value(log, "gsm8k", "exact_match,strict-match", 1000, "stderr") == 0.02
    assert log.members == {"mmlu_stem", "mmlu_anatomy"}
    assert log.groups["mmlu"] == {"mmlu_stem", "mmlu_anatomy"}
    curves = levels(log)
    assert set(curves.names) == {"mmlu", "gsm8k", "arc_easy"}
    assert curves.dataset.attrs["tasks"]["gsm8k"]["metric"] == "exact_match,flexible-extract"
    strict = levels(log, skills="gsm8k", metric="exact_match,strict-match")
    assert strict.level.item() == 0.1


def test_a_group_and_its_members_are_not_both_taken_silently(tmp_path, sample):
    sample.new_results(
        tmp_path / "step5" / "results.json",
        {name: {"acc,none": 0.3} for name in ("mmlu", "mmlu_stem", "mmlu_law")},
        group_subtasks={"mmlu": ["mmlu_stem", "mmlu_law"]},
        arguments="",
    )
    by_glob = read_curves(tmp_path, skills=["mmlu*"])
    assert set(by_glob.names) == {"mmlu_stem", "mmlu_law"}
    assert by_glob.dataset.attrs["left_out"]["mmlu"] == "the mean of mmlu_law, mmlu_stem"
    by_name = read_curves(tmp_path, skills=["mmlu", "mmlu_law"])
    assert by_name.names == ("mmlu", "mmlu_law")
    assert any("also read" in note for note in by_name.dataset.attrs["notes"])


@pytest.mark.parametrize(
    ("name", "arguments", "step"),
    [
        ("m_step1000.json", "", 1000),
        ("step1000/results_2024-05-01T10-00-00.json", "", 1000),
        ("results_2024-05-01T10-00-00.json", "pretrained=a/b,revision=step64", 64),
        ("results_2024-05-01T10-00-00.json", "pretrained=out/checkpoint-500", 500),
        ("global_step_512/a.json", "", 512),
        ("step1000-tokens4B.json", "revision=step1000-tokens4B", 1000),
        ("m_step1000.json", {"pretrained": "a/b", "revision": "step1000"}, 1000),
    ],
)
def test_the_step_is_found(tmp_path, sample, name, arguments, step):
    file = tmp_path / "evals" / name
    sample.json(file, sample.old_results({"piqa": {"acc": 0.5}}, arguments))
    assert read_log(tmp_path / "evals").table["step"].tolist() == [step]
    assert read_log(file).table["step"].tolist() == [step]


def test_contradictory_steps_name_both(tmp_path, sample):
    content = sample.old_results({"piqa": {"acc": 0.5}}, "revision=step20")
    sample.json(tmp_path / "m_step10.json", content)
    with pytest.raises(LogError, match=r"m_step10\.json.*10 in .* 20 in the revision 'step20'"):
        read_log(tmp_path)


@pytest.mark.parametrize("name", ["results.json", "step10k.json", "timestep5.json"])
def test_no_step_says_how_to_name_the_file(tmp_path, sample, name):
    sample.json(tmp_path / "evals" / name, sample.old_results({"piqa": {"acc": 0.5}}))
    with pytest.raises(LogError, match=r"step<N>"):
        read_log(tmp_path / "evals")


def test_two_files_of_a_step_are_named(tmp_path, sample):
    for name in ("a_step10.json", "b_step10.json"):
        sample.json(tmp_path / name, sample.old_results({name: {"acc": 0.5}}))
    with pytest.raises(LogError, match=r"a_step10\.json.*b_step10\.json.*step 10"):
        read_log(tmp_path)


def test_later_runs_of_the_harness_add_tasks(tmp_path, sample):
    first = tmp_path / "results_2024-05-01T10-00-00.1.json"
    second = tmp_path / "results_2024-05-02T10-00-00.1.json"
    sample.new_results(first, {"piqa": {"acc,none": 0.6}})
    sample.new_results(second, {"sciq": {"acc,none": 0.7}})
    assert set(read_log(tmp_path).tasks) == {"piqa", "sciq"}


def test_of_two_evaluations_of_a_checkpoint_the_later_counts(tmp_path, sample):
    for day, acc in ((2, 0.7), (1, 0.6), (3, 0.8)):
        path = tmp_path / str(day) / f"results_2024-05-0{day}T10-00-00.1.json"
        sample.new_results(path, {"piqa": {"acc,none": acc, "acc_stderr,none": acc / 100}})
    log = read_log(tmp_path)
    assert log.table[["value", "stderr"]].to_numpy().tolist() == [[0.8, 0.008]]
    assert any(
        "2 measurements repeat a step (piqa), and the later ones are kept" in note
        for note in log.notes
    )


def test_two_models_want_two_folders(tmp_path, sample):
    for model, step in (("a/one", 1), ("a/two", 2)):
        content = sample.old_results({"piqa": {"acc": 0.5}}, f"pretrained={model}")
        sample.json(tmp_path / f"step{step}.json", content)
    with pytest.raises(LogError, match=r"'a/one'.*'a/two'.*move each model to its own folder"):
        read_log(tmp_path)


def test_a_broken_file_is_named_with_its_place(tmp_path, sample):
    sample.lm_eval(tmp_path)
    (tmp_path / "toy_step30.json").write_text('{"results": {\n  "piqa": {"acc": 0.5,, }}}')
    with pytest.raises(
        LogError, match=r"toy_step30\.json.*line 2, column 23.*create the file again"
    ):
        read_log(tmp_path)


def test_other_files_are_left_alone(tmp_path, sample):
    sample.lm_eval(tmp_path)
    (tmp_path / "samples_piqa.jsonl").write_text("no json at all")
    (tmp_path / ".hidden.json").write_text("no json at all")
    (tmp_path / "config.json").write_text("{}")
    log = read_log(tmp_path)
    assert len(log.table) == 6
    assert log.left_out == {"config.json": "no results"}


def test_text_in_place_of_an_accuracy(tmp_path, sample):
    sample.json(tmp_path / "step1.json", sample.old_results({"piqa": {"acc": "0.5x"}}))
    with pytest.raises(LogError, match=r"step1\.json: results\['piqa'\]\['acc'\] must be .*'0.5x'"):
        read_log(tmp_path)


def test_a_limited_evaluation_is_mentioned(tmp_path, sample):
    sample.new_results(tmp_path / "step1000.json", {"piqa": {"acc,none": 0.5}}, limit=100)
    assert any("limit 100" in note for note in read_log(tmp_path).notes)


def test_an_infinite_perplexity_does_not_stand_in_the_way(tmp_path, sample):
    entry = {"lambada_openai": {"acc": 0.0, "ppl": float("inf")}}
    sample.json(tmp_path / "step0.json", sample.old_results(entry))
    assert read_curves(tmp_path).level.item() == 0
    with pytest.raises(LogError, match=r"lambada_openai' must be finite.* at step 0"):
        read_curves(tmp_path, metric="ppl", floor=0.0)


def test_a_folder_without_results_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(LogError, match="must hold results"):
        lm_eval.read(tmp_path)


def test_missing_tasks_are_not_measured(tmp_path, sample):
    sample.json(tmp_path / "step1.json", sample.old_results({"piqa": {"acc": 0.5}}))
    sample.json(tmp_path / "step2.json", sample.old_results({"sciq": {"acc": 0.5}}))
    level = read_curves(tmp_path).level
    assert np.isnan(level.sel(step=1, skill="sciq"))
    assert np.isnan(level.sel(step=2, skill="piqa"))
