"""How many photographs a network needs, and what --steady does, by small networks that are trained and judged alike.

    python scripts/study_networks.py FOLDER --out=study

FOLDER has photographs, of which a third, drawn by lot, is never learned from, or all of which are where --judges has
others. Each way is a line in study/study.jsonl; what is there is not done again. Ten minutes on two cores for three
numbers of photographs, and with --steady.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_nst.pictures.sources import sources
from keras_nst.settings.values import SEPARATOR
from keras_nst.train.prepare import prepare
from keras_nst.train.settings import Training

SMALL = {"size": "128", "style_size": "192", "width": "16", "style_strength": "0.6", "held_out": "0"}
CROP = 160  # pixels: little more than what is learned from at once
PAN, FRAMES, NOISE = 3, 8, 0.01  # pixels that the camera moves from frame to frame; of the clip; of the camera


def main() -> None:
    """Trains what is not trained yet, and tells the table."""
    parser = argparse.ArgumentParser(description="Study networks that paint.")
    parser.add_argument("folder", help="photographs")
    parser.add_argument("--out", type=Path, default=Path("study"))
    parser.add_argument("--style", default="sample:night")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--steady", type=float, default=30.0, help="0: not at all")
    parser.add_argument("--judges", default="", help="other photographs, which judge what is learned")
    parser.add_argument("--counts", default="1,4,all", help="numbers of photographs [%(default)s]")
    parser.add_argument(
        "--crops", type=int, default=0, help="a number of small parts of the photographs, learned from alone"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    names = sources("contents", options.folder, deep=True)
    names = [names[index] for index in np.random.default_rng(0).permutation(len(names))]
    third = 0 if options.judges else len(names) // 3
    judges, seen = names[:third] or sources("contents", options.judges, deep=True), names[third:]
    done = {row["way"] for row in rows(options.out / "study.jsonl") if row["steps"] == options.steps}
    counts = [len(seen) if count == "all" else int(count) for count in options.counts.split(",")]
    ways = {f"{count} photographs": (seen[:count], 0.0) for count in counts}
    if options.crops:
        ways[f"{options.crops} crops"] = crops(seen, options.crops, options.out / "crops"), 0.0
    if options.steady:
        ways["steady"] = seen, options.steady
    for way, (learned_from, steady) in ways.items():
        if way not in done:
            row = {"way": way, "steps": options.steps} | learned(learned_from, judges, options, steady)
            with (options.out / "study.jsonl").open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)


def crops(names: list[str], count: int, folder: Path) -> list[str]:
    """Writes so many squares out of photographs, from each in turn, drawn by lot; returns their names."""
    folder.mkdir(exist_ok=True)
    draw, found = np.random.default_rng(0), []
    for number in range(count):
        with Image.open(names[number % len(names)]) as image:
            left, top = (int(draw.integers(side - CROP + 1)) for side in image.size)
            found.append(str(folder / f"{number:03}.png"))
            image.convert("RGB").crop((left, top, left + CROP, top + CROP)).save(found[-1])
    return found


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yields what is done."""
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def learned(seen: list[str], judges: list[str], options: argparse.Namespace, steady: float) -> dict[str, float]:
    """Returns the losses of a network on photographs that it has learned from, and on others; its flicker; its time."""
    given = {"style": options.style, "steps": str(options.steps), "steady": str(steady), **SMALL}
    asked = prepare(Training.written(contents=SEPARATOR.join(seen), **given), print)
    others = prepare(Training.written(contents=SEPARATOR.join(judges), **given), print).photographs.seen
    from keras_nst.networks.schedule import Plan
    from keras_nst.session.session import Session
    from keras_nst.train.course import opened
    from keras_nst.train.photographs import middle

    course = opened(asked, Session(asked.config, keep=1.0), print)
    plan, losses, begun = Plan(asked.settings.learning_rate, options.steps), [], time.monotonic()
    while plan.taken < plan.end:
        crops = asked.photographs.crops(plan.taken, asked.settings)
        taken = course.learner.step(plan.taken, crops, plan.learning_rate, 0)
        losses.append(float(taken.losses.total.mean()))
        plan = plan.after_a_step(0.0)
    seconds = time.monotonic() - begun
    shown = np.stack([middle(picture, asked.settings.size) for picture in others]).astype(np.float32) / 255
    judged = course.learner.judge(shown)[0]
    return {
        "learning": float(np.mean(losses[-50:])),
        "held_out": float(judged.total.mean()),
        "content": float(judged.content.mean()),
        "style": float(judged.style.mean()),
        "warping_error": float(np.mean([warping_error(course.learner, picture) for picture in others])),
        "seconds": seconds,
    }


def warping_error(learner: Any, picture: np.ndarray) -> float:
    """Returns how much painted frames differ where they show the same, of a camera that moves along a photograph.

    The mean squared difference of each frame and the one before it, moved by the same number of pixels.
    """
    draw, height = np.random.default_rng(0), 128
    width = min(picture.shape[1] - PAN * FRAMES, 192)
    frames = [picture[:height, PAN * number : PAN * number + width] / np.float32(255) for number in range(FRAMES)]
    noisy = [frame + NOISE * draw.standard_normal(frame.shape).astype(np.float32) for frame in frames]
    painted = [learner.paint(frame[None, :, : width // 4 * 4], 0)[0] for frame in noisy]
    pairs = zip(painted, painted[1:], strict=False)
    return float(np.mean([np.square(before[:, PAN:] - after[:, :-PAN]).mean() for before, after in pairs]))


if __name__ == "__main__":
    main()
