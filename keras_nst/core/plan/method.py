"""What the algorithm is told, in small records: each function takes the one it needs."""

from typing import Any, NamedTuple

from keras_nst.core.plan.pyramid import Scale, Steps
from keras_nst.settings.networks import Layer

Weight = float | tuple[float, ...]  # one, or one for each of several pictures


class Objective(NamedTuple):
    """What is minimized: J = sum of the terms, each times its weight."""

    weights: tuple[tuple[str, Weight], ...]  # of the terms that have a part in it, by name
    content_layers: tuple[Layer, ...] = ()
    style_layers: tuple[Layer, ...] = ()
    normalization: str = "balanced"  # whose definitions of the terms: see core/objective/definitions.py
    distances: tuple[tuple[str, float], ...] = (("gram", 1.0),)  # what is style, and its share; of moments
    map_distances: tuple[tuple[str, float], ...] = ()  # the same, of whole feature maps
    normalized_content: bool = False  # each channel of the content's features with mean 0 and variance 1
    variation: str = "squared"  # differences of neighbors; or "absolute", or "chroma": of color alone, squared
    by_products: bool = False  # roots of matrices, which suits XLA; else by eigenvalues
    more_terms: tuple[tuple[str, Any], ...] = ()  # a caller's own `Term`s, by name

    def weight(self, term: str) -> Weight:
        """Returns the weight of a term; 0 where it has no part."""
        return dict(self.weights).get(term, 0.0)

    def of(self, index: int) -> "Objective":
        """Returns the objective of one of several pictures."""
        own = ((name, weight[index] if isinstance(weight, tuple) else weight) for name, weight in self.weights)
        return self._replace(weights=tuple(own))

    def weighted(self, **weights: Weight) -> "Objective":
        """Returns the objective with other weights; one of 0 leaves its term out."""
        changed = dict(self.weights) | weights
        kept = tuple((name, weight) for name, weight in changed.items() if weight)
        content = self.content_layers if changed.get("content") else ()
        style = self.style_layers if changed.get("style") else ()
        return self._replace(weights=kept, content_layers=content, style_layers=style)


class Movement(NamedTuple):
    """What moves the picture, and how fast."""

    optimizer: str
    learning_rate: float | None  # None: it has none
    decay_rate: float
    decay_steps: int | None  # None: a third of a scale
    decay_staircase: bool
    beta_1: float
    beta_2: float
    epsilon: float
    max_step: float
    average: float
    history: int


class Seeing(NamedTuple):
    """How the network is shown pictures."""

    network: str
    evaluator: str = "whole"  # or "tiles", or "onepass": by tiles, each once a step
    tile_size: int | None = None
    convolution: str = "direct"  # or "winograd", or "auto": at each scale that repays its compilation
    compiled: bool = False  # by XLA
    seamless: bool = False  # borders meet
    mask_reach: str = "simple"
    style_fit: str = "aspect"
    style_pixels: str = "enlarged"  # or "own", or "between": of a style picture smaller than the result


class Start(NamedTuple):
    """The first picture, where none is given."""

    source: str  # content, style, noise, blend or instant; else the content, or noise where there is none
    noise: float  # the share of it in blend
    seed: int
    strength: float = 1.0  # of the style in instant


class Method(NamedTuple):
    """All of it."""

    objective: Objective
    movement: Movement
    seeing: Seeing
    start: Start
    steps: Steps
    scales: int | None  # None: from about 128 pixels on
    settle: float  # a scale ends once its loss falls by less than this share in about 15 steps
    strength: float | None  # of the style, in place of the weights of content and style
    coarse_content: float = 1.0  # the content's weight at the first of several scales, as a share of that at the others

    def at(self, scale: Scale) -> "Method":
        """Returns the method of a scale."""
        weight = self.objective.weight("content")
        if self.coarse_content == 1.0 or not (scale.coarse and weight):
            return self
        of_each = weight if isinstance(weight, tuple) else (weight,)
        less = tuple(self.coarse_content * of for of in of_each)
        return self._replace(objective=self.objective.weighted(content=less if len(less) > 1 else less[0]))
