"""Make the pictures of the docs anew, each by the command that stands beside it there.

    python scripts/paint_docs.py --only=control/scale,styles

A picture that carries the settings its command comes to now is kept, without --anew. The others take about half a
minute each on two cores, and a minute and a half for the first screen's.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from keras_nst.pictures.metadata import read_settings
from keras_nst.run import request
from keras_nst.settings.text import EARLIER, settings_of

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = "--content=sample:harbor --style=sample:night"
GLASS = "--content=sample:harbor --style=glass.png"
LOSSES = ("gram", "mean_std", "covariance", "w2", "mmd", "swd", "neighbor", "neighbor,mean_std")
GALLERY = ("colors", "wasserstein", "texture", "vgg16", "gatys", "notes", "d2l")  # those shown nowhere else
# Paths below docs, and the flags behind `keras-nst run`.
PICTURES = {
    "starry": "--flagfile=configs/starry.cfg",
    "control/plain": SAMPLES,
    "control/strength3": f"{SAMPLES} --style_strength=0.3",
    "control/strength5": f"{SAMPLES} --style_strength=0.5",
    "control/strength7": f"{SAMPLES} --style_strength=0.7",
    "control/normalized": f"{SAMPLES} --content_loss=normalized",
    "control/scale": f"{SAMPLES} --style_scale=0.5",
    "control/blend": f"{SAMPLES} --style=glass.png",
    "control/strokes": "--content=sample:harbor --style=sample:night@1-2 --style=glass.png@3-5",
    "control/structure": "--content=sample:harbor --style=glass.png@1-2 --style=sample:night@3-5",
    "control/scales": f"{SAMPLES} --style=glass.png --style_scale=0.5,2",
    "control/regions": f"{GLASS} --style=sample:night --content_mask=sky.png",
    "control/keep": f"{SAMPLES} --content_mask=town.png --keep",
    "control/content": f"{SAMPLES} --color=content",
    "control/luminance": f"{SAMPLES} --color=luminance",
    "control/palette": f"{SAMPLES} --color=palette",
    "control/match": f"{SAMPLES} --color=match",
    "control/zero": f"{SAMPLES} --padding=zero",
    "control/lbfgs": f"{SAMPLES} --optimizer=lbfgs",
    "control/tile": "--flagfile=configs/seamless.cfg",
    "look/photo": "--flagfile=configs/photo.cfg",
    "look/strokes": "--flagfile=configs/strokes.cfg",
    "look/fine": "--flagfile=configs/fine.cfg",
    "look/face": "--content=sample:portrait --style=sample:night",
    "look/portrait": "--flagfile=configs/portrait.cfg",
    "look/ink": "--flagfile=configs/ink.cfg",
    "look/inked": "--flagfile=configs/ink.cfg --content=sample:harbor",
    "instant/strength3": f"{SAMPLES} --instant --style_strength=0.3",
    "instant/plain": f"{SAMPLES} --instant",
    "instant/strength10": f"{SAMPLES} --instant --style_strength=1",
    **{f"gallery/{name}": f"--flagfile=configs/{name}.cfg --size=160" for name in GALLERY},
    **{f"styles/{loss.replace(',', '_')}": f"{SAMPLES} --style_strength=0.5 --style_loss={loss}" for loss in LOSSES},
}
EXPLORED = f"{SAMPLES} --size=128 --steps=60 --channels=2 --channel_steps=128"
SHEETS = {  # of what layers see, by their names below docs/explore
    "content": "content",
    "style": "style",
    "grid": "grid",
    "channels3": "channels-block3_conv1",
    "channels5": "channels-block5_conv1",
    "grams": "grams",
    "blame": "blame",
    "networks": "networks",
}
SHEET_SIDE = 1000  # pixels
FULL_SIZE = ("starry", "control/tile")  # as their configs have it


def main() -> None:
    """Makes those that are asked for."""
    parser = argparse.ArgumentParser(description="Make the pictures of the docs anew.")
    parser.add_argument("--only", default="", help="beginnings of their paths below docs [all]")
    parser.add_argument("--anew", action="store_true", help="also those whose settings are as they would be")
    options = parser.parse_args()
    wanted = tuple(options.only.split(","))
    with tempfile.TemporaryDirectory() as folder:
        run("scripts/paint_masks.py", f"--out={folder}", cwd=ROOT)
        for path, given in PICTURES.items():
            if path.startswith(wanted):
                paint(ROOT / "docs" / f"{path}.jpg", given, Path(folder), options.anew)
        if any(f"explore/{name}".startswith(wanted) for name in SHEETS):
            explore(Path(folder))
    tile = Image.open(ROOT / "docs" / "control" / "tile.jpg")
    four = Image.new("RGB", (2 * tile.width, 2 * tile.height))
    for corner in ((0, 0), (tile.width, 0), (0, tile.height), tile.size):
        four.paste(tile, corner)
    four.resize(tile.size, Image.Resampling.LANCZOS).save(ROOT / "docs" / "control" / "tiled.jpg", quality=90)


def paint(path: Path, given: str, folder: Path, anew: bool) -> None:
    """Makes one picture unless it is there, and says how it came out."""
    path.parent.mkdir(exist_ok=True)
    own_size = "--size=" in given or str(path.relative_to(ROOT / "docs").with_suffix("")) in FULL_SIZE
    size = [] if own_size else ["--size=256"]
    flags = given.replace("configs/", f"{ROOT}/configs/").split()
    if not anew and is_as_asked(path, [*flags, *size]):
        return
    workdir = f"--workdir={folder / path.stem}"
    said = run("-m", "keras_nst.run", *flags, *size, f"--output={path}", "--overwrite", workdir, cwd=folder)
    told = [line for line in said.splitlines() if line.startswith(("Final loss", "Figures", "Steps"))]
    print(path.stem, *told, sep="\n  ", flush=True)


def is_as_asked(path: Path, flags: list[str]) -> bool:
    """Returns whether a picture carries the settings that the flags come to."""
    try:
        carried = {**EARLIER, **read_settings(path)}
    except (OSError, ValueError):
        return False
    asked = settings_of(request.parse(flags).completed())
    return all(carried.get(name) == value for name, value in asked.items() if value != "auto")


def explore(folder: Path) -> None:
    """Makes the sheets of what layers see."""
    flags = [
        *EXPLORED.split(),
        "--show=content,style,grid,channels,grams,blame,networks",
        f"--workdir={folder / 'explored'}",
    ]
    print(run("-m", "keras_nst.explore", *flags, cwd=folder), flush=True)
    for name, sheet in SHEETS.items():
        path = ROOT / "docs" / "explore" / f"{name}.jpg"
        path.parent.mkdir(exist_ok=True)
        image = Image.open(folder / "explored" / f"{sheet}.png")
        image.thumbnail((SHEET_SIDE, SHEET_SIDE), Image.Resampling.LANCZOS)
        image.save(path, quality=50)


def run(*arguments: str, cwd: Path) -> str:
    """Returns what a command of Python's says."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
