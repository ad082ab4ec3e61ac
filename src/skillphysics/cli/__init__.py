"""The command line: `skillphysics`."""

import sys

from skillphysics.errors import SkillphysicsError


def main() -> None:
    """Run a command; an error that the user can mend is one sentence and exit code 2."""
    from skillphysics.cli.app import app

    try:
        app()
    except SkillphysicsError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
