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

from keras_nst.core.plan.pyramid import Size
from keras_nst.video.reading import opened

BT709, LIMITED = 1, 1  # colors and their range, by their numbers in H.273


class Codec(NamedTuple):
    """How frames and sound are encoded."""

    frames: str
    pixels: str
    options: dict[str, str]
    sound: str  # where it cannot be copied


# Without B-frames: MP4 counts how long a film is in the order of decoding, in which a long last frame would be lost.
H264 = Codec("libx264", "yuv420p", {"crf": "16", "preset": "medium", "bf": "0"}, "aac")
PRORES = Codec("prores_ks", "yuv422p10le", {"profile": "3"}, "pcm_s16le")
LAYOUTS = {1: "mono", 2: "stereo"}  # which are not always named
COPIED, ENCODED, NONE = WAYS = "copied", "encoded", "none"  # how a film's sounds get into another one
NAMES = ("language", "title")  # by which one of several sounds is known
GAP = Fraction(1, 50)  # seconds without sound that are more than rounding
CODECS = {".mp4": H264, ".mkv": H264, ".mov": PRORES}


class Timing(NamedTuple):
    """When frames are to be seen."""

    times: tuple[int, ...]  # in the film that was read
    unit: Fraction  # seconds
    rate: Fraction  # frames per second, on the whole
    end: int | None = None  # of the last frame; None: it lasts as long as frames do on the whole

    def seconds(self, number: int) -> Fraction:
        """Returns when a frame is to be seen; the one after the last when the film ends."""
        if number < len(self.times):
            return self.times[number] * self.unit
        return self.times[-1] * self.unit + 1 / self.rate if self.end is None else self.end * self.unit


def write_film(
    path: Path, frames: Callable[[int], np.ndarray], size: Size, timing: Timing, heard: Path | None
) -> list[str]:
    """Writes frames (h, w, 3), uint8, by their number, with the sounds of another film; returns what is to be said.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")  # one name: of a process that was killed none stays
    try:
        with contextlib.ExitStack() as closing:
            container, stream, sounds = begun(partial, size, timing, heard, WAYS, closing)
            for number, time in enumerate(timing.times):
                sounds.write_until(timing.seconds(number))
                picture = av.VideoFrame.from_ndarray(frames(number), format="rgb24")
                picture = picture.reformat(format=stream.pix_fmt, dst_colorspace=Colorspace.ITU709)
                picture.pts, picture.time_base = time - timing.times[0], timing.unit
                container.mux(lasting(stream.encode(picture), timing))
            container.mux(lasting(stream.encode(None), timing))
            sounds.write_until(timing.seconds(len(timing.times)))
            sounds.end()
        os.replace(partial, path)
    except av.FFmpegError as error:
        raise OSError(f"{path}: the film cannot be written ({error.strerror or error}).") from None
    finally:
        partial.unlink(missing_ok=True)
    return sounds.notes


def lasting(packets: "list[av.Packet]", timing: Timing) -> "list[av.Packet]":
    """Returns encoded frames; the last one is told how long it lasts, which follows from no other's time."""
    count = len(timing.times)
    for packet in packets:
        if packet.pts == timing.times[-1] - timing.times[0]:
            packet.duration = round((timing.seconds(count) - timing.seconds(count - 1)) / timing.unit)
    return packets


def begun(
    path: Path, size: Size, timing: Timing, heard: Path | None, ways: Sequence[str], closing: contextlib.ExitStack
) -> "tuple[av.container.OutputContainer, av.VideoStream, Sounds]":
    """Returns a film that is begun, where its frames go, and its sounds in the first of these ways that can be."""
    codec, way = CODECS[path.suffix.lower()], ways[0]
    try:
        with contextlib.ExitStack() as trying:
            container = trying.enter_context(av.open(f"file:{path}", "w"))
            stream = new_stream(container, codec, size, timing)
            sounds = Sounds(way, timing)
            if heard:
                sounds.take(container, heard, codec.sound, trying)
            container.start_encoding()
            closing.push(trying.pop_all())
            return container, stream, sounds
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


