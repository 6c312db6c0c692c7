"""What all doors have in common: help, usage, exit codes, complaints of one line."""

import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras_nst
from keras_nst.runs.log import Unexpected
from keras_nst.settings.declared import InputError, Settings
from keras_nst.settings.flags import OwnFlags, UsageError, help_text
from keras_nst.settings.lines import one_line

HELP = {"--help", "-help", "-h", "--helpfull", "--helpshort", "--help=true"}


class Door(NamedTuple):
    """A command."""

    program: str  # as it is called
    usage: Sequence[str]  # what may stand behind that
    settings: type[Settings]
    own_flags: OwnFlags
    work: Callable[[Sequence[str]], int]  # from the command line to the exit code
    about: str = ""  # what --help tells before the flags
    interrupted: str = "interrupted"
    needs_flags: bool = True  # or else it does its work without any


def enter(door: Door, argv: Sequence[str] | None) -> int:
    """Does what the command line asks for; returns the exit code: 1 for what cannot be, 2 for wrong usage."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv and door.needs_flags:
        print(usage(door), end="", file=sys.stderr)
        return 2
    if HELP & set(argv):
        print(usage(door) + door.about + help_text(door.settings, door.own_flags), end="")
        return 0
    if "--version" in argv:
        print(f"keras_nst {keras_nst.__version__}")
        return 0
    try:
        return door.work(argv)
    except UsageError as error:
        return complain(error, 2)
    except (InputError, OSError, MemoryError, Unexpected) as error:
        return complain(error, 1)
    except KeyboardInterrupt:
        return complain(door.interrupted, 130)


def usage(door: Door) -> str:
    """Returns the short usage."""
    lines = [f"{door.program} {line}" for line in (*door.usage, "--help")]
    return "usage: " + "\n       ".join(lines) + "\n"


def tell(line: str) -> None:
    """Prints a line. Nobody may be listening any more: the picture is worth more than the line."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def tell_aside(line: str) -> None:
    """Prints a line to standard error."""
    with contextlib.suppress(OSError):
        print(f"keras_nst: {one_line(line)}", file=sys.stderr)


def complain(error: object, code: int) -> int:
    """Tells what is wrong; returns the exit code."""
    tell_aside(str(error))
    return code
