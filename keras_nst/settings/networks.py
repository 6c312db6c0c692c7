"""Facts about the VGG networks, known before Keras is imported: layers, receptive fields, names."""

import re
from typing import NamedTuple

from keras_nst.settings.kinds import nearest, shortest

# The number of convolutions in each block, and of their output channels; block 0 is the picture.
CONVOLUTIONS = {"vgg19": (2, 2, 4, 4, 4), "vgg16": (2, 2, 3, 3, 3)}
CHANNELS = (3, 64, 128, 256, 512, 512)
BLOCKS = len(CHANNELS) - 1
SMALLEST_SIDE = 16  # pixels; after four poolings one position is left


class Layer(NamedTuple):
    """A layer and its weight; None leaves the weight to the normalization."""

    name: str
    weight: float | None = None

    def __str__(self) -> str:
        return self.name if self.weight is None else f"{self.name}:{shortest(self.weight)}"


def layer_names(network: str) -> list[str]:
    """Returns the names of the network's convolutions, first to last."""
    blocks = enumerate(CONVOLUTIONS[network], start=1)
    return [f"block{block}_conv{number}" for block, count in blocks for number in range(1, count + 1)]


def hint(network: str, layer: str) -> str:
    """Returns what may be meant by a layer's name that the network does not have, such as the papers' conv4_2."""
    known, papers = layer_names(network), re.fullmatch(r"conv(\d)_?(\d)", layer)
    meant = f"block{papers[1]}_conv{papers[2]}" if papers else layer
    return f" Did you mean {meant}?" if meant in known else nearest(meant, known) or f" Known: {', '.join(known)}."


def place_of(layer: str) -> tuple[int, int]:
    """Returns the number of the layer's block, and its number in the block."""
    block, number = re.findall(r"\d+", layer)
    return int(block), int(number)


def in_plain_words(layer: str) -> str:
    """Returns the layer's name for readers: block 3, layer 1."""
    return "block {}, layer {}".format(*place_of(layer))


def block_of(layer: str) -> int:
    """Returns the number of the layer's block."""
    return place_of(layer)[0]


def stride(layer: str) -> int:
    """Returns the distance between the layer's positions, in pixels."""
    return 2 ** (block_of(layer) - 1)


def reach(network: str, layer: str) -> int:
    """Returns how many pixels beyond its own a position of the layer sees: each 3 x 3 convolution adds its stride."""
    block, number = place_of(layer)
    counts = (*CONVOLUTIONS[network][: block - 1], number)
    return sum(count * 2**index for index, count in enumerate(counts))
