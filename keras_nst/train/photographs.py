"""The photographs that a network learns from, and those that judge it. No TensorFlow here."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from keras_nst.pictures.sources import read_source, sources
from keras_nst.settings.declared import SettingError, reason_of
from keras_nst.settings.lines import Tell
from keras_nst.train.settings import Training

MOST = 500  # photographs; the number hardly matters, and these fill about 600 MB
ROOMY = 2  # photographs are kept at this many times the size of a crop
JUDGES = 8  # held-out photographs that are evaluated


class Photographs(NamedTuple):
    """Photographs (h, w, 3) in 8 bits, all of them at least as large as a crop."""

    seen: list[np.ndarray]
    held_out: list[np.ndarray]

    @property
    def sha256(self) -> str:
        """A hash that identifies these photographs."""
        found = hashlib.sha256()
        for picture in (*self.seen, *self.held_out):
            found.update(picture.tobytes())
        return found.hexdigest()

    def crops(self, step: int, settings: Training) -> np.ndarray:
        """Returns the crops for the step of this number, (n, size, size, 3) in [0, 1]: the same each time."""
        draw = np.random.default_rng([settings.seed, step])
        crops = [
            crop(self.seen[draw.integers(len(self.seen))], settings.size, draw) for _ in range(settings.batch_size)
        ]
        return np.stack(crops).astype(np.float32) / 255

    def judges(self, size: int) -> np.ndarray:
        """Returns the centers of held-out photographs, or of the others if none are held out."""
        shown = (self.held_out or self.seen)[:JUDGES]
        return np.stack([middle(picture, size) for picture in shown]).astype(np.float32) / 255


def crop(picture: np.ndarray, size: int, draw: np.random.Generator) -> np.ndarray:
    """Returns a random square of a picture, shrunk by a random factor up to the largest possible."""
    height, width = picture.shape[:2]
    side = round(size * (min(height, width) / size) ** draw.random())
    top, left = draw.integers(height - side + 1), draw.integers(width - side + 1)
    square = resized(picture[top : top + side, left : left + side], (size, size))
    return square[:, :: draw.choice([-1, 1])]


def middle(picture: np.ndarray, size: int) -> np.ndarray:
    """Returns the largest square in the center of a picture, resized."""
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return resized(picture[top : top + side, left : left + side], (size, size))


def resized(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Returns a picture resized to this width and height."""
    if picture.shape[1::-1] == shape:
        return picture
    return np.asarray(Image.fromarray(picture).resize(shape, Image.Resampling.LANCZOS, reducing_gap=3.0))


def read_photographs(settings: Training, tell: Tell) -> Photographs:
    """Reads the photographs, and holds some of them out.

    Unreadable or too small ones are left out and reported.

    Raises:
        SettingError: none can be used.
    """
    names = sources("contents", settings.contents, deep=True)
    draw = np.random.default_rng(settings.seed)
    order = [names[index] for index in draw.permutation(len(names))]
    if len(order) > MOST:
        tell(f"--contents={settings.contents}: {len(order)} pictures, of which {MOST} are used, drawn at random.")
    if len(order) == 1:  # whose error is reported in one line
        with settings.about("contents"):
            return Photographs([small(read_source(order[0], most_pixels(settings)).pixels, settings.size)], [])
    read = list(readable(order, settings, tell))
    if not read:
        reason = f"Expected a usable picture. Received: {len(order)} that are not, for the reasons above"
        raise SettingError("contents", settings.contents, reason)
    aside = min(len(read) - 1, max(1, round(settings.held_out * len(read)))) if settings.held_out else 0
    return Photographs(read[aside:], read[:aside])


def readable(names: Sequence[str], settings: Training, tell: Tell) -> Iterator[np.ndarray]:
    """Yields the photographs that can be used, MOST at most."""
    count = 0
    for name in names:
        if count == MOST:
            return
        try:
            yield small(read_source(name, most_pixels(settings)).pixels, settings.size)
            count += 1
        except (OSError, ValueError) as error:
            tell(f"--contents: {name} is skipped: {reason_of(error)}")


def most_pixels(settings: Training) -> int:
    """Returns the limit of a photograph's pixels."""
    return round(settings.max_megapixels * 1e6)


def small(pixels: np.ndarray, size: int) -> np.ndarray:
    """Returns a picture in 8 bits, no larger than needed.

    Raises:
        ValueError: it is smaller than a crop.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < size:
        raise ValueError(f"Expected at least {size} x {size} pixels (--size). Received: {width} x {height}")
    picture = np.rint(pixels * 255).astype(np.uint8)
    share = min(1.0, ROOMY * size / min(height, width))
    return resized(picture, (round(width * share), round(height * share)))
