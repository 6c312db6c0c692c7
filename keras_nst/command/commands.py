"""The list of commands: keras-nst COMMAND, or python -m keras_nst COMMAND."""

import importlib
import sys
from collections.abc import Sequence

from keras_nst.command import command
from keras_nst.command.command import Command
from keras_nst.command.completion import SHELLS, script
from keras_nst.settings.kinds import nearest
from keras_nst.settings.lines import one_line
from keras_nst.system.version import __version__

COMMANDS = {
    "run": "keras_nst.run.settings",
    "batch": "keras_nst.batch.settings",
    "studio": "keras_nst.studio.settings",
    "evaluate": "keras_nst.evaluate",
    "report": "keras_nst.report.settings",
    "explore": "keras_nst.explore.settings",
    "train": "keras_nst.train.settings",
    "apply": "keras_nst.apply.settings",
    "export": "keras_nst.export",
    "video": "keras_nst.video.settings",
    "volume": "keras_nst.volume.settings",
    "sound": "keras_nst.sound.settings",
}
WEIGHTS, COMPLETION = "weights", "completion"
HEAD = """\
Neural style transfer in TensorFlow and Keras.

usage: keras-nst COMMAND [--flag=value ...]
       keras-nst --content=PICTURE --style=PICTURE [--flag=value ...]

"""
TAIL = """
A first picture: keras-nst run --flagfile=configs/starry.cfg
--help prints the flags of a command. python -m keras_nst.COMMAND is the same as keras-nst COMMAND.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    name, rest = (argv[0], argv[1:]) if argv else ("--help", [])
    if name in (*command.HELP, "help"):
        print(listed(), end="")
        return 0
    if name == "--version":
        print(f"keras_nst {__version__}")
        return 0
    if name == WEIGHTS:
        from keras_nst.system import weights

        return weights.main(rest)
    if name == COMPLETION:
        return complete(rest)
    if name in COMMANDS or name.startswith("-"):  # flags without a command belong to run
        return command.main(named(name if name in COMMANDS else "run"), rest if name in COMMANDS else argv)
    known = (*COMMANDS, WEIGHTS, COMPLETION)
    expected = f"Expected a command: {', '.join(known)}.{nearest(name, known)}"
    return command.complain(f"{expected} Received: {one_line(name)}", 2)


def complete(argv: Sequence[str]) -> int:
    """Prints the script with which a shell completes commands and flags; returns the exit code."""
    if len(argv) != 1 or argv[0] not in SHELLS:
        return command.complain(f'Expected one of {", ".join(SHELLS)}, as in eval "$(keras-nst completion bash)".', 2)
    print(script(argv[0], {name: named(name) for name in COMMANDS}), end="")
    return 0


def named(name: str) -> Command:
    """Returns a command by its name."""
    found: Command = importlib.import_module(COMMANDS[name]).COMMAND
    return found


def listed() -> str:
    """Returns the help text that lists all commands."""
    about = {name: named(name).about for name in COMMANDS}
    about[WEIGHTS] = "Downloads the network's weights, as the first run would."
    about[COMPLETION] = (
        'Prints a script that completes commands and flags: eval "$(keras-nst completion bash)", or zsh, or fish.'
    )
    return HEAD + "".join(f"  {name:<12}{line}\n" for name, line in about.items()) + TAIL
