"""The error of a training that diverged."""

from skillphysics.curves import Curves
from skillphysics.errors import SkillphysicsError


class DivergedError(SkillphysicsError):
    """A run has numbers that are not finite.

    Attributes:
        run: name of the first such run.
        step: the recorded step at which it was found.
        curves: what all runs recorded before, or None if nothing was recorded.
    """

    def __init__(self, message: str, run: str, step: int, curves: Curves | None) -> None:
        super().__init__(message)
        self.run, self.step, self.curves = run, step, curves

    def __reduce__(self) -> tuple[type["DivergedError"], tuple[object, ...]]:
        """Pickle all attributes; the default keeps the message only."""
        return type(self), (str(self), self.run, self.step, self.curves)
