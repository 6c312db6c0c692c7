"""What a run needs from its user, checked and read before TensorFlow is imported."""

import re
from collections.abc import Callable, Container
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from keras_nst.config import Config, SettingError
from keras_nst.core.pyramid import Size, crop_box, final_size
from keras_nst.pictures.download import local_file
from keras_nst.pictures.files import Picture, check_output, read_picture
from keras_nst.system.weights import check_weights
from keras_nst.terms import parse_size
from keras_nst.workdir import choose_output, choose_workdir

SAMPLES = Path(__file__).parent / "samples"
FIRST_PICTURES = ("auto", "content", "noise", "style", "blend")  # all other values of --init are paths


Tell = Callable[[str], None]
Answer = TypeVar("Answer")


class Job(NamedTuple):
    """A run whose settings and inputs have been checked."""

    config: Config  # resolved, except for what depends on the device
    inputs: dict[str, Picture]  # content, style, init: those that there are
    size: Size
    workdir: Path
    output: Path


def prepare(config: Config, tell: Tell) -> Job:
    """Checks all that can be checked without TensorFlow, and reads the pictures.

    Raises:
        SettingError: names the flag, its value and what would be right.
    """
    config = config.resolved()
    check_sources(config, [name for name in ("content", "style") if getattr(config, name)])
    for name in ("content", "style", "init", "weights"):
        if re.search("[\r\n\udc80-\udcff]", getattr(config, name)):
            raise SettingError(name, repr(getattr(config, name)), "Expected a name in Unicode without line breaks.")
    workdir = choose_workdir(config)
    output = choose_output(config, workdir)
    named(config, "weights", lambda: check_weights(config.network, config.weights))
    if config.output:
        named(config, "output", lambda: check_output(output, config.bit_depth, False))
    sources = {name: getattr(config, name) for name in ("content", "style", "init")}
    if config.init in FIRST_PICTURES:
        del sources["init"]
    inputs = {name: _read(config, name, tell) for name, source in sources.items() if source}
    shape = inputs.get("content") or inputs["style"]
    size = named(config, "size", lambda: final_size(parse_size(config.size), Size(*shape.pixels.shape[:2])))
    transparent = "content" in inputs and inputs["content"].alpha is not None
    if config.output:
        named(config, "output", lambda: check_output(output, config.bit_depth, transparent, size))
    return Job(config, {name: _cropped(picture, size, name) for name, picture in inputs.items()}, size, workdir, output)


def named(config: Config, name: str, action: Callable[[], Answer]) -> Answer:
    """Returns what `action` returns; its complaints get the name and the value of the flag."""
    try:
        return action()
    except SettingError:
        raise
    except (ValueError, OSError) as error:
        raise SettingError(name, config.shown(name), _readable(error)) from None


def _readable(error: ValueError | OSError) -> str:
    return str(getattr(error, "strerror", None) or error)


def check_sources(config: Config, given: Container[str]) -> None:
    """Checks that the pictures which the settings need are among those given, by name."""
    for name in ("content", "style"):
        if name not in given and getattr(config, f"{name}_weight"):
            raise SettingError(
                name, "", f"Expected a picture: a path or a URL. It can be left out only with --{name}_weight=0."
            )
    if "content" not in given and "style" not in given:
        raise SettingError("content", "", "Expected a content or a style picture. Received: neither")
    for name in ("content", "style"):
        if config.init in (name, "blend")[: 1 + (name == "content")] and name not in given:
            raise SettingError("init", config.init, f"Expected --{name} as well.")


def _read(config: Config, name: str, tell: Tell) -> Picture:
    source = getattr(config, name)
    most = round(config.max_megapixels * 1e6)
    picture = named(config, name, lambda: read_picture(_sample(source) or local_file(source, max_pixels=most), most))
    for note in picture.notes:
        tell(f"--{name}={source}: {note}")
    return picture


def _sample(source: str) -> Path | None:
    """Returns the path of a picture that comes along, named as sample:NAME."""
    if not source.startswith("sample:"):
        return None
    known = {path.stem: path for path in SAMPLES.glob("*.jpg")}
    name = source.removeprefix("sample:")
    if name not in known:
        raise ValueError(f"Expected one of sample:{', sample:'.join(sorted(known))}. Received: {source}")
    return known[name]


def cropped(pixels: np.ndarray, size: Size, name: str) -> np.ndarray:
    """Returns the content's or first picture's part of the result's proportions; styles keep theirs."""
    if name == "style":
        return pixels
    rows, columns = crop_box(Size(*pixels.shape[:2]), size)
    return pixels[rows, columns]


def _cropped(picture: Picture, size: Size, name: str) -> Picture:
    alpha = None if picture.alpha is None else cropped(picture.alpha, size, name)
    return picture._replace(pixels=cropped(picture.pixels, size, name), alpha=alpha)
