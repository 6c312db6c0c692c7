"""Every setting of the program, declared once: default, help and limits.

The command-line flags, `--help`, `settings.cfg` and the settings embedded in pictures are all derived from `Config`.
No TensorFlow here, so that `--help` and wrong input are answered immediately.
"""

import dataclasses
from typing import Any

from keras_nst.settings.declared import SettingError
from keras_nst.settings.machine import MachineSettings
from keras_nst.settings.objective import ObjectiveSettings
from keras_nst.settings.picture import PictureSettings
from keras_nst.settings.recipes import LEARNING_RATES, RECIPES
from keras_nst.settings.search import SearchSettings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(PictureSettings, ObjectiveSettings, SearchSettings, MachineSettings):
    """The settings of one run, as requested. None is "auto": see `resolved`."""

    def __post_init__(self) -> None:
        if self.instant:
            for name, value in AT_ONCE.items():
                object.__setattr__(self, name, value)
        super().__post_init__()
        self._check_instant()
        self._check_maps()
        self._check_seamless()
        if self.strategy == "multi_worker" and not self.workdir:
            raise SettingError(
                "strategy", self.strategy, "Expected --workdir as well, a folder that all machines can reach."
            )

    def needs_whole(self) -> bool:
        """Returns whether the picture has to be seen whole."""
        return self.seamless or self.needs_maps()

    def completed(self) -> "Config":
        """Returns the settings with all that depends on the normalization and the optimizer resolved."""
        brought = RECIPES[self.normalization]._asdict() | {"learning_rate": LEARNING_RATES.get(self.optimizer)}
        if self.style_strength is not None:  # they will be found from the pictures
            del brought["content_weight"], brought["style_weight"]
        if self.seamless:
            brought["padding"] = "zero"
        if self.optimizer == "lbfgs":
            brought["average"] = 0.0
        if self.style_layers is not None:  # as in pictures from versions without --coarse_content
            brought["coarse_content"] = 1.0
        if self.padding is not None or self.seamless:  # as in pictures from versions without --rim
            brought["rim"] = 0
        return dataclasses.replace(self, **{name: brought[name] for name in brought if getattr(self, name) is None})

    def resolved(self, **choices: Any) -> "Resolved":
        """Returns the settings with every `auto` resolved, by `choices` or else by the value that works everywhere."""
        plain = {name: value for name, value in PLAINEST.items() if getattr(self, name) == "auto"}
        return Resolved(**vars(self.completed()) | plain | choices)

    def _check_instant(self) -> None:
        """Checks that --instant has VGG19's features, and a picture with borders."""
        if self.init != "instant":
            return
        name, value = ("instant", "true") if self.instant else ("init", self.init)
        if self.network != "vgg19":
            raise SettingError(name, value, f"Expected --network=vgg19. Received: {self.network}")
        if self.seamless:
            raise SettingError(name, value, "Cannot be combined with --seamless: it paints pictures with borders.")
        for term in ("content", "style"):
            if self.instant and not self.weight(term):
                reason = f"Cannot be combined with --{term}_weight=0: --style_strength, from 0 to 1, replaces it."
                raise SettingError(name, value, reason)

    def _check_maps(self) -> None:
        """Checks that nothing cuts up feature maps that are needed whole."""
        if self.needs_maps() and (self.evaluator == "tiles" or self.content_mask):
            given = "--evaluator=tiles" if self.evaluator == "tiles" else f"--content_mask={self.content_mask}"
            raise SettingError(
                "style_loss",
                self.shown("style_loss"),
                f"It needs whole feature maps and cannot be combined with {given}.",
            )

    def _check_seamless(self) -> None:
        """Checks that --seamless has no padding and no rim, and sees the picture whole."""
        own_padding = self.padding not in (None, "zero")
        if self.seamless and (own_padding or self.evaluator == "tiles"):
            other = "padding" if own_padding else "evaluator"
            raise SettingError("seamless", "true", f"Cannot be combined with --{other}={getattr(self, other)}.")
        if self.seamless and self.rim:
            raise SettingError("rim", self.rim, "Expected 0: with --seamless there is no border.")


# The settings that --instant implies: the first picture is the result.
AT_ONCE: dict[str, Any] = {"init": "instant", "steps": (0,), "scales": 1}

# Values that work on every machine.
PLAINEST = {"device": "cpu", "precision": "float32", "xla": "off", "evaluator": "whole"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resolved(Config):
    """Settings with every `auto` resolved, except --style_strength, whose weights are found from the pictures.

    --convolution=auto may stay: it chooses for each scale.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        open_ones = [name for name in PLAINEST if getattr(self, name) == "auto"]
        needed = (
            "padding",
            "average",
            "style_fit",
            "style_loss",
            "style_layers",
            "variation",
            "variation_weight",
            "roughness_weight",
            "coarse_content",
            "rim",
        )
        open_ones += [name for name in needed if getattr(self, name) is None]
        if open_ones:
            raise ValueError(f"Expected settings without auto. Received: auto for {', '.join(open_ones)}")
