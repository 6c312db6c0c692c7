"""Neural style transfer for Python programs: one picture, many pictures, or step by step."""

import dataclasses
import functools
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from keras_nst.core.plan.events import Listener
from keras_nst.library.given import Arguments, Given, Order, asked_for, config_of, naming_arguments, picture_of
from keras_nst.library.keywords import Keywords
from keras_nst.library.steps import Result, Steps
from keras_nst.networks.model import model_named, shares_of
from keras_nst.pictures.opening import MAX_PIXELS
from keras_nst.session import session
from keras_nst.session.brush import Brush
from keras_nst.session.session import enlarging, paced, with_transparency
from keras_nst.settings.application import Application
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.text import repeatable, settings_of
from keras_nst.system.pace import Stop

OF_THE_SESSION = ("device", "weights", "network", "memory_limit_gb", "deterministic", "keep_programs", "strategy")
KEPT_BYTES = 1e9


def stylize(
    content: Given | None,
    style: Given | Sequence[Given] | None = None,
    *,
    listeners: Sequence[Listener] = (),
    **arguments: Unpack[Arguments],
) -> Result:
    """Returns the content picture in the style of the style picture.

    Pictures are arrays, Pillow pictures, or names as on the command line: a path, a URL or sample:NAME.

    Args:
        content, style: pictures; None if its weight is 0. A list of styles is blended.
        listeners: called with a `Progress` after each chunk of steps.
        **arguments: settings named like the flags, size=512, style_strength=0.6, steps=[60, 40]; and `first`,
            `content_mask`, `style_mask`, `style_weights`: see `keras_nst.Arguments`.

    Raises:
        ValueError: an argument or a setting is not valid; the message names it.
        OSError: a file cannot be read.
        TypeError: the setting does not exist.
    """
    begun, asked = time.monotonic(), asked_for(content, style, arguments)
    return made(asked, _session(*(getattr(asked.config, name) for name in OF_THE_SESSION)), begun, listeners)


class Session(session.Session):
    """Makes many pictures with one network, sharing compiled steps and measured styles.

    with keras_nst.Session(size=256) as session:
        for photo in photos:
            session.stylize(photo, "painting.jpg").save(...)

    Args:
        kept_bytes: the limit of the cache that later pictures reuse.
        **settings: defaults of all its pictures; device, weights and network are the same for all.
    """

    def __init__(self, *, kept_bytes: float = KEPT_BYTES, **settings: Unpack[Keywords]):
        self.settings: dict[str, Any] = dict(settings)
        with naming_arguments():
            super().__init__(config_of(settings), kept_bytes)

    def stylize(
        self,
        content: Given | None,
        style: Given | Sequence[Given] | None = None,
        *,
        listeners: Sequence[Listener] = (),
        **arguments: Unpack[Arguments],
    ) -> Result:
        """Returns a picture; arguments and errors are as for `keras_nst.stylize`."""
        return made(self._asked(content, style, arguments), self, time.monotonic(), listeners)

    def steps(
        self, content: Given | None, style: Given | Sequence[Given] | None = None, **arguments: Unpack[Arguments]
    ) -> Steps[Result]:
        """Returns an iterator over the progress of a picture; its `result` is the picture, however far it has come.

        Leaving the loop stops the picture::

            steps = session.steps("photo.jpg", "painting.jpg")
            for progress in steps:
                show(progress.picture()[0])
            steps.result.save("picture.png")
        """
        asked = self._asked(content, style, arguments)

        def paint(stop: Stop, listen: Listener) -> Result:
            return made(asked, self, time.monotonic(), [listen], stop)

        return Steps(paint)

    def _asked(
        self, content: Given | None, style: Given | Sequence[Given] | None, arguments: Mapping[str, Any]
    ) -> Order:
        if changed := sorted(set(arguments) & set(OF_THE_SESSION)):
            raise ValueError(f"Expected {', '.join(changed)} for the session as a whole: Session({changed[0]}=...)")
        return asked_for(content, style, {**self.settings, **arguments})


