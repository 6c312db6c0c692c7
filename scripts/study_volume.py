"""How much neighboring slices of a painted volume differ, and of slices that are painted one by one: of a drawn head.

    python scripts/study_volume.py --out=study
    python scripts/study_volume.py --out=large --times=3 --alone=10

Three and four minutes on two cores.
"""

import argparse
import threading
from pathlib import Path

import numpy as np

import keras_nst
from keras_nst.volume.drive import drive
from keras_nst.volume.prepare import prepare
from keras_nst.volume.settings import Carving
from keras_nst.volume.sheet import jumps

SHAPE, NOISE = (32, 48, 48), 0.01  # voxels; of the scanner
SKULL, BRAIN = 0.9, 0.45
BALLS = ((14, 18, 16, 8, 0.6), (18, 30, 32, 7, 0.05), (12, 26, 24, 5, 0.8))  # middle, radius, value


def head(times: int = 1) -> np.ndarray:
    """Returns a drawn head (d, h, w), in [0, 1]: a shell, with balls inside; its sides are so many times SHAPE's."""
    shape = tuple(times * side for side in SHAPE)
    places = np.mgrid[tuple(slice(side) for side in shape)].astype(np.float32) / times
    middle = np.array(SHAPE).reshape(3, 1, 1, 1) / 2
    inside = np.sqrt((((places - middle) / (0.85 * middle)) ** 2).sum(axis=0))
    drawn = np.select([inside < 0.9, inside < 1], [BRAIN, SKULL], 0.3)
    for *ball, radius, value in BALLS:
        drawn[((places - np.array(ball).reshape(3, 1, 1, 1)) ** 2).sum(axis=0) < radius**2] = value
    drawn += NOISE * np.random.default_rng(0).standard_normal(shape)
    return np.clip(drawn, 0, 1).astype(np.float32)


def main() -> None:
    """Paints in both ways, and tells how much neighbors differ along slices, rows and columns."""
    parser = argparse.ArgumentParser(description="Study volumes.")
    parser.add_argument("--out", type=Path, default=Path("study"))
    parser.add_argument("--style", default="sample:ink")
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--steady", default="6", help="as of a volume [%(default)s]")
    parser.add_argument("--times", type=int, default=1, help="how many times as large [1]")
    parser.add_argument("--alone", type=int, default=0, help="middle slices that are compared; 0: all [0]")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    content, painted = head(options.times), options.out / "painted.npy"
    np.save(options.out / "head.npy", content)
    given = {"content": str(options.out / "head.npy"), "output": str(painted), "workdir": str(options.out / "volume")}
    own = {"style": options.style, "steps": str(options.steps), "steady": options.steady}
    own |= {"overwrite": "true", "tensorboard": "false"}
    drive(prepare(Carving.written(**given, **own), print), threading.Event(), print)
    compared = middle(content, options.alone or len(content))
    with keras_nst.Session(size=max(content.shape), steps=[options.steps]) as session:
        pages = [session.stylize(np.repeat(page[..., None], 3, 2), options.style).array for page in compared]
    whole, alone = middle(np.load(painted), len(compared)), np.stack(pages).mean(axis=-1)
    for name, volume in {"content": compared, "volume": whole, "slice by slice": alone}.items():
        print(name, [round(jumps(volume, axis), 4) for axis in range(3)], flush=True)


def middle(volume: np.ndarray, slices: int) -> np.ndarray:
    """Returns so many slices from the middle."""
    first = (len(volume) - slices) // 2
    return volume[first : first + slices]


if __name__ == "__main__":
    main()
