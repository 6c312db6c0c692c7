"""The HTML of a page: one file, which loads nothing else."""

import base64
import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from PIL import Image, ImageFile

from keras_nst.pictures.files import read_picture
from keras_nst.pictures.opening import opened
from keras_nst.settings.lines import one_line

HERE = Path(__file__).parent


def page(title: str, body: str, script: str = "") -> str:
    """Returns a whole page; browsers accept only its own style and script in it."""
    style, code = (HERE / "page.css").read_text(encoding="utf8"), script and (HERE / script).read_text(encoding="utf8")
    allowed = f"default-src 'none'; img-src data:; style-src {fingerprint(style)}"
    allowed += f"; script-src {fingerprint(code)}" if code else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{allowed}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{text(title)}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
{f"<script>{code}</script>" if code else ""}
</body>
</html>
"""


def fingerprint(source: str) -> str:
    """Returns the hash of a style or script for the content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode('ascii')}'"


def text(written: object, longest: int = 2000) -> str:
    """Returns untrusted text, escaped."""
    return escape(one_line(str(written), longest))


def name(written: object) -> str:
    """Returns a name, isolated so that its reading direction does not affect the words around it."""
    return f"<bdi>{text(written)}</bdi>"


def section(title: str, *parts: str) -> str:
    """Returns a section of a page; nothing if it is empty."""
    inside = "\n".join(filter(None, parts))
    return f"<section>\n<h2>{text(title)}</h2>\n{inside}\n</section>" if inside else ""


def definitions(rows: Mapping[str, str]) -> str:
    """Returns names and descriptions (markup) as a list; empty ones are left out."""
    inside = "".join(f"<div><dt>{text(term)}</dt><dd>{what}</dd></div>" for term, what in rows.items() if what)
    return f"<dl>{inside}</dl>" if inside else ""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table of cells (markup), the first of each row its name; nothing without rows."""
    names = "".join(f'<th scope="col">{text(column)}</th>' for column in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    if not lines:
        return ""
    return f'<div class="wide"><table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table></div>'


def folded(title: str, inside: str) -> str:
    """Returns content that is folded until it is opened; nothing if it is empty."""
    return f"<details><summary>{text(title)}</summary>{inside}</details>" if inside else ""


def link(path: Path, folder: Path, words: str) -> str:
    """Returns a relative link from a page in the folder to a file, valid while both keep their places."""
    try:
        relative = os.path.relpath(path.absolute(), folder.absolute())
    except ValueError:  # another drive
        return name(words)
    address = "./" + quote(relative.replace(os.sep, "/").encode("utf8", "surrogateescape"))
    return f'<a href="{address}">{name(words)}</a>'


QUALITY = 84
SMALLEST = 24  # pixels; no picture is shrunk further, whatever its bytes
MOST_PIXELS = 2_000_000_000


class Embedded(NamedTuple):
    """A picture as a data URL."""

    address: str
    width: int
    height: int


def embedded(image: Image.Image, most: int, longest: int) -> Embedded:
    """Returns the picture in at most `most` bytes, and at most `longest` pixels on its longer side."""
    while True:
        small = image.copy()
        small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        small.save(file, "WEBP", quality=QUALITY)
        data = file.getvalue()
        if len(data) <= most * 3 / 4 or max(small.size) <= SMALLEST:  # base64 turns three bytes into four
            return Embedded("data:image/webp;base64," + base64.b64encode(data).decode("ascii"), *small.size)
        longest = int(max(small.size) * 0.8)


def image_of(picture: Path | bytes) -> Image.Image | None:
    """Returns a picture from a file, or from bytes in an event file; None if it cannot be read."""
    try:
        if isinstance(picture, bytes):
            with Image.open(io.BytesIO(picture)) as file:
                return file.convert("RGB")
        return image_of_file(picture)
    except (OSError, ValueError, SyntaxError):
        return None


def image_of_file(path: Path) -> Image.Image:
    """Returns the result in a file, of any size."""
    with opened(path, MOST_PIXELS) as image:
        if image.mode in ("RGB", "RGBA"):
            return shown(image)
    return Image.fromarray((read_picture(path).pixels * 255 + 0.5).astype("uint8"))


def shown(image: ImageFile.ImageFile) -> Image.Image:
    """Returns the pixels; a JPEG is read no finer than a page shows it."""
    image.draft("RGB", (2048, 2048))
    image.load()
    return image.copy()
