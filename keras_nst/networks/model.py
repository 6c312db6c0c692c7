"""The folder of a trained network: its card, its weights, its styles as small pictures.

A network is built from its card, every entry of which is checked, and reads only numbers from the weights' file:
nothing in an untrusted folder is executed.
"""

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_nst.settings.declared import InputError, SettingError
from keras_nst.settings.kinds import nearest, shortest
from keras_nst.settings.lines import one_line
from keras_nst.system.files import written_whole

CARD, WEIGHTS, SAMPLES, STYLES = "model.json", "weights.npz", "samples.jpg", "styles"
STARTER = Path(__file__).parent / "starter"  # a bundled trained model, from which new ones start
SAMPLE = "sample:night"  # its name
KIND, VERSION = "keras_nst painter", 1
MOST = {"width": 128, "blocks": 16, "styles": 64}  # limits of a card, so that it cannot exhaust the memory
LEAST = {"width": 4, "blocks": 0, "styles": 1}
LARGEST_CARD, OVERHEAD = 1_000_000, 1_000_000  # bytes; of the weights' file, besides the numbers
LONGEST_NAME = 100  # letters of a style's name


class Shape(NamedTuple):
    """The sizes from which a network is built."""

    width: int  # channels at full size; twice as many at half the size, four times at a quarter
    blocks: int  # number of residual blocks
    styles: int


class Card(NamedTuple):
    """The description of a trained network."""

    shape: Shape
    styles: tuple[Mapping[str, Any], ...]  # name and sha256 of each style picture, and its settings
    sha256: str  # of the weights' file
    told: Mapping[str, Any]  # settings, figures, versions: for readers only

    @property
    def names(self) -> tuple[str, ...]:
        """The styles' names, in order."""
        return tuple(style["name"] for style in self.styles)


def write_model(folder: Path, card: Card, weights: Sequence[np.ndarray]) -> Card:
    """Writes the weights and then the card, which completes the model; returns the card with their hash."""
    packed = io.BytesIO()
    arrays: dict[str, Any] = {f"{number:03}": array for number, array in enumerate(weights)}
    np.savez(packed, **arrays)
    with written_whole(folder / WEIGHTS) as file:
        file.write(packed.getvalue())
    card = card._replace(sha256=hashlib.sha256(packed.getvalue()).hexdigest())
    write_card(folder, card)
    return card


def write_card(folder: Path, card: Card) -> None:
    """Writes the card of a model whose weights exist."""
    said = {"kind": KIND, "version": VERSION, **card.shape._asdict(), "of_styles": list(card.styles)}
    with written_whole(folder / CARD) as file:
        file.write(json.dumps(said | {"weights_sha256": card.sha256, "told": card.told}, indent=1).encode())


def read_card(folder: Path) -> Card:
    """Returns the card of the model in a folder.

    Raises:
        InputError: it has none, or one that is damaged, of a later version, or beyond our limits.
    """
    path = folder / CARD
    if not path.is_file():
        raise InputError(f"Expected the folder of a trained model, which contains {CARD}.")
    try:
        if path.stat().st_size > LARGEST_CARD:
            raise ValueError("it is too large")
        said = json.loads(path.read_bytes())
        if not isinstance(said, dict) or said.get("kind") != KIND:
            raise ValueError(f"it is not of the kind {KIND!r}")
        if said.get("version") != VERSION:
            made = one_line(str(said.get("version")))[:20]
            raise ValueError(f"it is of version {made}, and this program reads version {VERSION}")
        shape = Shape(**{name: _whole(said, name) for name in Shape._fields})
        styles = tuple(_style(style) for style in said["of_styles"])
        if len(styles) != shape.styles:
            raise ValueError(f"it names {len(styles)} styles, not {shape.styles}")
        told = said.get("told")
        return Card(shape, styles, str(said["weights_sha256"]), told if isinstance(told, dict) else {})
    except (ValueError, KeyError, TypeError, RecursionError, OSError) as error:
        wrong = f"{error} is missing" if isinstance(error, KeyError) else error
        raise InputError(f"Expected a model's card. Received: {path}, and {one_line(str(wrong))[:200]}") from None


