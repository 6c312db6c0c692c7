"""The door to trained networks in other programs: python -m keras_nst.export --model=... --format=onnx"""

import sys
from collections.abc import Sequence

from keras_nst.applying.exporting import Export, export, prepare
from keras_nst.door import Door, enter, tell
from keras_nst.settings.flags import read_settings

USAGE = ("--model=FOLDER --format=onnx|litert|saved_model [--flag=value ...]",)
ABOUT = "\nWrites a trained network so that other programs can paint with it, without Python or TensorFlow.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the network; returns the exit code."""
    return enter(Door("python -m keras_nst.export", USAGE, Export, {}, work, ABOUT), argv)


def work(argv: Sequence[str]) -> int:
    """Writes the network that the command line names."""
    settings = read_settings(argv, Export, "model")
    return export(prepare(settings), tell)


if __name__ == "__main__":
    sys.exit(main())
