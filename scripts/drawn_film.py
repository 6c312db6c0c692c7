"""A drawn film whose motion is known exactly: a camera that moves along a picture, and a disk nearer to it.

python scripts/drawn_film.py film.mp4 --frames=48
"""

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.sources import read_source
from keras_nst.video.writing import Timing, write_film

CAMERA = np.array([1.75, 0.5])  # pixels to the right and down, from frame to frame
DISK = np.array([-2.5, 1.0])  # in the picture
RATE = Fraction(25)


class Drawn(NamedTuple):
    """A frame, and from where in the one before it what is to be seen has come."""

    frame: np.ndarray  # (h, w, 3), in [0, 1]
    back: np.ndarray  # (h, w, 2)
    seen: np.ndarray  # (h, w): 1 where it was to be seen there, else 0


def drawn(count: int, size: Size, scene: np.ndarray) -> Iterator[Drawn]:
    """Yields so many frames of a scene (h, w, 3) that is larger than they are."""
    rows, columns = np.mgrid[: size.height, : size.width].astype(np.float32)
    radius = 0.2 * size.height
    texture = cv2.flip(scene, -1)[:, :, ::-1]

    def on_disk(number: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        right, down = middle + number * DISK
        return np.hypot(columns - right, rows - down) < radius

    middle = np.array([0.7 * size.width, 0.35 * size.height])
    for number in range(count):
        camera, disk = number * CAMERA, number * DISK
        behind = cv2.remap(scene, np.float32(columns + camera[0]), np.float32(rows + camera[1]), cv2.INTER_LINEAR)
        before = cv2.remap(texture, np.float32(columns - disk[0]), np.float32(rows - disk[1]), cv2.INTER_LINEAR)
        nearer = on_disk(number, rows, columns)
        back = np.where(nearer[..., None], -DISK, CAMERA).astype(np.float32)
        there = columns + back[..., 0], rows + back[..., 1]
        inside = (there[0] >= 0) & (there[0] <= size.width - 1) & (there[1] >= 0) & (there[1] <= size.height - 1)
        covered = on_disk(number - 1, there[1], there[0]) & ~nearer
        yield Drawn(np.where(nearer[..., None], before, behind), back, (inside & ~covered).astype(np.float32))


def scenery(size: Size, frames: int, source: str = "sample:harbor") -> np.ndarray:
    """Returns a picture that is large enough for a camera that moves for so many frames."""
    pixels = read_source(source).pixels
    wanted = np.array([size.width, size.height]) + np.ceil(frames * CAMERA) + 2
    share = max(wanted / pixels.shape[1::-1])
    return cv2.resize(pixels, None, fx=share * 1.05, fy=share * 1.05, interpolation=cv2.INTER_AREA)


def write_drawn(path: Path, frames: list[np.ndarray]) -> None:
    """Writes frames (h, w, 3) in [0, 1] as a film."""
    levels = [np.uint8(np.rint(255 * np.clip(frame, 0, 1))) for frame in frames]
    timing = Timing(tuple(range(len(levels))), 1 / RATE, RATE)
    write_film(path, lambda number: levels[number], Size(*levels[0].shape[:2]), timing, None)


def main() -> None:
    """Writes a drawn film."""
    parser = argparse.ArgumentParser(description="Draw a film.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--cut", action="store_true", help="with another scene in its second half")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    size, frames = Size(height, width), list[np.ndarray]()
    scenes = ["sample:harbor", "sample:portrait"] if options.cut else ["sample:harbor"]
    for source in scenes:
        count = options.frames // len(scenes)
        frames += [each.frame for each in drawn(count, size, scenery(size, count, source))]
    write_drawn(options.output, frames)


if __name__ == "__main__":
    main()
