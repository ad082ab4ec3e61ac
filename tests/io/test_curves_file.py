import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, LogError
from skillphysics.io import read_curves, read_log

ENDS = (".nc", ".csv", ".parquet")

NAMES = st.one_of(
    st.sampled_from(
        ["NA", "nan", "1e5", "True", " lead", "trail ", 'a "b"', "a,b", "ä/ö", "#", "中", "loss"]
    ),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=6),
).filter(bool)
FLOATS = {width: st.floats(width=width, allow_infinity=False, allow_nan=True) for width in (32, 64)}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS[64].filter(np.isfinite) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def datasets(draw):
    """The dataset of any valid curves: every optional part, odd names, both precisions."""

    def values(dims, **more):
        width = draw(st.sampled_from((32, 64)))
        shape = tuple(sizes[axis] for axis in dims)
        return dims, draw(arrays.arrays(f"f{width // 8}", shape, elements=FLOATS[width], **more))

    n_step = draw(st.integers(1, 4))
    whole = draw(st.booleans())
    step = st.integers(0, 2**53) if whole else st.floats(0, 1e300)
    steps = np.array(sorted(draw(st.lists(step, min_size=n_step, max_size=n_step, unique=True))))
    skills = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    coords = {"step": steps, "skill": ("skill", np.array(skills, dtype=object))}
    dims = ("step", "skill")
    sizes = {"step": n_step, "skill": len(skills)}
    if draw(st.booleans()):
        runs = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
        coords["run"] = ("run", np.array(runs, dtype=object))
        dims, sizes["run"] = ("run", *dims), len(runs)
    variables: dict[str, Any] = {"level": values(dims)}
    if draw(st.booleans()):
        axes, errors = values(dims)
        variables["level_stderr"] = axes, np.abs(errors)
    if draw(st.booleans()):
        variables["loss"] = values(dims[:-1])
    if draw(st.booleans()):
        frequency = st.floats(1e-300, 1e300)
        coords["frequency"] = ("skill", draw(arrays.arrays("f8", len(skills), elements=frequency)))
    if draw(st.booleans()):
        coords["tokens"] = ("step", np.arange(n_step) * draw(st.sampled_from([0, 1, 2.5, 2**50])))
    taken = {*coords, *variables, "run", "loss"}
    others = NAMES.filter(lambda name: name not in taken)
    for name in draw(st.lists(others, max_size=2, unique=True)):
        variables[name] = values(tuple(axis for axis in dims if draw(st.booleans())))
    attrs = draw(st.dictionaries(st.text(), JSON, max_size=3))
    return xr.Dataset(variables, coords, attrs)


def same(one, two):
    assert one.dataset.identical(two.dataset)
    assert json.dumps(one.dataset.attrs) == json.dumps(two.dataset.attrs)
    assert list(one.dataset.data_vars) == list(two.dataset.data_vars)
    for name in one.dataset.variables:
        first, second = one.dataset[name], two.dataset[name]
        assert first.dtype == second.dtype
        assert first.dims == second.dims
        if first.dtype != object:
            assert np.array_equal(np.signbit(first.values), np.signbit(second.values)) or (
                np.isnan(first.values).any()
            )


