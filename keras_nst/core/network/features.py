"""The network as a function from a picture to its features. Only this file knows the pixel format of VGG networks."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.network.arrays import read_arrays


def wrapped(features: tf.Tensor) -> tf.Tensor:
    """Returns features (n, h, w, c) with a frame, one position wide, taken from the opposite border."""
    tall = tf.concat([features[:, -1:], features, features[:, :1]], axis=1)
    return tf.concat([tall[:, :, -1:], tall, tall[:, :, :1]], axis=2)


class Convolution(keras.layers.Conv2D):
    """Keras' layer with fixed weights. Its gradient by the input is the same convolution with the kernel rotated.

    TensorFlow's own gradient uses memory for nine times its input on a CPU without oneDNN.
    """

    border = "zero"  # zero: pads its input; wrap: with the opposite border; none: its input has a frame

    def set_weights(self, weights: list[np.ndarray]) -> None:
        super().set_weights(weights)
        kernel, bias = (tf.constant(values, self.compute_dtype) for values in weights)
        self.fixed = kernel, bias
        self.turned_kernel = tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2))

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self._convolve(features)

    @tf.custom_gradient
    def _convolve(self, features: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        kernel, bias = self.fixed
        framed = wrapped(features) if self.border == "wrap" else features
        summed = tf.nn.conv2d(framed, kernel, 1, "SAME" if self.border == "zero" else "VALID")
        result = tf.nn.relu(tf.nn.bias_add(summed, bias))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            passed = tf.raw_ops.ReluGrad(gradients=upstream, features=result)
            if self.border == "wrap":
                return tf.nn.conv2d(wrapped(passed), self.turned_kernel, 1, "VALID")
            if self.border == "none":  # its output is smaller by the frame
                passed = tf.pad(passed, [[0, 0], [1, 1], [1, 1], [0, 0]])
            return tf.nn.conv2d(passed, self.turned_kernel, 1, "SAME")

        return result, gradient


NETWORKS = {"vgg19": keras.applications.VGG19, "vgg16": keras.applications.VGG16}
MEANS_BGR = (103.939, 116.779, 123.68)  # of ImageNet, in 0..255
CHECKPOINT = ".ckpt"  # suffix of torchvision's weights, as a pickle of arrays
TORCHVISION_MEAN = (0.485, 0.456, 0.406)  # RGB, in 0..1
TORCHVISION_DEVIATION = (0.229, 0.224, 0.225)

# Averages are smaller than maxima. These gains keep the root mean square of the activations after each pool: the
# geometric mean over six photographs and paintings of 256 and 512 pixels through VGG19.
AVERAGE_POOLING_GAINS = {
    "block1_pool": 1.18,
    "block2_pool": 1.65,
    "block3_pool": 1.33,
    "block4_pool": 1.91,
    "block5_pool": 1.72,
}

# One pixel wide, repeating the border's pixel is the same as mirroring the picture including that pixel.
FRAMES = {"replicate": "symmetric", "reflect": "reflect"}

Extractor = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def extractor(
    network: str,
    layers: Iterable[str],
    *,
    weights: Path | keras.Model | int,
    pooling: str = "max",
    padding: str = "zero",
    precision: str = "float32",
) -> keras.Model:
    """Returns a model from pictures (n, h, w, 3), RGB in [0, 1], to {layer: features (n, h', w', c)}.

    The network is cut after the deepest layer named. `weights` are a file, another extractor that reaches as deep, or
    the seed of random ones. `padding` is what the network sees beyond the border: zero, replicate or reflect before its
    first layer, wrap before each.
    """
    wanted = set(layers)
    if isinstance(weights, keras.Model):
        layers_of_network = list(_layers_of(weights))
    else:
        layers_of_network = _network(network, weights).layers[1:]
    picture = keras.Input((None, None, 3), dtype=_exact(precision))
    features = _preprocessed(picture, padding, precision)
    borders = {"block1_conv1": "none"} if padding in FRAMES else {}
    outputs: dict[str, keras.KerasTensor] = {}
    for layer in layers_of_network:
        if wanted == set(outputs):
            break
        border = borders.get(layer.name, "wrap" if padding == "wrap" else "zero")
        features = _rebuilt(layer, features, pooling, border, precision)
        if layer.name in wanted:
            outputs[layer.name] = features
    model = keras.Model(picture, outputs)
    model.trainable = False
    return model


def copied(features: keras.Model, device: str) -> keras.Model:
    """Returns the same network with its own copy of the weights on a device."""

    def copy_of(layer: keras.layers.Layer) -> keras.layers.Layer:
        if not isinstance(layer, Convolution):
            return layer
        copy = type(layer).from_config(layer.get_config())
        copy.border = layer.border
        copy.build((None, None, None, layer.kernel.shape[2]))
        copy.set_weights(layer.get_weights())
        return copy

    with tf.device(device):
        return keras.models.clone_model(features, clone_function=copy_of)


def reaches(features: keras.Model, layers: Iterable[str]) -> bool:
    """Returns whether an extractor has the weights of these layers and of all before them."""
    known = {layer.name for layer in features.layers}
    return all(name in known or name.replace("pool", "conv1") in known for name in layers)


def _layers_of(features: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yields the network's own convolutions and poolings, as deep as the extractor has them."""
    for layer in features.layers:
        if isinstance(layer, Convolution):
            yield layer
        elif layer.name.endswith("_pool"):
            yield keras.layers.MaxPooling2D(2, name=layer.name)


