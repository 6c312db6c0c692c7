"""Pictures that the browser may name: uploads, by the hash of their content, and the samples. Never a path."""

import io
import json
import re
import secrets
from collections.abc import AsyncIterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from keras_nst.pictures.files import Picture, read_picture
from keras_nst.pictures.sources import SAMPLES, sample_path
from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import one_line
from keras_nst.system.files import written_whole

VIEW = 1024  # pixels, the longer side of a picture on the page
LONGEST_NAME = 80  # letters
UPLOAD, SAMPLE = "upload:", "sample:"


class TooLarge(InputError):
    """An upload has too many bytes."""


class About(NamedTuple):
    """The page's information about a picture."""

    picture: str  # its name in the browser
    name: str  # its owner's name for it; only shown
    width: int
    height: int
    notes: tuple[str, ...] = ()


class Uploads:
    """The folder of uploads: each file under its SHA-256, next to its view for the page and its name.

    Args:
        folder: with the files.
        most_bytes: the limit for a file.
        most_pixels: the limit for a picture.
    """

    def __init__(self, folder: Path, most_bytes: float, most_pixels: float):
        self.folder, self.most_bytes, self.most_pixels = folder, int(most_bytes), round(most_pixels)
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".*.part"):  # of uploads cut off by a crash
            left.unlink()

    async def receive(self, parts: AsyncIterable[bytes]) -> Path:
        """Writes an upload into a temporary file, for `take`.

        Raises:
            TooLarge: it has too many bytes; the rest was not read.
        """
        path, count = self.folder / f".{secrets.token_hex(8)}.part", 0
        try:
            with path.open("xb") as file:
                async for part in parts:
                    count += len(part)
                    self.check_bytes(count)
                    file.write(part)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def check_bytes(self, count: int) -> None:
        """Raises TooLarge for more bytes than the limit."""
        if count > self.most_bytes:
            raise TooLarge(f"Expected a file of at most {self.most_bytes / 1e6:g} MB. Received: more")

    def take(self, path: Path, name: str) -> About:
        """Moves a received file to its final name if it is a picture; else removes it.

        Raises:
            ValueError: it is not a picture, or is damaged or too large.
        """
        try:
            picture = read_picture(path, self.most_pixels)
            about = self._note(picture, name)
            path.replace(self.folder / picture.sha256)
        finally:
            path.unlink(missing_ok=True)
        return about

    def adopt(self, path: Path, sha256: str | None = None) -> str:
        """Returns the browser's name of a run's picture, or "" if it is missing or its hash differs."""
        if path.parent.resolve() == self.folder.resolve():
            return UPLOAD + path.name if (self.folder / f"{path.name}.json").exists() else ""
        try:
            picture = read_picture(path, self.most_pixels)
        except (OSError, ValueError):
            return ""
        if sha256 not in (None, picture.sha256):
            return ""
        with written_whole(self.folder / picture.sha256) as file:
            file.write(path.read_bytes())
        return self._note(picture, path.name).picture

    def about(self, named: str) -> About:
        """Returns the information about a picture.

        Raises:
            InputError: there is none with this name.
        """
        if named.startswith(SAMPLE):
            with Image.open(self.path(named)) as image:
                return About(named, named.removeprefix(SAMPLE), *image.size)
        told = json.loads(self.path(named).with_suffix(".json").read_bytes())
        return About(named, told["name"], told["width"], told["height"], tuple(told["notes"]))

    def name_of(self, source: str) -> str:
        """Returns the owner's name of a run's picture; "" if it was an upload that is gone."""
        path = Path(source)
        if path.parent == self.folder.resolve():
            return self.about(UPLOAD + path.name).name if path.with_suffix(".json").exists() else ""
        return re.split(r"[/\\]", source.removeprefix(SAMPLE).partition("?")[0])[-1]

    def path(self, named: str) -> Path:
        """Returns the path of a picture.

        Raises:
            InputError: there is none with this name.
        """
        sample, upload = re.fullmatch("sample:([a-z]+)", named), re.fullmatch("upload:([0-9a-f]{64})", named)
        path = None
        if sample and sample[1] in samples():
            path = sample_path(named)
        if upload and (self.folder / f"{upload[1]}.json").exists():
            path = self.folder / upload[1]
        if path is None:
            raise InputError(f"Expected a picture that was uploaded, or a sample. Received: {one_line(named, 80)}")
        return path

    def source(self, named: str) -> str:
        """Returns a picture's name for the settings."""
        return named if named.startswith(SAMPLE) and self.path(named) else str(self.path(named).resolve())

    def view(self, named: str) -> bytes:
        """Returns the picture's view for the page, as WebP."""
        path = self.path(named)
        return view_of_sample(path) if named.startswith(SAMPLE) else path.with_suffix(".webp").read_bytes()

    def _note(self, picture: Picture, name: str) -> About:
        """Writes the view and the name of a picture."""
        height, width = picture.pixels.shape[:2]
        shown = one_line(re.split(r"[/\\]", name)[-1].strip(), LONGEST_NAME) or "picture"
        with written_whole(self.folder / f"{picture.sha256}.webp") as file:
            file.write(view_of(picture))
        about = About(UPLOAD + picture.sha256, shown, width, height, picture.notes)
        with written_whole(self.folder / f"{picture.sha256}.json") as file:
            file.write(json.dumps(about._asdict()).encode())
        return about


def samples() -> list[str]:
    """Returns the names of the samples."""
    return sorted(path.stem for path in SAMPLES.glob("*.jpg"))


@cache
def view_of_sample(path: Path) -> bytes:
    """Returns the view of a sample for the page."""
    return view_of(read_picture(path))


def view_of(picture: Picture) -> bytes:
    """Returns a picture as WebP, no larger than the page shows it."""
    pixels = picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])
    image = Image.fromarray(np.uint8(np.rint(pixels * 255)))
    image.thumbnail((VIEW, VIEW))
    return encoded(image, "WEBP", quality=85, method=1)  # fast


def encoded(image: Image.Image, format: str, **options: int) -> bytes:
    """Returns an image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()
