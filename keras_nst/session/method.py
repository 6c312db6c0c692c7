"""From settings to what the algorithm is told, and back what was decided on the way."""

from keras_nst.core.plan.method import Method, Movement, Objective, Seeing, Start
from keras_nst.settings.config import Config

USUAL_STRENGTH = 0.8  # of what is painted at once
SHORT_MEMORY = 0.8  # Adam's, where steps are few: of 24 steps the loss ends 5 % lower than with the usual one


def method_of(config: Config) -> Method:
    """Returns what the settings tell the algorithm."""
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
    """Returns what is minimized. With --style_strength the weights are still to be found."""
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
    """Returns what moves the picture."""
    return Movement(**{name: getattr(config, name) for name in Movement._fields})


def seeing_of(config: Config) -> Seeing:
    """Returns how the network is shown pictures."""
    own = {name: getattr(config, name) for name in Seeing._fields if name != "compiled"}
    return Seeing(compiled=config.xla == "on", **own)


def settled(config: Config, method: Method) -> Config:
    """Returns the settings with what was decided on the way: the weights, and how the network is shown pictures."""
    weights = {f"{name}_weight": method.objective.weight(name) for name in ("content", "style")}
    if config.style_strength is not None and method.strength is None and not config.instant:  # which has no weights
        config = config.resolved(style_strength=None, **weights)
    return config.resolved(evaluator=method.seeing.evaluator, tile_size=method.seeing.tile_size)


def strength_at_once(config: Config) -> float:
    """Returns how far a picture that is painted at once goes towards the style."""
    return USUAL_STRENGTH if config.style_strength is None else config.style_strength
