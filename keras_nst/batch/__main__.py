"""The command batch: python -m keras_nst.batch, or keras-nst batch."""

import sys
from collections.abc import Sequence

from keras_nst.batch.settings import COMMAND
from keras_nst.command import command


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command.main(COMMAND, argv)


if __name__ == "__main__":
    sys.exit(main())
