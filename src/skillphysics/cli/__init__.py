"""The command line: `skillphysics`."""

import io
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

from skillphysics.errors import SkillphysicsError

_INTERRUPTED = 130


def main() -> None:
    """Run a command; an error that the user can mend is one sentence and exit code 2."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        import typer

        from skillphysics.cli.app import app
    except KeyboardInterrupt:
        _interrupted()
    # Typer keeps its class of all wrong usage to itself; it is the base of one that it shows.
    wrong_usage: type[Exception] = typer.BadParameter.__bases__[0]
    # A terminal that lacks a character gets a question mark, not a traceback.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False, prog_name="skillphysics")
        if sys.stdout is not None:
            sys.stdout.flush()
    except SkillphysicsError as error:
        _stop(f"error: {error}")
    except wrong_usage as error:
        said = getattr(error, "format_message", error.__str__)().rstrip(".")
        said = said.replace("Value error, ", "")
        # Called with nothing, Typer has shown its help already.
        context = getattr(error, "ctx", None)
        command = "skillphysics" if context is None else context.command_path
        _stop(f"error: {said}; see {command} --help" if said else "error: no command was given")
    except BrokenPipeError:
        # Whoever read standard output has seen enough.
        os._exit(0)
    except OSError as error:
        _stop(f"error: {error.strerror or error}: {error.filename or 'standard output'}")
    except (KeyboardInterrupt, typer.Abort):
        _interrupted()
    # Typer turns an interrupt into this code.
    if code == _INTERRUPTED:
        _interrupted()
    sys.exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt where it is heard.

    An import has done nothing yet, and may run code that aborts at an exception: leave at once.
    Within JAX's callback of the garbage collector an exception is printed and lost: try again.
    """
    while frame is not None:
        if frame.f_code.co_name == "_find_and_load":
            _interrupted()
        if frame.f_code.co_name == "_xla_gc_callback":
            threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _stop(sentence: str) -> NoReturn:
    sys.stderr.write(" ".join(sentence.split()) + "\n")
    sys.exit(2)


def _interrupted() -> NoReturn:
    """Leave at once: Python would wait for threads that are compiling."""
    sys.stderr.write("interrupted\n")
    sys.stderr.flush()
    os._exit(_INTERRUPTED)
