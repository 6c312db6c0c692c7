"""Pictures by the names people give them: a path, a URL, or one of the samples that come along."""

from pathlib import Path

from keras_nst.pictures.download import local_file
from keras_nst.pictures.files import Picture, read_picture
from keras_nst.pictures.opening import MAX_PIXELS

SAMPLES = Path(__file__).parent.parent / "samples"


def read_source(source: str, max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads a picture from a path, a URL or sample:NAME.

    Raises:
        OSError: there is no such file, or it may not be read.
        ValueError: it is not a picture, too large or damaged, or there is no such sample.
    """
    return read_picture(sample_path(source) or local_file(source, max_pixels=max_pixels), max_pixels)


def sample_path(source: str) -> Path | None:
    """Returns the path of a picture that comes along, named as sample:NAME."""
    if not source.startswith("sample:"):
        return None
    known = {path.stem: path for path in SAMPLES.glob("*.jpg")}
    name = source.removeprefix("sample:")
    if name not in known:
        raise ValueError(f"Expected one of sample:{', sample:'.join(sorted(known))}. Received: {source}")
    return known[name]
