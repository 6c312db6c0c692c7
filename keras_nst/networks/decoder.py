"""A decoder from the features of VGG19 to a picture: its blocks in reverse.

A stage takes features of the first layer of a block to those of the block before, and the last one to a picture. So
the statistics can be changed at each block on the way.
"""

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_nst.networks.painter import Mirrored

# Layer: its channels, and the root mean square of its features over photographs, by which they are divided here.
LAYERS = {
    "block1_conv1": (64, 37.5),
    "block2_conv1": (128, 185.0),
    "block3_conv1": (256, 234.0),
    "block4_conv1": (512, 798.0),
}
CONVOLUTIONS = {"block1_conv1": 1, "block2_conv1": 1, "block3_conv1": 3}  # after the enlargement: as many as in VGG19
DEEPEST = "block4_conv1"


def stages(precision: str = "float32") -> dict[str, keras.Model]:
    """Returns the stages by layer, deepest first; each takes its layer's features to those of the layer before.

    Features are divided by their root mean square; the last stage returns a picture, RGB, nearly in [0, 1].
    """
    names = list(reversed(LAYERS))
    found = {deep: _stage(deep, shallow, precision) for deep, shallow in itertools.pairwise(names)}
    return found | {names[-1]: _last_stage(names[-1], precision)}


def _stage(deep: str, shallow: str, precision: str) -> keras.Model:
    features = keras.Input((None, None, LAYERS[deep][0]))
    channels = LAYERS[shallow][0]
    values = Mirrored(channels, activation="relu", dtype=precision)(features)
    values = keras.layers.UpSampling2D(2, interpolation="nearest", dtype=precision)(values)
    for _ in range(CONVOLUTIONS[shallow]):
        values = Mirrored(channels, activation="relu", dtype=precision)(values)
    return keras.Model(features, values, name=f"from_{deep}")


def _last_stage(shallow: str, precision: str) -> keras.Model:
    features = keras.Input((None, None, LAYERS[shallow][0]))
    return keras.Model(features, Mirrored(3, dtype=precision)(features), name=f"from_{shallow}")


def save(stages: dict[str, keras.Model], path: Path) -> None:
    """Writes the weights with 16 bits per number."""
    arrays: dict[str, Any] = {
        f"{name}/{number}": np.asarray(keras.ops.convert_to_numpy(weight), np.float16)
        for name, stage in stages.items()
        for number, weight in enumerate(stage.weights)
    }
    np.savez_compressed(path, **arrays)


def load(stages: dict[str, keras.Model], path: Path) -> None:
    """Reads weights that `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        for name, stage in stages.items():
            for number, weight in enumerate(stage.weights):
                weight.assign(arrays[f"{name}/{number}"].astype(np.float32))
