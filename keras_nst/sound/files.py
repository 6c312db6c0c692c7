"""Reads and writes sounds and series."""

import csv
import importlib
import io
import wave
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from keras_nst.settings.declared import InputError
from keras_nst.system.files import written_whole

RATE = 22_050
SECONDS = 6.0
NOTES = (261.63, 329.63, 392.0, 523.25, 392.0, 329.63)  # C E G C' G E
A_SECOND, FALL = 5, 0.12  # notes per second; seconds in which a note falls to a third of its loudness
DROPS, DROP_FALL = 120, 0.004  # per second; seconds


def arpeggio() -> np.ndarray:
    """Returns a sample: plucked notes, up and down."""
    time, wave = np.arange(round(RATE * SECONDS)) / RATE, np.zeros(round(RATE * SECONDS))
    for number in range(round(A_SECOND * SECONDS)):
        since = time - number / A_SECOND
        tone = sum(np.sin(2 * np.pi * NOTES[number % len(NOTES)] * part * since) / part**1.5 for part in range(1, 7))
        wave += np.where(since >= 0, tone * np.exp(-np.maximum(since, 0) / FALL), 0.0)
    return 0.6 * wave / np.abs(wave).max()


def rain() -> np.ndarray:
    """Returns a sample: drops on something hard, and more of them far away."""
    draw, count = np.random.default_rng(0), round(RATE * SECONDS)
    wave = 0.1 * draw.standard_normal(count)
    for _ in range(round(DROPS * SECONDS)):
        start, loud, pitch = draw.integers(count - 2000), draw.uniform(0.2, 1.0) ** 2, draw.uniform(1500, 7000)
        time = np.arange(2000) / RATE
        noise = 0.5 * draw.standard_normal(2000)
        wave[start : start + 2000] += loud * (np.sin(2 * np.pi * pitch * time) + noise) * np.exp(-time / DROP_FALL)
    return 0.6 * wave / np.abs(wave).max()


EXAMPLES = {"arpeggio": arpeggio, "rain": rain}


MISSING = ("", "nan", "na", "null")  # marks of missing numbers
AT_ONCE = 65_536  # samples
FASTEST, MOST = {".flac": 655_350, ".ogg": 192_000}, {".flac": 8}  # samples per second; channels
SOUNDS, SERIES = (".wav", ".flac", ".ogg"), (".csv",)


class Sound(NamedTuple):
    """A sound, or other series."""

    values: np.ndarray  # (t, channels); for sounds within -1 and 1
    rate: int  # samples per second; 0: not a sound
    names: tuple[str, ...] = ()  # of series
    labels: tuple[str, tuple[str, ...]] | None = None  # a first column that is not a series: its name, its cells


def read_sound(source: str, seconds: float = 0.0) -> Sound:
    """Returns the sound in a file, or a bundled one named sample:NAME.

    Args:
        seconds: its length; 0: all.

    Raises:
        ValueError: it is not a sound, or it is silent.
        OSError: it cannot be read.
        InputError: a package that it needs is not installed.
    """
    if source.startswith("sample:"):
        name = source.removeprefix("sample:")
        if name not in EXAMPLES:
            raise ValueError(f"Expected sample:{' or sample:'.join(EXAMPLES)}. Received: {source}")
        return shortened(EXAMPLES[name]()[:, None], RATE, seconds)
    path = Path(source).expanduser()
    ending = path.suffix.lower()
    if ending in SERIES:
        return read_series(path)
    if ending not in SOUNDS:
        raise ValueError(f"Expected {', '.join((*SOUNDS, *SERIES))}. Received: {path.name}")
    with path.open("rb"):  # reports a wrong name as for all files
        pass
    values, rate = read_wave(path) if ending == ".wav" else read_other(path)
    if rate < 1:
        raise ValueError(f"Expected a sound. Received: a file with {rate} samples per second")
    return shortened(values, rate, seconds)


def shortened(values: np.ndarray, rate: int, seconds: float) -> Sound:
    """Returns a sound (t, channels), at most `seconds` long.

    Raises:
        ValueError: it is silent, or not finite.
    """
    values = values[: max(1, round(seconds * rate))] if seconds else values
    if not np.isfinite(values).all():
        raise ValueError("Expected a sound. Received: samples that are NaN or infinity")
    if not np.abs(values).max(initial=0.0) > 0:
        raise ValueError(f"Expected a sound. Received: {'silence' if len(values) else 'a file without samples'}")
    return Sound(values, rate)


