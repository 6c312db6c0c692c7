"""Make the pictures and figures of docs/explanation/questions.md anew: python scripts/paint_questions.py

Takes some minutes on two cores. The pictures go into docs/questions, the figures into figures.json there.
"""

import json
import time
from pathlib import Path

import numpy as np
from PIL import Image

import keras_nst

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "questions"
ALONE = "--content=sample:harbor --size=160 --style_weight=0 --variation_weight=0 --init=noise --scales=1 --steps=150"
SAMPLES = "--content=sample:harbor --style=sample:night --size=160"
# Pictures, and the flags behind `keras-nst run` that make them.
RUNS = {
    **{f"alone{block}": f"{ALONE} --content_layers=block{block}_conv2" for block in range(1, 6)},
    **{f"depth{block}": f"{SAMPLES} --style_strength=0.5 --content_layers=block{block}_conv2" for block in (2, 4, 5)},
    "variation0": f"{SAMPLES} --variation_weight=0",
    "chroma": f"{SAMPLES} --variation_weight=0.006",
    "variation1": f"{SAMPLES} --variation=squared --variation_weight=0.06",
    "variation10": f"{SAMPLES} --variation=squared --variation_weight=0.6",
    "gram": f"{SAMPLES} --style_strength=0.5 --style_loss=gram",
    "mmd": f"{SAMPLES} --style_strength=0.5 --style_loss=mmd",
}
DIGITS = 3
# The tables of the page: the columns, and of which picture each row is.
TABLES = (
    (("levels", "content"), {f"block{block}_conv2": f"alone{block}" for block in range(1, 6)}),
    (("levels", "structure", "w2", "color"), {f"block{block}_conv2": f"depth{block}" for block in (2, 4, 5)}),
    (
        ("grain", "weave", "crispness", "w2"),
        {"none": "variation0", "chroma, 0.006": "chroma", "squared, 0.06": "variation1", "squared, 0.6": "variation10"},
    ),
    (("content", "gram", "w2", "color"), {"gram": "gram", "mmd": "mmd"}),
    (
        ("told right",),
        {
            "the left half as it is": "as it is",
            "the left half, restyled": "restyled",
            "the right half itself, with its labels": "with its own labels",
        },
    ),
)


def main() -> None:
    """Makes all of them."""
    FOLDER.mkdir(exist_ok=True)
    harbor = pixels_of("harbor")
    with keras_nst.Session(size=160) as session:
        figures = {name: painted(session, name, flags, harbor) for name, flags in RUNS.items()}
        figures |= {"anew": anew()} | domains(session, harbor)
    text = json.dumps(figures, indent=2)
    (FOLDER / "figures.json").write_text(text + "\n", encoding="utf8")


def painted(session: keras_nst.Session, name: str, flags: str, harbor: np.ndarray) -> dict[str, float]:
    """Makes one picture; returns its figures, and how far its pixels are from the content's, in levels of 255."""
    settings = dict(flag.removeprefix("--").split("=") for flag in flags.split())
    result = session.stylize(settings.pop("content"), settings.pop("style", None), **settings)
    result.image.save(FOLDER / f"{name}.jpg", quality=90)
    height, width = result.array.shape[:2]
    levels = 255 * root_mean_square(result.array - resized(harbor, width, height))
    figures = {of: value for of, value in result.figures._asdict().items() if value is not None} | {"levels": levels}
    print(name, result, flush=True)
    return {of: round(float(value), DIGITS) for of, value in figures.items()}


def anew() -> dict[str, float]:
    """Returns the time of a second picture in a session, as a share of that of the first."""
    seconds = []
    with keras_nst.Session(size=160) as fresh:
        for weight in (5.7, 3.0):
            begun = time.perf_counter()
            fresh.stylize("sample:harbor", "sample:night", style_weight=weight)
            seconds.append(time.perf_counter() - begun)
    return {"second_to_first": round(seconds[1] / seconds[0], 2)}


def tables() -> list[str]:
    """Returns the tables of the page by the figures that were measured."""
    figures = json.loads((FOLDER / "figures.json").read_text(encoding="utf8"))
    return [table(figures, columns, rows) for columns, rows in TABLES]


def table(figures: dict[str, dict[str, float]], columns: tuple[str, ...], rows: dict[str, str]) -> str:
    """Returns one table."""
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {row} | {' | '.join(f'{figures[of][name]:.3g}' for name in columns)} |" for row, of in rows.items()]
    return "\n".join(lines) + "\n"


# --- Domains ---


def domains(session: keras_nst.Session, harbor: np.ndarray) -> dict[str, dict[str, float]]:
    """Returns what share of a picture's pixels is told right, sky or not, by colors learned in another domain.

    The left half of the harbor is known, with its labels. The right half is another domain: its colors are others, and
    its labels serve to judge only. For each pixel the nearer of two mean colors decides.
    """
    picture = resized(harbor, 384, 256)
    labels = sky_of(384, 256)
    left, right = picture[:, :192], other_colors(picture[:, 192:])
    of_left, of_right = labels[:, :192], labels[:, 192:]
    styled = session.stylize(left, right, size="192x256", style_strength=0.7).array
    for name, made in (("left", left), ("right", right), ("styled", styled)):
        Image.fromarray(np.uint8(made * 255 + 0.5)).save(FOLDER / f"{name}.jpg", quality=90)
    shares = {
        "as it is": told_right(left, of_left, right, of_right),
        "restyled": told_right(styled, of_left, right, of_right),
        "with its own labels": told_right(right, of_right, right, of_right),
    }
    return {name: {"told right": round(share, DIGITS)} for name, share in shares.items()}


def other_colors(pixels: np.ndarray) -> np.ndarray:
    """Returns the pixels in the colors of another camera: red and blue exchanged, and half as light."""
    return pixels[..., ::-1] * 0.5


def told_right(known: np.ndarray, labels: np.ndarray, pixels: np.ndarray, truth: np.ndarray) -> float:
    """Returns the share of pixels that the mean colors of what is known tell right."""
    sky, rest = known[labels].mean(axis=0), known[~labels].mean(axis=0)
    nearer = np.linalg.norm(pixels - sky, axis=-1) < np.linalg.norm(pixels - rest, axis=-1)
    return float((nearer == truth).mean())


def sky_of(width: int, height: int) -> np.ndarray:
    """Returns where the harbor's sky is."""
    mask = Image.open(FOLDER.parent / "control" / "sky.jpg").convert("L").resize((width, height))
    return np.asarray(mask) > 127


# --- Pictures ---


def pixels_of(sample: str) -> np.ndarray:
    """Returns a sample, RGB in [0, 1]."""
    path = Path(keras_nst.__file__).parent / "samples" / f"{sample}.jpg"
    return np.asarray(Image.open(path).convert("RGB"), np.float32) / 255


def resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Returns pixels of another size."""
    image = Image.fromarray(np.uint8(pixels * 255 + 0.5)).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / 255


def root_mean_square(values: np.ndarray) -> float:
    """Returns the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


if __name__ == "__main__":
    main()
