"""The command volume: python -m keras_nst.volume, or keras-nst volume."""

import sys
from collections.abc import Sequence

from keras_nst.command import command
from keras_nst.volume.settings import COMMAND


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command.main(COMMAND, argv)


if __name__ == "__main__":
    sys.exit(main())
