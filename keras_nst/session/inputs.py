"""Reads the pictures that the settings name, before TensorFlow is imported."""

import re
from pathlib import Path

from keras_nst.pictures.files import Picture
from keras_nst.pictures.opening import MAX_PIXELS
from keras_nst.pictures.sources import read_source
from keras_nst.session.scene import Masks, Scene, scene_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, about
from keras_nst.settings.kinds import nearest
from keras_nst.settings.lines import Tell
from keras_nst.settings.values import FIRST_PICTURES, parted

PLAIN = re.compile("[^\r\n\udc80-\udcff]*")  # names that a flag file can hold
NAMES = ("content", "style", "init", "weights", "content_mask", "style_mask")  # settings that name files


def check_names(config: Config) -> None:
    """Refuses names that settings.cfg cannot hold."""
    for name in NAMES:
        if not PLAIN.fullmatch(getattr(config, name)):
            raise SettingError(name, repr(getattr(config, name)), "Expected a name in Unicode without line breaks.")


def read_scene(config: Config, tell: Tell) -> Scene:
    """Reads all pictures that the settings name.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """

    def read(name: str, source: str) -> Picture | None:
        return _read(name, source, config, tell) if source else None

    return scene_of(
        read("content", config.content),
        [_read("style", style.source, config, tell) for style in config.style_sources()],
        read("init", first_source(config.init)),
        Masks(
            read("content_mask", config.content_mask),
            [_read("style_mask", mask, config, tell) for mask in parted(config.style_mask)],
        ),
        config,
        tell,
    )


def first_source(init: str) -> str:
    """Returns the picture that --init names; "" if it is not from a file."""
    if init in FIRST_PICTURES:
        return ""
    if re.fullmatch(r"\w+", init) and not Path(init).exists():
        expected = f"Expected {', '.join(FIRST_PICTURES)} or a picture.{nearest(init, FIRST_PICTURES)}"
        raise SettingError("init", init, expected)
    return init


def _read(name: str, source: str, config: Config, tell: Tell) -> Picture:
    return read_picture(name, source, tell, round(config.max_megapixels * 1e6))


def read_picture(name: str, source: str, tell: Tell, max_pixels: int = MAX_PIXELS) -> Picture:
    """Returns the picture that a setting names.

    Raises:
        SettingError: names the setting, its value and what is expected.
    """
    with about(name, source):
        if not PLAIN.fullmatch(source):
            raise ValueError("Expected a name in Unicode without line breaks.")
        picture = read_source(source, max_pixels)
    for note in picture.notes:
        tell(f"--{name}={source}: {note}")
    return picture
