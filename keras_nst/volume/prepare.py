"""Checks a volume and reads its inputs before TensorFlow is imported."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_nst.command.folder import check_kind, check_same
from keras_nst.command.run_folder import LOG, read_told, stem
from keras_nst.pictures.files import Picture
from keras_nst.session.inputs import read_picture
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, fields
from keras_nst.settings.lines import Tell
from keras_nst.system.files import LOCK
from keras_nst.system.weights import check_weights
from keras_nst.volume.files import NIFTI, SUFFIXES, read_volume, suffix
from keras_nst.volume.settings import AXES, Carving
from keras_nst.volume.solid import SMALLEST, Solid, even, needed, within

HOME = Path("volumes")  # the folder of volumes without --workdir
RECORD, STATE, SHEET, THROUGH = "volume.json", "volume.zip", "sheet.png", "through.webp"
CUBE = 64  # voxels a side, without a content
FINEST = 4  # times the content's longest side, for thick slices
COARSEST = 32  # voxels of the longest side
# Settings that may change when a volume is resumed.
FREE = (
    "content",
    "style",
    "output",
    "workdir",
    "overwrite",
    "device",
    "memory_limit_gb",
    "checkpoint_secs",
    "tensorboard",
)


class Request(NamedTuple):
    """A volume whose settings and inputs have been checked."""

    settings: Carving
    config: Config  # of a run that makes one slice
    folder: Path
    output: Path
    content: Solid | None
    styles: tuple[Picture, ...]  # of the slices along each axis
    shape: tuple[int, int, int]  # of the painted volume, whose voxels are cubes
    channels: int

    def record(self) -> dict[str, str]:
        """Returns what identifies a volume."""
        settings = {name: self.settings.shown(name) for name in fields(Carving) if name not in FREE}
        hashes = {f"style_{number}": style.sha256 for number, style in enumerate(self.styles, start=1)}
        values = b"" if self.content is None else np.ascontiguousarray(self.content.values).tobytes()
        return settings | hashes | {"content": hashlib.sha256(values).hexdigest(), "shape": str(self.shape)}

    @property
    def is_done(self) -> bool:
        """Whether the requested volume has been written."""
        told = read_told(self.folder / RECORD) or {}
        return bool(told.get("written")) and told.get("output") == str(self.output.resolve()) and self.output.exists()

    def scales(self) -> list[tuple[int, int, int]]:
        """Returns the shapes of the scales, coarse to fine: each twice the last."""
        longest = max(self.shape)
        count = self.settings.scales or 1 + max(0, round(np.log2(longest / COARSEST)))
        found = [even((1.0, 1.0, 1.0), self.shape, max(1, round(longest / 2**back))) for back in range(count)]
        return [shape for shape in found[:0:-1] if sorted(shape)[1] >= SMALLEST] + [self.shape]


def prepare(settings: Carving, tell: Tell) -> Request:
    """Checks all that can be checked without TensorFlow, and reads the inputs.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    if not settings.style:
        raise SettingError("style", "", "Expected a picture: a path or a URL.")
    with settings.about("weights"):
        check_weights(settings.network, settings.weights)
    read = [read_picture("style", style.source, tell) for style in settings.style_sources()]
    side = settings.size or CUBE
    content, shape = None, (side, side, side)
    if settings.content:
        with settings.about("content"):
            content = read_volume(Path(settings.content).expanduser())
        with settings.about("window"):
            content = within(content, window_of(settings, content))
        for note in content.notes:
            tell(note)
        shape = even(content.spacing, content.shape, settings.size or finest(content))
    if sorted(shape)[1] < SMALLEST:
        reason = f"Expected slices of at least {SMALLEST} x {SMALLEST} voxels. Received: {' x '.join(map(str, shape))}"
        name = "content" if content and not settings.size else "size"
        raise SettingError(name, settings.shown(name), reason)
    named = stem(Path(settings.content).name if settings.content else settings.style_sources()[0].source)
    folder = Path(settings.workdir).expanduser() if settings.workdir else HOME / (named or "volume")
    styles = tuple(read * AXES if len(read) == 1 else read)
    output, config = output_of(settings, content), settings.config()
    asked = Request(settings, config, folder, output, content, styles, shape, channels(settings, content))
    check_folder(asked)
    return asked


def window_of(settings: Carving, content: Solid) -> tuple[float, ...]:
    """Returns the requested window; empty if there is none.

    Raises:
        ValueError: it is not a window.
    """
    window = settings.window
    if window and (len(window) != 2 or not window[0] < window[1]):
        raise ValueError("Expected two numbers, the lower one first")
    if window and (window[1] <= content.low or window[0] >= content.high):
        raise ValueError(f"Expected a window that contains values, which lie from {content.low:g} to {content.high:g}")
    return window


def finest(content: Solid) -> int:
    """Returns the voxels of the longest side, if voxels are as small as the smallest side of the content's."""
    extent = np.array(content.spacing) * content.shape
    return int(min(np.rint(extent.max() / min(content.spacing)), FINEST * max(content.shape)))


def channels(settings: Carving, content: Solid | None) -> int:
    """Returns the number of channels of the result."""
    known = 3 if content is None else content.values.shape[-1]
    return {"auto": known, "gray": 1, "rgb": 3}[settings.colors]


def output_of(settings: Carving, content: Solid | None) -> Path:
    """Returns the path of the painted volume.

    Raises:
        SettingError: it cannot be written there.
    """
    source = Path(settings.content).expanduser()
    ending = suffix(source) if settings.content and not source.is_dir() else ""
    if source.is_dir() and content is not None and content.affine is not None:
        ending = ".nii.gz"  # for a DICOM series
    name = source.name[: -len(ending)] if ending and source.is_file() else source.name or "volume"
    output = Path(settings.output).expanduser() if settings.output else Path(f"{name}-painted{ending or '.npy'}")
    named = settings.output or str(output)
    if output.suffix and suffix(output) not in SUFFIXES:
        raise SettingError("output", named, f"Expected {', '.join(SUFFIXES)}, or a folder for slices.")
    if settings.content and output.resolve() == source.resolve():
        raise SettingError("output", named, "Expected another name than the volume's own.")
    if not output.parent.is_dir() or not os.access(output.parent, os.W_OK):
        raise SettingError("output", named, f"Expected a writable folder. Received: {output.parent}")
    own = Path(settings.workdir).expanduser().resolve() if settings.workdir else None
    if not output.suffix and output.resolve() == own:
        raise SettingError("output", named, "Expected another folder than --workdir.")
    if output.suffix and output.is_dir():
        raise SettingError("output", named, "Expected the name of a volume. Received: a folder.")
    if suffix(output) in NIFTI:
        needed("nibabel", "nibabel")
    return output


def check_folder(asked: Request) -> None:
    """Checks that the folder is empty, or holds this volume, and that --output replaces no foreign file.

    Raises:
        SettingError: it does not, or would.
    """
    folder, named = asked.folder, asked.settings.workdir or str(asked.folder)
    earlier = check_kind(folder, named, RECORD, "a volume", (LOCK, LOG))
    if asked.settings.overwrite:
        return
    if earlier is not None:
        usual = Carving()  # of settings that an earlier version did not have
        then = {name: usual.shown(name) for name in fields(Carving) if name not in FREE} | earlier.get("volume", {})
        check_same(named, asked.record(), then, "volume")
    if asked.output.exists() and (earlier or {}).get("output") != str(asked.output.resolve()):
        raise SettingError(
            "output",
            asked.settings.output or str(asked.output),
            "This path exists. Expected a new one, or --overwrite.",
        )
