"""What figures of curves show."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.plotting import plot
from skillphysics.runs import replicates

STEPS = [0, 10, 20]
RISING = np.array([[0.0, 0.0], [0.8, 0.1], [1.0, 0.5]])


def runs(n_run: int, **more) -> Curves:
    return Curves.from_arrays(STEPS, np.stack([RISING] * n_run), **more)


def with_rates(curves: Curves, rates: list[float]) -> Curves:
    return Curves(curves.dataset.assign(learning_rate=("run", rates)))


def levels(figure):
    return [axis for axis in figure.axes if axis.get_title() or axis.get_ylabel() == "level"]


def legend_of(figure) -> list[str]:
    figure.canvas.draw()
    found = [axis.get_legend() for axis in figure.axes if axis.get_legend()]
    return [text.get_text() for legend in found for text in legend.get_texts()]


# --- which runs share a panel


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["0", "1", "2"], {"": [0, 1, 2]}),
        (["seed 0", "seed 1"], {"": [0, 1]}),
        (["adam", "sgd", "lion"], {"adam": [0], "sgd": [1], "lion": [2]}),
        (["adam, seed 0", "sgd, seed 0", "adam, seed 1"], {"adam": [0, 2], "sgd": [1]}),
        (["adam, 0", "adam, 1", "sgd"], {"adam": [0, 1], "sgd": [2]}),
    ],
)
def test_runs_are_told_apart_by_name(names, groups):
    assert replicates(runs(len(names), run=names).dataset) == groups


def test_runs_are_told_apart_by_what_is_known_of_them():
    rates = with_rates(runs(3), [0.1, 0.1, 0.3])
    assert replicates(rates.dataset) == {"learning rate 0.1": [0, 1], "learning rate 0.3": [2]}
    named = with_rates(runs(2, run=["lr 1", "lr 2"]), [1, 2])
    assert replicates(named.dataset) == {"lr 1": [0], "lr 2": [1]}
    both = with_rates(runs(3, attrs={"optimizer": ["adam", "sgd", "adam"]}), [1, 1, 2])
    assert replicates(both.dataset) == {
        "adam, learning rate 1": [0],
        "sgd, learning rate 1": [1],
        "adam, learning rate 2": [2],
    }
    assert replicates(Curves.from_arrays(STEPS, RISING).dataset) == {"": [0]}
    frequencies = runs(2).dataset.assign(run_frequency=(("run", "skill"), [[1, 2], [2, 1]]))
    assert list(replicates(frequencies)) == ["frequencies 1", "frequencies 2"]


def test_unlike_runs_are_never_pooled():
    figure = plot(with_rates(runs(3), [0.1, 0.2, 0.3]))
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["learning rate 0.1", "learning rate 0.2", "learning rate 0.3"]
    assert all(len(axis.lines) == 2 for axis in figure.axes)
    pooled = plot(runs(3))
    assert len(pooled.axes) == 1
    assert len(pooled.axes[0].lines) == 2 * (3 + 1)
    assert legend_of(pooled) == ["1", "2", "mean of runs", "single run"]


def test_many_panels_wrap():
    eight = plot(with_rates(runs(8), list(range(1, 9))))
    assert len(eight.axes) == 8
    left = {round(axis.get_position().x0, 3) for axis in eight.axes}
    assert len(left) == 4
    many = plot(with_rates(runs(30), list(range(1, 31))))
    assert len(many.axes) == 24
    assert many.get_suptitle() == "24 of 30 different runs"


def test_rows_that_are_not_full():
    figure = plot(with_rates(runs(5, loss=np.ones((5, 3))), list(range(1, 6))))
    assert len(figure.axes) == 10
    # The last panel of each column names the steps.
    assert [axis.get_xlabel() for axis in figure.axes].count("steps") == 3


# --- what is drawn


@pytest.mark.parametrize("step", [0, 7])
def test_one_step(step):
    curves = Curves.from_arrays([step], [[0.1, 0.2]], loss=[1.0])
    figure = plot(curves)
    figure.canvas.draw()
    assert [line.get_marker() for line in figure.axes[0].lines] == ["o", "o"]


def test_a_notebook_shows_the_picture():
    figure = plot(Curves.from_arrays(STEPS, RISING))
    png = figure._repr_png_()  # pyright: ignore[reportAttributeAccessIssue]
    picture = imread(io.BytesIO(png))
    np.testing.assert_array_equal(picture.shape[:2], figure.get_size_inches()[::-1] * figure.dpi)
    formatters = pytest.importorskip("IPython.core.formatters")
    shown, _ = formatters.DisplayFormatter().format(figure)
    assert shown["image/png"].startswith(b"\x89PNG")


def test_names_that_matplotlib_would_hide_or_typeset():
    figure = plot(Curves.from_arrays(STEPS, RISING, skill=["_a", "$x$"]))
    assert legend_of(figure) == ["_a", r"\$x\$"]


def test_many_skills_are_named_on_a_colour_bar():
    names = [f"skill {i}" for i in range(60)]
    figure = plot(Curves.from_arrays(STEPS, np.zeros((3, 60)), skill=names))
    bar = figure.axes[-1]
    figure.canvas.draw()
    shown = [text.get_text() for text in bar.get_yticklabels()]
    assert shown[0] == "skill 0"
    assert shown[-1] == "skill 59"
    assert len(shown) == 5


def test_a_run_that_diverges_flattens_nothing():
    level = np.stack([RISING, RISING])
    level[1, 2] = 1e9
    curves = with_rates(
        Curves.from_arrays(STEPS, level, loss=[[2, 1, 0.5], [2, 1, 1e18]]), [0.1, 10]
    )
    figure = plot(curves)
    tops = [axis.get_ylim()[1] for axis in figure.axes]
    assert max(tops) <= 20
    said = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert sorted(said) == ["cut off: up to 1e+09", "cut off: up to 1e+18"]


def test_levels_far_below_chance_are_cut_off():
    figure = plot(Curves.from_arrays(STEPS, [[0.0], [-1e6], [1.0]]))
    low, high = figure.axes[0].get_ylim()
    assert low == -1
    assert 1 < high < 1.5
    assert figure.axes[0].texts[0].get_text() == "cut off: down to -1e+06"


def test_ordinary_overshoot_is_not_cut_off():
    figure = plot(Curves.from_arrays(STEPS, [[-0.3], [1.4], [1.0]]))
    low, high = figure.axes[0].get_ylim()
    assert low < -0.3
    assert high > 1.4
    assert not figure.axes[0].texts


def test_no_empty_panel_of_losses():
    unmeasured = Curves.from_arrays(STEPS, RISING, loss=[np.nan] * 3)
    assert [axis.get_ylabel() for axis in plot(unmeasured).axes] == ["level"]
    measured = Curves.from_arrays(STEPS, RISING, loss=[np.nan, 2, 1])
    assert [axis.get_ylabel() for axis in plot(measured).axes] == ["level", "loss"]


def test_title_and_size():
    figure = plot(runs(2), title="two seeds", size=(8, 3))
    assert figure.get_suptitle() == "two seeds"
    assert figure.get_size_inches().tolist() == [8, 3]
    with pytest.raises(ArgumentError, match=r"size\[1\] must be positive and finite, got 0"):
        plot(runs(2), size=(8, 0))


@pytest.mark.parametrize(
    ("end", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_formats_by_ending(tmp_path, end, start):
    path = tmp_path / f"curves.{end}"
    plot(runs(1)).savefig(path)
    assert path.read_bytes().startswith(start)
