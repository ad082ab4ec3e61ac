"""Which cells there are, and which of them run in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

from skillphysics.errors import ArgumentError
from skillphysics.sweeps.computation import Cell, Computation, canonical, plain

Over = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A grid, as values by the name of a setting; or a list of settings, one mapping per cell."""

# Fewer cells than these do not pay for a call of their own.
_ENOUGH = 4


@dataclass(frozen=True)
class Grid:
    """All cells of a sweep, with the names of the dimensions of its results.

    Attributes:
        computation: what is computed.
        over: a mapping gives one dimension per setting, and every combination of their values. A
            list gives one dimension `cell`.
        settings: the same in all cells.

    Raises:
        ArgumentError: a setting is unknown, missing, given twice or nothing that JSON can hold; or
            there is no cell.

    Example:
        >>> from skillphysics.sweeps import computation_of
        >>> linear = computation_of("simulate linear")
        >>> grid = Grid(linear, {"rate": [0.1, 0.2], "alpha": [1, 2, 3]}, {"steps": 100})
        >>> len(grid.cells), grid.dims
        (6, {'rate': [0.1, 0.2], 'alpha': [1, 2, 3]})
    """

    computation: Computation
    over: Over
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", plain(self.settings))
        if isinstance(self.over, Mapping):
            for name, values in self.over.items():
                if isinstance(values, str) or not hasattr(values, "__iter__"):
                    raise ArgumentError(
                        f"{name} must be a list of values, got {values!r}; put a single value in "
                        "settings"
                    )
            over: Any = {str(name): plain(list(values)) for name, values in self.over.items()}
            for name, values in over.items():
                if not values:
                    raise ArgumentError(f"{name} must have at least one value, got none")
                if len({canonical({"": value}) for value in values}) < len(values):
                    raise ArgumentError(f"{name} must have distinct values, got {values}")
                if name in self.settings:
                    raise ArgumentError(
                        f"{name} is both a dimension of the grid and a setting of all cells; give "
                        "it once"
                    )
        else:
            over = [plain(cell) for cell in self.over]
            if not over:
                raise ArgumentError("a sweep must have at least one cell, got none")
        object.__setattr__(self, "over", over)
        self.cells  # noqa: B018

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, the last dimension fastest."""
        return tuple(Cell(self.computation, {**self.settings, **own}) for own in self._own)

    @cached_property
    def dims(self) -> dict[str, list[Any]]:
        """The labels along each dimension, by name."""
        if isinstance(self.over, Mapping):
            return {name: list(values) for name, values in self.over.items()}
        return {"cell": list(range(len(self.over)))}

    @cached_property
    def varied(self) -> dict[str, list[Any]]:
        """Of a list of cells, the settings in which they differ: one value per cell."""
        if isinstance(self.over, Mapping):
            return {}
        names = dict.fromkeys(name for cell in self.over for name in cell)
        return {name: [cell.get(name) for cell in self.over] for name in names}

    @property
    def _own(self) -> list[Mapping[str, Any]]:
        if not isinstance(self.over, Mapping):
            return list(self.over)
        return [dict(zip(self.over, v, strict=True)) for v in product(*self.over.values())]


def batches(cells: Sequence[Cell], most: int) -> list[tuple[Cell, ...]]:
    """Groups of cells that run in one call each.

    Cells of one form run together. Where there are enough of them, those that agree in what their
    computation can hold once (`Computation.shared`) run together. Groups are split into equal parts
    of at most `most` cells. Which cells run together depends on nothing else, so that the numbers
    do not depend on what is already there, nor on who computes.
    """
    forms: dict[Any, list[Cell]] = {}
    for place, cell in enumerate(cells):
        form = cell.computation.form(cell.settings)
        forms.setdefault((cell.computation.name, place if form is None else form), []).append(cell)
    found: list[tuple[Cell, ...]] = []
    for group in forms.values():
        shared: dict[str, list[Cell]] = {}
        for cell in group:
            own = {name: cell.settings.get(name) for name in cell.computation.shared}
            shared.setdefault(canonical(own), []).append(cell)
        parts = list(shared.values()) if len(group) >= _ENOUGH * len(shared) else [group]
        for part in parts:
            n_call = -(-len(part) // most)
            ends = [round(i * len(part) / n_call) for i in range(n_call + 1)]
            found += [tuple(part[a:b]) for a, b in pairwise(ends)]
    return found
