"""The command explore: python -m keras_nst.explore, or keras-nst explore."""

import sys
from collections.abc import Sequence

from keras_nst.command import command
from keras_nst.explore.settings import COMMAND


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command.main(COMMAND, argv)


if __name__ == "__main__":
    sys.exit(main())
