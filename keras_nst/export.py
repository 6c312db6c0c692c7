"""Writes trained networks for other programs: python -m keras_nst.export --model=... --format=onnx"""

import sys
from collections.abc import Sequence

from keras_nst.apply.exporting import Export
from keras_nst.command import command
from keras_nst.command.command import Command

COMMAND = Command(
    "export",
    Export,
    ("--model=FOLDER --format=onnx|litert|saved_model [--flag=value ...]",),
    "Writes a trained network so that other programs can paint with it, without Python or TensorFlow.",
    home="keras_nst.apply.exporting",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command.main(COMMAND, argv)


if __name__ == "__main__":
    sys.exit(main())
