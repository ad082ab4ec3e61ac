"""*An exactly solvable model for emergence and scaling laws* (N24), figure by figure."""

from skillphysics.papers.recipe import Recipe

RECIPES: tuple[Recipe, ...] = ()
