"""What shapes the picture: settings compared by curves of figures over strengths, on pairs of many kinds.

    python scripts/study_look.py --pairs=pairs.txt --out=look --ways=default,before,wasserstein --strengths=0.4,0.55,0.7
    python scripts/study_look.py --out=look --charts

A line of pairs.txt is a name, a content and a style, with tabs or spaces between them. Each picture is kept in --out
beside look.jsonl, which has a line for each, so that a study that was interrupted goes on. With --judges those of
judges.py, by networks that nothing is optimized for, have their say as well. See docs/studies/look.md.
"""

import argparse
import dataclasses
import json
import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import chart
import measuring
import numpy as np
from measuring import Row
from PIL import Image, ImageDraw

from keras_nst.pictures.sources import read_source
from keras_nst.run import request
from keras_nst.session import machine
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config

if TYPE_CHECKING:
    from keras_nst.system.devices import Device

EQUAL = ",".join(f"block{block}_conv1:1" for block in range(1, 6))
BEFORE = (
    f"--style_loss=gram --style_layers={EQUAL} --padding=zero --average=0 --variation=squared "
    "--variation_weight=0.02 --roughness_weight=0 --learning_rate=0.03 --beta_1=0.9 --steps=120,80,60,50,40"
)

# The default until 2026-11-29.
WOVEN = "--style_layers=block1_conv1,block2_conv1,block3_conv1,block4_conv1,block5_conv1 --variation=squared "
WOVEN += "--variation_weight=0.06 --roughness_weight=0 --average=0.88"


def falling(factor: int) -> str:
    """Returns --style_layers whose weights fall by this factor from block to block."""
    return "--style_layers=" + ",".join(f"block{block}_conv1:{factor ** (5 - block)}" for block in range(1, 6))


# Each is the default but for what it names. So are those of other_terms.py, with a term in place of our own.
WAYS = {
    "default": "",
    "before": BEFORE,
    "wasserstein": "--flagfile=configs/wasserstein.cfg",
    "gram": "--style_loss=gram",
    "w2 and gram": "--style_loss=w2:1,gram:1",
    "falling by 1": f"--style_layers={EQUAL}",
    "falling by 2": falling(2),
    "falling by 4": falling(4),
    "conv2 too": "--style_layers=" + ",".join(f"block{b}_conv{c}:{4 ** (5 - b)}" for b in range(1, 5) for c in (1, 2)),
    "content block3": "--content_layers=block3_conv2",
    "content block3 to 5": "--content_layers=block3_conv2,block4_conv2,block5_conv2",
    "average 0": "--average=0",
    "average 0.9": "--average=0.9",
    "woven": WOVEN,
    "coarse content 1": "--coarse_content=1",
    "variation 0": "--variation_weight=0",
    "variation 0.02": "--variation_weight=0.02",
    "roughness 0.001": "--roughness_weight=0.001",
    "padding zero": "--padding=zero",
    "padding reflect": "--padding=reflect",
    "rate 0.015": "--learning_rate=0.015",
    "beta 0.8": "--beta_1=0.8",
    "lbfgs": "--optimizer=lbfgs",
    "steps coarse": "--steps=240,120,50,25",
}
AGAINST_CONTENT = ("gram", "w2", "sliced", "color", "grain", "structure", "weave", "crispness", "lattice")
AGAINST_LPIPS = ("vgg16_gram", "vgg16_w2", "vgg16_block4", "vgg16_block5", "alexnet_gram", "alexnet_w2")
SHEET_ROW = 240  # pixels
PART, TIMES = (0.05, 0.03, 0.4, 0.45), 4  # left, top, right, bottom of what is enlarged, as shares; how many times


