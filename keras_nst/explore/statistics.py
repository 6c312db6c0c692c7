"""The style statistics of a layer: Gram matrices as maps, and the positions of the style loss."""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from keras_nst.explore.paintings import Painting
from keras_nst.explore.reconstructions import CELL, FONT, GAP, HEAD
from keras_nst.explore.study import Study
from keras_nst.pictures.drawing import AROUND_ZERO, RISING, Look, below, colored, grid, legend, tinted
from keras_nst.settings.networks import in_plain_words

if TYPE_CHECKING:
    import tensorflow as tf

SHOWN = 32  # channels of a Gram matrix
RESULT = "result"


def of_result(study_size: int) -> Painting:
    """Returns the transfer that is analyzed, with the program's defaults."""
    return Painting(RESULT, ("content", "style"), study_size, {})


def looked_at(study: Study) -> dict[str, np.ndarray]:
    """Returns the pictures that are compared: the style at the size that the result was compared with."""
    result = study.painted(of_result(study.settings.size))
    return {"content": study.source("content"), "style": study.source("style"), RESULT: result}


def grams_sheet(study: Study) -> Image.Image:
    """Returns a sheet of the Gram matrices of content, style and result, layer by layer."""
    matrices = {name: grams(study.seen(picture)) for name, picture in looked_at(study).items()}
    cells: dict[tuple[str, str], Image.Image] = {}
    rows: list[str] = []
    for layer in study.settings.layers:
        of_layer = {name: of[layer] for name, of in matrices.items()}
        target = of_layer["style"]
        shown = np.sort(np.argsort(-np.diag(target), kind="stable")[:SHOWN])
        high = max(float(of[np.ix_(shown, shown)].max()) for of in of_layer.values())
        away = {name: relative_distance(of, target) for name, of in of_layer.items()}
        row = f"{in_plain_words(layer)}, {len(target)} channels, brightest {high:,.0f}"
        rows.append(f"{row}. Distance to the style: content {away['content']:.2f}, {RESULT} {away[RESULT]:.2f}")
        for name, of in of_layer.items():
            cells[rows[-1], name] = colored(np.sqrt(of[np.ix_(shown, shown)]), 0.0, high**0.5)
    sheet = grid(cells, rows, list(matrices), Look(CELL, CELL, HEAD, FONT, GAP, enlarge=True))
    return below(sheet, legend(CELL, ("0", "a quarter", "brightest"), RISING))


def blame_sheet(study: Study) -> Image.Image:
    """Returns a sheet with the positions of each layer's style loss, before and after the transfer."""
    pictures, columns = looked_at(study), ("before: the content", "after: the result")
    seen = {name: study.seen(picture) for name, picture in pictures.items()}
    cells: dict[tuple[str, str], Image.Image] = {}
    rows: list[str] = []
    for layer in study.settings.layers:
        maps = {name: blamed(seen[name][layer], seen["style"][layer]) for name in ("content", RESULT)}
        high = float(np.abs(maps["content"]).max())
        sums = [float(of.sum()) for of in maps.values()]
        rows.append(f"{in_plain_words(layer)}: style loss of the content {sums[0]:.2f}, of the result {sums[1]:.2f}")
        for name, column in zip(maps, columns, strict=True):
            cells[rows[-1], column] = tinted(pictures[name], maps[name], high)
    tallest = max(image.height * CELL / image.width for image in cells.values())
    look = Look(round(1.4 * CELL), round(1.4 * min(CELL, tallest)), HEAD, FONT, GAP, enlarge=True)
    words = ("lowers the loss", "no share", "raises the loss")
    return below(grid(cells, rows, columns, look), legend(look.width, words, AROUND_ZERO))


def grams(seen: "dict[str, tf.Tensor]") -> dict[str, np.ndarray]:
    """Returns the Gram matrix of each layer: (c, c)."""
    from keras_nst.core.objective.moments import gram, moments

    return {layer: gram(moments(features)).numpy()[0, 0] for layer, features in seen.items()}


def blamed(features: "tf.Tensor", style: "tf.Tensor") -> np.ndarray:
    """Returns the share of each position in the style loss of a layer: (h, w)."""
    from keras_nst.core.objective.moments import moments
    from keras_nst.explore.blame import blame

    return blame(features, moments(style)).numpy()[0]


def relative_distance(gram: np.ndarray, target: np.ndarray) -> float:
    """Returns |G - A|^2 / |A|^2, the style loss of a layer."""
    return float(np.square(gram - target).sum() / np.square(target).sum())
