"""The command train: python -m keras_nst.train, or keras-nst train."""

import sys
from collections.abc import Sequence

from keras_nst.command import command
from keras_nst.train.settings import COMMAND


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command.main(COMMAND, argv)


if __name__ == "__main__":
    sys.exit(main())
