"""Pictures by their names: a path, a URL, or one of the bundled samples."""

import glob
import os
import re
from pathlib import Path
from typing import Any

from keras_nst.pictures.download import local_file
from keras_nst.pictures.files import Picture, read_picture
from keras_nst.pictures.opening import MAX_PIXELS, similar
from keras_nst.settings.declared import SettingError, reason_of
from keras_nst.settings.values import parted

SAMPLES = Path(__file__).parent.parent / "samples"


def read_source(source: str, max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads a picture from a path, a URL or sample:NAME.

    Raises:
        OSError: the file does not exist, or may not be read.
        ValueError: it is not a picture, too large or damaged, or there is no such sample.
    """
    return read_picture(sample_path(source) or local_file(source, max_pixels=max_pixels), max_pixels)


def sample_path(source: str) -> Path | None:
    """Returns the path of a bundled picture named sample:NAME; None for other names."""
    if not source.startswith("sample:"):
        return None
    known = {path.stem: path for path in SAMPLES.glob("*.jpg")}
    name = source.removeprefix("sample:")
    if name not in known:
        raise ValueError(f"Expected one of sample:{', sample:'.join(sorted(known))}. Received: {source}")
    return known[name]


PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".bmp", ".gif"}
LISTS = {".txt", ".lst", ".list"}


def sources(name: str, written: str, deep: bool = False) -> list[str]:
    """Returns the pictures that the setting `name` lists, each once; `deep`: including subfolders.

    Raises:
        SettingError: one of the names matches nothing.
    """
    return list(dict.fromkeys(source for part in parted(written) for source in _expanded(name, part, deep)))


def _expanded(name: str, written: str, deep: bool) -> list[str]:
    path = Path(os.path.expanduser(written))
    if path.is_dir():
        inside = path.rglob("*") if deep else path.iterdir()
        found = sorted(str(file) for file in inside if file.suffix.lower() in PICTURES)
        expected = "Expected a folder with pictures."
    elif path.suffix.lower() in LISTS:
        try:
            lines = path.read_text(encoding="utf8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(
                name, written, f"Expected a text file in UTF-8 with one name per line. {reason_of(error)}."
            ) from None
        found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        expected = "Expected one name per line. Received: no names"
    elif glob.has_magic(written) and "://" not in written and not path.exists():
        found = sorted(glob.glob(os.path.expanduser(written), recursive=True))
        expected = "Expected a pattern that matches at least one file."
    elif not path.suffix and ":" not in written and not path.exists():
        near = similar(path, folders=True)
        reason = f"Expected a folder, a picture or a list.{near} Received: no such file or folder"
        raise SettingError(name, written, reason)
    else:
        return [written]
    if not found:
        raise SettingError(name, written, expected)
    return found


def in_order(path: Path) -> list[Any]:
    """Returns a sort key in which numbers inside names count as numbers: frame2 before frame10."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]