def _network(network: str, weights: Path | int) -> keras.Model:
    vgg = NETWORKS[network](include_top=False, weights=None, input_shape=(None, None, 3))
    if isinstance(weights, int):
        _draw_weights(vgg, weights)
    else:
        _load_weights(vgg, weights)
    return vgg


def _load_weights(vgg: keras.Model, path: Path) -> None:
    try:
        if path.suffix == CHECKPOINT:
            _set_convolutions(vgg, read_arrays(path)[f"{vgg.name.upper()}_0"])
            return
        with warnings.catch_warnings():  # about other contents of the file: our message names what matters
            warnings.simplefilter("ignore")
            vgg.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"Expected weights of {vgg.name} without its top. Received: {path}, {reason}") from None


def _set_convolutions(vgg: keras.Model, published: dict[str, dict[str, np.ndarray]]) -> None:
    """Sets the network's convolutions to torchvision's, the first one adapted to our pixels."""
    given = [(of["kernel"], of["bias"]) for of in (published[f"Conv_{number}"] for number in range(len(published)))]
    layers = [layer for layer in vgg.layers if layer.weights]
    for layer, weights in zip(layers, [_on_our_pixels(*given[0]), *given[1:]], strict=True):
        layer.set_weights(weights)


def _on_our_pixels(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Converts a first convolution from torchvision's pixels, (RGB / 255 - mean) / deviation, to BGR - means.

    Both give the same, except beyond the border: zeros there are the mean color, which differs by half of 1/255.
    """
    deviation = np.array(TORCHVISION_DEVIATION)
    of_our_zero = (np.array(MEANS_BGR[::-1]) / 255 - TORCHVISION_MEAN) / deviation
    folded = kernel / (255 * deviation)[:, None]
    return folded[:, :, ::-1], bias + np.einsum("ijco,c->o", kernel, of_our_zero)


def _draw_weights(vgg: keras.Model, seed: int) -> None:
    """Draws random weights by He's initialization, which keeps the features' magnitude from layer to layer."""
    for offset, layer in enumerate(layer for layer in vgg.layers if layer.weights):
        kernel, bias = layer.weights
        kernel.assign(keras.initializers.HeNormal(seed=seed + offset)(kernel.shape))
        bias.assign(tf.zeros(bias.shape))


def _preprocessed(picture: keras.KerasTensor, padding: str, precision: str) -> keras.KerasTensor:
    """Converts RGB in [0, 1] to BGR in 0..255 minus the means, with a frame of the picture's own pixels if so set."""
    bgr = keras.ops.flip(picture, axis=-1)
    offset = [-mean for mean in MEANS_BGR]
    centered = keras.layers.Rescaling(255.0, offset=offset, dtype=_exact(precision))(bgr)
    if padding in FRAMES:
        centered = keras.ops.pad(centered, [[0, 0], [1, 1], [1, 1], [0, 0]], mode=FRAMES[padding])
    return keras.ops.cast(centered, precision)


def _exact(precision: str) -> str:
    """Returns the precision of pixels, for which bfloat16 is too coarse."""
    return "float32" if precision == "bfloat16" else precision


def _rebuilt(
    layer: keras.layers.Layer, features: keras.KerasTensor, pooling: str, border: str, precision: str
) -> keras.KerasTensor:
    """Applies a copy of the network's layer, with its weights and with our pooling, border and precision."""
    if isinstance(layer, keras.layers.MaxPooling2D):
        if pooling == "max":
            return keras.layers.MaxPooling2D(2, name=layer.name, dtype=precision)(features)
        averaged = keras.layers.AveragePooling2D(2, name=layer.name, dtype=precision)(features)
        return averaged if pooling == "average_unscaled" else averaged * AVERAGE_POOLING_GAINS[layer.name]
    # Zeros, since its weights are set below: drawing millions of them takes time.
    own = {"dtype": precision, "kernel_initializer": "zeros", "padding": "same"}
    copy = Convolution.from_config(layer.get_config() | own)
    copy.border = border
    if border == "none":
        copy.padding = "valid"  # which determines its shape
    result = copy(features)
    copy.set_weights(layer.get_weights())
    return result
