"""What this package raises when it is given something it cannot use."""


class SkillphysicsError(ValueError):
    """A user can mend this: the message names what was given, what is wanted and the remedy.

    The command line prints it as one sentence and exits with code 2.
    """


class ArgumentError(SkillphysicsError):
    """An argument of a public function has an unusable value."""


class CurvesError(SkillphysicsError):
    """The data are no valid skill curves."""


class LogError(SkillphysicsError):
    """A training log cannot be read: names the file, the place in it and the remedy."""


class FitError(SkillphysicsError):
    """A theory cannot be fitted to these curves."""
