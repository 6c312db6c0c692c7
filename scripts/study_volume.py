"""How much neighboring slices of a painted volume differ, and of slices that are painted one by one: of a drawn head.

    python scripts/study_volume.py --out=study

Three minutes on two cores.
"""

import argparse
import threading
from pathlib import Path

import numpy as np

import keras_nst
from keras_nst.volumes.asked import prepare
from keras_nst.volumes.drive import drive
from keras_nst.volumes.settings import Carving
from keras_nst.volumes.sheet import jumps

SHAPE, NOISE = (32, 48, 48), 0.01  # voxels; of the scanner
SKULL, BRAIN = 0.9, 0.45
BALLS = ((14, 18, 16, 8, 0.6), (18, 30, 32, 7, 0.05), (12, 26, 24, 5, 0.8))  # middle, radius, value


def head(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Returns a drawn head (d, h, w), in [0, 1]: a shell, with balls inside."""
    places = np.mgrid[tuple(slice(side) for side in shape)].astype(np.float32)
    middle = np.array(shape).reshape(3, 1, 1, 1) / 2
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
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    content, painted = head(), options.out / "painted.npy"
    np.save(options.out / "head.npy", content)
    given = {"content": str(options.out / "head.npy"), "output": str(painted), "workdir": str(options.out / "volume")}
    own = {"style": options.style, "steps": str(options.steps), "overwrite": "true", "tensorboard": "false"}
    drive(prepare(Carving.written(**given, **own), print), threading.Event(), print)
    with keras_nst.Session(size=max(SHAPE), steps=[options.steps]) as session:
        pages = [session.stylize(np.repeat(page[..., None], 3, 2), options.style).array for page in content]
    alone = np.stack(pages).mean(axis=-1)
    for name, volume in {"content": content, "volume": np.load(painted), "slice by slice": alone}.items():
        print(name, [round(jumps(volume, axis), 4) for axis in range(3)], flush=True)


if __name__ == "__main__":
    main()
