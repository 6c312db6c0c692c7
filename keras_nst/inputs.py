"""What a run needs from its user, checked and read before TensorFlow is imported."""

import re
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from keras_nst.config import Config, SettingError
from keras_nst.core.pyramid import Size, crop_box, final_size
from keras_nst.core.tiling import reach, stride
from keras_nst.pictures.download import local_file
from keras_nst.pictures.files import Picture, check_output, read_picture
from keras_nst.pictures.opening import MAX_PIXELS
from keras_nst.record import Record, asks_for_more, differences, new_record, read_record
from keras_nst.remarks import remarks
from keras_nst.scene import Guidance, guided, numbered
from keras_nst.system.weights import check_weights
from keras_nst.terms import parse_masks, parse_size
from keras_nst.workdir import choose_output, choose_workdir

SAMPLES = Path(__file__).parent / "samples"
SEAMLESS = 16  # pixels; with other sizes the poolings leave out a row or a column at the border
FIRST_PICTURES = ("auto", "content", "noise", "style", "blend")  # all other values of --init are paths


Tell = Callable[[str], None]
Answer = TypeVar("Answer")


class Job(NamedTuple):
    """A run whose settings and inputs have been checked."""

    config: Config  # resolved, except for what depends on the device
    inputs: dict[str, Picture]  # content, style, style_2, ..., init, masks: those that there are
    guidance: Guidance
    size: Size
    workdir: Path
    output: Path
    record: Record
    earlier: Record | None  # of the run in the folder, which goes on
    begun: float  # by the monotonic clock

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.earlier is not None and self.earlier.finished and not asks_for_more(self.record, self.earlier)


def prepare(config: Config, tell: Tell) -> Job:
    """Checks all that can be checked without TensorFlow, and reads the pictures.

    Raises:
        SettingError: names the flag, its value and what would be right.
    """
    begun, given, config = time.monotonic(), config, config.resolved()
    check_sources(config, [name for name in ("content", "style") if getattr(config, name)])
    for name in ("content", "style", "init", "weights", "content_mask", "style_mask"):
        if re.search("[\r\n\udc80-\udcff]", getattr(config, name)):
            raise SettingError(name, repr(getattr(config, name)), "Expected a name in Unicode without line breaks.")
    workdir = choose_workdir(config)
    earlier = None if config.overwrite else read_record(workdir)
    output = choose_output(config, workdir, earlier.output if earlier else "")
    named(config, "weights", lambda: check_weights(config.network, config.weights))
    if config.output:
        named(config, "output", lambda: check_output(output, config.bit_depth, False))
    inputs = {name: _read(config, name, source, tell) for name, source in sources(config).items()}
    inputs |= {name: _fitted(inputs, name, tell) for name in inputs if "mask" in name}
    shape = inputs.get("content") or inputs["style"]
    size = named(config, "size", lambda: size_of_result(config, Size(*shape.pixels.shape[:2])))
    check_style_size(config, inputs, tell)
    transparent = "content" in inputs and inputs["content"].alpha is not None and not config.background
    if config.output:
        named(config, "output", lambda: check_output(output, config.bit_depth, transparent, size))
    inputs = {name: _cropped(picture, size, name) for name, picture in inputs.items()}
    arrays = {name: picture.pixels for name, picture in inputs.items()}
    alphas = {name: picture.alpha for name, picture in inputs.items() if picture.alpha is not None}
    if config.needs_maps() and alphas:
        tell(f"--style_loss={config.shown('style_loss')}: it takes what is transparent for visible.")
    record = new_record(given, {name: picture.sha256 for name, picture in inputs.items()}, output)
    if earlier and (found := differences(record, earlier)):
        reason = f"This folder holds another run: {', '.join(found)}. Expected the same, a new folder or --overwrite."
        raise SettingError("workdir", config.workdir, reason)
    guidance = guided(arrays, alphas, config)
    for line in remarks(given):
        tell(line)
    return Job(config, inputs, guidance, size, workdir, output, record, earlier, begun)


def sources(config: Config) -> dict[str, str]:
    """Returns what the settings name as pictures, by the name of the input."""
    styles, masks = (source.source for source in config.styles()), parse_masks(config.style_mask)
    named_ones = {
        "content": config.content,
        **dict(zip(numbered("style", len(config.styles())), styles, strict=True)),
        "init": "" if config.init in FIRST_PICTURES else config.init,
        "content_mask": config.content_mask,
        **dict(zip(numbered("style_mask", len(masks)), masks, strict=True)),
    }
    return {name: source for name, source in named_ones.items() if source}


