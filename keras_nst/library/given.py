"""Converts a program's arguments (arrays, Pillow pictures, names, Python values) to settings and a scene.

Arrays are (h, w) or (h, w, c), gray, gray and alpha, RGB or RGBA, of unsigned integers or floats in [0, 1]. The
transparent part of a style does not count. The transparent part of the content gets no style.
"""

import contextlib
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from PIL import Image

from keras_nst.library.keywords import Keywords
from keras_nst.pictures.decoding import samples_of
from keras_nst.pictures.files import Picture
from keras_nst.pictures.sources import read_source
from keras_nst.session.scene import Masks, Scene, scene_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, SettingError, fields, read_setting, reason_of
from keras_nst.settings.kinds import nearest
from keras_nst.settings.text import OF_FILES
from keras_nst.settings.values import FIRST_PICTURES, joined

PICTURES = ("content", "style", "first", "content_mask", "style_mask")
GIVEN = "given"  # replaces the name of a file if there is none

# An array, a Pillow picture, or its name: a path, a URL, sample:NAME.
Given = np.ndarray | Image.Image | str | os.PathLike[str]


class Arguments(Keywords, total=False):
    """The settings, and the other arguments that can be passed by name."""

    first: Given | None
    """The picture to start from, if neither content nor noise."""

    content_mask: Given | None
    """A picture whose colors name regions of the content."""

    style_mask: Given | Sequence[Given] | None
    """Pictures whose colors name the regions of the styles, one for each of these."""

    style_weights: Sequence[float]
    """The weights of the styles; equal by default."""


class Order(NamedTuple):
    """A picture that a program requests."""

    config: Config
    scene: Scene
    sources: dict[str, str]  # the names of pictures that have one


def asked_for(content: Given | None, style: Given | Sequence[Given] | None, arguments: Mapping[str, Any]) -> Order:
    """Returns the request made by two pictures and `Arguments`.

    Raises:
        ValueError: an argument or a setting is not valid; the message names it.
        OSError: a file cannot be read.
        TypeError: the setting does not exist.
    """
    arguments = {"content": content, "style": style, **arguments}
    given = {name: _several(name, arguments.pop(name, None)) for name in PICTURES}
    style_weights = list(arguments.pop("style_weights", ()))
    with naming_arguments():
        config = _config(given, style_weights, arguments)
        return Order(config, _scene(given, config), _sources(given, style_weights))


def config_of(settings: Mapping[str, Any], **stand_ins: Any) -> Config:
    """Returns settings made from Python values."""
    return Config(**{name: _setting(name, value) for name, value in settings.items()}, **stand_ins)


@contextlib.contextmanager
def naming_arguments() -> Iterator[None]:
    """Makes the settings' errors name arguments instead of flags."""
    try:
        yield
    except InputError as error:
        raise ValueError(_without_dashes(re.sub(r"^--(\w+)=:", r"\1:", str(error)))) from None


def _config(given: Mapping[str, dict[str, Given]], style_weights: list[float], settings: Mapping[str, Any]) -> Config:
    """Returns the settings, with placeholders for the names of pictures."""
    count = len(given["style"])
    if not all(0 < weight < math.inf for weight in style_weights):
        raise ValueError(f"style_weights: Expected numbers above 0. Received: {style_weights}")
    if len(style_weights or range(count)) != count:
        raise ValueError(f"style_weights: Expected one for each of {count} styles. Received: {len(style_weights)}")
    stand_ins = {name: joined([GIVEN] * len(given[name])) for name in ("content_mask", "style_mask")}
    stand_ins["style"] = _weighted([GIVEN] * count, style_weights)
    config = config_of(settings, **stand_ins)
    if config.init not in FIRST_PICTURES:
        expected = f"Expected one of {', '.join(FIRST_PICTURES)}; a picture goes into first."
        raise SettingError("init", config.init, expected)
    return config


def _weighted(names: list[str], style_weights: list[float]) -> str:
    """Returns the value of --style for these pictures and weights."""
    pairs = zip(names, style_weights or [1.0] * len(names), strict=True)
    return joined(f"{name}:{float(weight)!r}" for name, weight in pairs)


def _sources(given: Mapping[str, dict[str, Given]], style_weights: list[float]) -> dict[str, str]:
    """Returns the settings that name pictures; inputs without a name are left out."""
    named = {
        name: [os.fspath(of) for of in pictures.values() if isinstance(of, (str, os.PathLike))]
        for name, pictures in given.items()
    }
    whole = {name: names for name, names in named.items() if names and len(names) == len(given[name])}
    sources = {name: joined(map(str, names)) for name, names in whole.items() if name != "style"}
    if "first" in sources:
        sources["init"] = sources.pop("first")
    return sources | ({"style": _weighted(list(map(str, whole["style"])), style_weights)} if "style" in whole else {})


def _scene(given: Mapping[str, dict[str, Given]], config: Config) -> Scene:
    most = round(config.max_megapixels * 1e6)
    read = {name: [picture_of(called, each, most) for called, each in of.items()] for name, of in given.items()}
    content, first, mask = (next(iter(read[name]), None) for name in ("content", "first", "content_mask"))
    return scene_of(content, read["style"], first, Masks(mask, read["style_mask"]), config, lambda line: None)


def _setting(name: str, value: Any) -> Any:
    """Returns a setting from a Python value, a list, or a text as on the command line."""
    if name in OF_FILES:
        raise ValueError(f"Expected settings of pictures in memory. Received: {name}, which is for files")
    known = [each for each in fields(Config) if each not in OF_FILES]
    if name not in known:
        expected = nearest(name, known) or f" Expected one of {', '.join(known)}."
        raise TypeError(f"{name}: There is no such setting.{expected}")
    several = value if isinstance(value, (tuple, list)) else [value]
    written = ",".join("..." if each is ... else str(each) for each in several)
    return read_setting(Config, name, "auto" if value is None else written)


def _several(argument: str, given: Given | Sequence[Given] | None) -> dict[str, Given]:
    """Returns the pictures of an argument, by their names in messages: none, one, or several if it accepts a list."""
    if given is None:
        return {}
    if argument not in ("style", "style_mask") or not isinstance(given, (list, tuple)):
        return {argument: cast(Given, given)}
    return {f"{argument}[{index}]": each for index, each in enumerate(given)}


def picture_of(argument: str, given: Given, most: int) -> Picture:
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


def _without_dashes(text: str) -> str:
    return re.sub(r"(?<![^\s(])--(?=[a-z])", "", text)
