"""Which cells there are, and which run together."""

import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.sweeps import Cell, Computation, Grid, computation, computation_of
from skillphysics.sweeps.computation import plain
from skillphysics.sweeps.grid import batches
from skillphysics.sweeps.spec import read_spec


def free(**settings):
    """Takes anything."""


ANYTHING = Computation("free", free)


def test_the_last_dimension_is_fastest():
    grid = Grid(ANYTHING, {"a": [1, 2], "b": ["x", "y", "z"]}, {"c": 0})
    assert [(cell.settings["a"], cell.settings["b"]) for cell in grid.cells] == [
        (a, b) for a in (1, 2) for b in "xyz"
    ]
    assert all(cell.settings["c"] == 0 for cell in grid.cells)


@pytest.mark.parametrize(
    ("over", "settings", "message"),
    [
        ({"a": []}, {}, "a must have at least one value, got none"),
        ({"a": [1, 1]}, {}, r"a must have distinct values, got \[1, 1\]"),
        ({"a": [1]}, {"a": 2}, "a is both a dimension of the grid and a setting of all cells"),
        ({"a": 3}, {}, "a must be a list of values, got 3; put a single value in settings"),
        ({"a": "abc"}, {}, "a must be a list of values, got 'abc'"),
        ({"a": [float("nan")]}, {}, "settings must be finite numbers, .* got nan"),
        ({"a": [object]}, {}, "settings must be finite numbers, .* got <class 'object'>"),
        ([], {}, "a sweep must have at least one cell, got none"),
    ],
)
def test_bad_grids(over, settings, message):
    with pytest.raises(ArgumentError, match=message):
        Grid(ANYTHING, over, settings)


def test_settings_of_numpy_are_those_of_python():
    assert plain({"a": np.arange(2), "b": (np.float32(0.5), True)}) == {
        "a": [0, 1],
        "b": [0.5, True],
    }


def test_an_unknown_or_missing_setting_is_found_before_any_work():
    world = computation_of("simulate geometry")
    with pytest.raises(ArgumentError, match="unknown setting of simulate geometry 'stpes', did"):
        Cell(world, {"stpes": 3})
    with pytest.raises(ArgumentError, match="seed is a setting that simulate geometry needs"):
        Cell(world, {"steps": 3})
    with pytest.raises(ArgumentError, match="unknown setting of train domino 'hiden', did you"):
        Cell(computation_of("train domino"), {"seed": 0, "hiden": 3})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("simulate geometri", "unknown world or theory 'geometri', did you mean 'geometry'"),
        ("train domini", "unknown experiment 'domini', did you mean 'domino'"),
        ("fitt", "unknown computation 'fitt', did you mean 'fit'"),
        ("no_such_module:f", "no_such_module of 'no_such_module:f' cannot be imported"),
        ("math:cosine", "unknown function of math 'cosine', did you mean"),
        ("nothing.py:f", "nothing.py of 'nothing.py:f' cannot be imported"),
    ],
)
def test_unknown_computations(name, message):
    with pytest.raises(ArgumentError, match=message):
        computation_of(name)


def test_together_must_name_an_argument():
    with pytest.raises(ArgumentError, match="unknown argument of f 'sed', did you mean 'seed'"):

        @computation(together=["sed"])
        def f(seed):
            return []


def made(n_seed: int, n_rate: int, most: int, **computation) -> list[tuple[int, ...]]:
    """Batches as seeds of their cells."""
    what = Computation("free", free, ("seed", "rate"), **computation)
    grid = Grid(what, {"rate": list(range(n_rate)), "seed": list(range(n_seed))}, {})
    return [tuple(cell.settings["seed"] for cell in part) for part in batches(grid.cells, most)]


def test_batches_are_of_equal_size():
    assert [len(part) for part in made(10, 1, most=4)] == [3, 4, 3] or [
        len(part) for part in made(10, 1, most=4)
    ] == [3, 3, 4]
    assert [len(part) for part in made(64, 1, most=32)] == [32, 32]


def test_cells_that_share_a_draw_run_together_where_there_are_enough():
    assert made(3, 8, most=32, shared=("seed",)) == [(0,) * 8, (1,) * 8, (2,) * 8]
    assert made(3, 2, most=32, shared=("seed",)) == [(0, 1, 2, 0, 1, 2)]


def test_cells_of_other_forms_run_apart():
    what = Computation("free", free, ("seed",))
    grid = Grid(what, {"width": [8, 16], "seed": [0, 1, 2]}, {})
    parts = batches(grid.cells, 32)
    assert [[cell.settings["width"] for cell in part] for part in parts] == [[8] * 3, [16] * 3]


def test_keys_differ_where_settings_differ_and_do_not_depend_on_their_order():
    linear = computation_of("simulate linear")
    one = Cell(linear, {"steps": 10, "n_skill": 2})
    assert one.key == Cell(linear, {"n_skill": 2, "steps": 10}).key
    assert one.key != Cell(linear, {"n_skill": 3, "steps": 10}).key
    assert one.key != Cell(computation_of("simulate resource"), one.settings).key


def test_a_revision_changes_the_key():
    @computation(revision=1)
    def f(a):
        return None

    del f
    one = computation_of("simulate linear")
    two = Computation(one.name, one.function, revision=2, uses=one.uses, accepts=one.accepts)
    settings = {"steps": 10, "n_skill": 2}
    assert Cell(one, settings).key != Cell(two, settings).key


def test_the_key_of_a_fit_depends_on_the_log(tmp_path):
    log = tmp_path / "log.csv"
    fit = computation_of("fit")
    log.write_text("step,a\n0,0.1\n")
    before = Cell(fit, {"log": log, "theory": "linear"}).key
    assert Cell(fit, {"log": log, "theory": "linear"}).key == before
    log.write_text("step,a\n0,0.2\n")
    assert Cell(fit, {"log": log, "theory": "linear"}).key != before
    with pytest.raises(ArgumentError, match=r"missing\.csv does not exist; give the path"):
        Cell(fit, {"log": tmp_path / "missing.csv", "theory": "linear"}).key  # noqa: B018


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "is not valid TOML"),
        ("settings = {}", "must name what is computed"),
        ('compute = "simulate linear"', "must have either a table .grid. or an array"),
        ('compute = "fit"\n[grid]\nlog = ["a"]\n[[cells]]\nlog = "b"', "must have either"),
        ('compute = "fit"\nsetings = 1\n[grid]\na = [1]', "unknown key of spec.toml 'setings'"),
        ('compute = "fit"\nsettings = 1\n[grid]\na = [1]', "settings of .* must be a table"),
        ('compute = "simulate linear"\n[grid]\nalpha = 1', "alpha must be a list of values, got 1"),
        ('compute = "simulate linear"\n[grid]\nalpha = "1:1"', "alpha must have at least one"),
        (
            'compute = "simulate linear"\ntogether = 0\n[grid]\nalpha=[1]\nsteps=[5]',
            "together must",
        ),
    ],
)
def test_bad_specs(tmp_path, text, message):
    path = tmp_path / "spec.toml"
    path.write_text(text)
    with pytest.raises(ArgumentError, match=message):
        read_spec(path)


def test_a_spec_finds_functions_beside_it(tmp_path):
    (tmp_path / "mine.py").write_text("def f(a):\n    return None\n")
    path = tmp_path / "spec.toml"
    path.write_text('compute = "mine.py:f"\n[[cells]]\na = 1\n[[cells]]\na = 5\n')
    spec = read_spec(path)
    assert spec.name == "spec"
    assert spec.grid.dims == {"cell": [0, 1]}
    assert spec.grid.varied == {"a": [1, 5]}
