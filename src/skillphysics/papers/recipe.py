"""What a figure is made of: settings at three scales, a computation in parts, and a drawing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import xarray as xr
from matplotlib.figure import Figure

from skillphysics.domains import one_of
from skillphysics.papers.cache import Cache
from skillphysics.papers.claims import Claim, Data

Scale = Literal["smoke", "quick", "paper"]
"""smoke: the figure's form in seconds; quick: its content on a laptop; paper: as published."""

SCALES: tuple[str, ...] = get_args(Scale)

Parts = Mapping[str, Mapping[str, Any]]
"""The settings of each part of a figure, by the part's name."""


@dataclass(frozen=True)
class Recipe:
    """A figure or table of a paper: how its data are computed, how it is drawn, what it claims.

    To add one: write a module with a `RECIPE` in `skillphysics.papers.liu2025` or
    `skillphysics.papers.nam2024`, and list it in `skillphysics.papers`.

    Attributes:
        name: "liu2025/fig4".
        title: what is shown, in a sentence.
        parts: the settings of every part at a scale; numbers, strings, and lists of them.
        compute: a part from its settings; the same settings give the same data.
        draw: the figure from the parts, laid out like the published one; None where there is no
            figure, and claims only.
        cost: how long each scale takes, and on what.
        claims: what the paper says of these data.
    """

    name: str
    title: str
    parts: Callable[[Scale], Parts]
    compute: Callable[..., xr.Dataset]
    draw: Callable[[Data], Figure] | None
    cost: Mapping[str, str]
    claims: tuple[Claim, ...] = ()

    def data(self, scale: str, cache: Cache | None = None) -> Data:
        """All parts at a scale, those that the cache holds taken from it.

        Raises:
            ArgumentError: the scale is unknown.
        """
        cache = Cache(None) if cache is None else cache
        return {
            name: cache.get(self.compute, settings)
            for name, settings in self.settings(scale).items()
        }

    def settings(self, scale: str) -> Parts:
        """`parts` at a scale.

        Raises:
            ArgumentError: the scale is unknown.
        """
        one_of(*SCALES).check("scale", scale)
        return self.parts(scale)  # pyright: ignore[reportArgumentType]
