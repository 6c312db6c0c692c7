"""Films that tests write."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from conftest import smooth_picture

HIGH, WIDE, RATE = 48, 64, 25


def frames_of(count: int, height: int = HIGH, width: int = WIDE, seed: int = 0) -> list[np.ndarray]:
    """Returns frames (h, w, 3), uint8, of a camera that moves along a picture."""
    scene = np.uint8(255 * smooth_picture(height, width + 2 * count, seed))
    return [scene[:, 2 * number : 2 * number + width] for number in range(count)]


def write_clip(
    path: Path,
    frames: Sequence[np.ndarray],
    times: Sequence[int] | None = None,
    codec: str = "ffv1",
    pixels: str = "bgr0",
    sound: str = "",
    rotate: int = 0,
    unit: Fraction = Fraction(1, 1000),
    **context: Any,
) -> Path:
    """Writes a film, by itself without loss; times are in thousandths of a second."""
    times = times or [40 * number for number in range(len(frames))]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=context.pop("options", {}))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.codec_context.time_base = pixels, unit
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        if rotate:
            stream.set_display_rotation(rotate)
        heard = container.add_stream(sound, rate=48_000) if sound else None
        if heard is not None:
            heard.layout = "mono"
        for frame, time in zip(frames, times, strict=True):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(format=pixels)
            picture.pts, picture.time_base = round(Fraction(time, 1000) / unit), unit
            for name in ("color_trc",):
                if name in context:
                    setattr(picture, name, context[name])
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        if heard is not None:
            write_tone(container, heard, 0.04 * len(frames))
    return path


def write_tone(
    container: Any, stream: Any, seconds: float, gap: tuple[float, float] = (0.0, 0.0), hertz: int = 440
) -> None:
    """Writes a tone, with nothing at all in a gap from one second to another."""
    wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(48_000 * seconds)) / 48_000)
    size = stream.codec_context.frame_size or 1024
    for start in range(0, len(wave), size):
        if gap[0] <= start / 48_000 < gap[1]:
            continue
        part = np.float32(wave[start : start + size])[None]
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def read_clip(path: Path) -> tuple[list[np.ndarray], list[Fraction]]:
    """Returns the frames of a film and their seconds, as PyAV has them."""
    with av.open(str(path)) as container:
        read = [(frame.to_ndarray(format="rgb24"), frame.pts * frame.time_base) for frame in container.decode(video=0)]
    frames, seconds = zip(*read, strict=True)
    return list(frames), list(seconds)


def sound_of(path: Path) -> list[tuple[float, bytes]]:
    """Returns the packets of a film's sound: second, bytes."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return [
            (float(packet.pts * packet.time_base), bytes(packet)) for packet in container.demux(stream) if packet.size
        ]
