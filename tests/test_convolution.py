"""The frozen convolution against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.network.features import Convolution


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5), ("bfloat16", 0.02)])
@pytest.mark.parametrize("size", [(9, 12), (1, 2)])
def test_values_and_gradient_are_keras_own(dtype: str, tolerance: float, size: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    weights = [random.normal(size=(3, 3, 4, 6)).astype(np.float32), random.normal(size=6).astype(np.float32)]
    features, upstream = (tf.constant(random.normal(size=(2, *size, channels)), dtype) for channels in (4, 6))
    answers = []
    for kind, of in ((Convolution, dtype), (keras.layers.Conv2D, "float64")):
        layer = kind(6, 3, padding="same", activation="relu", dtype=of)
        layer.build((None, *size, 4))
        layer.set_weights(weights)
        seen = tf.cast(features, of)
        with tf.GradientTape() as tape:
            tape.watch(seen)
            result = layer(seen)
        answers.append((result, tape.gradient(result, seen, tf.cast(upstream, of))))
    for ours, expected in zip(*answers, strict=True):
        assert ours.dtype == dtype
        difference = np.linalg.norm(tf.cast(ours, tf.float64) - expected)
        assert 0 < np.linalg.norm(expected) and difference < tolerance * np.linalg.norm(expected)
