"""*Physics of Skill Learning* (L25), figure by figure."""

from skillphysics.papers.liu2025 import fig4
from skillphysics.papers.recipe import Recipe

RECIPES: tuple[Recipe, ...] = (fig4.RECIPE,)