class Sounds:
    """The sounds of a film on their way into another one.

    Args:
        way: one of WAYS.
        timing: of the film's part.
    """

    def __init__(self, way: str, timing: Timing):
        self.way, self.timing = way, timing
        self.voices, self.notes = list[Voice](), list[str]()

    def take(self, container: Any, heard: Path, codec: str, closing: contextlib.ExitStack) -> None:
        """Takes all sounds of a film over into a container; what is encoded anew is by this codec."""
        streams = closing.enter_context(opened(heard)).streams
        if not streams.audio:
            return
        left = len(streams) - len(streams.video) - len(streams.audio)
        if left:
            self.notes.append(f"Of what the film has beside pictures and sounds, such as texts, {left} are left out.")
        if self.way == NONE or any(source.codec_context is None for source in streams.audio):
            self.notes.append("The film's sound can be neither copied nor encoded anew: there is none.")
            return
        for number in range(len(streams.audio)):  # each is read by itself
            source: Any = closing.enter_context(opened(heard)).streams.audio[number]
            stream, pieces = self._begun(container, source, codec)
            stream.metadata.update({name: source.metadata[name] for name in NAMES if name in source.metadata})
            self.voices.append(Voice(container, stream, pieces, self.timing))
        if self.way == ENCODED:
            self.notes.append(f"The sound is encoded anew, as {codec}: the film's own cannot be copied.")

    def _begun(self, container: Any, source: Any, codec: str) -> tuple[Any, Iterator[Any]]:
        """Returns where a sound goes, and what of it."""
        if self.way == COPIED:
            return container.add_stream_from_template(source), packets(source)
        stream = container.add_stream(codec, rate=source.rate)
        stream.layout = LAYOUTS.get(source.channels, source.layout)
        return stream, without_gaps(samples(source))

    def write_until(self, seconds: Fraction) -> None:
        """Writes what is to be heard until then."""
        for voice in self.voices:
            voice.write_until(seconds, self.way == COPIED)

    def end(self) -> None:
        """Writes what is left."""
        if self.way == ENCODED:
            for voice in self.voices:
                voice.container.mux(voice.stream.encode(None))


class Voice:
    """One of the sounds."""

    def __init__(self, container: Any, stream: Any, pieces: Iterator[Any], timing: Timing):
        self.container, self.stream, self.ahead = container, stream, pieces
        self.begin, self.last = timing.seconds(0), timing.seconds(len(timing.times))
        self.waiting: Any = None  # what is to be heard later

    def write_until(self, seconds: Fraction, copies: bool) -> None:
        """Writes what is to be heard until then."""
        for piece in self._pieces(seconds):
            shift = round(self.begin / piece.time_base)
            piece.pts -= shift
            if copies:
                piece.dts = piece.pts if piece.dts is None else piece.dts - shift
                piece.stream = self.stream
                self.container.mux(piece)
            else:
                self.container.mux(self.stream.encode(piece))

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


def packets(source: Any) -> Iterator[Any]:
    """Yields what can be copied of a sound."""
    try:
        for packet in source.container.demux(source):
            if packet.pts is not None and packet.size:
                yield packet
    except av.FFmpegError:  # the file ends in the middle
        return


def samples(source: Any) -> Iterator[Any]:
    """Yields what can be decoded of a sound."""
    for packet in packets(source):
        try:
            for frame in packet.decode():
                if frame.pts is not None:
                    yield frame
        except av.FFmpegError:
            continue


def without_gaps(frames: Iterator[Any]) -> Iterator[Any]:
    """Yields samples, and silence where there are none in between: encoders would join what is around it."""
    end = None
    for frame in frames:
        begin = frame.pts * frame.time_base
        if end is not None and begin - end > GAP:
            yield from silence(end, begin, frame)
        yield frame
        end = begin + Fraction(frame.samples, frame.sample_rate)


def silence(begin: Fraction, end: Fraction, like: Any) -> Iterator[Any]:
    """Yields silence, a second at a time, of the format of other samples."""
    rate, left = like.sample_rate, round((end - begin) * like.sample_rate)
    while left > 0:
        frame = av.AudioFrame(like.format.name, like.layout.name, min(left, rate))
        for plane in frame.planes:
            plane.update((b"\x80" if like.format.name.startswith("u8") else b"\0") * plane.buffer_size)
        frame.sample_rate, frame.time_base = rate, like.time_base
        frame.pts = round(begin / like.time_base)
        yield frame
        begin, left = begin + Fraction(frame.samples, rate), left - frame.samples
