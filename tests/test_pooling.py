"""Quick max pooling against TensorFlow's."""

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.network.pooling import QuickMaxPooling


@pytest.mark.parametrize("size", [(8, 10), (7, 5)])
@pytest.mark.parametrize("levels", [1, 3, 1000])
def test_values_and_gradient_are_tensorflows(size: tuple[int, int], levels: int) -> None:
    """With many maxima that are equal, too; an odd row or column belongs to no maximum."""
    random = np.random.default_rng(levels)
    features = tf.constant(random.integers(0, levels, (2, *size, 3)).astype(np.float32))
    upstream = tf.constant(random.random((2, size[0] // 2, size[1] // 2, 3)).astype(np.float32))

    def both(pool: object) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(features)
            result = pool(features)
        return result, tape.gradient(result, features, upstream)

    for ours, theirs in zip(
        both(QuickMaxPooling()), both(lambda values: tf.nn.max_pool2d(values, 2, 2, "VALID")), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
