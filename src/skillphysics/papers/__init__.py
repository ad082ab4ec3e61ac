"""Every figure of both papers as a recipe, and every claim as a measurement."""

from collections.abc import Sequence
from fnmatch import fnmatch

from skillphysics.papers import ledger
from skillphysics.papers.claims import Claim, Finding
from skillphysics.papers.filling import fill
from skillphysics.papers.liu2025 import RECIPES as LIU2025
from skillphysics.papers.nam2024 import RECIPES as NAM2024
from skillphysics.papers.recipe import SCALES, Recipe
from skillphysics.registry import unknown

__all__ = [
    "RECIPES",
    "SCALES",
    "Claim",
    "Finding",
    "Recipe",
    "chosen",
    "fill",
    "ledger",
]

RECIPES: tuple[Recipe, ...] = (*LIU2025, *NAM2024)
"""All recipes, in the order of the papers."""


def chosen(names: Sequence[str]) -> list[Recipe]:
    """The recipes of these names or patterns (`liu2025/*`), in order; "all" names all.

    Raises:
        ArgumentError: a name fits no recipe.

    Example:
        >>> [recipe.name for recipe in chosen(["liu2025/fig4"])]
        ['liu2025/fig4']
    """
    for name in names:
        if name != "all" and not any(fnmatch(recipe.name, name) for recipe in RECIPES):
            raise unknown("figure", name, [recipe.name for recipe in RECIPES])
    return [
        recipe for recipe in RECIPES
        if any(name == "all" or fnmatch(recipe.name, name) for name in names)
    ]  # fmt: skip
