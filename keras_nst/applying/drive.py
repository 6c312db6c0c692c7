"""Photographs painted by a network, one after the other."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import keras_nst
from keras_nst.applying.asked import Asked
from keras_nst.applying.refining import Refiner
from keras_nst.core.pyramid import Size
from keras_nst.monitors.display import beside_the_bar
from keras_nst.monitors.meter import Meter
from keras_nst.pictures.files import Picture, check_output, save_picture
from keras_nst.pictures.opening import reason
from keras_nst.pictures.palette import luminance_only
from keras_nst.pictures.sources import read_source
from keras_nst.session import machine
from keras_nst.session.scene import Scene, Tell, cropped, size_of, size_of_result
from keras_nst.session.session import Recoloring, with_transparency
from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import one_line
from keras_nst.system.pace import Stop

if TYPE_CHECKING:
    from keras_nst.networks.trained import Trained


def drive(asked: Asked, stop: Stop, tell: Tell) -> int:
    """Paints the photographs that are not painted yet; returns the exit code."""
    settings = asked.settings
    ahead = [(source, path) for source, path in asked.wanted if settings.overwrite or not path.exists()]
    if there := len(asked.wanted) - len(ahead):
        tell(f"{there} of {len(asked.wanted)} are painted already: {settings.output}")
    if not ahead:
        return 0
    painter, begun, done, failed = Painter(asked), time.monotonic(), 0, 0
    with Meter(total=len(ahead), file=sys.stderr, disable=None, unit="picture") as bar:
        say = beside_the_bar(tell)
        for source, path in ahead:
            if stop.is_set():
                break
            try:
                painter.make(source, path, stop, say)
                done += 1
            except (InputError, OSError, ValueError, MemoryError) as error:
                failed += 1
                say(f"{source}: {one_line(str(error)) or reason(error)}")
            bar.update()
    if stop.is_set():
        tell("Stopped: what is painted stays. The same command goes on.")
    tell(f"Pictures: {done} in {settings.output}, in {time.monotonic() - begun:.1f} s.")
    return int(failed > 0)


class Painter:
    """TensorFlow started, the network loaded, and what it takes from a file to a file."""

    def __init__(self, asked: Asked):
        self.asked, config = asked, asked.settings.config(content="photograph", style_weight=0.0)
        self.device = machine.start(config)
        self.precision = machine.on_device(config.completed(), self.device).precision
        self.trained = self._loaded()
        self.refine = Refiner(asked) if asked.settings.refine else None

    def _loaded(self) -> "Trained":
        import tensorflow as tf

        from keras_nst.networks.trained import load

        with tf.device(self.device.name):
            return load(self.asked.folder, self.asked.card, self.precision)

    def make(self, source: str, path: Path, stop: Stop, tell: Tell) -> None:
        """Paints one photograph."""
        settings = self.asked.settings
        config = settings.config(content=source, style_weight=0.0)
        photograph = read_source(source, round(settings.max_megapixels * 1e6))
        for note in photograph.notes:
            tell(f"{source}: {note}")
        size = size_of_result(config, size_of(photograph))
        photograph = cropped(photograph, size)
        scene = Scene(size, photograph, ())
        check_output(path, settings.bit_depth, photograph.alpha is not None and not config.background, size)
        made = self.painted(photograph.pixels, size)
        if self.refine:
            made = self.refine(scene, made, stop, tell)
        pixels, alpha = with_transparency(Recoloring(scene, config)(made[None])[0], scene, config)
        save_picture(path, pixels, alpha=alpha, bit_depth=settings.bit_depth, settings=self._made_by(photograph))

    def painted(self, pixels: np.ndarray, size: Size) -> np.ndarray:
        """Returns what the network makes of a photograph at this size: (h, w, 3)."""
        import tensorflow as tf

        from keras_nst.core.sight import resize

        settings = self.asked.settings
        with tf.device(self.device.name):
            content = luminance_only(pixels) if settings.color == "luminance" else pixels
            if content.shape[:2] != size:
                content = resize(content[None], size).numpy()[0]
            made = self.trained(content, self.asked.shares)
            if settings.strength < 1.0:
                made = content + np.float32(settings.strength) * (made - content)
            return made

    def _made_by(self, photograph: Picture) -> dict[str, str]:
        """Returns what a picture tells of how it was made."""
        asked, settings = self.asked, self.asked.settings
        styles = {name: f"{share:g}" for name, share in zip(asked.card.names, asked.shares, strict=True) if share}
        said = {name: settings.shown(name) for name in ("strength", "color", "size")}
        said |= {"styles": str(styles), "model_sha256": asked.card.sha256, "content_sha256": photograph.sha256}
        return said | {"keras_nst": keras_nst.__version__}
