"""The picture on its way: as a strip in a page, and as a moving picture."""

import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from keras_nst.reports.embedding import image_of
from keras_nst.reports.facts import Facts
from keras_nst.system.atomic import written_whole

LONGEST = 720  # pixels of a moving picture
MOST = 1000
SHOWN, HELD = 300, 2500  # milliseconds of a frame, and of the last one


def frames(facts: Facts, most: int) -> list[tuple[int, Image.Image]]:
    """Returns steps and pictures, at most so many, from the event files and the snapshots; the last is among them."""
    found: dict[int, Path | bytes] = dict(snapshots(facts.folder)) | facts.history.pictures.get("picture", {})
    steps = sorted(found)
    if len(steps) > most:
        steps = [steps[round(number * (len(steps) - 1) / (most - 1))] for number in range(most)]
    images = ((step, image_of(found[step])) for step in steps)
    return [(step, image) for step, image in images if image]


def snapshots(folder: Path) -> dict[int, Path]:
    """Returns the pictures that were kept as files, by their steps."""
    found = ((re.fullmatch(r"step-(\d+)\.jpg", path.name), path) for path in folder.glob("snapshots/step-*.jpg"))
    return {int(match[1]): path for match, path in found if match}


def frames_of(facts: Facts) -> list[Image.Image]:
    """Returns all pictures of a run, to be shown one after the other.

    Raises:
        ValueError: the run has left fewer than two.
    """
    found = [image.convert("RGB") for _, image in frames(facts, MOST)]
    if facts.picture and (last := image_of(facts.picture)):
        found[len(found) - facts.finished :] = [last.convert("RGB")]  # a finished run's last one is the result
    if len(found) < 2:
        expected = "Expected a run that has kept pictures on its way, by --snapshot_steps"
        raise ValueError(f"{expected}. Received: one with {len(found)}")
    return found


def write_making(path: Path, found: Sequence[Image.Image]) -> None:
    """Writes pictures as an animated WebP.

    Raises:
        OSError: it cannot be written.
    """
    found[-1].thumbnail((LONGEST, LONGEST))
    size = found[-1].size
    first, *others = (image.resize(size, Image.Resampling.LANCZOS) for image in found)
    times = [SHOWN] * len(others) + [HELD]
    with written_whole(path) as file:
        first.save(file, "WEBP", save_all=True, append_images=others, duration=times, loop=0, quality=80)
