"""The settings of the objective."""

import dataclasses

from keras_nst.settings.declared import SettingError, Settings, setting
from keras_nst.settings.kinds import automatic, choice, integer, number, switch, text
from keras_nst.settings.networks import CONVOLUTIONS, Layer, hint, layer_names
from keras_nst.settings.recipes import FALLING, GRAM, RECIPES
from keras_nst.settings.values import (
    STYLE_LOSSES,
    layers,
    style_losses,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectiveSettings(Settings):
    """The settings of the objective."""

    normalization: str = setting(
        "balanced",
        choice(*RECIPES),
        "Objective",
        "How the loss terms are scaled: free of size and units (balanced), or exactly as a source publishes them.",
    )
    content_weight: float | None = setting(
        None, automatic(number()), "Objective", "alpha, the weight of the content; auto: the normalization's."
    )
    style_weight: float | None = setting(
        None, automatic(number()), "Objective", "beta, the weight of the style; auto: the normalization's."
    )
    style_strength: float | None = setting(
        None,
        automatic(number(0.0, 1.0)),
        "Objective",
        "One number in place of both weights: 0 is the content, 1 is texture, and values in between mean much the same"
        " for any pictures and sizes; auto: the weights apply.",
    )
    style_loss: tuple[tuple[str, float], ...] | None = setting(
        None,
        automatic(style_losses()),
        "Objective",
        "Which distance between features is the style loss; auto: w2 with --normalization=balanced, which alone "
        "accepts any of them; gram with the published recipes. swd and neighbor need --evaluator=whole.",
    )
    content_loss: str = setting(
        "squared",
        choice("squared", "normalized"),
        "Objective",
        "How content features are compared, with balanced. normalized: each channel gets mean 0 and variance 1 "
        "first, so that contrast and color come from the style alone.",
    )
    variation: str | None = setting(
        None,
        automatic(choice("chroma", "squared", "absolute")),
        "Objective",
        "Which differences of neighboring pixels count as variation, with balanced. chroma: squared, of color "
        "without lightness, which leaves strokes intact. squared: of all colors, which gives a woven texture. "
        "absolute: not squared, which keeps edges sharper. auto: chroma, or as published.",
    )
    variation_weight: float | None = setting(
        None,
        automatic(number()),
        "Objective",
        "The weight of the variation: higher values leave less colored grain; auto: the normalization's.",
    )
    roughness_weight: float | None = setting(
        None,
        automatic(number()),
        "Objective",
        "The weight of the roughness of lightness, with balanced: higher values give softer strokes; auto: the "
        "normalization's.",
    )
    coarse_content: float | None = setting(
        None,
        automatic(number(0.0, 1.0, above=True)),
        "Objective",
        "With balanced: the content's weight at the first of several sizes, as a share of its weight at the "
        "others. Less brings out the style's large shapes, mostly in flat parts of the content. auto: 0.5; 1 as "
        "published, and with your own --style_layers.",
    )
    content_layers: tuple[Layer, ...] = setting(
        (Layer("block4_conv2"),), layers(), "Objective", "The layers whose features are the content."
    )
    style_layers: tuple[Layer, ...] | None = setting(
        None,
        automatic(layers()),
        "Objective",
        f"Layers whose features' statistics are the style; auto: {','.join(map(str, FALLING))}, or conv1 of each block "
        "alike as published. With balanced, one of yours without a weight has a quarter of the weight of one a block "
        "before it.",
    )
    style_fit: str | None = setting(
        None,
        automatic(choice("aspect", "squash")),
        "Objective",
        "The shape in which the style picture is seen: its own, with as many pixels as the result (aspect), or "
        "the result's shape (squash).",
    )
    style_pixels: str = setting(
        "enlarged",
        choice("enlarged", "own", "between"),
        "Objective",
        "For a style picture smaller than the result, at the sizes above its own. enlarged: strokes grow with the"
        " picture and become soft. own: it keeps its own pixels, and strokes stay small and sharp. between: the "
        "mean of both.",
    )
    network: str = setting("vgg19", choice(*CONVOLUTIONS), "Objective", "The network whose features are compared.")
    pooling: str = setting(
        "max",
        choice("max", "average", "average_unscaled"),
        "Objective",
        "The network's pooling. max: its own. average: rescaled to keep the magnitude of activations. "
        "average_unscaled: plain, as in Gatys et al.",
    )
    padding: str | None = setting(
        None,
        automatic(choice("zero", "replicate", "reflect")),
        "Objective",
        "What the network sees beyond the picture's border: black (zero), or the picture's own pixels, which "
        "leaves no frame; auto: replicate with balanced, zero as published.",
    )
    rim: int | None = setting(
        None,
        automatic(integer(0, 16)),
        "Objective",
        "With --normalization=balanced: leave this many of the outermost rows and columns of pixels out of the style "
        "at block1's layers, in the picture and in the style picture. With 0, these pixels may become vivid at low "
        "strengths. auto: 2, but 0 with another --normalization, your own --padding or --seamless.",
    )
    seamless: bool = setting(
        False, switch(), "Objective", "Make opposite borders meet, so that the result tiles; for textures."
    )
    weights: str = setting(
        "imagenet",
        text("imagenet|random|PATH"),
        "Objective",
        "The network's weights: imagenet, random (needs no file), or a file.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for term in ("content", "style"):
            self._check_layers(term)
        if not (self.weight("content") or self.weight("style")):
            raise SettingError("style_weight", "0", "Expected --content_weight or --style_weight above 0.")
        self._check_style_loss()
        self._check_weights()

    def style_shares(self, kind: str) -> dict[str, float]:
        """Returns the shares of the style losses that take "moments", or of those that take whole feature "maps"."""
        chosen = RECIPES[self.normalization].style_loss if self.style_loss is None else self.style_loss
        total = sum(weight for _, weight in chosen)
        return {name: weight / total for name, weight in chosen if STYLE_LOSSES[name] == kind}

    def needs_maps(self) -> bool:
        """Returns whether a style loss takes whole feature maps."""
        return bool(self.style_shares("maps"))

    def weight(self, term: str) -> float:
        """Returns the weight of the term "content", "style", "variation" or "roughness", or the normalization's."""
        own = getattr(self, f"{term}_weight")
        return getattr(RECIPES[self.normalization], f"{term}_weight") if own is None else own

    def asks_for(self, term: str) -> bool:
        """Returns whether the term "content" or "style" takes part in the objective."""
        if self.style_strength is not None:
            return self.style_strength < 1.0 if term == "content" else self.style_strength > 0.0
        return bool(self.weight(term))

    def layers_used(self, term: str) -> tuple[Layer, ...]:
        """Returns the layers of the term "content" or "style": none if it does not take part."""
        return self.layers_of(term) if self.asks_for(term) else ()

    def layers_of(self, term: str) -> tuple[Layer, ...]:
        """Returns the layers of the term "content" or "style", or the normalization's."""
        own: tuple[Layer, ...] | None = getattr(self, f"{term}_layers")
        return RECIPES[self.normalization].style_layers if own is None else own

    def _check_layers(self, term: str) -> None:
        """Checks that a term's layers are the network's, each once, and that one has weight if the term has."""
        name, known = f"{term}_layers", layer_names(self.network)
        chosen, shown = self.layers_of(term), self.shown(name)
        for layer in chosen:
            if layer.name not in known:
                reason = f"{self.network} has no layer {layer.name}.{hint(self.network, layer.name)}"
                raise SettingError(name, shown, reason)
        if len({layer.name for layer in chosen}) < len(chosen):
            raise SettingError(name, shown, "Expected each layer once.")
        if self.weight(term) and not any(layer.weight != 0 for layer in chosen):
            raise SettingError(name, shown, "Expected at least one layer with a weight above 0.")

    def _check_style_loss(self) -> None:
        """Checks that a published recipe is not changed."""
        if self.style_loss == ():
            raise SettingError("style_loss", "", f"Expected at least one of {', '.join(STYLE_LOSSES)}.")
        shown, exact = self.shown("style_loss"), self.normalization != "balanced"
        if exact and self.style_loss not in (None, GRAM):
            raise SettingError(
                "style_loss", shown, f"Expected gram, as --normalization={self.normalization} is published."
            )
        if exact and self.variation not in (None, "squared"):
            reason = f"Expected no --variation: --normalization={self.normalization} is published with its own."
            raise SettingError("variation", self.variation, reason)
        if exact and self.roughness_weight:
            shown = self.shown("roughness_weight")
            raise SettingError(
                "roughness_weight", shown, f"Expected 0: --normalization={self.normalization} has no such term."
            )
        if exact and self.coarse_content not in (None, 1.0):
            reason = f"Expected 1: --normalization={self.normalization} is published with the same weight at all sizes."
            raise SettingError("coarse_content", self.shown("coarse_content"), reason)
        if exact and self.rim:
            reason = f"Expected 0: with --normalization={self.normalization}, every pixel counts, as published."
            raise SettingError("rim", self.shown("rim"), reason)
        if exact and self.content_loss != "squared":
            reason = f"Expected squared, as --normalization={self.normalization} is published."
            raise SettingError("content_loss", self.content_loss, reason)

    def _check_weights(self) -> None:
        """Checks that --style_strength is given without the two weights that it replaces."""
        if self.style_strength is None:
            return
        for name in ("content_weight", "style_weight"):
            if getattr(self, name) is not None:
                raise SettingError(
                    "style_strength", self.shown("style_strength"), f"Expected it without --{name}, which it replaces."
                )
