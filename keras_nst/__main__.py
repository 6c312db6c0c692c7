"""The doors: python -m keras_nst shows them."""

import sys
from collections.abc import Sequence

import keras_nst
from keras_nst.settings.lines import one_line

COMMANDS = """\
Neural style transfer in TensorFlow and Keras.

  python -m keras_nst.run --content=photo.jpg --style=painting.jpg
      Makes a picture; also as keras-nst. A first one: --flagfile=configs/starry.cfg
  python -m keras_nst.batch --contents=photos --styles=paintings --workdir=album
      Makes many: every combination, tables of pairs, sweeps over settings; here or on a cluster.
  python -m keras_nst.studio
      The same in the browser, on this machine alone: pictures seen while they are made, a queue, a gallery.
  python -m keras_nst.evaluate --content=photo.jpg --style=painting.jpg result.png
      Tells how good pictures are.
  python -m keras_nst.report runs/FOLDER
      Writes a page on a run, or on a batch, which needs nothing else. New ones have it already.
  python -m keras_nst.explore --content=photo.jpg --style=painting.jpg
      Shows what the network's layers see in your pictures: what they keep, what excites them, what style is to them.
  python -m keras_nst.train --style=painting.jpg --contents=photos
      Trains a network that paints any photograph in a style, in one pass.
  python -m keras_nst.apply --model=models/painting --contents=photos
      Paints photographs with it, of any size; python -m keras_nst.export writes it for other programs.
  python -m keras_nst.video --content=film.mp4 --style=painting.jpg
      Paints a film, so that it does not flicker.
  python -m keras_nst.volume --content=stack.npy --style=painting.jpg
      Paints a stack of slices along all three axes at once; not for diagnosis.
  python -m keras_nst.sound --content=sample:arpeggio --style=sample:rain
      Makes a sound, or other series, in the manner of another.
  python -m keras_nst.system.weights
      Fetches the network's weights, which the first run does otherwise.

Each tells its flags with --help.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Shows the commands; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if argv == ["--version"]:
        print(f"keras_nst {keras_nst.__version__}")
        return 0
    if argv and argv[0] not in ("--help", "-help", "-h", "help"):
        expected = "Expected a command, as in python -m keras_nst.run --content=a.jpg --style=b.jpg"
        print(f"keras_nst: {expected}. Received: {one_line(argv[0])}", file=sys.stderr)
        return 2
    print(COMMANDS, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
