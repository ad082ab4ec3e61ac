"""Which columns of a log hold what, as chosen by the user."""

from dataclasses import asdict, dataclass

from skillphysics.errors import ArgumentError

# Stands for the names of files and folders instead of a column.
FOLDER = "folder"


@dataclass(frozen=True)
class Columns:
    """Which column holds what; None decides by the names of the columns.

    Attributes:
        step: the axis: steps, epochs, tokens, ….
        task: the task of each row, or "folder" if files and folders are named after tasks.
        run: the run of each row, or "folder" if files and folders are named after runs.
        value: the measurement of each row, in a table with one measurement per row.
        stderr: the standard error of `value`.

    Raises:
        ArgumentError: two of them name the same column.
    """

    step: str | None = None
    task: str | None = None
    run: str | None = None
    value: str | None = None
    stderr: str | None = None

    def __post_init__(self) -> None:
        options: dict[str, str] = {}
        for option, name in self.given.items():
            other = options.setdefault(name, option)
            if other != option:
                raise ArgumentError(
                    f"{option} must name another column than {other}, got {name!r} for both",
                    argument=option,
                )

    @property
    def given(self) -> dict[str, str]:
        """The columns that were chosen."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def allow(self, format: str, *names: str) -> None:  # noqa: A002
        """Check that a format can use the columns that were chosen.

        Raises:
            ArgumentError: names the first argument that it cannot use.
        """
        for name, value in self.given.items():
            if name not in names:
                raise ArgumentError(
                    f"{name} must be left out for logs of format {format!r}, which have no columns "
                    f"to choose from, got {value!r}",
                    argument=name,
                )


# All columns are recognized by their names.
BY_NAME = Columns()