def size_of_result(config: Config, shape: Size) -> Size:
    """Returns the size of the result from that of the content."""
    size = final_size(parse_size(config.size), shape)
    if config.seamless and (size.height % SEAMLESS or size.width % SEAMLESS):
        fitting = [max(1, round(side / SEAMLESS)) * SEAMLESS for side in size]
        expected = f"Expected multiples of {SEAMLESS} with --seamless, such as {fitting[1]}x{fitting[0]}"
        raise ValueError(f"{expected}. Received: {size}")
    return size


def check_style_size(config: Config, inputs: Mapping[str, Picture], tell: Tell) -> None:
    """Tells where a style picture is smaller than what the deepest layer sees of it at once."""
    names = [layer.name for layer in config.layers_used("style")]
    seen = max((2 * reach(config.network, name) + stride(name) for name in names), default=0)
    for name in numbered("style", len(config.styles())):
        if name in inputs and min(inputs[name].pixels.shape[:2]) < seen:
            size = Size(*inputs[name].pixels.shape[:2])
            tell(f"--style={config.style}: {size} pixels are few: the deepest layer sees {seen} at once.")


def named(config: Config, name: str, action: Callable[[], Answer]) -> Answer:
    """Returns what `action` returns; its complaints get the name and the value of the flag."""
    return _complaining_of(name, config.shown(name), action)


def _complaining_of(name: str, value: str, action: Callable[[], Answer]) -> Answer:
    try:
        return action()
    except SettingError:
        raise
    except (ValueError, OSError) as error:
        raise SettingError(name, value, _readable(error)) from None


def _readable(error: ValueError | OSError) -> str:
    return str(getattr(error, "strerror", None) or error)


def check_sources(config: Config, given: Collection[str]) -> None:
    """Checks that the pictures which the settings need are among those given, by name."""
    for name in ("content", "style"):
        if name not in given and config.asks_for(name):
            raise SettingError(
                name, "", f"Expected a picture: a path or a URL. It can be left out only with --{name}_weight=0."
            )
    if "content" not in given and "style" not in given:
        raise SettingError("content", "", "Expected a content or a style picture. Received: neither")
    for name in ("content", "style"):
        if config.init in (name, "blend")[: 1 + (name == "content")] and name not in given:
            raise SettingError("init", config.init, f"Expected --{name} as well.")


def _read(config: Config, input_name: str, source: str, tell: Tell) -> Picture:
    name, most = re.sub(r"_\d+$", "", input_name), round(config.max_megapixels * 1e6)
    picture = _complaining_of(name, source, lambda: read_source(source, most))
    for note in picture.notes:
        tell(f"--{name}={source}: {note}")
    return picture


def read_source(source: str, max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads a picture from a path, a URL or sample:NAME.

    Raises:
        OSError: there is no such file, or it may not be read.
        ValueError: it is not a picture, too large or damaged, or there is no such sample.
    """
    return read_picture(_sample(source) or local_file(source, max_pixels=max_pixels), max_pixels)


def _sample(source: str) -> Path | None:
    """Returns the path of a picture that comes along, named as sample:NAME."""
    if not source.startswith("sample:"):
        return None
    known = {path.stem: path for path in SAMPLES.glob("*.jpg")}
    name = source.removeprefix("sample:")
    if name not in known:
        raise ValueError(f"Expected one of sample:{', sample:'.join(sorted(known))}. Received: {source}")
    return known[name]


def _fitted(inputs: Mapping[str, Picture], name: str, tell: Tell) -> Picture:
    """Returns a mask at the size of the picture it belongs to."""
    mask, picture = inputs[name], inputs.get(name.replace("_mask", ""))
    if picture is None or mask.pixels.shape == picture.pixels.shape:
        return mask
    sizes = [Size(*shown.pixels.shape[:2]) for shown in (mask, picture)]
    tell(f"--{re.sub(r'_[0-9]+$', '', name)}: {sizes[0]} pixels, stretched to the picture's {sizes[1]}.")
    return mask._replace(pixels=stretched(mask.pixels, sizes[1]))


def stretched(mask: np.ndarray, size: Size) -> np.ndarray:
    """Returns a mask picture (h, w, 3) of another size."""
    levels = Image.fromarray(np.uint8(np.rint(mask * 255)))
    return np.asarray(levels.resize((size.width, size.height), Image.Resampling.BOX), np.float32) / 255


def cropped(pixels: np.ndarray, size: Size, name: str) -> np.ndarray:
    """Returns the content's or first picture's part of the result's proportions; styles keep theirs."""
    if name.startswith("style"):
        return pixels
    rows, columns = crop_box(Size(*pixels.shape[:2]), size)
    return pixels[rows, columns]


def _cropped(picture: Picture, size: Size, name: str) -> Picture:
    alpha = None if picture.alpha is None else cropped(picture.alpha, size, name)
    return picture._replace(pixels=cropped(picture.pixels, size, name), alpha=alpha)
