"""The error of a training whose numbers are no longer finite."""

from skillphysics.curves import Curves
from skillphysics.errors import SkillphysicsError


class DivergedError(SkillphysicsError):
    """A training is no longer finite.

    Attributes:
        run: name of the first run that is not finite.
        step: the step at which this was seen.
        curves: what all runs had recorded before, or None if nothing was recorded.
    """

    def __init__(self, message: str, run: str, step: int, curves: Curves | None) -> None:
        super().__init__(message)
        self.run, self.step, self.curves = run, step, curves

    def __reduce__(self) -> tuple[type["DivergedError"], tuple[object, ...]]:
        """Pickle all attributes; the default keeps the message only."""
        return type(self), (str(self), self.run, self.step, self.curves)
