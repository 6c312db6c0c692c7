"""Makes the pictures of the lessons: each is made once, and stored in the folder."""

import functools
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_nst.core.plan.pyramid import Size
from keras_nst.explore.effort import (
    EXCITED,
    Effort,
    measured_rate,
    of_channels,
    of_painting,
)
from keras_nst.explore.paintings import Painting
from keras_nst.explore.prepare import Request
from keras_nst.pictures.files import read_picture, save_picture
from keras_nst.session.scene import Masks, scene_of
from keras_nst.session.session import Session, paced
from keras_nst.settings.config import Resolved
from keras_nst.settings.lines import Tell
from keras_nst.settings.networks import Layer
from keras_nst.system.pace import Stop

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


CHUNK = 16  # steps between two checks of `stop`
KEPT = 2**24  # bytes: the steps of a few pictures, which are the same within a row of the grid


class Stopped(Exception):
    """The user has requested a stop."""


class Study:
    """Pictures and features for the lessons.

    Args:
        asked: the exploration.
        stop: set to end it early.
        tell: receives a message for each picture.
    """

    def __init__(self, asked: Request, stop: Stop, tell: Tell):
        self.asked, self.stop, self.tell, self.settings = asked, stop, tell, asked.settings
        self.effort = Effort(0.0)  # of the pictures still to make

    @functools.cached_property
    def session(self) -> Session:
        """The session; TensorFlow is started at its first use."""
        session = Session(self.asked.config(), keep=KEPT)
        session.network(self._network_for(session, self.settings.layers[-1:]))  # all other networks use its weights
        return session

    @functools.cached_property
    def rate(self) -> float:
        """The multiplications per second of steps."""
        precision = self._network_for(self.session, self.settings.layers[-1:]).precision
        with self.session.where():
            return measured_rate(precision)

    def source(self, name: str, longest: int | None = None) -> np.ndarray:
        """Returns content or style, (h, w, 3), at the size of painted pictures or at `longest`."""
        size, pixels = self.asked.size(name, longest or self.settings.size), self.asked.pictures[name].pixels
        if size == pixels.shape[:2]:
            return pixels
        with self.session.where():
            from keras_nst.core.network.resizing import resize

            return resize(pixels[None], size).numpy()[0]

    def painted(self, painting: Painting) -> np.ndarray:
        """Returns a picture (h, w, 3), which is made unless it exists."""
        path = self.asked.painting(painting.name)
        if not path.exists():
            self._go_on()
            begun = time.monotonic()
            config = painting.config(self.asked)
            given = self.asked.pictures
            content = given["content"] if "content" in painting.inputs else None
            styles = [given["style"]] if "style" in painting.inputs else []
            scene = scene_of(content, styles, None, Masks(None), config, lambda line: None)
            resolved = self.session.resolve(config, scene.size)
            result = self.session.paint(scene, resolved, pace=paced(resolved, scene.size, stop=self.stop))
            self._go_on()
            save_picture(path, result.picture[0])
            self._tell_of(painting.name, of_painting(painting, self.asked, self.rate), begun)
        return read_picture(path).pixels

    def excited(self, layer: str, channels: Sequence[int]) -> list[np.ndarray]:
        """Returns the pictures that excite these channels of a layer most; missing ones are made."""
        paths = [self.asked.painting(excited_name(layer, channel)) for channel in channels]
        missing = [channel for channel, path in zip(channels, paths, strict=True) if not path.exists()]
        if missing:
            self._go_on()
            begun = time.monotonic()
            found = self._excite(layer, missing)
            for channel, pixels in zip(missing, found, strict=True):
                save_picture(self.asked.painting(excited_name(layer, channel)), pixels)
            self._tell_of(f"channels of {layer}", of_channels(self.asked, layer, len(missing), self.rate), begun)
        return [read_picture(path).pixels for path in paths]

    def features(self, layers: Iterable[str], exact: bool = True) -> "keras.Model":
        """Returns the network up to these layers."""
        precision = "float32" if exact else "auto"
        return self.session.network(self._network_for(self.session, layers, precision)).features

    def _network_for(self, session: Session, layers: Iterable[str], precision: str = "auto") -> Resolved:
        """Returns settings that use these layers."""
        chosen, side = tuple(Layer(name) for name in layers), self.settings.size
        config = self.asked.config(content_layers=chosen, style_weight=0.0, precision=precision)
        return session.resolve(config, Size(side, side))

    def seen(self, picture: np.ndarray) -> "dict[str, tf.Tensor]":
        """Returns the layers' features of a picture: (1, h, w, c) each."""
        with self.session.where():
            return self.features(self.settings.layers)(picture[None])

    def _excite(self, layer: str, channels: Sequence[int]) -> np.ndarray:
        with self.session.where():
            from keras_nst.explore.excitement import Excitement

            features, side = self.features([layer], exact=False), min(self.settings.size, EXCITED)
            excitement = Excitement(features, layer, channels, side, self.settings.seed)
            steps = self.settings.steps_of_channels
            for taken in range(0, steps, CHUNK):
                self._go_on()
                excitement.take(min(CHUNK, steps - taken))
            return excitement.shown().numpy()

    def _tell_of(self, name: str, done: float, begun: float) -> None:
        seconds = time.monotonic() - begun
        self.effort.note(done, seconds)
        self.tell(f"  {name}: {seconds:.0f} s, {self.effort} left")

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise Stopped


def excited_name(layer: str, channel: int) -> str:
    """Returns the name of the picture that excites a channel."""
    return f"channel-{layer}-{channel}"
