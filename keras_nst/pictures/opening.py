"""Opens untrusted picture files: whatever is wrong with one becomes an error message of one line."""

import errno
import os
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path

from PIL import Image, ImageFile, UnidentifiedImageError

from keras_nst.settings.kinds import nearest
from keras_nst.settings.lines import one_line, reason
from keras_nst.system.quiet import quiet_stderr

MAX_PIXELS = 200_000_000
READABLE = "JPEG, PNG, WebP, TIFF, GIF or another that Pillow reads"
NOT_PIXELS = {"EPS", "WMF"}  # drawings, which Pillow passes to other programs to execute
HEIF = re.compile(rb"....ftyp(hei|hevc|mif1|msf1)", re.DOTALL)
LOOKED_AT = 2000  # files of a folder, for one with a similar name
ONE_AT_A_TIME = threading.RLock()  # Pillow's limit and Python's warnings belong to the process, not the thread
SIGNATURES = {b"\xff\xd8": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"RIFF": "WebP", b"II*": "TIFF", b"MM\0": "TIFF"}


@contextmanager
def opened(path: str | Path, max_pixels: int = MAX_PIXELS) -> Iterator[ImageFile.ImageFile]:
    """Opens a picture whose size is acceptable; its pixels are not decoded yet.

    Raises:
        OSError: there is no such file, or it may not be read.
        ValueError: the file is not a picture or too large, or the body of the `with` found damage in it.
    """
    _check_file(path)
    with (
        ONE_AT_A_TIME,
        warnings.catch_warnings(),
        quiet_stderr(),
        _pillow_limit(max_pixels),
    ):  # libtiff and Pillow print warnings
        warnings.simplefilter("ignore")
        with _identified(path, max_pixels) as image:
            _check_size(image.width, image.height, max_pixels)
            try:
                yield image
            except Exception as error:  # Pillow raises almost any type for damaged files
                received = f"a damaged or unsupported {image.format} ({reason(error)})"
                raise ValueError(f"Expected a readable picture. Received: {received}") from error


@contextmanager
def _pillow_limit(max_pixels: int) -> Iterator[None]:
    """Makes Pillow refuse pictures that are too large, also inside files; its limit is twice its setting."""
    kept = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = kept


def _check_file(path: str | Path) -> None:
    try:
        status = os.stat(path)
    except OSError as error:
        near = similar(Path(path)) if isinstance(error, FileNotFoundError) else ""
        raise type(error)(f"Expected a picture file.{near} Received: {reason(error).lower()}") from None
    except ValueError as error:
        raise ValueError(f"Expected a picture file. Received: a name with an {error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError("Expected a picture file. Received: a folder")
    if not stat.S_ISREG(status.st_mode):  # reading it may never end
        raise ValueError("Expected a picture file. Received: a device or pipe")
    if not status.st_size:
        raise ValueError("Expected a picture file. Received: an empty file (zero bytes)")


def similar(missing: Path, folders: bool = False) -> str:
    """Returns " Did you mean ...?" with the files (or also the folders) beside it of a similar name, or nothing."""
    with suppress(OSError), os.scandir(missing.parent) as entries:
        names = [entry.name for entry in islice(entries, LOOKED_AT) if folders or entry.is_file()]
        return one_line(nearest(missing.name, names))
    return ""


def _identified(path: str | Path, max_pixels: int) -> ImageFile.ImageFile:
    try:
        return Image.open(path, formats=_formats())
    except UnidentifiedImageError:
        raise ValueError(
            f"Expected a picture ({READABLE}). Received: {_kind(path) or 'a file of no known format'}"
        ) from None
    except Image.DecompressionBombError as error:
        received = re.findall(r"\d+", str(error))[0]
        raise ValueError(_too_large(received, max_pixels)) from None
    except Exception as error:  # as above
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # a seek beyond the file's end
            raise type(error)(f"Expected a readable file. Received: {reason(error).lower()}") from None
        kind = _kind(path) or "a damaged file"
        raise ValueError(f"Expected a readable picture. Received: {kind} ({reason(error)})") from error


@cache
def _formats() -> list[str]:
    """Returns the formats to try."""
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.init()
    return [name for name in Image.ID if name not in NOT_PIXELS]


def _kind(path: str | Path) -> str:
    """Returns the format that a file claims, if Pillow cannot open it; "" if that is unknown."""
    with open(path, "rb") as file:
        start = file.read(12)
    if HEIF.match(start):
        return "a HEIC, which needs: pip install pillow-heif"
    names = [name for signature, name in SIGNATURES.items() if start.startswith(signature)]
    return f"a damaged or unsupported {names[0]}" if names else ""


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise ValueError(f"Expected a picture with pixels. Received: {width}x{height}")
    if width * height > max_pixels:
        raise ValueError(_too_large(f"{width}x{height} = {width * height}", max_pixels))


def _too_large(received: str, limit: int) -> str:
    return f"Expected a picture of at most {limit} pixels (--max_megapixels). Received: {received}"
