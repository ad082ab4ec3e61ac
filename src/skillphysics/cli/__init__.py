"""The command line: `skillphysics`."""

import sys

from skillphysics.errors import SkillphysicsError


def main() -> None:
    """Run a command; an error that the user can mend is one sentence and exit code 2."""
    import typer

    from skillphysics.cli.app import app

    # Typer keeps its class of all wrong usage to itself; it is the base of one that it shows.
    wrong_usage: type[Exception] = typer.BadParameter.__bases__[0]
    try:
        code = app(standalone_mode=False)
    except SkillphysicsError as error:
        _stop(f"error: {error}", 2)
    except wrong_usage as error:
        said = getattr(error, "format_message", error.__str__)().rstrip(".")
        _stop(f"error: {said}; see skillphysics --help", 2)
    except (KeyboardInterrupt, typer.Abort):
        _stop("interrupted", 130)
    sys.exit(code)


def _stop(sentence: str, code: int) -> None:
    sys.stderr.write(" ".join(sentence.split()) + "\n")
    sys.exit(code)