def model_named(setting: str, folder: str) -> tuple[Path, Card]:
    """Returns the folder that a setting names, or the sample's, and its card.

    Raises:
        SettingError: it is not a model's folder.
    """
    path = STARTER if folder == SAMPLE else Path(folder).expanduser()
    try:
        return path, read_card(path)
    except InputError as error:
        raise SettingError(setting, folder, str(error)) from None


def _whole(said: Mapping[str, Any], name: str) -> int:
    """Returns a number of the card, checked against the limits."""
    value = said[name]
    if type(value) is not int or not LEAST[name] <= value <= MOST[name]:
        raise ValueError(
            f"{name} is {one_line(repr(value))[:40]}, not a whole number from {LEAST[name]} to {MOST[name]}"
        )
    return value


def _style(said: Any) -> dict[str, str]:
    """Returns the card's information about a style: text only, for readers."""
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        raise ValueError("a style has no name")
    return {str(name)[:LONGEST_NAME]: one_line(str(value))[:LONGEST_NAME] for name, value in said.items()}


def read_weights(folder: Path, card: Card, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """Returns the weights of a model, which must have these shapes.

    Raises:
        InputError: the file is missing or damaged, or its arrays do not fit such a network.
    """
    path = folder / WEIGHTS
    try:
        if path.stat().st_size > sum(4 * math.prod(shape) for shape in shapes) + OVERHEAD:
            raise ValueError("it is too large")
        packed = path.read_bytes()
        if hashlib.sha256(packed).hexdigest() != card.sha256:
            raise ValueError(
                f"its hash is not the one in {CARD}: one of the two is damaged or belongs to another model"
            )
        return list(_arrays(packed, shapes))
    except Exception as error:  # whatever a damaged archive raises
        wrong = getattr(error, "strerror", None) or error
        raise InputError(f"Expected a model's weights. Received: {path}, and {one_line(str(wrong))[:200]}") from None


def _arrays(packed: bytes, shapes: Sequence[tuple[int, ...]]) -> Iterator[np.ndarray]:
    """Yields the arrays; their headers are checked before memory is allocated."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if len(archive.namelist()) != len(shapes):
            raise ValueError(f"it has {len(archive.namelist())} arrays, not {len(shapes)}")
        for number, shape in enumerate(shapes):
            with archive.open(f"{number:03}.npy") as member:
                if np.lib.format.read_magic(member) != (1, 0):
                    raise ValueError(f"array {number} is not in version 1.0 of the NumPy format")
                found, _, kind = np.lib.format.read_array_header_1_0(member)
            if found != shape or kind != np.float32:
                raise ValueError(f"array {number} is {kind} {found}, not float32 {shape}")
            with archive.open(f"{number:03}.npy") as member:
                array = np.lib.format.read_array(member, allow_pickle=False)
            if not np.isfinite(array).all():
                raise ValueError(f"array {number} contains NaN or infinity")
            yield array


def shares_of(style: str, blend: tuple[float, ...], card: Card) -> tuple[float, ...]:
    """Returns the shares of the model's styles that --style or --blend requests, with the sum 1.

    Raises:
        SettingError: the model does not have these.
    """
    names, shown = ", ".join(card.names), ",".join(map(shortest, blend))
    if style:
        if blend:
            raise SettingError("blend", shown, "Expected either --blend or --style.")
        if style not in card.names:
            reason = f"Expected one of the model's styles: {names}.{nearest(style, card.names)}"
            raise SettingError("style", style, reason)
        return tuple(float(name == style) for name in card.names)
    blend = blend or (1.0, *[0.0] * (len(card.names) - 1))
    if len(blend) != len(card.names) or not sum(blend):
        many = f"{len(card.names)} number{'s' * (len(card.names) > 1)}"
        reason = f"Expected {many}, not all 0, for the model's styles: {names}."
        raise SettingError("blend", shown, reason)
    return tuple(share / sum(blend) for share in blend)
