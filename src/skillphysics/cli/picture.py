"""The picture that a command draws on request: its title, its size and its resolution."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillphysics.cli.fields import option
from skillphysics.cli.options import check_memory
from skillphysics.domains import between, check_names, count
from skillphysics.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 160
# The largest picture has fewer than 2¹⁶ pixels a side, the most that matplotlib draws.
_SIDE, _RESOLUTION = between(1, 50), count(10, 1200)


@dataclass(frozen=True)
class PictureOptions:
    """How the picture looks."""

    title: Annotated[str | None, typer.Option(help="Title of the picture.")] = None
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="Size of the picture in inches, such as 6x4.",
            show_default=False,
        ),
    ] = None
    dpi: Annotated[
        int | None,
        typer.Option(
            help=f"Resolution of the picture, in dots per inch.  \\[default: {_DPI}]",
            show_default=False,
        ),
    ] = None

    @property
    def inches(self) -> tuple[float, float] | None:
        """Width and height, None for those of the figure.

        Raises:
            ArgumentError: the size has another form or is out of range.
        """
        if self.size is None:
            return None
        try:
            width, height = map(float, self.size.lower().split("x"))
        except ValueError:
            raise ArgumentError(
                f"size must be WIDTHxHEIGHT in inches, such as 6x4, got {self.size!r}",
                argument="size",
            ) from None
        sides = zip(("width", "height"), (width, height), strict=True)
        width, height = (_SIDE.check(f"the {side} in --size", value) for side, value in sides)
        return width, height

    def check(self, *, drawn: bool) -> None:
        """Stop before the work whose picture could not be drawn as described.

        Args:
            drawn: whether a picture is drawn at all.

        Raises:
            ArgumentError: nothing is drawn, or a value is out of range.
        """
        given = [name for name, value in vars(self).items() if value is not None]
        if given and not drawn:
            raise ArgumentError(f"{option(given[0])} describes the picture; add --plot to draw it")
        if self.title is not None:
            check_names([self.title], "title")
        if self.dpi is not None:
            _RESOLUTION.check("dpi", self.dpi)
        if self.inches is not None:
            width, height = self.inches
            check_memory(8.0 * width * height * (self.dpi or _DPI) ** 2, "size", self.size)

    def save(self, figure: "Figure", path: Path) -> None:
        """Write a figure.

        Raises:
            ArgumentError: the figure does not fit into its size, or the file cannot be written.
        """
        from skillphysics.io.files import replacing

        with replacing(path) as temporary, warnings.catch_warnings():
            warnings.filterwarnings("error", "constrained_layout not applied", UserWarning)
            try:
                figure.savefig(temporary, dpi=self.dpi or _DPI)
            except UserWarning:
                raise ArgumentError(
                    f"size must leave room for the labels of all panels, got {self.size}; give a "
                    "larger one",
                    argument="size",
                ) from None