class Pair(NamedTuple):
    """A line of the list."""

    name: str
    content: str
    style: str


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the pictures that are not there yet, and draws the charts."""
    options = parser().parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.charts:
        study(options)
    rows = known_rows(options.out)
    draw(options.out, rows)
    for pair in pairs_of(options):
        enlarged(options.out, pair, rows)
    print(measuring.table(COLUMNS, means(rows), options.markdown))


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(description="What shapes the picture.")
    add = parser.add_argument
    add("--pairs", type=Path, help="a list of names, contents and styles [the samples]")
    add("--out", type=Path, required=True, help="a folder for pictures, figures and charts")
    add("--ways", default="default,before", help=f"some of {','.join(WAYS)}, or of other_terms.py [%(default)s]")
    add("--strengths", default="0.4,0.55,0.7", help="[%(default)s]")
    add("--size", type=int, default=320, help="the longer side [%(default)s]")
    add("--judges", action="store_true", help="judge by AlexNet and torchvision's VGG16 too")
    add("--charts", action="store_true", help="draw and tell what is known, and make no pictures")
    add("--markdown", action="store_true", help="the table as Markdown")
    return parser


# --- Making ---


def study(options: argparse.Namespace) -> None:
    """Makes each picture that is not known yet."""
    done = {(row["pair"], row["way"], row["strength"], row["size"]) for row in known_rows(options.out)}
    weights, device = machine.find_weights(Config()), machine.start(Config())
    for pair in pairs_of(options):
        for way in options.ways.split(","):
            for strength in map(float, options.strengths.split(",")):
                if (pair.name, way, strength, options.size) not in done:
                    row = make(pair, way, strength, weights, device, options)
                    with (options.out / "look.jsonl").open("a", encoding="utf8") as file:
                        file.write(json.dumps(row) + "\n")
                    measuring.tell(f"{pair.name}, {way}, strength {strength:g}: {row['seconds']:.0f} s")


def pairs_of(options: argparse.Namespace) -> list[Pair]:
    """Returns the pairs that are studied."""
    return read_pairs(options.pairs) if options.pairs else [Pair("samples", "sample:harbor", "sample:night")]


def read_pairs(path: Path) -> list[Pair]:
    """Reads the list."""
    return [Pair(*line.split()) for line in path.read_text(encoding="utf8").splitlines() if line.strip()]


def settings(way: str, strength: float, size: int, device: "Device") -> Config:
    """Returns the settings of one picture, the strength in place of a config's own weights."""
    flags = WAYS.get(way, "")
    files = [] if "--flagfile" in flags else ["--content=sample:harbor", "--style=sample:night"]  # stand for any
    config = request.parse([*flags.split(), *files, f"--size={size}"])
    config = dataclasses.replace(config, content_weight=None, style_weight=None, style_strength=strength)
    return machine.on_device(config.completed(), device).resolved(evaluator="whole")


def make(
    pair: Pair, way: str, strength: float, weights: Path | None, device: "Device", options: argparse.Namespace
) -> Row:
    """Makes one picture and returns its figures."""
    from descents import finished, read_pair
    from judges import Judges
    from other_terms import TERMS

    from keras_nst.core.judging.quality import LAYERS, Judge
    from keras_nst.core.network.features import extractor
    from keras_nst.core.network.resizing import resize
    from keras_nst.core.plan.pyramid import final_size
    from keras_nst.pictures.files import save_picture

    pictures = read_pair(pair.content, pair.style)
    size = final_size(options.size, pictures.size)
    config = settings(way, strength, options.size, device)
    features, made = load_features(config, weights), []
    if way not in {**WAYS, **TERMS}:
        raise SystemExit(f"Expected one of {', '.join([*WAYS, *TERMS])}. Received: --ways={way}")
    other = (TERMS[way],) if way in TERMS else ()
    seconds = measuring.seconds(lambda: made.append(finished(pictures.pictures(), size, config, features, other)))
    judge = Judge(
        resize(pictures.content, size).numpy(), pictures.style, extractor("vgg19", LAYERS, weights=weights or 0)
    )
    save_picture(options.out / picture_name(pair.name, way, strength), made[0].picture[0], overwrite=True)
    asked = {"pair": pair.name, "way": way, "strength": strength, "size": options.size}
    judged = Judges(pictures.content, pictures.style)(made[0].picture) if options.judges else {}
    return asked | {"seconds": seconds, "cpu": measuring.cpu_name(), **judge(made[0].picture)._asdict(), **judged}


def picture_name(pair: str, way: str, strength: float) -> str:
    """Returns the name of a picture's file."""
    return f"{pair} {way} {strength:g}.png".replace(" ", "-")


# --- Telling ---


def known_rows(out: Path) -> list[Row]:
    """Returns what was measured."""
    file = out / "look.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf8").splitlines()] if file.exists() else []


def means(rows: Sequence[Row]) -> list[Row]:
    """Returns the mean of each way at each strength, over the pairs that all ways have."""
    by_way: dict[str, set[str]] = {}
    for row in rows:
        by_way.setdefault(row["way"], set()).add(row["pair"])
    common = set.intersection(*by_way.values()) if by_way else set()
    groups: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        if row["pair"] in common:
            groups.setdefault((row["way"], row["strength"]), []).append(row)
    judged = ("lpips", *AGAINST_LPIPS) if all("lpips" in row for row in rows) else ()
    figures = ("content", *AGAINST_CONTENT, "borders", *judged, "seconds")
    return [
        {"way": way, "strength": strength, "pairs": len(group)}
        | {name: statistics.mean(row[name] for row in group) for name in figures}
        for (way, strength), group in groups.items()
    ]


