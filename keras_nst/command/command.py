"""The common parts of all commands: help, usage, exit codes, error messages of one line, Ctrl-C.

Exit codes: 0 for success, 1 for a failure, 2 for a mistake in the command line or in what it names, 130 for Ctrl-C and
143 for SIGTERM.
"""

import contextlib
import importlib
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from keras_nst.settings.declared import InputError, Settings, Unexpected, UsageError
from keras_nst.settings.lines import one_line
from keras_nst.system.signals import (
    STOPPING,
    Interruption,
    in_one_line,
    in_this_form,
    is_a_command,
    on_a_thread,
)
from keras_nst.system.version import __version__

if TYPE_CHECKING:
    from keras_nst.settings.flags import OwnFlags

if is_a_command():
    sys.excepthook = in_one_line  # as early as this, since the imports of a command take a while before `main`
BEGINS_AGAIN = "Interrupted before the first step: nothing was saved. The same command starts over."
HELP = {"--help", "-help", "-h", "--helpfull", "--helpshort", "--help=true"}


class Command(NamedTuple):
    """A command, declared next to its settings.

    It has a `prepare(settings, tell)`, which checks and reads the request without TensorFlow, and a
    `drive(asked, stop, tell)`, which carries it out and returns the exit code: in `keras_nst/NAME/prepare.py` and
    `drive.py`. Or it has its own `work(argv)`, from the command line to the exit code.
    """

    name: str  # typed by the user
    settings: type[Settings]
    usage: Sequence[str]  # what may follow the name
    about: str  # what it does, in a sentence
    example: str = "content"  # the flag suggested for a stray word
    own_flags: "OwnFlags" = {}
    short: Mapping[str, str] = {}  # other names of flags
    stopping: str = STOPPING  # the message after Ctrl-C
    interrupted: str = "interrupted"  # the message after Ctrl-C before there is anything to stop
    needs_flags: bool = True  # if not, it also works without any
    more_help: str = ""  # printed by --help before the flags
    home: str = ""  # the module of its `work`, if it has one

    @property
    def program(self) -> str:
        """The command as it was called."""
        return in_this_form(self.name)


def main(command: Command, argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv and command.needs_flags:
        print(usage(command), end="", file=sys.stderr)
        return 2
    if HELP & set(argv):
        from keras_nst.settings.flags import help_text

        about = f"\n{command.about}\n{command.more_help}"
        print(usage(command) + about + help_text(command.settings, command.own_flags), end="")
        return 0
    if "--version" in argv:
        print(f"keras_nst {__version__}")
        return 0
    try:
        return int(importlib.import_module(command.home).work(argv)) if command.home else driven(command, argv)
    except (UsageError, InputError) as error:
        return complain(error, 2)
    except (OSError, MemoryError, Unexpected) as error:
        return complain(error, 1)
    except KeyboardInterrupt:
        return complain(command.interrupted, 130)


def driven(command: Command, argv: Sequence[str]) -> int:
    """Checks the request and carries it out, on its own thread, so that Ctrl-C is noticed."""
    from keras_nst.settings.flags import read_settings

    settings = read_settings(written_out(argv, command.short), command.settings, command.example)
    prepare, drive = (
        getattr(importlib.import_module(f"keras_nst.{command.name}.{part}"), part) for part in ("prepare", "drive")
    )
    asked = prepare(settings, tell)
    interruption = Interruption(command.stopping)
    interruption.listen()
    code = on_a_thread(lambda: int(drive(asked, interruption.stop, tell)))
    if getattr(settings, "tensorboard", False) and not interruption.number:
        from keras_nst.command.board import stay

        stay(tell)
    return interruption.exit_code or code


def written_out(argv: Sequence[str], short: Mapping[str, str]) -> list[str]:
    """Returns the command line with the full names of all flags."""
    for name, full in short.items():
        argv = [re.sub(f"^--?{name}(?==|$)", f"--{full}", argument) for argument in argv]
    return list(argv)


def usage(command: Command) -> str:
    """Returns the short usage."""
    lines = [f"{command.program} {line}" for line in (*command.usage, "--help")]
    return "usage: " + "\n       ".join(lines) + "\n"


def tell(line: str) -> None:
    """Prints a line. A closed stream is ignored: the picture is worth more than the line."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def tell_aside(line: str) -> None:
    """Prints a line to standard error."""
    with contextlib.suppress(OSError):
        print(f"keras_nst: {one_line(line)}", file=sys.stderr)


def complain(error: object, code: int) -> int:
    """Prints an error message; returns the exit code."""
    tell_aside(str(error))
    return code
