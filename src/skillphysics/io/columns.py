"""What a user says of the columns of a log, where their names do not."""

from dataclasses import asdict, dataclass

from skillphysics.errors import ArgumentError

# In the place of a column: the names of the files and folders of a log.
FOLDER = "folder"


@dataclass(frozen=True)
class Columns:
    """Which column holds what; None leaves it to the names of the columns.

    Attributes:
        step: the axis: steps, or epochs, tokens, ….
        task: the task of a row, or "folder" where the names of files and folders are tasks.
        run: the run of a row, or "folder" likewise.
        value: the measurement of a row that measures one thing.
        stderr: the standard error of `value`.

    Raises:
        ArgumentError: two of them are one column.
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
                    f"{other} and {option} both name {name!r}; choose a column for each"
                )

    @property
    def given(self) -> dict[str, str]:
        """What was said."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def allow(self, format: str, *names: str) -> None:  # noqa: A002
        """An error if something was said that a format has no use for.

        Raises:
            ArgumentError: names the option.
        """
        for name, value in self.given.items():
            if name not in names:
                raise ArgumentError(
                    f"{name} is {value!r}, but a log of format {format!r} has no columns to choose "
                    "it from; leave it out"
                )


# Nothing was said: the names of the columns count.
BY_NAME = Columns()
