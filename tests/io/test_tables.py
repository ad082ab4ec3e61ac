import numpy as np
import pytest

from skillphysics.errors import LogError
from skillphysics.io import read_curves, read_log


def test_wide(tmp_path, sample):
    curves = read_curves(sample.wide(tmp_path / "a.csv"), chance=0)
    assert curves.names == ("add", "mul")
    np.testing.assert_array_equal(curves.level, [[0, 0.1], [0.5, np.nan], [1, 0.75]])


def test_long_with_runs(tmp_path, sample):
    curves = read_curves(sample.long(tmp_path / "a.csv"), chance=0)
    assert curves.dataset["run"].values.tolist() == ["a", "b"]
    assert curves.level.sel(run="b", step=10, skill="mul").item() == 0.25
    assert curves.dataset["level_stderr"].sel(run="a", step=20, skill="add").item() == 0.01


def test_parquet_long_and_wide_agree(tmp_path, sample):
    wide = sample.parquet(tmp_path / "w.parquet", {"Step": [0, 5], "add": [0.0, 1.0], "7": [2, 3]})
    long = sample.parquet(
        tmp_path / "l.parquet",
        {"step": [0, 0, 5, 5], "task": ["add", "7"] * 2, "value": [0.0, 2.0, 1.0, 3.0]},
    )
    one, two = (read_curves(path, metric="level") for path in (wide, long))
    np.testing.assert_array_equal(one.level, two.level)
    assert one.names == two.names == ("add", "7")


@pytest.mark.parametrize("name", ["Step", "_step", "global_step", "iteration", "ITER", "step "])
def test_names_of_the_step_column(tmp_path, sample, name):
    path = sample.csv(tmp_path / "a.csv", [[name, "x"], [0, 0.5], [1, 0.7]])
    assert read_curves(path, metric="level").steps.tolist() == [0, 1]


def test_rows_in_any_order_and_fractional_steps(tmp_path, sample):
    path = sample.csv(tmp_path / "a.csv", [["step", "x"], [2.5, 0.7], ["1e0", 0.5], [0, 0]])
    curves = read_curves(path, metric="level")
    assert curves.steps.tolist() == [0, 1, 2.5]
    assert curves.level.values.ravel().tolist() == [0, 0.5, 0.7]


def test_whole_steps_written_as_floats_are_whole(tmp_path, sample):
    path = sample.csv(tmp_path / "a.csv", [["step", "x"], ["0.0", 0.5], ["1e3", 0.7]])
    assert read_log(path).table["step"].dtype == np.int64


def test_names_that_look_like_missing_values(tmp_path, sample):
    rows = [["step", "skill", "value"], [0, "NA", 0.5], [0, "nan", 0.25], [0, " 1e5, x", 1]]
    curves = read_curves(sample.csv(tmp_path / "a.csv", rows), metric="level")
    assert curves.names == ("NA", "nan", " 1e5, x")


def test_standard_errors_beside_a_wide_column(tmp_path, sample):
    rows = [["step", "x/acc", "x/acc_stderr", "y", "y_stderr"], [0, 0.5, 0.1, 1, 0.25]]
    table = read_log(sample.csv(tmp_path / "a.csv", rows)).table
    assert table["task"].tolist() == ["x", "y"]
    assert table["stderr"].tolist() == [0.1, 0.25]


def test_standard_errors_of_some_steps_and_of_nothing(tmp_path, sample):
    rows = [["step", "x/acc", "x/acc_stderr", "z_stderr"], [1, 0.5, "", 1], [0, "", 0.2, 1]]
    rows += [[2, 0.75, 0.3, ""]]
    table = read_log(sample.csv(tmp_path / "a.csv", rows)).table
    assert table[["task", "step", "metric"]].to_numpy().tolist() == [
        ["x", 1, "acc"],
        ["x", 2, "acc"],
        ["z", 0, "_stderr"],
        ["z", 1, "_stderr"],
    ]
    np.testing.assert_array_equal(table["stderr"], [np.nan, 0.3, np.nan, np.nan])


def test_clocks_are_no_skills(tmp_path, sample):
    rows = [["step", "epoch", "Wall time", "learning_rate", "x"], [0, 1, 2, 3, 0.5]]
    log = read_log(sample.csv(tmp_path / "a.csv", rows))
    assert log.tasks == ("x",)
    assert list(log.left_out) == ["epoch", "Wall time", "learning_rate"]


