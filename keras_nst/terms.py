"""What settings are made of besides numbers and names: layers of a network, sizes of a picture."""

import re
from typing import NamedTuple

from keras_nst.kinds import Kind, number, several, shortest

# How many convolutions each block of a network has, so that layer names are known before Keras is imported.
CONVOLUTIONS = {"vgg19": (2, 2, 4, 4, 4), "vgg16": (2, 2, 3, 3, 3)}
SMALLEST_SIDE = 16  # pixels; four poolings leave one position of it


class Layer(NamedTuple):
    """A layer of the network and its weight; None leaves the weight to the normalization."""

    name: str
    weight: float | None = None

    def __str__(self) -> str:
        return self.name if self.weight is None else f"{self.name}:{shortest(self.weight)}"


def layers() -> Kind:
    """Returns the kind of a list of layers, each NAME or NAME:WEIGHT."""
    weight = number()

    def parse(written: str) -> Layer:
        name, colon, share = written.partition(":")
        return Layer(name, weight.parse(share) if colon else None)

    def check(layer: Layer) -> None:
        if layer.weight is not None:
            weight.check(layer.weight)

    return several(Kind("LAYER", parse, check), "LAYER[:WEIGHT],...")


def parse_size(written: str) -> int | tuple[int, int] | None:
    """Reads --size: the longer side, (width, height), or None for the content's own size."""
    if written == "original":
        return None
    match = re.fullmatch(r"(\d{1,6})(?:x(\d{1,6}))?", written)
    if not match:
        raise ValueError(f'Expected a number of pixels, WIDTHxHEIGHT or "original". Received: {written}')
    sides = [int(side) for side in match.groups() if side]
    if min(sides) < SMALLEST_SIDE:
        raise ValueError(f"Expected at least {SMALLEST_SIDE} pixels a side. Received: {written}")
    return (sides[0], sides[1]) if len(sides) == 2 else sides[0]


def layer_names(network: str) -> list[str]:
    """Returns the names of the network's convolutions, first to last."""
    blocks = enumerate(CONVOLUTIONS[network], start=1)
    return [f"block{block}_conv{conv}" for block, count in blocks for conv in range(1, count + 1)]
