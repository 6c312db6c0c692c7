"""Paint what the pictures of docs/guides/control.md need beside the samples: a second style and two masks.

    python scripts/paint_masks.py --out=.

Makes glass.png, the harbor as leaded glass; sky.png, white where its sky is; town.png, black where houses and boats
are. Needs NumPy and Pillow only.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

SAMPLES = Path(__file__).resolve().parent.parent / "keras_nst" / "samples"
SIZE = (768, 512)  # of what is drawn; the shapes below are in its pixels
PANE = 32  # pixels
LEAD = 2.0  # pixels to each side
HORIZON = 300
HOUSES = [
    *((0, 70), (28, 70), (66, 104), (70, 124), (92, 122), (96, 106), (126, 90), (190, 96), (196, 116), (240, 110)),
    *((242, 92), (268, 94), (280, 66), (300, 126), (302, 160), (356, 166), (372, 180), (400, 194), (406, 222)),
    *((444, 226), (480, 230), (506, 226), (546, 236), (546, 318), (450, 320), (360, 326), (170, 346), (0, 378)),
]
BOATS = [
    [(578, 172), (668, 330), (696, 392), (690, 420), (505, 406), (488, 376), (496, 368)],
    [(408, 238), (448, 334), (450, 346), (364, 350), (360, 324)],
    [(308, 230), (362, 356), (352, 376), (246, 386), (238, 366)],
    [(152, 478), (312, 458), (302, 488), (154, 504)],
    [(370, 410), (460, 428), (456, 440), (376, 428)],
    [(672, 300), (676, 216), (694, 216), (698, 300)],
    [(612, 500), (720, 478), (720, 346), (740, 346), (740, 472), (768, 470), (768, 512), (612, 512)],
]


def paint_glass() -> Image.Image:
    """Returns the harbor in panes of one color each, with lead between them."""
    harbor = ImageEnhance.Color(Image.open(SAMPLES / "harbor.jpg").convert("RGB").resize(SIZE)).enhance(1.8)
    corners = np.stack(np.meshgrid(*(np.arange(0, side, PANE) for side in SIZE)), axis=-1).reshape(-1, 2)
    centers = corners + PANE * np.random.default_rng(3).uniform(0.1, 0.9, corners.shape)
    colors = np.asarray(harbor.filter(ImageFilter.GaussianBlur(6)))[tuple(np.intp(centers.T[::-1]))]
    columns, rows = np.arange(SIZE[0]), np.arange(SIZE[1])
    glass = np.empty((*SIZE[::-1], 3), np.uint8)
    for row in rows:
        distances = np.hypot(columns[:, None] - centers[:, 0], row - centers[:, 1])
        nearest, second = np.partition(distances, 1, axis=1)[:, :2].T
        glass[row] = colors[distances.argmin(axis=1)] * (second - nearest > 2 * LEAD)[:, None]
    return Image.fromarray(glass).filter(ImageFilter.GaussianBlur(0.7))


def paint_mask(background: int, shapes: list[list[tuple[int, int]]], below: bool) -> Image.Image:
    """Returns a mask with black shapes, black `below` the horizon if so told, its edges 4 pixels soft."""
    mask = Image.new("L", SIZE, background)
    draw = ImageDraw.Draw(mask)
    for shape in shapes:
        draw.polygon(shape, fill=0)
    if below:
        draw.rectangle((0, HORIZON, *SIZE), fill=0)
    return mask.filter(ImageFilter.BoxBlur(2))


def main() -> None:
    parser = argparse.ArgumentParser(description="Paint a second style and two masks.")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for glass.png, sky.png and town.png")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    paint_glass().save(folder / "glass.png")
    paint_mask(255, [HOUSES, *BOATS], below=True).save(folder / "sky.png")
    paint_mask(255, [HOUSES, *BOATS], below=False).save(folder / "town.png")


if __name__ == "__main__":
    main()
