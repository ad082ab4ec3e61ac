"""*An exactly solvable model for emergence and scaling laws* (N24), figure by figure."""

from skillphysics.papers.nam2024 import (
    fig1,
    fig2,
    fig3,
    fig4,
    fig5c,
    fig6,
    fig7,
    fig8,
    fig9,
    fig10,
    fig11,
    fig12,
    table2,
    table5,
    text,
)
from skillphysics.papers.recipe import Recipe

RECIPES: tuple[Recipe, ...] = tuple(
    module.RECIPE
    for module in (
        fig1, fig2, fig3, fig4, fig5c, fig6, fig7, fig8, fig9, fig10, fig11, fig12, table2, table5,
        text,
    )
)  # fmt: skip
