"""Neural style transfer for programs: pictures in, an array out.

Pictures are arrays, Pillow's, or named as for the command: by a path, a URL or sample:NAME. Arrays are (h, w) or
(h, w, c), gray, gray and alpha, RGB or RGBA, of unsigned integers or floats in [0, 1]. What is transparent in a style
is no part of it. What is transparent in the content asks for no style.
"""

import contextlib
import functools
import math
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
from PIL import Image

from keras_nst.core.events import Listener
from keras_nst.pictures.files import Picture
from keras_nst.pictures.given import samples_of
from keras_nst.pictures.sources import read_source
from keras_nst.runs.inputs import FIRST_PICTURES
from keras_nst.session.scene import Scene, scene_of
from keras_nst.session.session import Session, enlarging, paced, with_transparency
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, SettingError, fields, read_setting, reason_of
from keras_nst.settings.kinds import nearest
from keras_nst.settings.values import SEPARATOR

# Settings that mean files, not pictures.
FILES = (
    *("workdir", "output", "overwrite", "bit_depth", "preview", "snapshot_steps"),
    *("report", "tensorboard", "profile_steps"),
)
MASKS = ("content_mask", "style_mask")  # settings that are pictures here
GIVEN = "given"  # stands for the name of a file where there is none
OF_THE_SESSION = ("device", "weights", "network", "memory_limit_gb", "deterministic", "keep_programs")

# An array, a picture of Pillow's, or where one is: a path, a URL, sample:NAME.
Given = np.ndarray | Image.Image | str | os.PathLike[str]


def stylize(
    content: Given | None,
    style: Given | Sequence[Given] | None,
    *,
    first: Given | None = None,
    style_weights: Sequence[float] = (),
    listeners: Sequence[Listener] = (),
    **settings: Any,
) -> np.ndarray:
    """Returns the content picture in the manner of the style picture: (h, w, 3), RGB in [0, 1].

    Of a content that is transparent somewhere the result is (h, w, 4), unless the setting `background` names a color.

    Args:
        content, style: pictures, see above; None where the weight is 0. Styles, a list of them, are blended.
        first: the picture to start from, if neither content nor noise.
        style_weights: of the styles; all alike if there are none.
        listeners: called with a `Progress` after each chunk of steps.
        **settings: fields of `Config`, `size` as for the command; content_mask and style_mask are pictures whose colors
            name regions, one mask for each style.

    Raises:
        ValueError: an argument or a setting is not what it should be; it is named.
        OSError: a file cannot be read.
        TypeError: there is no such setting.
    """
    begun, given = time.monotonic(), {"content": content, "style": style, "first": first}
    given |= {name: settings.pop(name, None) for name in MASKS}
    with _naming_arguments():
        config = _config({name: _several(name, of) for name, of in given.items()}, list(style_weights), settings)
        scene = _scene(given, config)
        session = _session(*(getattr(config, name) for name in OF_THE_SESSION))
        resolved = session.resolve(config, scene.size)
        result = session.paint(scene, resolved, pace=paced(resolved, scene.size, begun), listeners=listeners)
    if result.diverged:
        raise ValueError(f"Expected settings whose loss stays a number. Received: none after step {result.steps}")
    if result.size not in (None, scene.size):
        warnings.warn(enlarging(result.size, scene.size, config), stacklevel=2)
    pixels, alpha = with_transparency(result.picture[0], scene, config)
    return np.array(pixels) if alpha is None else np.dstack([pixels, alpha])


@functools.lru_cache(maxsize=1)
def _session(*machine: Any) -> Session:
    """Returns the session for programs that ask for one picture after the other; the last one is kept."""
    return Session(Config(**dict(zip(OF_THE_SESSION, machine, strict=True))))


def _config(given: Mapping[str, dict[str, Given]], style_weights: list[float], settings: Mapping[str, Any]) -> Config:
    """Returns the settings, with stand-ins for the names of pictures."""
    count = len(given["style"])
    if not all(0 < weight < math.inf for weight in style_weights):
        raise ValueError(f"style_weights: Expected numbers above 0. Received: {style_weights}")
    if len(style_weights or range(count)) != count:
        raise ValueError(f"style_weights: Expected one for each of {count} styles. Received: {len(style_weights)}")
    stand_ins: dict[str, Any] = {
        "style": SEPARATOR.join(f"{GIVEN}:{float(weight)!r}" for weight in style_weights or [1.0] * count),
        **{name: SEPARATOR.join([GIVEN] * len(given[name])) for name in MASKS},
    }
    config = Config(**{name: _setting(name, value) for name, value in settings.items()}, **stand_ins)
    if config.init not in FIRST_PICTURES:
        expected = f"Expected one of {', '.join(FIRST_PICTURES)}; a picture goes into first."
        raise SettingError("init", config.init, expected)
    return config


def _scene(given: Mapping[str, Given | Sequence[Given] | None], config: Config) -> Scene:
    most = round(config.max_megapixels * 1e6)
    read = {
        name: [_picture(called, each, most) for called, each in _several(name, of).items()]
        for name, of in given.items()
    }
    content, first, mask = (next(iter(read[name]), None) for name in ("content", "first", "content_mask"))
    return scene_of(content, read["style"], first, (mask, read["style_mask"]), config, lambda line: None)


def _setting(name: str, value: Any) -> Any:
    """Returns a setting from a value of Python's, a list or a text as a flag has it."""
    known = fields(Config)
    if name not in known:
        raise TypeError(f"Expected settings among {', '.join(known)}.{nearest(name, known)} Received: {name}")
    if name in FILES:
        raise ValueError(f"Expected settings for arrays. Received: {name}, which is for files")
    written = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return read_setting(Config, name, "auto" if value is None else written)


def _several(argument: str, given: Given | Sequence[Given] | None) -> dict[str, Given]:
    """Returns the pictures of an argument by what to call them: none, one, or several where it may have them."""
    if given is None:
        return {}
    if argument not in ("style", "style_mask") or not isinstance(given, (list, tuple)):
        return {argument: cast(Given, given)}
    return {f"{argument}[{index}]": each for index, each in enumerate(given)}


def _picture(argument: str, given: Given, most: int) -> Picture:
    called = argument
    try:
        if not isinstance(given, (str, os.PathLike)):
            samples = samples_of(given)
            return Picture(samples.pixels, samples.alpha, "", ())
        called = f"{argument}={os.fspath(given)!r}"
        return read_source(os.fspath(given), most)
    except (ValueError, OSError) as error:
        kind = next(kind for kind in (FileNotFoundError, OSError, ValueError) if isinstance(error, kind))
        raise kind(_without_dashes(f"{called}: {reason_of(error)}")) from None


@contextlib.contextmanager
def _naming_arguments() -> Iterator[None]:
    """Says of arguments what the settings' errors say of flags."""
    try:
        yield
    except InputError as error:
        raise ValueError(_without_dashes(re.sub(r"^--(\w+)=:", r"\1=None:", str(error)))) from None


def _without_dashes(text: str) -> str:
    return re.sub(r"(?<![^\s(])--(?=[a-z])", "", text)
