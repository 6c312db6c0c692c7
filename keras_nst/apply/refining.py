"""Refines a network's picture by the optimizer, with the objective that the network was trained with."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_nst.apply.prepare import Request
from keras_nst.networks.model import STYLES, Card
from keras_nst.pictures.files import Picture, read_picture
from keras_nst.session.method import SHORT_MEMORY
from keras_nst.session.scene import Masks, Scene, scene_of
from keras_nst.session.session import Session, paced
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, SettingError, read_setting, reason_of
from keras_nst.settings.kinds import shortest
from keras_nst.settings.lines import Tell
from keras_nst.settings.recipes import OBJECTIVE
from keras_nst.settings.values import joined
from keras_nst.system.pace import Stop

KEPT = 1e9  # bytes of the cache of compiled steps and measured styles
LARGEST = 4_000_000  # pixels of a style picture in a model


class Refiner:
    """Takes steps of the optimizer, starting from given pictures.

    Raises:
        SettingError: the model lacks its style pictures or its settings.
    """

    def __init__(self, asked: Request):
        chosen = [(number, share) for number, share in enumerate(asked.shares, start=1) if share]
        paths = [asked.folder / STYLES / f"{number}.jpg" for number, _ in chosen]
        with asked.settings.about("refine"):
            self.styles = [style_picture(path) for path in paths]
            objective = objective_of(asked.card)
        cards = [asked.card.styles[number - 1] for number, _ in chosen]
        written = [
            f"{path}:{shortest(share)}{blocks_of(card)}"
            for path, (_, share), card in zip(paths, chosen, cards, strict=True)
        ]
        scales = tuple(scale_of(card) for card in cards)
        self.config = asked.settings.config(
            content="photograph",
            style=joined(written),
            style_scale=scales,
            steps=(asked.settings.refine,),
            scales=1,
            beta_1=SHORT_MEMORY,
            **objective,
        )
        self.session = Session(self.config, keep=KEPT)

    def __call__(self, scene: Scene, painted: np.ndarray, stop: Stop, tell: Tell) -> np.ndarray:
        """Returns the picture (h, w, 3) after --refine steps from a painted one."""
        first = Picture(painted, None, "", ())
        whole = scene_of(scene.content, list(self.styles), first, Masks(None), self.config, tell)
        resolved = self.session.resolve(self.config, whole.size)
        pace = paced(resolved, whole.size, stop=stop)
        return self.session.paint(whole, resolved, pace=pace, tell=tell).picture[0]


def style_picture(path: Path) -> Picture:
    """Returns a style picture that is stored in the model.

    Raises:
        ValueError: it is missing, or damaged.
    """
    try:
        return read_picture(path, LARGEST)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Could not read the style picture in the model's folder: {path}. {reason_of(error)}"
        ) from None


def blocks_of(style: Mapping[str, Any]) -> str:
    """Returns the blocks of the network that a style is used for, in the form of --style."""
    return f"@{style['blocks']}" if re.fullmatch(r"\d-\d", style.get("blocks", "")) else ""


def scale_of(style: Mapping[str, Any]) -> float:
    """Returns the --style_scale of a style."""
    (scale,) = read_setting(Config, "style_scale", style.get("scale", "1"))
    return float(scale)


def objective_of(card: Card) -> dict[str, Any]:
    """Returns the objective settings with which a model was trained.

    Raises:
        ValueError: its card has none, or invalid ones.
    """
    settings = card.told.get("settings")
    if not isinstance(settings, dict):
        raise ValueError("Expected a model whose card contains its settings.")
    said = {name: str(settings[name]) for name in OBJECTIVE if name in settings}
    if settings.get("weights") == "random":  # files other than the usual one are the trainer's, and not available
        said |= {"weights": "random", "seed": str(settings.get("seed", 0))}
    try:
        read = Config.written(**said)
    except SettingError as error:
        raise InputError(f"Expected a model whose card contains valid settings: {error}") from None
    return {name: getattr(read, name) for name in said}
