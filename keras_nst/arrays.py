"""Neural style transfer for programs: pictures in, an array out."""

import contextlib
import math
import os
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
from PIL import Image

from keras_nst.config import Config, SettingError, fields, read_setting
from keras_nst.core.events import Listener
from keras_nst.core.pyramid import Size
from keras_nst.engine import (
    find_weights,
    fit_into_memory,
    load_features,
    on_device,
    paced,
    render,
    start,
    with_transparency,
)
from keras_nst.inputs import FIRST_PICTURES, check_sources, cropped, named, read_source, size_of_result, stretched
from keras_nst.kinds import nearest
from keras_nst.pictures.decoding import Samples
from keras_nst.pictures.given import samples_of
from keras_nst.scene import guided, numbered
from keras_nst.system.forgetting import gradients_forgotten
from keras_nst.terms import SEPARATOR

# Settings that mean files, not arrays.
FILES = ("workdir", "output", "overwrite", "bit_depth", "preview", "snapshot_steps")
SEVERAL = ("style", "style_mask")  # arguments that may be lists of pictures
GIVEN = "given"  # stands for the name of a file where there is none

# An array, a picture of Pillow's, or where one is: a path, a URL, sample:NAME.
Given = np.ndarray | Image.Image | str | os.PathLike[str]


def stylize(
    content: Given | None,
    style: Given | Sequence[Given] | None,
    *,
    first: Given | None = None,
    content_mask: Given | None = None,
    style_mask: Given | Sequence[Given] | None = None,
    style_weights: Sequence[float] = (),
    listeners: Sequence[Listener] = (),
    **settings: Any,
) -> np.ndarray:
    """Returns the content picture in the manner of the style picture: (h, w, 3), RGB in [0, 1].

    Pictures are arrays, Pillow's, or named as for the command: by a path, a URL or sample:NAME. Arrays are (h, w) or
    (h, w, c), gray, gray and alpha, RGB or RGBA, of unsigned integers or floats in [0, 1]. Pillow's are taken as they
    lie in memory, files are turned upright. What is transparent in a style is no part of it. What is transparent in the
    content asks for no style, and then the result is (h, w, 4), with the content's alpha, unless the setting
    `background` names a color to lay it on.

    Args:
        content, style: None where its weight is 0. Styles, a list of them, are blended.
        first: the picture to start from, if neither content nor noise.
        content_mask, style_mask: pictures whose colors name regions; one mask for each style.
        style_weights: of the styles; all alike if there are none.
        listeners: called with a `Progress` after each chunk of steps.
        **settings: fields of `Config`; `size` as for the command.

    Raises:
        ValueError: an argument or a setting is not what it should be; it is named.
        OSError: a file cannot be read.
        TypeError: there is no such setting.
    """
    begun = time.monotonic()
    given = _by_name("content", content) | _by_name("style", style) | _by_name("first", first)
    given |= _by_name("content_mask", content_mask) | _by_name("style_mask", style_mask)
    with _naming_arguments():
        config = _config(given, list(style_weights), settings)
        pictures, size = _pictures(given, config)
        pixels = {name: picture.pixels for name, picture in pictures.items()}
        alphas = {name: picture.alpha for name, picture in pictures.items() if picture.alpha is not None}
        guidance = guided(pixels, alphas, config)
        weights, device = find_weights(config), start(config)
        from keras_nst.core.transfer import plan

        config = fit_into_memory(size, on_device(config, device), device, lambda line: None)
        pace = paced(plan(size, config), config, begun, threading.Event())
        features = load_features(config, weights)
        with gradients_forgotten():
            result = render(pixels, guidance, size, config, device, features, pace, listeners)
    if result.diverged:
        raise ValueError(f"Expected settings whose loss stays a number. Received: none after step {result.steps}")
    picture, alpha = with_transparency(result.picture[0], alphas.get("content"), config)
    return np.array(picture) if alpha is None else np.dstack([picture, alpha])


