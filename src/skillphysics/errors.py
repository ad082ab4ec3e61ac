"""What this package raises when it is given something it cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillphysics.curves import Curves


class SkillphysicsError(ValueError):
    """An error that a user can mend: it says what must hold, what was given and how to fix it.

    The command line prints it as one sentence and exits with code 2.
    """


class ArgumentError(SkillphysicsError):
    """An argument of a public function has an unusable value.

    Attributes:
        argument: its name as the message gives it, for a caller that calls it otherwise, or None.
    """

    def __init__(self, message: str, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class CurvesError(SkillphysicsError):
    """The data are not valid skill curves."""


class LogError(SkillphysicsError):
    """A training log cannot be read: names the file, the place in it and the remedy."""


class FitError(SkillphysicsError):
    """A theory cannot be fitted to these curves."""


class DivergedError(SkillphysicsError):
    """A training is no longer finite.

    Attributes:
        run: name of the first run that is not.
        step: the step at which this was seen.
        curves: what all runs had recorded before, or None where that is nothing.
    """

    def __init__(self, message: str, run: str, step: int, curves: Curves | None) -> None:
        super().__init__(message)
        self.run, self.step, self.curves = run, step, curves

    def __reduce__(self) -> tuple[type[DivergedError], tuple[object, ...]]:
        """What goes to another process, where the default has the message only."""
        return type(self), (str(self), self.run, self.step, self.curves)
