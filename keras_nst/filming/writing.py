"""Films as they are written: painted frames at the film's own times, with its sound."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.reformatter import Colorspace

from keras_nst.core.pyramid import Size
from keras_nst.filming.reading import opened

BT709, LIMITED = 1, 1  # colors and their range, by their numbers in H.273


class Codec(NamedTuple):
    """How frames and sound are encoded."""

    frames: str
    pixels: str
    options: dict[str, str]
    sound: str  # where it cannot be copied


H264 = Codec("libx264", "yuv420p", {"crf": "16", "preset": "medium"}, "aac")
PRORES = Codec("prores_ks", "yuv422p10le", {"profile": "3"}, "pcm_s16le")
LAYOUTS = {1: "mono", 2: "stereo"}  # which are not always named
COPIED, ENCODED, NONE = WAYS = "copied", "encoded", "none"  # how a film's sound gets into another one
CODECS = {".mp4": H264, ".mkv": H264, ".mov": PRORES}


class Timing(NamedTuple):
    """When frames are to be seen."""

    times: tuple[int, ...]  # in the film that was read
    unit: Fraction  # seconds
    rate: Fraction  # frames per second, on the whole

    def seconds(self, number: int) -> Fraction:
        """Returns when a frame is to be seen; the one after the last when the film ends."""
        if number < len(self.times):
            return self.times[number] * self.unit
        return self.times[-1] * self.unit + 1 / self.rate


def write_film(
    path: Path, frames: Callable[[int], np.ndarray], size: Size, timing: Timing, heard: Path | None
) -> list[str]:
    """Writes frames (h, w, 3), uint8, by their number, with the sound of another film; returns what is to be said.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")  # one name: of a process that was killed none stays
    try:
        with contextlib.ExitStack() as closing:
            container, stream, sound = begun(partial, size, timing, heard, WAYS, closing)
            for number, time in enumerate(timing.times):
                sound.write_until(timing.seconds(number))
                picture = av.VideoFrame.from_ndarray(frames(number), format="rgb24")
                picture = picture.reformat(format=stream.pix_fmt, dst_colorspace=Colorspace.ITU709)
                picture.pts, picture.time_base = time - timing.times[0], timing.unit
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
            sound.write_until(timing.seconds(len(timing.times)))
            sound.end()
        os.replace(partial, path)
    except av.FFmpegError as error:
        raise OSError(f"{path}: the film cannot be written ({error.strerror or error}).") from None
    finally:
        partial.unlink(missing_ok=True)
    return sound.notes


def begun(
    path: Path, size: Size, timing: Timing, heard: Path | None, ways: Sequence[str], closing: contextlib.ExitStack
) -> "tuple[av.container.OutputContainer, av.VideoStream, Sound]":
    """Returns a film that is begun, where its frames go, and its sound in the first of these ways that can be."""
    codec, way = CODECS[path.suffix.lower()], ways[0]
    try:
        with contextlib.ExitStack() as trying:
            container = trying.enter_context(av.open(f"file:{path}", "w"))
            stream = new_stream(container, codec, size, timing)
            source = trying.enter_context(opened(heard)) if heard else None
            sound = Sound(container, source, codec, timing, way)
            container.start_encoding()
            closing.push(trying.pop_all())
            return container, stream, sound
    except (av.FFmpegError, ValueError):
        if len(ways) == 1:
            raise
    return begun(path, size, timing, heard, ways[1:], closing)


def new_stream(container: av.container.OutputContainer, codec: Codec, size: Size, timing: Timing) -> av.VideoStream:
    """Returns where frames are written to."""
    stream: Any = container.add_stream(codec.frames, rate=timing.rate.limit_denominator(2**16), options=codec.options)
    stream.height, stream.width = size
    stream.pix_fmt = codec.pixels
    context = stream.codec_context
    context.time_base = timing.unit
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED
    return stream


class Sound:
    """The sound of a film on its way into another one."""

    def __init__(
        self,
        container: av.container.OutputContainer,
        heard: av.container.InputContainer | None,
        codec: Codec,
        timing: Timing,
        way: str,
    ):
        self.container, self.copies, self.notes = container, way == COPIED, list[str]()
        self.begin, self.last = timing.seconds(0), timing.seconds(len(timing.times))
        self.ahead: Iterator[Any] = iter(())
        self.waiting: Any = None  # what is to be heard later
        self.stream: Any = None
        if heard is None or not heard.streams.audio:
            return
        source = heard.streams.audio[0]
        left = len(heard.streams) - len(heard.streams.video) - 1
        if left:
            self.notes.append(f"Of the film's sounds and texts only the first sound is taken over; left out: {left}.")
        if way == NONE or source.codec_context is None:
            self.notes.append("The film's sound can be neither copied nor encoded anew: there is none.")
            return
        if self.copies:
            self.stream, self.ahead = container.add_stream_from_template(source), packets(heard, source)
            return
        self.stream, self.ahead = container.add_stream(codec.sound, rate=source.rate), samples(heard, source)
        self.stream.layout = LAYOUTS.get(source.channels, source.layout)
        self.notes.append(f"The sound is encoded anew, as {codec.sound}: the film's own cannot be copied.")

    def write_until(self, seconds: Fraction) -> None:
        """Writes what is to be heard until then."""
        for piece in self._pieces(seconds):
            shift = round(self.begin / piece.time_base)
            piece.pts -= shift
            if self.copies:
                piece.dts = piece.pts if piece.dts is None else piece.dts - shift
                piece.stream = self.stream
                self.container.mux(piece)
            else:
                self.container.mux(self.stream.encode(piece))

    def end(self) -> None:
        """Writes what is left."""
        if self.stream and not self.copies:
            self.container.mux(self.stream.encode(None))

    def _pieces(self, seconds: Fraction) -> Iterator[Any]:
        while True:
            piece = self.waiting if self.waiting is not None else next(self.ahead, None)
            self.waiting = None
            if piece is None:
                return
            time = piece.pts * piece.time_base
            if time >= min(seconds, self.last):
                self.waiting = piece
                return
            if time >= self.begin:
                yield piece


def packets(heard: av.container.InputContainer, source: Any) -> Iterator[Any]:
    """Yields what can be copied of a sound."""
    try:
        for packet in heard.demux(source):
            if packet.pts is not None and packet.size:
                yield packet
    except av.FFmpegError:  # the file ends in the middle
        return


def samples(heard: av.container.InputContainer, source: Any) -> Iterator[Any]:
    """Yields what can be decoded of a sound."""
    for packet in packets(heard, source):
        try:
            for frame in packet.decode():
                if frame.pts is not None:
                    yield frame
        except av.FFmpegError:
            continue