@pytest.mark.parametrize("end", ENDS)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(dataset=datasets())
def test_nothing_is_lost(tmp_path, end, dataset):
    curves = Curves(dataset)
    curves.save(tmp_path / f"curves{end}")
    same(Curves.load(tmp_path / f"curves{end}"), curves)


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
@settings(
    deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(dataset=datasets())
def test_nothing_is_lost_in_many_draws(tmp_path, end, dataset):
    curves = Curves(dataset)
    curves.save(tmp_path / f"curves{end}")
    same(Curves.load(tmp_path / f"curves{end}"), curves)


@pytest.fixture
def curves():
    return Curves.from_arrays(
        np.array([0, 10, 20]),
        np.array([[0, 0.1], [0.5, np.nan], [1, 0.75]]),
        skill=["add", "mul"],
        attrs={"seed": 1, "nested": {"ä": [1, None]}},
    )


@pytest.mark.parametrize("end", ENDS)
def test_variables_named_like_coordinates(tmp_path, end, curves):
    extra = {
        "frequency": ("step", [1, 2, 3.0]),
        "run": ((), 4.0),
        "variable-1": ("skill", [5, 6.0]),
    }
    odd = Curves(curves.dataset.assign(extra))
    odd.save(tmp_path / f"a{end}")
    same(Curves.load(tmp_path / f"a{end}"), odd)


@pytest.mark.parametrize("end", ENDS)
def test_curves_are_a_log_too(tmp_path, end, curves):
    path = tmp_path / f"a{end}"
    curves.save(path)
    log = read_log(path)
    assert log.format == "curves"
    assert len(log.table) == 5
    same(read_curves(path), curves)
    assert read_curves(path, skills=["m*"]).names == ("mul",)
    with pytest.raises(LogError, match=r"chance must be left out for .* already holds levels"):
        read_curves(path, chance=0.5)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.json"])
def test_other_endings_are_refused(tmp_path, name, curves):
    with pytest.raises(ArgumentError, match=r"\.nc, \.csv or \.parquet"):
        curves.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder(tmp_path, curves):
    with pytest.raises(ArgumentError, match="cannot write"):
        curves.save(tmp_path / "no" / "a.nc")


def test_rows_of_a_csv_may_be_sorted_and_skills_removed(tmp_path, curves):
    path = tmp_path / "a.csv"
    curves.save(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], *reversed(lines[2:])]))
    same(Curves.load(path).select(curves.names), curves)
    path.write_text("\n".join(line for line in lines if "mul" not in line or line[0] == "#"))
    assert Curves.load(path).names == ("add",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], r"must have 6 rows"),
        (lambda lines: [*lines, lines[-1]], r"must have 6 rows"),
        (lambda lines: lines[:2], r"no rows"),
        (lambda lines: lines[:1], r"column names"),
        (lambda lines: ["# skillphysics {", *lines[1:]], r"the header of .* must be JSON"),
        (lambda lines: ['# skillphysics {"version": 2}', *lines[1:]], r"version 2"),
        (lambda lines: [*lines[:-1], lines[-1] + ",1"], r"row 8 must have 3 cells, got 4"),
        (lambda lines: [*lines[:-1], lines[-1] + "x"], r"could not convert"),
    ],
)
def test_damaged_csv_files(tmp_path, curves, change, message):
    path = tmp_path / "a.csv"
    curves.save(path)
    path.write_text("\n".join(change(path.read_text().splitlines())))
    with pytest.raises(LogError, match=message):
        Curves.load(path)


@pytest.mark.parametrize("end", [".nc", ".parquet"])
def test_no_flipped_bit_is_missed(tmp_path, end, curves):
    """A flipped bit is refused or does not change the curves (it fell on padding)."""
    path = tmp_path / f"a{end}"
    curves.save(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(content) * 8, 150):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        try:
            same(Curves.load(path), curves)
        except LogError as error:
            assert path.name in str(error)  # noqa: PT017


def test_foreign_netcdf_is_refused(tmp_path):
    path = tmp_path / "a.nc"
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(LogError, match="not written by skillphysics"):
        Curves.load(path)


def test_a_plain_table_is_no_file_of_curves(tmp_path, sample):
    with pytest.raises(LogError, match="read_curves"):
        Curves.load(sample.wide(tmp_path / "a.csv"))


def test_ten_thousand_skills(tmp_path):
    level = np.random.default_rng(0).random((27, 10_000))
    about = {str(i): {"metric": "acc", "chance": 0.25} for i in range(10_000)}
    large = Curves.from_arrays(np.arange(27), level, attrs={"tasks": about})
    for end in ENDS:
        large.save(tmp_path / f"a{end}")
        same(Curves.load(tmp_path / f"a{end}"), large)