def draw(out: Path, rows: Sequence[Row]) -> None:
    """Draws charts of figures and judgments against the distance to the content, and a sheet of each pair."""
    found = sorted(means(rows), key=lambda row: row["strength"])
    charts = {figure: "content" for figure in AGAINST_CONTENT}
    charts |= {figure: "lpips" for figure in AGAINST_LPIPS if found and figure in found[0]}
    for figure, across in charts.items():
        lines: dict[str, list[tuple[float, float]]] = {}
        for row in found:
            lines.setdefault(row["way"], []).append((row[across], row[figure]))
        curves = [chart.Line(way, points, dots=True) for way, points in lines.items()]
        chart.draw(out / f"{figure}.png", curves, f"distance to the content, {across}", figure, logarithmic=False)
    for pair in dict.fromkeys(row["pair"] for row in rows):
        sheet(out, pair, [row for row in rows if row["pair"] == pair]).save(out / f"sheet-{pair}.png")


def sheet(out: Path, pair: str, rows: Sequence[Row]) -> Image.Image:
    """Returns a pair's pictures side by side: a line for each way, from weak to strong."""
    ways = list(dict.fromkeys(row["way"] for row in rows))
    columns = sorted({row["strength"] for row in rows})
    shown = dict(labelled(out, pair, rows))
    width = max(image.width for image in shown.values())
    whole = Image.new("RGB", (width * len(columns), SHEET_ROW * len(ways)), "white")
    for (way, strength), image in shown.items():
        whole.paste(image, (columns.index(strength) * width, ways.index(way) * SHEET_ROW))
    return whole


def enlarged(out: Path, pair: Pair, rows: Sequence[Row]) -> None:
    """Puts a part of a pair's pictures side by side, each pixel large, with as large a part of the painting behind."""
    names = [(row["way"], row["strength"]) for row in rows if row["pair"] == pair.name]
    shown = [Image.open(out / picture_name(pair.name, *name)).convert("RGB") for name in names]
    if not shown:
        return
    painting = Image.fromarray(np.uint8(np.rint(255 * read_source(pair.style).pixels)))
    factor = (math.prod(shown[0].size) / math.prod(painting.size)) ** 0.5  # as the program shows it to the network
    shown.append(painting.resize([round(factor * side) for side in painting.size], Image.Resampling.LANCZOS))
    width, height = shown[0].size
    box = [round(share * side) for share, side in zip(PART, (width, height) * 2, strict=True)]
    side = (box[2] - box[0]) * TIMES, (box[3] - box[1]) * TIMES
    whole = Image.new("RGB", (side[0] * len(shown), side[1]), "white")
    for place, image in enumerate(shown):
        whole.paste(image.crop(box).resize(side, Image.Resampling.NEAREST), (place * side[0], 0))
    whole.save(out / f"enlarged-{pair.name}.png")


def labelled(out: Path, pair: str, rows: Sequence[Row]) -> Iterator[tuple[tuple[str, float], Image.Image]]:
    """Yields pictures of one height with their names in them."""
    for row in rows:
        with Image.open(out / picture_name(pair, row["way"], row["strength"])) as file:
            image = file.convert("RGB").resize((file.width * SHEET_ROW // file.height, SHEET_ROW))
        canvas, label = ImageDraw.Draw(image), f"{row['way']}, {row['strength']:g}"
        canvas.rectangle((0, 0, *canvas.textbbox((6, 2), label)[2:]), "white")
        canvas.text((3, 1), label, "black")
        yield (row["way"], row["strength"]), image


COLUMNS: measuring.Columns = {
    "way": lambda row: row["way"],
    "strength": lambda row: f"{row['strength']:g}",
    "pairs": lambda row: str(row["pairs"]),
    "content": lambda row: f"{row['content']:.3f}",
    **{name: lambda row, name=name: f"{row[name]:.3f}" for name in AGAINST_CONTENT},
    "borders": lambda row: f"{row['borders']:.3f}",
    **{name: lambda row, name=name: f"{row[name]:.3f}" if name in row else "-" for name in ("lpips", *AGAINST_LPIPS)},
    "seconds": lambda row: f"{row['seconds']:.0f}",
}


if __name__ == "__main__":
    main()
