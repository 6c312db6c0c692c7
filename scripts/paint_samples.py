"""Paint the sample pictures of the package.

    python scripts/paint_samples.py --out=/tmp/samples --only=night,ink

Contents are a harbor at dusk and a portrait, styles a night by a lake in oil and an ink drawing. Needs NumPy and Pillow
only; the pictures are the same at every run. The portrait takes minutes.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from painting.brush import paint
from painting.harbor import paint_harbor
from painting.ink import draw_ink
from painting.night import sketch_night
from painting.portrait import paint_portrait
from PIL import Image

SAMPLES = Path(__file__).resolve().parent.parent / "keras_nst" / "samples"
PAINTERS: dict[str, Callable[[], Image.Image]] = {
    "harbor": lambda: paint_harbor(seed=5),
    "night": lambda: paint(sketch_night(), seed=7),
    "portrait": paint_portrait,
    "ink": lambda: draw_ink(seed=3),
}


def main() -> None:
    """Paints those that are asked for."""
    parser = argparse.ArgumentParser(description="Paint the sample pictures.")
    parser.add_argument("--out", type=Path, default=SAMPLES, help="folder for the pictures [the package's]")
    parser.add_argument("--only", default=",".join(PAINTERS), help="some of %(default)s [all]")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only.split(","):
        PAINTERS[name]().save(options.out / f"{name}.jpg", quality=90)


if __name__ == "__main__":
    main()
