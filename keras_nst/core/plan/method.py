"""The options of the algorithm, in small records: each function takes the one it needs."""

from typing import Any, NamedTuple

from keras_nst.core.plan.pyramid import Scale, Steps
from keras_nst.settings.networks import Layer

Weight = float | tuple[float, ...]  # one, or one for each of several pictures


class Objective(NamedTuple):
    """What is minimized: J = sum of the terms, each times its weight."""

    weights: tuple[tuple[str, Weight], ...]  # of the terms that take part, by name
    content_layers: tuple[Layer, ...] = ()
    style_layers: tuple[Layer, ...] = ()
    normalization: str = "balanced"  # which source's definitions of the terms: see core/objective/definitions.py
    distances: tuple[tuple[str, float], ...] = (("gram", 1.0),)  # name and share of each style distance between moments
    map_distances: tuple[tuple[str, float], ...] = ()  # the same, for distances between whole feature maps
    normalized_content: bool = False  # each channel of the content's features with mean 0 and variance 1
    variation: str = "squared"  # differences of neighbors; or "absolute", or "chroma": of color alone, squared
    by_products: bool = False  # takes roots of matrices by products, which suits XLA; else by eigenvalues
    more_terms: tuple[tuple[str, Any], ...] = ()  # a caller's own `Term`s, by name

    def weight(self, term: str) -> Weight:
        """Returns the weight of a term; 0 if it does not take part."""
        return dict(self.weights).get(term, 0.0)

    def of(self, index: int) -> "Objective":
        """Returns the objective of one of several pictures."""
        own = ((name, weight[index] if isinstance(weight, tuple) else weight) for name, weight in self.weights)
        return self._replace(weights=tuple(own))

    def weighted(self, **weights: Weight) -> "Objective":
        """Returns the objective with other weights; a weight of 0 removes its term."""
        changed = dict(self.weights) | weights
        kept = tuple((name, weight) for name, weight in changed.items() if weight)
        content = self.content_layers if changed.get("content") else ()
        style = self.style_layers if changed.get("style") else ()
        return self._replace(weights=kept, content_layers=content, style_layers=style)


class Movement(NamedTuple):
    """How the picture is optimized, and how fast."""

    optimizer: str
    learning_rate: float | None  # None: the optimizer has none
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
    """How the network sees pictures."""

    network: str
    evaluator: str = "whole"  # or "tiles"
    tile_size: int | None = None
    tile_passes: int = 2  # over the tiles in a step: 2 is exact, 1 nearly so
    convolution: str = "direct"  # or "winograd", or "auto": at each scale where it repays its compilation
    compiled: bool = False  # by XLA
    seamless: bool = False  # opposite borders meet
    mask_reach: str = "simple"
    style_fit: str = "aspect"
    style_pixels: str = "enlarged"  # or "own", or "between": the size of a style picture smaller than the result
    rim: int = 0  # pixels along the border that do not count for the style at the finest layers


class Start(NamedTuple):
    """The first picture, if none is given."""

    source: str  # content, style, noise, blend or instant; a missing one is replaced by the content, or by noise
    noise: float  # its share in blend
    seed: int
    strength: float = 1.0  # of the style in instant


class Method(NamedTuple):
    """All options of the algorithm."""

    objective: Objective
    movement: Movement
    seeing: Seeing
    start: Start
    steps: Steps
    scales: int | None  # None: starting at about 128 pixels
    settle: float  # a scale ends once its loss falls by less than this share in about 15 steps
    strength: float | None  # the style strength, which replaces the weights of content and style
    coarse_content: float = 1.0  # the content's weight at the first of several scales, relative to the others

    def at(self, scale: Scale) -> "Method":
        """Returns the method of a scale."""
        weight = self.objective.weight("content")
        if self.coarse_content == 1.0 or not (scale.coarse and weight):
            return self
        of_each = weight if isinstance(weight, tuple) else (weight,)
        less = tuple(self.coarse_content * of for of in of_each)
        return self._replace(objective=self.objective.weighted(content=less if len(less) > 1 else less[0]))
