"""Paint the sample pictures of the package: a harbor at dusk (the content) and a night by a lake (the style).

    python scripts/paint_samples.py --out=/tmp/samples

Needs NumPy and Pillow only; the pictures are the same at every run.
"""

import argparse
from pathlib import Path

from painting.brush import paint
from painting.harbor import paint_harbor
from painting.night import sketch_night

SAMPLES = Path(__file__).resolve().parent.parent / "keras_nst" / "samples"


def main() -> None:
    parser = argparse.ArgumentParser(description="Paint the sample pictures.")
    parser.add_argument("--out", type=Path, default=SAMPLES, help="folder for harbor.jpg and night.jpg")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    paint_harbor(seed=5).save(folder / "harbor.jpg", quality=90)
    paint(sketch_night(), seed=7).save(folder / "night.jpg", quality=90)


if __name__ == "__main__":
    main()
