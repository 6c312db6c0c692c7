"""Writes a trained network for other programs."""

import dataclasses
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from keras_nst.command.command import tell
from keras_nst.networks.model import Card, model_named, shares_of
from keras_nst.session.machine import start
from keras_nst.settings.application import Application
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, Settings, same, setting
from keras_nst.settings.flags import read_settings
from keras_nst.settings.kinds import choice, text
from keras_nst.settings.lines import Tell
from keras_nst.system.quiet import quiet_stderr

LONGEST = 60  # letters of a file name
ENDINGS = {"onnx": ".onnx", "litert": ".tflite", "saved_model": ""}
NEEDED = {"onnx": ("tf2onnx", "onnx")}  # packages of the optional dependencies


@dataclasses.dataclass(frozen=True, kw_only=True)
class Export(Settings):
    """The network to write, its format, and its path."""

    model: str = same(Application, "model")
    format: str = setting(
        "onnx", choice(*ENDINGS), "Export", "The format to write: ONNX, LiteRT (TensorFlow Lite), or SavedModel."
    )
    output: str = setting(
        "", text("PATH"), "Export", "The path to write; default: in the model's folder, under the style's name."
    )
    overwrite: bool = same(Application, "overwrite")
    style: str = same(Application, "style")
    blend: tuple[float, ...] = same(Application, "blend")


class Wanted(NamedTuple):
    """A request for an export, checked before TensorFlow is imported."""

    settings: Export
    folder: Path
    card: Card
    shares: tuple[float, ...]
    path: Path


def work(argv: Sequence[str]) -> int:
    """Writes the network that the command line names; returns the exit code."""
    return export(prepare(read_settings(argv, Export, "model")), tell)


def prepare(settings: Export) -> Wanted:
    """Checks all that can be checked without TensorFlow.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    folder, card = model_named("model", settings.model)
    shares = shares_of(settings.style, settings.blend, card)
    missing = [name for name in NEEDED.get(settings.format, ()) if importlib.util.find_spec(name) is None]
    if missing:
        reason = f'Expected {" and ".join(missing)}: pip install "keras-nst[export]".'
        raise SettingError("format", settings.format, reason)
    style = "-".join(name for name, share in zip(card.names, shares, strict=True) if share)
    style = re.sub(r"[^\w.-]", "_", style)[:LONGEST] or "style"  # an untrusted card may contain any name
    path = Path(settings.output).expanduser() if settings.output else folder / f"{style}{ENDINGS[settings.format]}"
    if path.exists() and (path.is_dir() or not settings.overwrite or settings.format == "saved_model"):
        raise SettingError("output", str(path), "This path exists. Expected a new one, or --overwrite for a file.")
    if not path.parent.is_dir():
        raise SettingError("output", str(path), "Expected a path in a folder that exists.")
    return Wanted(settings, folder, card, shares, path)


def export(wanted: Wanted, tell: Tell) -> int:
    """Writes the network; returns the exit code."""
    start(Config())
    from keras_nst.networks.exporting import FORMATS, Exported
    from keras_nst.networks.trained import load

    network = Exported(load(wanted.folder, wanted.card, "float32"), wanted.shares)
    with quiet_stderr():
        FORMATS[wanted.settings.format](network, wanted.path)
    tell(f"Written: {wanted.path}")
    tell("Input: `photograph`. Output: `picture`. Both are (1, h, w, 3), RGB in [0, 1], of any size.")
    return 0