class Painter:
    """A network that was trained by keras_nst.train: it paints any photograph in one pass.

    paint = keras_nst.Painter("models/night")
    paint("photo.jpg", strength=0.8).save("painted.png")

    Args:
        model: the folder of the trained network.
        device, precision: as for a picture.

    Attributes:
        styles: the names of its styles.
    """

    def __init__(self, model: str | os.PathLike[str], *, device: str = "auto", precision: str = "auto"):
        with naming_arguments():
            self.settings = Application(model=os.fspath(model), device=device, precision=precision)
            folder, card = model_named("model", self.settings.model)
            self.styles = card.names
            self._brush = Brush(folder, card, self.settings)

    def __call__(
        self,
        photograph: Given,
        *,
        style: str = "",
        blend: Sequence[float] = (),
        strength: float = 1.0,
        size: int | str = "original",
        color: str = "style",
    ) -> Result:
        """Returns the picture of a photograph.

        Args:
            photograph: an array, a Pillow picture, or the name of one: a path, a URL or sample:NAME.
            style: the name of one of the styles; by default the first one, or those of `blend`.
            blend: the shares of the styles, in their order.
            strength: how far the picture goes from the photograph (0) to the painting (1).
            size: the longer side of the picture, both sides as WxH, or original.
            color: which colors the picture has: style, content or luminance.

        Raises:
            ValueError: an argument is not valid; the message names it.
            OSError: a file cannot be read.
        """
        with naming_arguments():
            own: dict[str, Any] = {
                "style": style,
                "blend": tuple(blend),
                "strength": strength,
                "size": str(size),
                "color": color,
            }
            settings = dataclasses.replace(self.settings, **own)
            shares = shares_of(style, settings.blend, self._brush.card)
            painting = self._brush.paint(picture_of("photograph", photograph, MAX_PIXELS), settings, shares)
        array = painting.pixels if painting.alpha is None else np.dstack([painting.pixels, painting.alpha])
        return Result(array, None, 0, painting.made_by)


@functools.lru_cache(maxsize=1)
def _session(*machine: Any) -> session.Session:
    """Returns the session for single pictures; the last one is cached."""
    return session.Session(Config(**dict(zip(OF_THE_SESSION, machine, strict=True))))


def made(
    asked: Order, by: session.Session, begun: float, listeners: Sequence[Listener], stop: Stop | None = None
) -> Result:
    """Returns the requested picture."""
    config, scene, _ = asked
    if strangers := [listener for listener in listeners if not callable(listener)]:
        raise TypeError(f"listeners: Expected functions that take a Progress. Received: {strangers[0]!r}")
    with naming_arguments():
        resolved = by.resolve(config, scene.size)
        painted = by.paint(scene, resolved, pace=paced(resolved, scene.size, begun, stop), listeners=listeners)
    if painted.diverged:
        raise ValueError(
            f"Expected settings whose loss stays finite. Received: NaN or infinity after step {painted.steps}"
        )
    if painted.size not in (None, scene.size) and painted.losses is not None:
        warnings.warn(enlarging(painted.size, scene.size, config), stacklevel=3)
    pixels, alpha = with_transparency(painted.picture[0], scene, config)
    array = np.array(pixels) if alpha is None else np.dstack([pixels, alpha])
    figures = functools.partial(by.figures, scene, resolved, painted.picture)
    return Result(array, painted.losses, painted.steps, told_of(asked, resolved), figures)


def told_of(asked: Order, resolved: Resolved) -> dict[str, str]:
    """Returns the settings that a picture carries; inputs without a name are left out."""
    settings = repeatable(settings_of(asked.config), settings_of(resolved))
    named = {name: value for name, value in settings.items() if name not in ("style", "content_mask", "style_mask")}
    return named | asked.sources