@pytest.mark.parametrize("empty", ["", "nan", "NaN", " "])
def test_not_measured(tmp_path, sample, empty):
    path = sample.csv(tmp_path / "a.csv", [["step", "x", "y"], [0, empty, 1], [1, 0.5, 1]])
    level = read_curves(path, metric="level").level
    assert np.isnan(level.sel(step=0, skill="x"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["step", "x"], [0, 0.5], [1, "high"]], r"row 3, column 'x' must be a number, got 'high'"),
        ([["step", "x"], [0, "1_000"]], r"row 2, column 'x' holds '1_000'"),
        ([["step", "x"], [0, "1,5"]], r"row 2, column 'x' holds '1,5'"),
        ([["step", "x"], [0, "inf"]], r"row 2, column 'x' must be finite"),
        (
            [["step", "x"], ["", 0.5]],
            r"row 2: steps \(column 'step'\) must be .* empty cell",
        ),
        ([["step", "x"], [-1, 0.5]], r"row 2: steps \(column 'step'\) must be .*, got -1"),
        ([["step", "x"], ["inf", 0.5]], r"row 2: steps \(column 'step'\) must be .*, got inf"),
        ([["step", "x"], ["one", 0.5]], r"row 2, column 'step' must be a number, got 'one'"),
        ([["step", "x", "x"], [0, 1, 2]], r"column names must be distinct, got 'x'"),
        (
            [["step", "iteration", "x"], [0, 1, 2]],
            r"columns that count \(step, iteration\); set step='step'",
        ),
        ([["time", "x"], [0, 1]], r"column of steps, got time, x; set step=….* 'step'"),
        ([["step x"], ["0 1"]], r"must have a column of steps, got step x"),
        ([["step"], [0]], r"must have columns of measurements besides 'step'"),
        ([["step", "x"]], r"must have rows"),
        ([["step", "x"], [0, 1], [1]], r"row 3 must have 2 cells, as the header has, got 1"),
        ([["step", "x"], [0, 1, 2]], r"row 2 must have 2 cells, as the header has, got 3"),
        ([["step", "skill", "value"], [0, "", 1]], r"row 2, column 'skill' must hold a name"),
        (
            [["step", "skill", "task", "value"], [0, "a", "b", 1]],
            r"name tasks \(skill, task\); set task='skill'",
        ),
        ([["step", "run", "x"], [0, "", 1]], r"row 2, column 'run' must hold a name"),
        ([["step", "x"], [0, 1], [1, "x"], [2, 3]], r"row 3, column 'x' must be a number, got 'x'"),
        (
            [["step", "x/acc"], [0, 1], [1, "x"], [2, "y"]],
            r"row 3, column 'x/acc' must be .*'x'",
        ),
        (
            [["tokens_seen", "batch_idx", "x"], [0, 1, 2]],
            r"batch_idx\); set step='tokens_seen'",
        ),
    ],
)
def test_bad_tables_name_the_place(tmp_path, sample, rows, message):
    with pytest.raises(LogError, match=message):
        read_log(sample.csv(tmp_path / "bad.csv", rows))


def test_one_step_in_two_rows_of_other_columns(tmp_path, sample):
    path = sample.csv(tmp_path / "a.csv", [["step", "x", "y"], [0, 1, ""], [0, "", 2]])
    assert read_curves(path, metric="level").level.values.tolist() == [[1, 2]]


def test_row_numbers_count_lines_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('step,skill,value\n0,"two\nlines",1\n\n1,x,bad\n')
    with pytest.raises(LogError, match="row 5, column 'value' must be a number, got 'bad'"):
        read_log(path)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfstep,x\r\n0,1\r\n")
    assert read_curves(path, metric="level").steps.tolist() == [0]


def test_other_encodings_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("step,schön\n0,1\n".encode("latin-1"))
    with pytest.raises(LogError, match="UTF-8"):
        read_log(path)


def test_text_in_parquet(tmp_path, sample):
    path = sample.parquet(tmp_path / "a.parquet", {"step": [0, 1], "x": [None, "high"]})
    with pytest.raises(LogError, match="row 2, column 'x' holds 'high'"):
        read_log(path)


def test_a_damaged_parquet_file(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + b"\0" * 100)
    with pytest.raises(LogError, match="damaged Parquet"):
        read_log(path)


def test_the_page_of_tensorboard(tmp_path, sample):
    name = "run-lr1-tag-eval_qa_accuracy.csv"
    rows = [["Wall time", "Step", "Value"], *[[1.0, i, i / 1000] for i in range(1000)]]
    log = read_log(sample.csv(tmp_path / name, rows))
    assert log.tasks == ("qa",)
    assert log.table["metric"].unique().tolist() == ["accuracy"]
    assert any("1000 rows" in note for note in log.notes)
    assert read_log(sample.csv(tmp_path / name, rows[:-1])).notes == ()


@pytest.mark.slow
def test_ten_thousand_skills(tmp_path):
    names = [f"skill {i}" for i in range(10_000)]
    rng = np.random.default_rng(0)
    values = rng.random((27, 10_000))
    lines = [",".join(["step", *names])]
    lines += [",".join([str(i), *map(repr, row.tolist())]) for i, row in enumerate(values)]
    path = tmp_path / "big.csv"
    path.write_text("\n".join(lines))
    curves = read_curves(path, metric="level")
    np.testing.assert_array_equal(curves.level, values)
