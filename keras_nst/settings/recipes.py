"""The defaults that come with a normalization and with an optimizer."""

from typing import NamedTuple

from keras_nst.settings.networks import BLOCKS, Layer

GRAM, W2 = (("gram", 1.0),), (("w2", 1.0),)
STYLE_LAYERS = tuple(Layer(f"block{block}_conv1") for block in range(1, BLOCKS + 1))
# A third of the weight from block to block: the first blocks see colors and strokes, the last ones large shapes.
FALLING = tuple(layer._replace(weight=3.0 ** (BLOCKS - block)) for block, layer in enumerate(STYLE_LAYERS, start=1))


class Recipe(NamedTuple):
    """The defaults of a normalization."""

    content_weight: float
    style_weight: float
    variation_weight: float
    style_fit: str
    variation: str = "squared"
    roughness_weight: float = 0.0
    style_loss: tuple[tuple[str, float], ...] = GRAM
    style_layers: tuple[Layer, ...] = STYLE_LAYERS
    padding: str = "zero"
    average: float = 0.0
    coarse_content: float = 1.0
    rim: int = 0


RECIPES = {
    "balanced": Recipe(0.3, 5.7, 0.006, "aspect", "chroma", 0.0, W2, FALLING, "replicate", 0.8, 0.5, 2),
    "gatys": Recipe(1.0, 1000.0, 0.0, "squash"),
    "keras": Recipe(2.5e-8, 1e-6, 1e-6, "squash"),
    "tensorflow": Recipe(1e4, 1e-2, 30.0, "aspect"),
    "d2l": Recipe(1.0, 1e4, 10.0, "squash"),
}
LEARNING_RATES = {"adam": 0.03, "sgd": 100.0}
OPTIMIZERS = (*LEARNING_RATES, "lbfgs")
# The settings of a run that define its objective, for trained networks as well.
OBJECTIVE = (
    "normalization",
    "content_weight",
    "style_weight",
    "variation",
    "variation_weight",
    "roughness_weight",
    "style_strength",
    "style_loss",
    "content_loss",
    "content_layers",
    "style_layers",
    "padding",
    "rim",
    "network",
)
