"""The pictures of a run, side by side, over each other and one after the other."""

from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

from keras_nst.reports.embedding import embedded, image_of
from keras_nst.reports.facts import Facts
from keras_nst.reports.losses import total
from keras_nst.reports.making import frames
from keras_nst.reports.markup import link, text

OF_THE_RESULT, OF_THE_INPUTS, OF_THE_MAKING = 2_500_000, 3_000_000, 2_000_000  # bytes at most
LARGE, SMALL = 1600, 240  # pixels, the longer side
MOST_FRAMES = 12
MOST_INPUTS = 24


class Shown(NamedTuple):
    """A picture of the run, its name, and what is to be seen in it."""

    name: str
    about: str
    image: Image.Image


def inputs(facts: Facts) -> Iterator[Shown]:
    """Yields the pictures that the run was given, as the event files have them."""
    for tag, of_steps in facts.history.pictures.items():
        image = None if tag == "picture" else image_of(next(iter(of_steps.values())))
        if image:
            what = tag.removeprefix("source/").replace("_", " ")
            file = facts.names.get(what, "")
            yield Shown(what, f"{what}: {file}" if file else what, image)


def result(facts: Facts) -> Image.Image | None:
    """Returns the result as its file has it, or the last that the event files have of it."""
    last = list(facts.history.pictures.get("picture", {}).values())[-1:]
    return (image_of(facts.picture) if facts.picture else None) or (image_of(last[0]) if last else None)


def compared(facts: Facts) -> str:
    """Returns the result beside the pictures it was made of, which the script lays over each other."""
    image, given = result(facts), list(inputs(facts))[:MOST_INPUTS]
    if image is None and not given:
        return "<p>There is no picture yet.</p>"
    shown = [] if image is None else [figure(Shown("result", f"result: {facts.title}", image), OF_THE_RESULT, LARGE)]
    shown += [figure(each, OF_THE_INPUTS // len(given), LARGE // 2) for each in given]
    where = f"<p>The whole file: {link(facts.picture, facts.folder, facts.picture.name)}</p>" if facts.picture else ""
    return f'<div class="compare">{"".join(shown)}</div>{where}'


def figure(shown: Shown, most: int, longest: int) -> str:
    """Returns a picture with its name below."""
    address, width, height = embedded(shown.image, most, longest)
    return (
        f'<figure><img src="{address}" width="{width}" height="{height}" alt="{text(shown.about)}">'
        f"<figcaption>{text(shown.name)}</figcaption></figure>"
    )


def filmstrip(facts: Facts) -> str:
    """Returns the picture on its way."""
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
    return f'<div class="film" tabindex="0" role="group" aria-label="The picture on its way">{"".join(strip)}</div>'
