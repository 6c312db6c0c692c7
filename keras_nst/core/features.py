"""The network as a function from a picture to its features. VGG's BGR order and means exist in this file only."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import keras
import tensorflow as tf

from keras_nst.core.convolution import Convolution

NETWORKS = {"vgg19": keras.applications.VGG19, "vgg16": keras.applications.VGG16}
MEANS_BGR = (103.939, 116.779, 123.68)  # of ImageNet, in 0..255

# Averages are smaller than maxima. This keeps the root mean square of the activations behind each pool: the geometric
# mean over six photographs and paintings of 256 and 512 pixels through VGG19.
AVERAGE_POOLING_GAINS = {
    "block1_pool": 1.18,
    "block2_pool": 1.65,
    "block3_pool": 1.33,
    "block4_pool": 1.91,
    "block5_pool": 1.72,
}

# One pixel wide, the border's pixel repeated is the same as the picture mirrored with it.
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

    The network is cut after the deepest layer named. `weights` are a file, another extractor, which reaches as far, or
    the seed of random ones. `padding` is what it sees beyond the border: zero, replicate or reflect before its first
    layer, wrap before each.
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
    """Returns the same network with weights of its own on a device."""

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
    """Yields the network's own convolutions and poolings, as far as the extractor has them."""
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
        with warnings.catch_warnings():  # about what else is in the file: one line of ours says what matters
            warnings.simplefilter("ignore")
            vgg.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"Expected weights of {vgg.name} without its top. Received: {path}, {reason}") from None


def _draw_weights(vgg: keras.Model, seed: int) -> None:
    """He's initialization keeps the features' magnitude from layer to layer, so that random networks behave."""
    for offset, layer in enumerate(layer for layer in vgg.layers if layer.weights):
        kernel, bias = layer.weights
        kernel.assign(keras.initializers.HeNormal(seed=seed + offset)(kernel.shape))
        bias.assign(tf.zeros(bias.shape))


def _preprocessed(picture: keras.KerasTensor, padding: str, precision: str) -> keras.KerasTensor:
    """RGB in [0, 1] to BGR in 0..255 minus the means, with a frame of the picture's own pixels if so set."""
    bgr = keras.ops.flip(picture, axis=-1)
    offset = [-mean for mean in MEANS_BGR]
    centered = keras.layers.Rescaling(255.0, offset=offset, dtype=_exact(precision))(bgr)
    if padding in FRAMES:
        centered = keras.ops.pad(centered, [[0, 0], [1, 1], [1, 1], [0, 0]], mode=FRAMES[padding])
    return keras.ops.cast(centered, precision)


def _exact(precision: str) -> str:
    """The precision of pixels, which bfloat16 is too coarse for."""
    return "float32" if precision == "bfloat16" else precision


def _rebuilt(
    layer: keras.layers.Layer, features: keras.KerasTensor, pooling: str, border: str, precision: str
) -> keras.KerasTensor:
    """Applies a copy of the network's layer with our pooling, border and precision and its weights."""
    if isinstance(layer, keras.layers.MaxPooling2D):
        if pooling == "max":
            return keras.layers.MaxPooling2D(2, name=layer.name, dtype=precision)(features)
        averaged = keras.layers.AveragePooling2D(2, name=layer.name, dtype=precision)(features)
        return averaged if pooling == "average_unscaled" else averaged * AVERAGE_POOLING_GAINS[layer.name]
    # Zeros, since its weights are set below: to draw millions of them takes its time.
    own = {"dtype": precision, "kernel_initializer": "zeros", "padding": "same"}
    copy = Convolution.from_config(layer.get_config() | own)
    copy.border = border
    if border == "none":
        copy.padding = "valid"  # its shape follows from that
    result = copy(features)
    copy.set_weights(layer.get_weights())
    return result