def read_wave(path: Path) -> tuple[np.ndarray, int]:
    """Returns the samples (t, channels) of a WAV file, and its samples per second."""
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except EOFError:
        raise ValueError("Expected a sound. Received: a file that ends too early") from None
    except wave.Error as error:
        if "unknown format" in str(error) or "format" in str(error):
            return read_other(path)  # floats, or compressed
        raise ValueError(f"Expected a sound. Received: a damaged file ({error})") from None
    if width > 4:
        raise ValueError(f"Expected samples of 1 to 4 bytes. Received: {width}")
    data = data[: len(data) // (width * channels) * width * channels]
    if width == 1:
        samples = (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    else:  # to the upper bytes of four
        bytes_ = np.frombuffer(data, np.uint8).reshape(-1, width)
        whole = np.zeros((len(bytes_), 4), np.uint8)
        whole[:, 4 - width :] = bytes_
        samples = whole.view("<i4")[:, 0] / 2.0**31
    return samples.reshape(-1, channels), rate


def read_other(path: Path) -> tuple[np.ndarray, int]:
    """Returns the samples (t, channels) of a file in another format, and its samples per second."""
    soundfile = needed()
    try:
        values, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"Expected a sound. Received: a file that cannot be read as one ({error})") from None
    return values, rate


def needed() -> ModuleType:
    """Returns the module that reads and writes formats other than WAV.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module("soundfile")
    except (ImportError, OSError):
        raise InputError(
            'Expected the package soundfile for this kind of sound: pip install "keras-nst[sound]"'
        ) from None


def read_series(path: Path) -> Sound:
    """Returns the columns of a table; a first column of names, or of evenly spaced times, is kept as labels.

    Raises:
        ValueError: there are none, or a value is not a number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error):
        raise ValueError("Expected a table of comma-separated values in UTF-8") from None
    if rows and any(";" in cell for cell in rows[-1]):
        raise ValueError("Expected commas between the columns. Received: semicolons")
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise ValueError(f"Expected rows of the same length. Received: {lengths[0]} to {lengths[-1]} values")
    headed = is_head(rows)
    head, body = (rows[0], rows[1:]) if headed else ([], rows)
    if len(body) < 2:
        raise ValueError(f"Expected at least two rows of numbers. Received: {len(body)}")
    names = head or [f"series_{number}" for number in range(1, len(body[0]) + 1)]
    first = int(len(names) > 1 and is_axis([row[0] for row in body]))
    for line, row in enumerate(body, start=1 + headed):
        if wrong := [cell for cell in row[first:] if not is_number(cell)]:
            raise ValueError(f"Expected numbers. Received: {wrong[0]!r} in line {line}")
    labels = (names[0], tuple(row[0] for row in body)) if first else None
    return Sound(np.array([[float(cell) for cell in row[first:]] for row in body]), 0, tuple(names[first:]), labels)


def is_number(cell: str) -> bool:
    """Returns whether a cell of a table holds a number."""
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def is_head(rows: list[list[str]]) -> bool:
    """Returns whether the first row has names: text above numbers, or next to a name."""
    if len(rows) < 2:
        return False
    names = [not is_number(cell) and cell.strip().lower() not in MISSING for cell in rows[0]]
    below = zip(names, rows[1], strict=False)
    return any(name and (is_number(cell) or number == 0) for number, (name, cell) in enumerate(below))


def is_axis(cells: list[str]) -> bool:
    """Returns whether a column holds names, or evenly spaced times."""
    if not all(map(is_number, cells)):
        return sum(map(is_number, cells)) < len(cells) / 2  # else it is a series with missing numbers
    steps = np.diff([float(cell) for cell in cells])
    return bool((steps > 0).all() and np.allclose(steps, steps[0], rtol=1e-3))


# --- Writing ---


def write_sound(path: Path, sound: Sound) -> None:
    """Writes a sound with 16 bits, or series.

    Raises:
        OSError: it cannot be written; an existing file stays.
    """
    ending = path.suffix.lower()
    with written_whole(path) as file:
        if ending in SERIES:
            file.write(table(sound).encode())
            return
        whole = io.BytesIO()
        if ending == ".wav":
            with wave.open(whole, "wb") as out:
                out.setparams((sound.values.shape[1], 2, sound.rate, 0, "NONE", ""))
                out.writeframes(np.rint(np.clip(sound.values, -1, 1) * (2**15 - 1)).astype("<i2").tobytes())
        else:
            channels = sound.values.shape[1]
            with needed().SoundFile(whole, "w", sound.rate, channels, format=ending[1:].upper()) as out:
                for start in range(0, len(sound.values), AT_ONCE):  # more at a time crashes libsndfile's Vorbis
                    out.write(np.clip(sound.values[start : start + AT_ONCE], -1, 1))
        file.write(whole.getbuffer())


def table(sound: Sound) -> str:
    """Returns series as a CSV text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    name, cells = sound.labels or ("", ())
    axis = [[name], *([cell] for cell in cells)] if sound.labels else [[]] * (1 + len(sound.values))
    rows = [list(sound.names), *([f"{value:.9g}" for value in row] for row in sound.values)]
    writer.writerows([*own, *row] for own, row in zip(axis, rows, strict=True))
    return text.getvalue()


def resampled(values: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Returns samples (t, channels) at another rate, by a Fourier series."""
    if rate == wanted:
        return values
    count = max(1, round(len(values) * wanted / rate))
    series = np.fft.rfft(values, axis=0)
    if count > len(values) and len(values) % 2 == 0:  # the highest frequency then counts twice
        series[-1] /= 2
    return np.fft.irfft(series[: count // 2 + 1], count, axis=0) * (count / len(values))
