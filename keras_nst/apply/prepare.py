"""Checks the request to paint photographs, before TensorFlow is imported."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from keras_nst.command.run_folder import stem
from keras_nst.networks.model import Card, model_named, shares_of
from keras_nst.pictures.files import FORMATS
from keras_nst.pictures.sources import sources
from keras_nst.settings.application import Application
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell


class Request(NamedTuple):
    """Photographs, and the network that paints them."""

    settings: Application
    folder: Path  # of the model
    card: Card
    shares: tuple[float, ...]  # of its styles, sum 1
    wanted: tuple[tuple[str, Path], ...]  # photographs and the paths of their pictures


def prepare(settings: Application, tell: Tell) -> Request:
    """Checks all that can be checked without TensorFlow.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    folder, card = model_named("model", settings.model)
    if not settings.contents:
        raise SettingError("contents", "", "Expected photographs: a folder, a glob in quotes or a picture.")
    if settings.bit_depth not in (8, 16):
        raise SettingError("bit_depth", settings.bit_depth, "Expected 8 or 16.")
    shares = shares_of(settings.style, settings.blend, card)
    return Request(settings, folder, card, shares, tuple(wanted(settings)))


def wanted(settings: Application) -> Sequence[tuple[str, Path]]:
    """Returns the photographs with the paths of their results, which are unique."""
    folder, taken, found = Path(settings.output).expanduser(), set[str](), []
    names = sources("contents", settings.contents, deep=True)
    for source in names:
        if os.path.exists(source) and Path(source).resolve().parent == folder.resolve():
            reason = f"Expected another folder than that of the photographs. {source} is in it."
            raise SettingError("output", settings.output, reason)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError("output", settings.output, f"Expected a writable folder. {error.strerror}.") from None
    for source in names:
        name = free_name(source, taken)
        taken.add(name.lower())
        found.append((source, folder / f"{name}{suffix_of(source, settings)}"))
    return found


def free_name(source: str, taken: Collection[str]) -> str:
    """Returns a photograph's own name; if it is taken, with its folder's name before it, or a number after it."""
    own = Path(source).stem if os.path.exists(source) else stem(source)
    names = [own, f"{Path(source).parent.name}-{own}", *(f"{own}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name and name.lower() not in taken)


def suffix_of(source: str, settings: Application) -> str:
    """Returns the suffix of a result's name."""
    if settings.format != "auto":
        return f".{settings.format}"
    own = Path(source).suffix.lower()
    fits = own in FORMATS and (settings.bit_depth == 8 or FORMATS[own].deep)
    return own if fits else ".png"
