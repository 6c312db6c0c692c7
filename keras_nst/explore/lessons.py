"""The lessons: the pictures and sheets of each, and the text that explains them."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from PIL import Image

from keras_nst.explore import reconstructions as rebuilt
from keras_nst.explore import statistics
from keras_nst.explore.channels import channel_sheet
from keras_nst.explore.paintings import Painting
from keras_nst.explore.settings import Exploration
from keras_nst.explore.study import Study

Draw = Callable[[Study], Image.Image]


class Lesson(NamedTuple):
    """One lesson."""

    title: str
    words: Sequence[str]  # paragraphs
    formula: str
    paintings: Callable[[Exploration], list[Painting]]  # the pictures that it needs
    sheets: Callable[[Exploration], Mapping[str, Draw]]  # by name


def one(name: str, draw: Draw) -> Callable[[Exploration], Mapping[str, Draw]]:
    """Returns the sheets of a lesson that has one."""
    return lambda settings: {name: draw}


def of_channels(settings: Exploration) -> Mapping[str, Draw]:
    """Returns the channels' lesson: a sheet for each layer."""
    return {f"channels-{layer}": functools.partial(channel_sheet, layer=layer) for layer in settings.layers}


def of_result(settings: Exploration) -> list[Painting]:
    """Returns the one painting that the style's lessons analyze."""
    return [statistics.of_result(settings.size)]


LESSONS = {
    "content": Lesson(
        "What each layer keeps of the content",
        (
            "Each picture started as noise and was optimized until one layer saw in it what it sees in the content. "
            "Whatever that layer does not distinguish stayed random. So the picture shows what the layer knows.",
            "Shallow layers know nearly every pixel. Deeper ones know which things are where, but no longer their "
            "exact colors, edges and textures. That is why style transfer takes its content from a deep layer: it "
            "leaves room for the style.",
        ),
        "J(x) = ∑ (F − P)² over the positions and channels of one layer; F are the features of the picture x, P those "
        "of the content",
        rebuilt.of_content,
        one("content", rebuilt.content_sheet),
    ),
    "style": Lesson(
        "What more and more layers keep of the style",
        (
            "Here the noise was optimized until Gram matrices agreed: those of the first layer, then of the first "
            "two, and so on. A Gram matrix records how strongly channels respond together, but not where. So nothing "
            "is in its place, and yet the style is there.",
            "The first layer alone gives blots of color. Each further one adds larger shapes: strokes, then curls "
            "and whole motifs. That is why style transfer takes its style from several layers.",
        ),
        "J(x) = ∑ over layers |G − G_style|² / |G_style|², with G = F Fᵀ / M the Gram matrix of x, G_style that of the "
        "style, and M positions",
        rebuilt.of_style,
        one("style", rebuilt.style_sheet),
    ),
    "grid": Lesson(
        "Content against style",
        (
            "From top to bottom, the style is taken from more and more layers. From left to right, the content "
            "weighs more. Few layers give only colors and blots; with many, large strokes follow the shapes of the "
            "content. At the left there is little but style, at the right every shape of the content is there. Where "
            "in between is a matter of taste.",
        ),
        "J(x) = alpha J_content + beta J_style; above each column stand the weights alpha and beta",
        rebuilt.of_grid,
        one("grid", rebuilt.grid_sheet),
    ),
    "channels": Lesson(
        "What single channels respond to",
        (
            "A layer has 64 to 512 channels, and each responds to something different. The sheet shows those that the "
            "content excites most: where in the content they respond, and which parts of your pictures excite them "
            "most. Each part is all that one position of the layer sees. The last picture was made from noise to "
            "excite the channel as much as possible.",
            "Shallow channels respond to colors and edges, those in the middle to textures, deep ones to parts of "
            "things. Real patches show what a channel is used for here. The made picture shows what it looks for "
            "when nothing else is in the way. The two may differ: a channel may respond to several things.",
        ),
        "maximize (1 / M) ∑ F[position, channel] over the waves of the picture, while it is shifted, turned and scaled "
        "at random",
        lambda settings: [],
        of_channels,
    ),
    "grams": Lesson(
        "Gram matrices",
        (
            "Each square is a layer's Gram matrix: rows and columns are channels, and the color shows how strongly "
            "two of them respond at the same places. The sheet has the channels that are strongest in the style, in "
            "the same order and with the same colors for all three pictures of a row. The bright diagonal is the "
            "strength of each channel alone.",
            "The content has another pattern than the style. The result's pattern is the style's, or nearly: that is "
            "what it means to have its style. The numbers are distances from the style, whose own is 0.",
        ),
        "G[c, d] = (1 / M) ∑ F[position, c] F[position, d]",
        of_result,
        one("grams", statistics.grams_sheet),
    ),
    "blame": Lesson(
        "Where the style loss sits",
        (
            "The style loss of a layer is one number. Here it is divided among the positions of the picture, so that "
            "the shares add up to it. Red places have too much of what the picture has too much of, or lack what it "
            "lacks: they raise the loss. Blue places lower it. Before is the content, after is the result, in the "
            "same colors. Where nearly all is red, all of the picture lacks something.",
        ),
        "|G − G_style|² = (1 / M) ∑ (fᵀ D f − ⟨D, G_style⟩) over positions, with f the features at one and "
        "D = G − G_style; divided by |G_style|²",
        of_result,
        one("blame", statistics.blame_sheet),
    ),
    "networks": Lesson(
        "VGG16 and VGG19",
        (
            "The same reconstructions by both networks. They are built alike, except for one more convolution in "
            "each of the last three blocks of VGG19, and were trained on the same photographs. So shallow layers see "
            "nearly the same, and the deepest differ most. They differ more if VGG16 has torchvision's weights, "
            "which come from a separate training.",
        ),
        "as above",
        rebuilt.of_networks,
        one("networks", rebuilt.networks_sheet),
    ),
}
