"""*Physics of Skill Learning* (L25), figure by figure."""

from skillphysics.papers.liu2025 import (
    fig2,
    fig4,
    fig5,
    fig6,
    fig7,
    fig8,
    fig9,
    fig10,
    fig11,
    fig12,
    fig13,
    fig14,
    fig15,
    fig16,
    fig17,
    fig18,
    fig19,
    fig21,
    resource_law,
    text,
)
from skillphysics.papers.recipe import Recipe

RECIPES: tuple[Recipe, ...] = tuple(
    module.RECIPE
    for module in (
        fig2, fig4, fig5, fig6, fig7, fig8, fig9, fig10, fig11, fig12, fig13, fig14, fig15, fig16,
        fig17, fig18, fig19, fig21, resource_law, text,
    )
)  # fmt: skip
