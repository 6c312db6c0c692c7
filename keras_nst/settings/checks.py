"""What settings may not have together."""

from typing import TYPE_CHECKING

from keras_nst.settings.declared import SettingError
from keras_nst.settings.kinds import nearest
from keras_nst.settings.networks import layer_names
from keras_nst.settings.recipes import GRAM
from keras_nst.settings.values import STYLE_LOSSES

if TYPE_CHECKING:
    from keras_nst.settings.config import Config


def check(config: "Config") -> None:
    """Raises SettingError where a run cannot be as the settings say."""
    if config.bit_depth not in (8, 16):
        raise SettingError("bit_depth", config.bit_depth, "Expected 8 or 16.")
    if not config.init:
        raise SettingError("init", "", "Expected auto, content, noise, style, blend, instant or a picture.")
    check_instant(config)
    if not config.steps:
        raise SettingError("steps", "", "Expected at least one number.")
    for term in ("content", "style"):
        check_layers(config, term)
    if not (config.weight("content") or config.weight("style")):
        raise SettingError("style_weight", "0", "Expected --content_weight or --style_weight above 0.")
    check_style_loss(config)
    check_weights(config)
    check_style_pictures(config)
    check_seamless(config)
    if config.strategy == "multi_worker" and not config.workdir:
        raise SettingError("strategy", config.strategy, "Expected --workdir with it, a folder that all machines reach.")


def check_instant(config: "Config") -> None:
    """The network that paints at once knows VGG19's features, and a picture with borders."""
    if config.init != "instant":
        return
    name, value = ("instant", "true") if config.instant else ("init", config.init)
    if config.network != "vgg19":
        raise SettingError(name, value, f"Expected --network=vgg19 with it. Received: {config.network}")
    if config.seamless:
        raise SettingError(name, value, "Not with --seamless: it paints pictures with borders.")
    for term in ("content", "style"):
        if config.instant and not config.weight(term):
            reason = f"Not with --{term}_weight=0: it goes by --style_strength, from 0 to 1."
            raise SettingError(name, value, reason)


def check_layers(config: "Config", term: str) -> None:
    """The layers of a term are the network's, each once, and one of them counts if the term does."""
    name, known = f"{term}_layers", layer_names(config.network)
    chosen, shown = getattr(config, name), config.shown(name)
    for layer in chosen:
        if layer.name not in known:
            hint = nearest(layer.name, known) or f" Known: {', '.join(known)}."
            raise SettingError(name, shown, f"{config.network} has no layer {layer.name}.{hint}")
    if len({layer.name for layer in chosen}) < len(chosen):
        raise SettingError(name, shown, "A layer is named twice.")
    if config.weight(term) and not any(layer.weight != 0 for layer in chosen):
        raise SettingError(name, shown, "Expected at least one layer with a weight above 0.")


def check_style_loss(config: "Config") -> None:
    """A published recipe is itself; what needs whole feature maps is not cut up."""
    if config.style_loss == ():
        raise SettingError("style_loss", "", f"Expected at least one of {', '.join(STYLE_LOSSES)}.")
    shown, exact = config.shown("style_loss"), config.normalization != "balanced"
    if exact and config.style_loss not in (None, GRAM):
        raise SettingError("style_loss", shown, f"--normalization={config.normalization} is published with gram.")
    if config.needs_maps() and (config.evaluator == "tiles" or config.content_mask):
        given = "--evaluator=tiles" if config.evaluator == "tiles" else f"--content_mask={config.content_mask}"
        raise SettingError("style_loss", shown, f"It needs whole feature maps, hence not with {given}.")
    if exact and config.variation != "squared":
        raise SettingError("variation", config.variation, f"--normalization={config.normalization} has its own.")
    if exact and config.content_loss != "squared":
        reason = f"--normalization={config.normalization} is published with squared."
        raise SettingError("content_loss", config.content_loss, reason)


def check_weights(config: "Config") -> None:
    """--style_strength stands in place of both weights."""
    if config.style_strength is None:
        return
    for name in ("content_weight", "style_weight"):
        if getattr(config, name) is not None:
            raise SettingError("style_strength", config.shown("style_strength"), f"It replaces --{name}.")


def check_style_pictures(config: "Config") -> None:
    """There is one scale for all style pictures, or one for each."""
    count = len(config.style_sources())
    if config.style and len(config.style_scale) not in (1, count):
        reason = f"Expected one number, or {count}, for {count} style pictures."
        raise SettingError("style_scale", config.shown("style_scale"), reason)


def check_seamless(config: "Config") -> None:
    """Where borders meet there is nothing beyond them, and the picture is seen whole."""
    own_padding = config.padding not in (None, "zero")
    if config.seamless and (own_padding or config.evaluator == "tiles"):
        other = "padding" if own_padding else "evaluator"
        raise SettingError("seamless", "true", f"Not with --{other}={getattr(config, other)}.")
