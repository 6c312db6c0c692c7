"""The responses of single channels: their map of the content, the strongest patches, a picture made to excite them."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from keras_nst.core.plan.pyramid import Size, inner_box
from keras_nst.explore.reconstructions import FONT, GAP, HEAD
from keras_nst.explore.study import Study
from keras_nst.pictures.drawing import Look, as_image, below, glowing, grid, legend
from keras_nst.settings.networks import in_plain_words, reach, stride

LOOK = 2  # times the size of painted pictures: evaluating once costs little
PATCHES = 4  # of real pictures
CELL = 200
WHERE, MADE = "where it responds", "made to excite it"
REAL = tuple(f"patch {number} of your pictures" for number in range(1, PATCHES + 1))


class Place(NamedTuple):
    """A position of a layer in one of the pictures, and the channel's response there."""

    picture: str
    row: int
    column: int
    value: float


def channel_sheet(study: Study, layer: str) -> Image.Image:
    """Returns a sheet with a row for each of the layer's strongest channels in the content."""
    pictures = {name: study.source(name, LOOK * study.settings.size) for name in study.asked.pictures}
    with study.session.where():
        features = study.features([layer])
        maps = {name: features(picture[None])[layer].numpy()[0] for name, picture in pictures.items()}
    channels = strongest(maps["content"], study.settings.channels)
    cells: dict[tuple[str, str], Image.Image] = {}
    rows = []
    for channel, made in zip(channels, study.excited(layer, channels), strict=True):
        of_channel = {name: of[..., channel] for name, of in maps.items()}
        places = peaks(of_channel, PATCHES, apart(study.settings.network, layer))
        strongest_of_all = max(of.max() for of in of_channel.values())
        rows.append(f"{in_plain_words(layer)}, channel {channel}: strongest response {strongest_of_all:.0f}")
        cells[rows[-1], WHERE] = glowing(pictures["content"], of_channel["content"], of_channel["content"].max())
        for head, place in zip(REAL, places, strict=False):
            cells[rows[-1], head] = as_image(patch(pictures[place.picture], place, study.settings.network, layer))
        cells[rows[-1], MADE] = as_image(made)
    sheet = grid(cells, rows, [WHERE, *REAL, MADE], Look(CELL, CELL, HEAD, FONT, GAP, enlarge=True))
    return below(sheet, legend(CELL, ("no response", "", "strongest")))


def strongest(features: np.ndarray, count: int) -> list[int]:
    """Returns the channels of features (h, w, c) with the largest mean square, away from the border."""
    rows, columns = inner_box(Size(*features.shape[:2]))
    energies = np.square(features[rows, columns]).mean((0, 1))
    return [int(channel) for channel in np.argsort(-energies, kind="stable")[:count]]


def peaks(maps: dict[str, np.ndarray], count: int, apart: int) -> list[Place]:
    """Returns the positions where maps (h, w) are highest, at least `apart` positions from each other."""
    left = {name: of.copy() for name, of in maps.items()}
    found: list[Place] = []
    while len(found) < count:
        name = max(left, key=lambda each: float(left[each].max()))
        row, column = (int(at) for at in np.unravel_index(left[name].argmax(), left[name].shape))
        value = float(left[name][row, column])
        if not value > 0:  # nothing else excites it
            break
        found.append(Place(name, row, column, value))
        rows, columns = slice(max(0, row - apart + 1), row + apart), slice(max(0, column - apart + 1), column + apart)
        left[name][rows, columns] = -np.inf
    return found


def apart(network: str, layer: str) -> int:
    """Returns the least distance between patches, in positions, at which they overlap by at most half."""
    return max(1, round((reach(network, layer) + stride(layer) / 2) / stride(layer)))


def patch(picture: np.ndarray, place: Place, network: str, layer: str) -> np.ndarray:
    """Returns the patch that a position of a layer sees of a picture; at a border it is shifted inwards."""
    step, beyond = stride(layer), reach(network, layer)
    side = step + 2 * beyond
    h, w, _ = picture.shape
    top, left = (
        min(max(0, at * step - beyond), max(0, longest - side)) for at, longest in ((place.row, h), (place.column, w))
    )
    return picture[top : top + side, left : left + side]
