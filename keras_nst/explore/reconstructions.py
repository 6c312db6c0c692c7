"""Reconstructs pictures from layers: everything that a layer does not see is left to chance."""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from keras_nst.explore.paintings import Painting
from keras_nst.explore.settings import Exploration
from keras_nst.explore.study import Study
from keras_nst.pictures.drawing import Look, as_image, grid
from keras_nst.settings.networks import CONVOLUTIONS, Layer, in_plain_words

SMOOTH = 0.01  # weight of the variation; where the layers say nothing, neighbors are alike
# From noise, at one size, with almost no prior on pictures besides the layers: just enough against pixel noise.
ALONE = {
    "init": "noise",
    "scales": 1,
    "optimizer": "lbfgs",
    "variation": "squared",
    "variation_weight": SMOOTH,
    "style_loss": (("gram", 1.0),),
}
RATIOS = (10.0, 1.0, 0.1, 0.01)  # alpha / beta
IN_GRID, SMALL = 2 / 3, 96  # of other pictures' size, since there are many; pixels: smaller pictures stay so
CELL, FONT, HEAD, GAP = 260, 16, 24, 6


def of_content(settings: Exploration, network: str | None = None) -> list[Painting]:
    """Returns the paintings that match the content in one layer each."""
    own = by(network, settings)
    return [
        Painting(
            f"content-{own['network']}-{layer}",
            ("content",),
            settings.size,
            own | {"content_layers": (Layer(layer),), "content_weight": 1.0, "style_weight": 0.0},
        )
        for layer in settings.layers
    ]


def of_style(settings: Exploration, network: str | None = None) -> list[Painting]:
    """Returns the paintings that match the style in the first layer, the first two, ..."""
    own = by(network, settings)
    return [
        Painting(
            f"style-{own['network']}-{layers[-1]}",
            ("style",),
            settings.size,
            own | {"style_layers": alike(layers), "content_weight": 0.0, "style_weight": 1.0},
        )
        for layers in first_ones(settings.layers)
    ]


def of_grid(settings: Exploration) -> list[Painting]:
    """Returns the paintings between content and style, row by row: deeper layers downwards, more style to the left."""
    longest = settings.size if settings.size < SMALL else round(settings.size * IN_GRID)
    return [
        Painting(
            f"grid-{layers[-1]}-{ratio:g}",
            ("content", "style"),
            longest,
            by(None, settings) | {"style_layers": alike(layers)} | weights_of(ratio),
        )
        for layers in first_ones(settings.layers)
        for ratio in reversed(RATIOS)
    ]


def weights_of(ratio: float) -> dict[str, float]:
    """Returns weights of content and style with this ratio and the sum 1: so the variation counts equally."""
    return {"content_weight": ratio / (1.0 + ratio), "style_weight": 1.0 / (1.0 + ratio)}


def by(network: str | None, settings: Exploration) -> dict[str, Any]:
    """Returns the settings that all paintings share."""
    return ALONE | {"network": network or settings.network, "steps": (settings.steps,)}


def first_ones(layers: Sequence[str]) -> list[Sequence[str]]:
    """Returns the first layer, the first two, ... all."""
    return [layers[: number + 1] for number in range(len(layers))]


def alike(layers: Sequence[str]) -> tuple[Layer, ...]:
    """Returns layers with equal weights."""
    return tuple(Layer(name, 1.0) for name in layers)


# --- Sheets ---


def content_sheet(study: Study) -> Image.Image:
    """Returns a sheet of the content and what each layer keeps of it."""
    heads = ["the content", *map(in_plain_words, study.settings.layers)]
    made = map(study.painted, of_content(study.settings))
    row = "First the content, then what one layer alone keeps of it"
    return row_by_row(heads, {row: [study.source("content"), *made]})


def style_sheet(study: Study) -> Image.Image:
    """Returns a sheet of the style and what the statistics of more and more layers keep of it."""
    heads = ["the style", *up_to(study.settings.layers)]
    made = map(study.painted, of_style(study.settings))
    row = "First the style, then what the Gram matrices of these layers keep of it"
    return row_by_row(heads, {row: [study.source("style"), *made]})


def grid_sheet(study: Study) -> Image.Image:
    """Returns a sheet of pictures between content and style: figure 3 of Gatys et al."""
    rows = [f"style: {name}" for name in up_to(study.settings.layers)]
    columns = [in_proportion(ratio) for ratio in reversed(RATIOS)]
    made = list(map(study.painted, of_grid(study.settings)))
    across = len(columns)
    return row_by_row(columns, {row: made[number * across : (number + 1) * across] for number, row in enumerate(rows)})


def in_proportion(ratio: float) -> str:
    """Returns a ratio of the weights of content and style as two numbers, the smaller of which is 1."""
    return f"content {max(ratio, 1.0):g} : style {max(1.0 / ratio, 1.0):g}"


def networks_sheet(study: Study) -> Image.Image:
    """Returns a sheet of content and style reconstructed by both networks."""
    rows = {}
    for network in CONVOLUTIONS:
        content, style = (map(study.painted, of(study.settings, network)) for of in (of_content, of_style))
        rows[f"content, from this layer of {network.upper()} alone"] = list(content)
        rows[f"style, from the layers of {network.upper()} up to this one"] = list(style)
    return row_by_row(list(map(in_plain_words, study.settings.layers)), dict(sorted(rows.items())))


def of_networks(settings: Exploration) -> list[Painting]:
    """Returns the paintings that compare the networks."""
    return [painting for network in CONVOLUTIONS for of in (of_content, of_style) for painting in of(settings, network)]


def up_to(layers: Sequence[str]) -> list[str]:
    """Returns labels for the first layer, the first two, ..."""
    first, *further = map(in_plain_words, layers)
    return [first, *(f"up to {layer}" for layer in further)]


def row_by_row(heads: Sequence[str], rows: dict[str, list[Any]]) -> Image.Image:
    """Returns a sheet of pictures (h, w, 3), row by row."""
    cells = {
        (row, head): as_image(pixels)
        for row, pictures in rows.items()
        for head, pixels in zip(heads, pictures, strict=True)
    }
    tallest = max(image.height * CELL / image.width for image in cells.values())
    height = min(CELL, round(tallest))
    return grid(cells, list(rows), heads, Look(CELL, height, HEAD, FONT, GAP, enlarge=True))
