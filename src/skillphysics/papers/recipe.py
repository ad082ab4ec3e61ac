"""What a figure is made of: settings at three scales, a computation in parts, and a drawing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import xarray as xr
from matplotlib.figure import Figure

from skillphysics.domains import one_of
from skillphysics.papers.claims import Claim, Data
from skillphysics.sweeps import Cell, Store, computation_of

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
        compute: a part from its settings, a function at the top level of a module; the same
            settings give the same data.
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

    def data(self, scale: str, store: Store | None = None) -> Data:
        """All parts at a scale.

        Args:
            scale: one of `SCALES`.
            store: parts that it holds are read from it, others are computed and kept in it; without
                a store all are computed.

        Raises:
            ArgumentError: the scale is unknown.
            StoreError: the store cannot be written.
        """
        if store is None:
            found = {name: self.compute(**one) for name, one in self.settings(scale).items()}
        else:
            found = {name: store.get(cell) for name, cell in self.cells(scale).items()}
        return {name: part.drop_attrs() for name, part in found.items()}

    def cells(self, scale: str) -> dict[str, Cell]:
        """What a store keeps each part at a scale under, by the name of the part.

        Raises:
            ArgumentError: the scale is unknown.
        """
        what = computation_of(self.compute)
        return {name: Cell(what, settings) for name, settings in self.settings(scale).items()}

    def settings(self, scale: str) -> Parts:
        """`parts` at a scale.

        Raises:
            ArgumentError: the scale is unknown.
        """
        one_of(*SCALES).check("scale", scale)
        return self.parts(scale)  # pyright: ignore[reportArgumentType]
