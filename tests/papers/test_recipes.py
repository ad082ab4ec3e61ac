"""Every figure is computed and drawn at smoke scale, and every verdict is the known one."""

import json
from pathlib import Path

import pytest

from skillphysics.papers import RECIPES, SCALES, chosen, ledger

# They compile or train for long.
LONG = (
    "liu2025/fig2", "liu2025/fig7", "liu2025/fig8", "liu2025/fig10", "liu2025/fig11",
    "liu2025/fig13", "liu2025/fig14", "liu2025/fig15", "liu2025/fig16", "liu2025/fig17",
    "liu2025/fig18", "liu2025/fig19", "liu2025/fig21", "liu2025/resource-law", "liu2025/text",
    "nam2024/fig1", "nam2024/fig3", "nam2024/fig4", "nam2024/fig11", "nam2024/fig12",
    "nam2024/table2", "nam2024/table5",
)  # fmt: skip
KNOWN = ledger.read(Path(__file__).with_name("smoke.json"))["claims"]
SHOWN = ledger.read(Path(__file__).parents[2] / "docs" / "ledger.json")["claims"]


def test_names_and_claims_are_known_by_one_name():
    names = [recipe.name for recipe in RECIPES]
    claims = [claim.id for recipe in RECIPES for claim in recipe.claims]
    assert len(set(names)) == len(names)
    assert len(set(claims)) == len(claims)
    assert all(
        claim.id.startswith(f"{recipe.name}/") for recipe in RECIPES for claim in recipe.claims
    )
    assert {one["id"] for one in KNOWN} == set(claims)
    assert {one["id"] for one in SHOWN} == set(claims)
    assert chosen(["all"]) == list(RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_settings_are_data_and_costs_are_stated(recipe):
    for scale in SCALES:
        parts = recipe.parts(scale)
        assert parts
        assert json.loads(json.dumps(parts)) == parts
        assert recipe.cost[scale]


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, id=recipe.name, marks=[pytest.mark.slow] * (recipe.name in LONG))
        for recipe in RECIPES
    ],
)
def test_a_figure_is_drawn_and_its_claims_are_as_known(recipe):
    data = recipe.data("smoke")
    if recipe.draw is not None:
        figure = recipe.draw(data)
        figure.draw_without_rendering()
        axes = [axis for axis in figure.axes if axis.get_visible()]
        assert axes
        assert all(axis.has_data() or axis.tables or axis.texts for axis in axes)
    entries = [ledger.entry(claim, claim.measure(data), "smoke") for claim in recipe.claims]
    assert ledger.changed(entries, KNOWN) == []
    assert all(one["why"] for one in entries if one["verdict"] != "holds")
