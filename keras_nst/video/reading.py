"""Reads films: files of any container, and folders of pictures; frames are upright, of 8 bits, in sRGB."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import av
import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image

from keras_nst.pictures.files import read_picture
from keras_nst.pictures.sources import PICTURES, in_order

HDR = {16: "PQ", 18: "HLG"}  # transfer curves, by their numbers in H.273
UNKNOWN = 2  # an unspecified color space: larger films are then read as BT.709, as players do
HIGH_DEFINITION = 720  # rows


EARLIER = (0, 1, 4, 16)  # seconds by which seeking starts earlier


class Raw(NamedTuple):
    """A frame as it is read."""

    time: int | None  # in units of the film; None if the frame has no time stamp
    levels: np.ndarray  # (h, w, 3), uint8


class Source(Protocol):
    """A film that can be read from its beginning, and from any frame whose time is known."""

    unit: Fraction  # seconds
    rate: Fraction  # frames per second
    broken: int  # frames that could not be read, so far

    def count(self) -> None:
        """Uses the frames' numbers from now on instead of their time stamps, which are useless."""

    def frames(self, since: int | None = None) -> Iterator[Raw]:
        """Yields the frames; with `since`, those from that time on and perhaps some before it."""


def open_source(path: Path, rate: float, max_pixels: int) -> Source:
    """Returns the film at the path.

    Raises:
        ValueError: it is not a film.
        OSError: it cannot be read.
    """
    return FrameFolder(path, rate, max_pixels) if path.is_dir() else FilmFile(path, max_pixels)


class FilmFile:
    """A film in a file."""

    def __init__(self, path: Path, max_pixels: int):
        self.path, self.broken, self.counts = path, 0, False
        with opened(path) as container:
            if not container.streams.video:
                raise ValueError("Expected a film. Received: a file without pictures")
            stream = container.streams.video[0]
            context = stream.codec_context
            if context is None:
                raise ValueError("Expected a film. Received: pictures in a format that this FFmpeg cannot decode")
            if context.width * context.height > max_pixels:
                size = f"{context.width}x{context.height}"
                raise ValueError(
                    f"Expected at most {max_pixels / 1e6:g} megapixels (--max_megapixels). Received: {size}"
                )
            if context.color_trc in HDR:
                expected = "Expected a film of standard range: convert it first, as ffmpeg's tonemap does"
                raise ValueError(f"{expected}. Received: HDR ({HDR[context.color_trc]})")
            self.unit = Fraction(stream.time_base or Fraction(1, 1000))
            self.rate = Fraction(stream.average_rate or stream.base_rate or 25)
            self.shape = stream.sample_aspect_ratio or Fraction(1)

    def count(self) -> None:
        """Uses the frames' numbers from now on instead of their time stamps, which are useless."""
        self.counts, self.broken = True, 0

    def frames(self, since: int | None = None) -> Iterator[Raw]:
        """Yields the frames; with `since`, those from that time on and perhaps some before it.

        Seeking is retried from earlier and earlier times, down to the beginning: containers are not always accurate.
        """
        if since is not None and not self.counts:
            for seconds in EARLIER:
                found = self._frames(since - round(seconds / self.unit))
                first = next(found, None)
                if first is not None and first.time is not None and first.time <= since:
                    yield first
                    yield from found
                    return
        yield from self._frames(None)

    def _frames(self, place: int | None) -> Iterator[Raw]:
        """Yields the frames from `place` on that can be decoded without those before it; none if seeking fails."""
        broken, sound = self.broken, place is None
        with opened(self.path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if place is not None:
                try:
                    container.seek(place, stream=stream)
                except av.FFmpegError:
                    return
            step = max(1, round(1 / (self.rate * self.unit)))
            for number, frame in enumerate(self._decoded(container, stream)):
                sound = sound or frame.key_frame
                if self.counts:
                    yield Raw(number * step, upright(frame, self.shape))
                elif sound:
                    yield Raw(frame.pts, upright(frame, self.shape))
        if place is not None:
            self.broken = broken  # frames that are read again are not counted twice

    def _decoded(self, container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
        """Yields the frames that can be decoded."""
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # the file is truncated
                self.broken += 1
                return
            if packet is None:
                return
            try:
                decoded = packet.decode()
            except av.FFmpegError:
                self.broken += 1
                continue
            yield from decoded


def opened(path: Path) -> av.container.InputContainer:
    """Opens a film file.

    Raises:
        ValueError: it is not a film, or damaged.
        OSError: it does not exist, or may not be read.
    """
    with path.open("rb"):  # reports a wrong name as for all files
        pass
    try:
        return av.open(f"file:{path}")  # else a name with a colon would be taken for a protocol
    except (av.FFmpegError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise ValueError(f"Expected a film. Received: a file that cannot be read as one ({said})") from None


def upright(frame: av.VideoFrame, shape: Fraction) -> np.ndarray:
    """Returns a frame (h, w, 3) upright, with square pixels.

    Args:
        shape: a pixel's width divided by its height.
    """
    known = frame.colorspace if frame.colorspace != UNKNOWN else None
    if known is None and frame.height >= HIGH_DEFINITION:
        known = Colorspace.ITU709
    levels = frame.reformat(format="rgb24", src_colorspace=known).to_ndarray()
    if shape != 1:
        wide = max(1, round(levels.shape[1] * shape))
        levels = np.asarray(Image.fromarray(levels).resize((wide, levels.shape[0]), Image.Resampling.BICUBIC))
    turns = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(levels, turns)) if turns else levels


class FrameFolder:
    """A film as a folder of pictures, in the order of their names; numbers in them are sorted as numbers."""

    def __init__(self, path: Path, rate: float, max_pixels: int):
        self.paths = sorted((file for file in path.iterdir() if file.suffix.lower() in PICTURES), key=in_order)
        if not self.paths:
            raise ValueError("Expected a folder with pictures, which are the frames.")
        self.rate, self.broken, self.max_pixels = Fraction(rate).limit_denominator(10**6), 0, max_pixels
        self.unit = 1 / self.rate

    def count(self) -> None:
        """Does nothing: the frames are numbered already."""

    def frames(self, since: int | None = None) -> Iterator[Raw]:
        """Yields the frames; with `since`, those from that number on."""
        for number, path in enumerate(self.paths[since or 0 :], start=since or 0):
            try:
                pixels = read_picture(path, self.max_pixels).pixels
            except (OSError, ValueError):
                self.broken += 1
                continue
            yield Raw(number, in_levels(pixels))


def in_levels(pixels: np.ndarray) -> np.ndarray:
    """Returns pixels in [0, 1] as 8 bits."""
    return np.rint(255 * np.clip(pixels, 0.0, 1.0)).astype(np.uint8)
