"""The pictures of a run: compared, and as a sequence."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from keras_nst.report.charts import total
from keras_nst.report.facts import Facts
from keras_nst.report.markup import embedded, image_of, link, text
from keras_nst.system.files import written_whole

LONGEST = 720  # pixels of an animation
MOST = 1000
SHOWN, HELD = 300, 2500  # milliseconds per frame, and of the last one


def frames(facts: Facts, most: int) -> list[tuple[int, Image.Image]]:
    """Returns steps and pictures, `most` at most, from event files and snapshots, including the last one."""
    found: dict[int, Path | bytes] = dict(snapshots(facts.folder)) | facts.history.pictures.get("picture", {})
    steps = sorted(found)
    if len(steps) > most:
        steps = [steps[round(number * (len(steps) - 1) / (most - 1))] for number in range(most)]
    images = ((step, image_of(found[step])) for step in steps)
    return [(step, image) for step, image in images if image]


def snapshots(folder: Path) -> dict[int, Path]:
    """Returns the snapshot files, by their steps."""
    found = ((re.fullmatch(r"step-(\d+)\.jpg", path.name), path) for path in folder.glob("snapshots/step-*.jpg"))
    return {int(match[1]): path for match, path in found if match}


def frames_of(facts: Facts) -> list[Image.Image]:
    """Returns all pictures of a run, as the frames of an animation.

    Raises:
        ValueError: the run has left fewer than two.
    """
    found = [image.convert("RGB") for _, image in frames(facts, MOST)]
    if facts.picture and (last := image_of(facts.picture)):
        found[len(found) - facts.finished :] = [last.convert("RGB")]  # the last one of a finished run is the result
    if len(found) < 2:
        expected = "Expected a run with two pictures or more, as by --snapshot_steps"
        raise ValueError(f"{expected}. Received: {len(found)}")
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


OF_THE_RESULT, OF_THE_INPUTS, OF_THE_MAKING = 2_500_000, 3_000_000, 2_000_000  # bytes at most
LARGE, SMALL = 1600, 240  # pixels, the longer side
MOST_FRAMES = 12
MOST_INPUTS = 24


class Shown(NamedTuple):
    """A picture of the run, its name, and its description."""

    name: str
    about: str
    image: Image.Image


def inputs(facts: Facts) -> Iterator[Shown]:
    """Yields the inputs of the run, as stored in the event files."""
    for tag, of_steps in facts.history.pictures.items():
        image = None if tag == "picture" else image_of(next(iter(of_steps.values())))
        if image:
            what = tag.removeprefix("source/").replace("_", " ")
            file = facts.names.get(what, "")
            yield Shown(what, f"{what}: {file}" if file else what, image)


def result(facts: Facts) -> Image.Image | None:
    """Returns the result from its file, or else the latest picture in the event files."""
    last = list(facts.history.pictures.get("picture", {}).values())[-1:]
    return (image_of(facts.picture) if facts.picture else None) or (image_of(last[0]) if last else None)


def compared(facts: Facts) -> str:
    """Returns the result next to its inputs, which the script lays over each other."""
    image, given = result(facts), list(inputs(facts))[:MOST_INPUTS]
    if image is None and not given:
        return "<p>There is no picture yet.</p>"
    shown = [] if image is None else [figure(Shown("result", f"result: {facts.title}", image), OF_THE_RESULT, LARGE)]
    shown += [figure(each, OF_THE_INPUTS // len(given), LARGE // 2) for each in given]
    where = f"<p>Full size: {link(facts.picture, facts.folder, facts.picture.name)}</p>" if facts.picture else ""
    return f'<div class="compare">{"".join(shown)}</div>{where}'


def figure(shown: Shown, most: int, longest: int) -> str:
    """Returns a picture with its name below."""
    address, width, height = embedded(shown.image, most, longest)
    return (
        f'<figure><img src="{address}" width="{width}" height="{height}" alt="{text(shown.about)}">'
        f"<figcaption>{text(shown.name)}</figcaption></figure>"
    )


def filmstrip(facts: Facts) -> str:
    """Returns the pictures in progress as a strip."""
    found = frames(facts, MOST_FRAMES)
    if len(found) < 2:
        return ""
    losses = dict(total(facts.history))
    starts = facts.history.scale_starts()
    strip = []
    for step, image in found:
        scale = sum(start <= step for start in starts)
        loss = f", loss {losses[step]:.4g}" if step in losses else ""
        words = f"step {step}" + f", scale {scale}" * bool(scale) + loss
        strip.append(figure(Shown(words, f"the picture at {words}", image), OF_THE_MAKING // len(found), SMALL))
    return f'<div class="film" tabindex="0" role="group" aria-label="Intermediate pictures">{"".join(strip)}</div>'
