"""A trained network, ready to paint: from a photograph to its picture."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_nst.core.plan.pyramid import Size
from keras_nst.networks.model import Card
from keras_nst.pictures.files import Picture
from keras_nst.pictures.palette import luminance_only
from keras_nst.session import machine
from keras_nst.session.scene import Scene, cropped, size_of, size_of_result
from keras_nst.session.session import Recoloring, with_transparency
from keras_nst.settings.application import Application
from keras_nst.settings.config import Config
from keras_nst.system.version import __version__

Refine = Callable[[Scene, np.ndarray], np.ndarray]  # (scene, what the network painted) -> a finer picture (h, w, 3)


class Painting(NamedTuple):
    """A finished picture."""

    pixels: np.ndarray  # (h, w, 3)
    alpha: np.ndarray | None  # (h, w)
    made_by: dict[str, str]  # the picture's metadata: how it was made


class Brush:
    """Starts TensorFlow, loads a trained network and paints photographs with it.

    Args:
        folder, card: the model.
        settings: only those of the machine are used.
    """

    def __init__(self, folder: Path, card: Card, settings: Application):
        self.card, config = card, config_of(settings)
        self.device = machine.start(config)
        precision = machine.on_device(config.completed(), self.device).precision
        import tensorflow as tf

        from keras_nst.core.descent.scales import OUT_OF_MEMORY
        from keras_nst.networks.trained import load

        self.out_of_memory = OUT_OF_MEMORY
        with tf.device(self.device.name):
            self.trained = load(folder, card, precision)

    def paint(
        self, photograph: Picture, settings: Application, shares: Sequence[float], refine: Refine | None = None
    ) -> Painting:
        """Returns the picture of a photograph in a mixture of the styles by these shares."""
        config = config_of(settings)
        with config.about("size"):
            size = size_of_result(config, size_of(photograph))
        photograph = cropped(photograph, size)
        scene = Scene(size, photograph, ())
        made = self._painted(photograph.pixels, size, settings, shares)
        if refine:
            made = refine(scene, made)
        pixels, alpha = with_transparency(Recoloring(scene, config)(made[None])[0], scene, config)
        return Painting(pixels, alpha, self._made_by(photograph, settings, shares))

    def painted(self, pixels: np.ndarray, shares: Sequence[float]) -> np.ndarray:
        """Returns the network's picture of pixels (h, w, 3)."""
        import tensorflow as tf

        with tf.device(self.device.name):
            return self.trained(pixels, shares)

    def _painted(self, pixels: np.ndarray, size: Size, settings: Application, shares: Sequence[float]) -> np.ndarray:
        import tensorflow as tf

        from keras_nst.core.network.resizing import resize

        with tf.device(self.device.name):
            content = luminance_only(pixels) if settings.color == "luminance" else pixels
            if content.shape[:2] != size:
                content = resize(content[None], size).numpy()[0]
            made = self.painted(content, shares)
            if settings.strength < 1.0:
                made = content + np.float32(settings.strength) * (made - content)
            return made

    def _made_by(self, photograph: Picture, settings: Application, shares: Sequence[float]) -> dict[str, str]:
        styles = {name: f"{share:g}" for name, share in zip(self.card.names, shares, strict=True) if share}
        said = {name: settings.shown(name) for name in ("strength", "color", "size", "dpi", "refine")}
        said |= {"styles": str(styles), "model_sha256": self.card.sha256, "content_sha256": photograph.sha256}
        return said | {"keras_nst": __version__}


def config_of(settings: Application) -> Config:
    """Returns the settings of a run of a photograph that needs no style."""
    return settings.config(content="photograph", style_weight=0.0)
