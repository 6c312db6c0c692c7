"""A trained network for other programs: one file or folder that turns photographs into pictures.

Input `photograph`, output `picture`: (1, h, w, 3), RGB in [0, 1], of any size, in float32.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from keras_nst.networks.painter import SHRUNK
from keras_nst.networks.trained import Trained
from keras_nst.system.files import written_whole

PHOTOGRAPH = tf.TensorSpec([1, None, None, 3], tf.float32, name="photograph")
OPSET = 17  # of ONNX


class Exported(tf.Module):
    """The network with fixed shares of its styles, from a photograph of any size to a picture within [0, 1]."""

    def __init__(self, trained: Trained, shares: Sequence[float]):
        super().__init__()
        self.network, self.shares = trained.network, tuple(shares)

    @tf.function(input_signature=[PHOTOGRAPH], autograph=False)
    def paint(self, photograph: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the picture."""
        height, width = tf.shape(photograph)[1], tf.shape(photograph)[2]
        framed = tf.gather(photograph, _places(height), axis=1)
        shares = tf.constant([self.shares], tf.float32)  # created here, to become a part of the program
        made = self.network([tf.gather(framed, _places(width), axis=2), shares])
        return {"picture": tf.clip_by_value(made[:, :height, :width], 0.0, 1.0)}


def _places(side: tf.Tensor) -> tf.Tensor:
    """Returns the rows or columns that the network sees: all of them, then some of the last ones mirrored."""
    places = tf.range(side + (SHRUNK - side % SHRUNK) % SHRUNK)
    return tf.where(places < side, places, 2 * (side - 1) - places)


def to_saved_model(network: Exported, path: Path) -> None:
    """Writes TensorFlow's own format, a folder."""
    partial = path.with_name(f".{path.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        tf.saved_model.save(network, str(partial), signatures=network.paint)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def to_onnx(network: Exported, path: Path) -> None:
    """Writes an ONNX file."""
    import tf2onnx

    model, _ = tf2onnx.convert.from_function(network.paint, input_signature=[PHOTOGRAPH], opset=OPSET)
    with written_whole(path) as file:
        file.write(model.SerializeToString())


def to_litert(network: Exported, path: Path) -> None:
    """Writes LiteRT (formerly TensorFlow Lite), with its own operations only."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    whole = convert_variables_to_constants_v2(network.paint.get_concrete_function())
    model = tf.lite.TFLiteConverter.from_concrete_functions([whole]).convert()
    with written_whole(path) as file:
        file.write(model)


FORMATS = {"onnx": to_onnx, "litert": to_litert, "saved_model": to_saved_model}
