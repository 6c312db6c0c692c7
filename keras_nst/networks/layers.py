"""What the networks that paint are built of. Keras alone, so that they may be trained by any of its backends."""

import keras


@keras.saving.register_keras_serializable("keras_nst")
class Mirrored(keras.layers.Conv2D):
    """A convolution of stride 1 that sees the picture mirrored beyond its border: no frame, and the size stays."""

    def __init__(self, filters: int, kernel_size: int = 3, **settings: object):
        super().__init__(filters, kernel_size, **settings)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Returns features (n, h, w, filters) of features (n, h, w, c)."""
        rows, columns = (size // 2 for size in self.kernel_size)
        padded = keras.ops.pad(inputs, [[0, 0], [rows, rows], [columns, columns], [0, 0]], mode="reflect")
        return super().call(padded)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns that of the inputs, with this layer's own channels."""
        return (*input_shape[:-1], self.filters)