def _by_name(argument: str, given: Given | Sequence[Given] | None) -> dict[str, tuple[str, Given]]:
    """Returns the pictures of an argument, each with what to call it, by the names that inputs have."""
    if given is None:
        return {}
    if argument not in SEVERAL or not isinstance(given, (list, tuple)):
        return {"init" if argument == "first" else argument: (argument, cast(Given, given))}
    names = numbered(argument, len(given))
    return {name: (f"{argument}[{index}]", each) for index, (name, each) in enumerate(zip(names, given, strict=True))}


def _config(given: Collection[str], style_weights: list[float], settings: Mapping[str, Any]) -> Config:
    """Returns the resolved settings for pictures of these names."""
    count, masks = (
        sum(bool(re.fullmatch(rf"{kind}(_\d+)?", name)) for name in given) for kind in ("style", "style_mask")
    )
    if not all(0 < weight < math.inf for weight in style_weights):
        raise ValueError(f"style_weights: Expected numbers above 0. Received: {style_weights}")
    if len(style_weights or range(count)) != count:
        raise ValueError(f"style_weights: Expected one for each of {count} styles. Received: {len(style_weights)}")
    stand_ins: dict[str, Any] = {
        "style": SEPARATOR.join(f"{GIVEN}:{float(weight)!r}" for weight in style_weights or [1.0] * count),
        "content_mask": GIVEN if "content_mask" in given else "",
        "style_mask": SEPARATOR.join([GIVEN] * masks),
    }
    config = Config(**{name: _setting(name, value) for name, value in settings.items()}, **stand_ins).resolved()
    if config.init not in FIRST_PICTURES:
        raise SettingError(
            "init", config.init, f"Expected one of {', '.join(FIRST_PICTURES)}; a picture goes into first."
        )
    check_sources(config, given)
    return config


def _pictures(given: Mapping[str, tuple[str, Given]], config: Config) -> tuple[dict[str, Samples], Size]:
    """Returns the pictures, cropped to the shape of the result, and its size."""
    most = round(config.max_megapixels * 1e6)
    read = {name: _read(argument, picture, most) for name, (argument, picture) in given.items()}
    shape = Size(*read["content" if "content" in read else "style"].pixels.shape[:2])
    size = named(config, "size", lambda: size_of_result(config, shape))
    for name in [name for name in read if "mask" in name and name.replace("_mask", "") in read]:
        of = Size(*read[name.replace("_mask", "")].pixels.shape[:2])
        read[name] = Samples(stretched(read[name].pixels, of), None)
    return {name: _cropped(picture, size, name) for name, picture in read.items()}, size


def _cropped(picture: Samples, size: Size, name: str) -> Samples:
    alpha = None if picture.alpha is None else cropped(picture.alpha, size, name)
    return picture._replace(pixels=cropped(picture.pixels, size, name), alpha=alpha)


def _read(argument: str, given: Given, most: int) -> Samples:
    called = argument
    try:
        if not isinstance(given, (str, os.PathLike)):
            return samples_of(given)
        called = f"{argument}={os.fspath(given)!r}"
        picture = read_source(os.fspath(given), most)
        return Samples(picture.pixels, picture.alpha)
    except (ValueError, OSError) as error:
        kind = next(kind for kind in (FileNotFoundError, OSError, ValueError) if isinstance(error, kind))
        raise kind(_without_dashes(f"{called}: {getattr(error, 'strerror', None) or error}")) from None


@contextlib.contextmanager
def _naming_arguments() -> Iterator[None]:
    """Says of arguments what the settings' errors say of flags."""
    try:
        yield
    except SettingError as error:
        raise ValueError(_without_dashes(re.sub(r"^--(\w+)=:", r"\1=None:", str(error)))) from None


def _without_dashes(text: str) -> str:
    return re.sub(r"(?<![^\s(])--(?=[a-z])", "", text)


def _setting(name: str, value: Any) -> Any:
    """Returns a setting from a value of Python's, a list or a text as a flag has it."""
    if name not in fields():
        raise TypeError(f"Expected settings among {', '.join(fields())}.{nearest(name, fields())} Received: {name}")
    if name in FILES:
        raise ValueError(f"Expected settings for arrays. Received: {name}, which is for files")
    written = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return read_setting(name, "auto" if value is None else written)
