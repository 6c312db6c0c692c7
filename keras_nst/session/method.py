"""Translates settings into the algorithm's `Method`, and its decisions back into settings."""

from keras_nst.core.plan.method import Method, Movement, Objective, Seeing, Start
from keras_nst.settings.config import Config

USUAL_STRENGTH = 0.8  # the default strength of a sketch painted in one pass
SHORT_MEMORY = 0.8  # Adam's, where steps are few: with 24 steps the final loss is 5 % lower than with the usual value


def method_of(config: Config) -> Method:
    """Returns the algorithm's options from the settings."""
    return Method(
        objective_of(config),
        movement_of(config),
        seeing_of(config),
        Start(config.init, config.noise, config.seed, strength_at_once(config)),
        config.steps,
        config.scales,
        config.settle,
        config.style_strength,
        1.0 if config.coarse_content is None else config.coarse_content,
    )


def objective_of(config: Config) -> Objective:
    """Returns the objective. With --style_strength its weights are placeholders, to be found later."""
    weights = {name: getattr(config, f"{name}_weight") for name in ("content", "style", "variation", "roughness")}
    if config.style_strength is not None:
        weights |= {name: float(config.asks_for(name)) for name in ("content", "style")}
    return Objective(
        weights=tuple((name, weight) for name, weight in weights.items() if weight),
        content_layers=config.layers_used("content"),
        style_layers=config.layers_used("style"),
        normalization=config.normalization,
        distances=tuple(config.style_shares("moments").items()),
        map_distances=tuple(config.style_shares("maps").items()),
        normalized_content=config.content_loss == "normalized",
        variation=config.variation or "squared",
        by_products=config.xla == "on",
    )


def movement_of(config: Config) -> Movement:
    """Returns the options of the optimizer."""
    return Movement(**{name: getattr(config, name) for name in Movement._fields})


def seeing_of(config: Config) -> Seeing:
    """Returns how the network sees pictures."""
    own = {name: getattr(config, name) for name in Seeing._fields if name not in ("compiled", "rim")}
    return Seeing(compiled=config.xla == "on", rim=config.rim or 0, **own)


def settled(config: Config, method: Method) -> Config:
    """Returns the settings with the algorithm's decisions: the weights, and how the network sees pictures."""
    weights = {f"{name}_weight": method.objective.weight(name) for name in ("content", "style")}
    if config.style_strength is not None and method.strength is None and not config.instant:  # which has no weights
        config = config.resolved(style_strength=None, **weights)
    return config.resolved(evaluator=method.seeing.evaluator, tile_size=method.seeing.tile_size)


def strength_at_once(config: Config) -> float:
    """Returns how far a picture that is painted in one pass goes towards the style."""
    return USUAL_STRENGTH if config.style_strength is None else config.style_strength
