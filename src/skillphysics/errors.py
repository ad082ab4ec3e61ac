"""What this package raises when it is given something it cannot use."""


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
