"""Writes films: painted frames at the original times, with the original sound."""

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
    """The encoding of frames and sound."""

    frames: str
    pixels: str
    options: dict[str, str]
    sound: str  # if it cannot be copied


# Without B-frames: MP4 measures a film's length in decoding order, which would lose a long last frame.
H264 = Codec("libx264", "yuv420p", {"crf": "16", "preset": "medium", "bf": "0"}, "aac")
PRORES = Codec("prores_ks", "yuv422p10le", {"profile": "3"}, "pcm_s16le")
LAYOUTS = {1: "mono", 2: "stereo"}  # by number of channels; layouts are not always named
COPIED, ENCODED, NONE = WAYS = "copied", "encoded", "none"  # how the sounds of a film get into another one
NAMES = ("language", "title")  # metadata that distinguishes several sounds
GAP = Fraction(1, 50)  # seconds without sound that are more than rounding
CODECS = {".mp4": H264, ".mkv": H264, ".mov": PRORES}


class Timing(NamedTuple):
    """The times of the frames."""

    times: tuple[int, ...]  # in the film that was read
    unit: Fraction  # seconds
    rate: Fraction  # average frames per second
    end: int | None = None  # of the last frame; None: it lasts as long as an average frame

    def seconds(self, number: int) -> Fraction:
        """Returns the time of a frame; for the number after the last, the end of the film."""
        if number < len(self.times):
            return self.times[number] * self.unit
        return self.times[-1] * self.unit + 1 / self.rate if self.end is None else self.end * self.unit


def write_film(
    path: Path, frames: Callable[[int], np.ndarray], size: Size, timing: Timing, heard: Path | None
) -> list[str]:
    """Writes frames (h, w, 3), uint8, by their number, with the sounds of another film; returns messages.

    Raises:
        OSError: it cannot be written; an existing file stays.
    """
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")  # one name: killed processes leave one file at most
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
        raise OSError(f"{path}: Could not write the film ({error.strerror or error}).") from None
    finally:
        partial.unlink(missing_ok=True)
    return sounds.notes


def lasting(packets: "list[av.Packet]", timing: Timing) -> "list[av.Packet]":
    """Returns encoded frames; sets the duration of the last one, which follows from no other frame's time."""
    count = len(timing.times)
    for packet in packets:
        if packet.pts == timing.times[-1] - timing.times[0]:
            packet.duration = round((timing.seconds(count) - timing.seconds(count - 1)) / timing.unit)
    return packets


def begun(
    path: Path, size: Size, timing: Timing, heard: Path | None, ways: Sequence[str], closing: contextlib.ExitStack
) -> "tuple[av.container.OutputContainer, av.VideoStream, Sounds]":
    """Returns an opened film, its stream of frames, and its sounds in the first of these ways that works."""
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
    """Returns the stream that frames are written to."""
    stream: Any = container.add_stream(codec.frames, rate=timing.rate.limit_denominator(2**16), options=codec.options)
    stream.height, stream.width = size
    stream.pix_fmt = codec.pixels
    context = stream.codec_context
    context.time_base = timing.unit
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED
    return stream


class Sounds:
    """Transfers the sounds of a film into another one.

    Args:
        way: one of WAYS.
        timing: of the part of the film.
    """

    def __init__(self, way: str, timing: Timing):
        self.way, self.timing = way, timing
        self.voices, self.notes = list[Voice](), list[str]()

    def take(self, container: Any, heard: Path, codec: str, closing: contextlib.ExitStack) -> None:
        """Transfers all sounds of a film into a container; those that cannot be copied are encoded by this codec."""
        streams = closing.enter_context(opened(heard)).streams
        if not streams.audio:
            return
        left = len(streams) - len(streams.video) - len(streams.audio)
        if left:
            self.notes.append(
                f"{left} tracks of the film that are neither pictures nor sound, such as subtitles, are left out."
            )
        if self.way == NONE or any(source.codec_context is None for source in streams.audio):
            self.notes.append("The film's sound can be neither copied nor encoded: the painted film is silent.")
            return
        for number in range(len(streams.audio)):  # each is read separately
            source: Any = closing.enter_context(opened(heard)).streams.audio[number]
            stream, pieces = self._begun(container, source, codec)
            stream.metadata.update({name: source.metadata[name] for name in NAMES if name in source.metadata})
            self.voices.append(Voice(container, stream, pieces, self.timing))
        if self.way == ENCODED:
            self.notes.append(f"The sound is encoded as {codec}: the original cannot be copied.")

    def _begun(self, container: Any, source: Any, codec: str) -> tuple[Any, Iterator[Any]]:
        """Returns the output stream of a sound, and its packets or samples."""
        if self.way == COPIED:
            return container.add_stream_from_template(source), packets(source)
        stream = container.add_stream(codec, rate=source.rate)
        stream.layout = LAYOUTS.get(source.channels, source.layout)
        return stream, without_gaps(samples(source))

    def write_until(self, seconds: Fraction) -> None:
        """Writes the sound up to that time."""
        for voice in self.voices:
            voice.write_until(seconds, self.way == COPIED)

    def end(self) -> None:
        """Writes the rest."""
        if self.way == ENCODED:
            for voice in self.voices:
                voice.container.mux(voice.stream.encode(None))


class Voice:
    """One of the sounds."""

    def __init__(self, container: Any, stream: Any, pieces: Iterator[Any], timing: Timing):
        self.container, self.stream, self.ahead = container, stream, pieces
        self.begin, self.last = timing.seconds(0), timing.seconds(len(timing.times))
        self.waiting: Any = None  # a piece for later

    def write_until(self, seconds: Fraction, copies: bool) -> None:
        """Writes the sound up to that time."""
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
    """Yields the packets of a sound that can be copied."""
    try:
        for packet in source.container.demux(source):
            if packet.pts is not None and packet.size:
                yield packet
    except av.FFmpegError:  # the file is truncated
        return


def samples(source: Any) -> Iterator[Any]:
    """Yields the samples of a sound that can be decoded."""
    for packet in packets(source):
        try:
            for frame in packet.decode():
                if frame.pts is not None:
                    yield frame
        except av.FFmpegError:
            continue


def without_gaps(frames: Iterator[Any]) -> Iterator[Any]:
    """Yields samples, with silence in the gaps: encoders would join the pieces around a gap."""
    end = None
    for frame in frames:
        begin = frame.pts * frame.time_base
        if end is not None and begin - end > GAP:
            yield from silence(end, begin, frame)
        yield frame
        end = begin + Fraction(frame.samples, frame.sample_rate)


def silence(begin: Fraction, end: Fraction, like: Any) -> Iterator[Any]:
    """Yields silence, a second at a time, in the format of other samples."""
    rate, left = like.sample_rate, round((end - begin) * like.sample_rate)
    while left > 0:
        frame = av.AudioFrame(like.format.name, like.layout.name, min(left, rate))
        for plane in frame.planes:
            plane.update((b"\x80" if like.format.name.startswith("u8") else b"\0") * plane.buffer_size)
        frame.sample_rate, frame.time_base = rate, like.time_base
        frame.pts = round(begin / like.time_base)
        yield frame
        begin, left = begin + Fraction(frame.samples, rate), left - frame.samples
