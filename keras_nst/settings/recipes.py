"""What a normalization and an optimizer bring along where the user names nothing else."""

from typing import NamedTuple

from keras_nst.settings.networks import BLOCKS, Layer

GRAM, W2 = (("gram", 1.0),), (("w2", 1.0),)


class Recipe(NamedTuple):
    """What a normalization brings along."""

    content_weight: float
    style_weight: float
    variation_weight: float
    style_fit: str
    style_loss: tuple[tuple[str, float], ...] = GRAM
    padding: str = "zero"
    average: float = 0.0


RECIPES = {
    "balanced": Recipe(0.2, 5.8, 0.06, "aspect", W2, "replicate", 0.88),
    "gatys": Recipe(1.0, 1000.0, 0.0, "squash"),
    "keras": Recipe(2.5e-8, 1e-6, 1e-6, "squash"),
    "tensorflow": Recipe(1e4, 1e-2, 30.0, "aspect"),
    "d2l": Recipe(1.0, 1e4, 10.0, "squash"),
}
LEARNING_RATES = {"adam": 0.03, "sgd": 100.0}
OPTIMIZERS = (*LEARNING_RATES, "lbfgs")
STYLE_LAYERS = tuple(Layer(f"block{block}_conv1") for block in range(1, BLOCKS + 1))
