"""How steady each way paints a film, how near to the style, how fast: of a drawn film, whose motion is known.

    python scripts/study_film.py --out=study

Each way is a line in study/film.jsonl; what is there is not done again. Half an hour on two cores.
"""

import argparse
import dataclasses
import json
import threading
from pathlib import Path

import numpy as np
from drawn_film import Drawn, drawn, scenery, write_drawn

from keras_nst.core.plan.pyramid import Size
from keras_nst.video.drive import drive
from keras_nst.video.film import Request
from keras_nst.video.motion import Motion, flicker, warping_error
from keras_nst.video.prepare import prepare
from keras_nst.video.settings import Filming

STYLE, MODEL = "sample:night", "sample:night"
WAYS = {
    "frame by frame": {"style": STYLE, "steady": "0"},
    "optimize": {"style": STYLE},
    "network alone": {"model": MODEL, "steady": "0"},
    "network": {"model": MODEL},
    "keyframes": {"style": STYLE, "how": "keyframes", "keyframe_every": "12", "learning_steps": "300"},
}
JUDGED = 3  # frames, of which figures are taken


def main() -> None:
    """Paints in each way what is not painted yet, and tells the table."""
    parser = argparse.ArgumentParser(description="Study the ways to paint a film.")
    parser.add_argument("--out", type=Path, default=Path("study"))
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", default="320x180")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    size, told = Size(height, width), options.out / "film.jsonl"
    options.out.mkdir(parents=True, exist_ok=True)
    frames = list(drawn(options.frames, size, scenery(size, options.frames)))
    film = options.out / "drawn.mkv"
    write_drawn(film, [each.frame for each in frames])
    done = {json.loads(line)["way"] for line in told.read_text().splitlines()} if told.exists() else set()
    for way, own in WAYS.items():
        if way not in done:
            row = {"way": way} | studied(film, frames, options.out / way.replace(" ", "-"), own)
            with told.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)


def studied(film: Path, frames: list[Drawn], folder: Path, own: dict[str, str]) -> dict[str, float]:
    """Paints a film in one way; returns what is to be told of it."""
    given = {"content": str(film), "output": f"{folder}.mkv", "workdir": str(folder), "tensorboard": "false"}
    asked = prepare(Filming.written(**given, **own), print)
    drive(asked, threading.Event(), print)
    written = [asked.folder.frame(number).stat().st_mtime for number in range(len(frames))]
    pictures = [asked.folder.picture(number) for number in range(len(frames))]
    return steadiness(frames, pictures) | figures(asked, frames) | {"seconds": float(np.median(np.diff(written)))}


def steadiness(frames: list[Drawn], pictures: list[np.ndarray]) -> dict[str, float]:
    """Returns the warping error and the flicker of painted frames, by the motion that was drawn."""
    pairs = [(number, number - 1) for number in range(1, len(frames))]
    motions = [Motion(frame.back, frame.seen) for frame in frames]
    of_painted = [warping_error(pictures[now], pictures[then], motions[now]) for now, then in pairs]
    of_film = [warping_error(frames[now].frame, frames[then].frame, motions[now]) for now, then in pairs]
    beyond = [flicker(pictures[now], pictures[then], frames[now].frame, frames[then].frame) for now, then in pairs]
    means = (float(np.mean(values)) for values in (of_painted, of_film, beyond))
    return dict(zip(("warping_error", "warping_error_of_the_film", "flicker"), means, strict=True))


def figures(asked: Request, frames: list[Drawn]) -> dict[str, float]:
    """Returns the mean figures of some painted frames."""
    from keras_nst.pictures.sources import read_source
    from keras_nst.session.scene import Masks, scene_of
    from keras_nst.session.session import Session
    from keras_nst.video.optimizing import of_pixels

    config = dataclasses.replace(asked.config, style=STYLE)
    session, style = Session(config, keep=1e9), read_source(STYLE)
    found = []
    for number in np.linspace(0, len(frames) - 1, JUDGED).astype(int):
        scene = scene_of(of_pixels(frames[number].frame), [style], None, Masks(None), config, print)
        resolved = session.resolve(config, scene.size)
        found.append(session.figures(scene, resolved, asked.folder.picture(int(number))[None]))
    names = ("content", "gram", "w2", "sliced", "color", "grain")
    return {name: float(np.mean([getattr(each, name) for each in found])) for name in names}


if __name__ == "__main__":
    main()
