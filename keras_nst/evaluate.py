"""The door to figures: python -m keras_nst.evaluate --content=... --style=... RESULT..."""

import contextlib
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from absl import flags

from keras_nst.flags import UsageError
from keras_nst.kinds import integer
from keras_nst.terms import SMALLEST_SIDE

if TYPE_CHECKING:
    from keras_nst.core.quality import Judge
    from keras_nst.pictures.files import Picture

USAGE = """\
usage: python -m keras_nst.evaluate --content=PICTURE --style=PICTURE [--flag=value ...] RESULT...
       python -m keras_nst.evaluate --help
"""
# What each takes, its default and its explanation.
FLAGS = {
    "content": ("PICTURE", "", "The picture whose content was to be kept: a path, an http(s) URL, or sample:harbor."),
    "style": ("PICTURE", "", "The picture whose style was wanted, likewise. One of the two may be left out."),
    "size": (
        "PIXELS",
        "512",
        "The longer side at which pictures are compared. Neither a smaller result nor a smaller content is enlarged: "
        "such a result is compared at the smaller one's size, which its row tells.",
    ),
    "weights": ("imagenet|random|PATH", "imagenet", "The weights of VGG19; random needs no file, and means little."),
    "json": ("FILE", "", "Write the figures to this file as well; an existing one is replaced."),
}
HELP = """
Prints one row per result, of these figures (docs/quality.md):
  content                  0: the content's features; about 1: unrelated ones; at most 2
  structure                0: places are alike that are alike in the content; more: less so
  gram, w2, sliced, color  0: the style; 1: as far from it as the content; below 2
  sharpness                0: no detail; 1: as much as the content; below 2
  sharpness_to_style       likewise, to the style
  grain                    0: no fine detail in color alone; 1: as much as the style; 2: twice as much
  grain_to_content         likewise, to the content
  borders                  0: the frame stands out no more than the content's; below 1
and what they say in words.

Flags:
"""
LARGEST_SIZE = 4096  # pixels a side


class InputError(ValueError):
    """A flag or a picture is not what it should be."""


class Request(NamedTuple):
    """A command line, read and checked."""

    content: str
    style: str
    size: int
    weights: str
    json: str
    results: list[str]


def main(argv: Sequence[str] | None = None) -> int:
    """Prints how good results are; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv:
        print(USAGE, end="", file=sys.stderr)
        return 2
    if {"--help", "-help", "-h", "--helpfull", "--helpshort", "--help=true"} & set(argv):
        print(help_text(), end="")
        return 0
    try:
        _evaluate(parse(argv))
        return 0
    except UsageError as error:
        return _complain(error, 2)
    except (InputError, OSError, MemoryError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)


def parse(argv: Sequence[str]) -> Request:
    """Returns what a command line (without the program's name) asks for.

    Raises:
        UsageError: an unknown flag, no result.
        InputError: a value that a flag cannot have.
    """
    defined = flags.FlagValues()
    for name, (_, default, explanation) in FLAGS.items():
        flags.DEFINE_string(name, default, explanation, flag_values=defined)
    try:
        results = defined(["evaluate", *argv])[1:]
    except (flags.Error, OSError, UnicodeDecodeError) as error:
        raise UsageError(str(error).replace("FATAL Flags parsing error:", "")) from None
    if not results:
        raise UsageError("Expected at least one result, as in --content=a.jpg --style=b.jpg result.png. Received: none")
    given = {name: getattr(defined, name) for name in FLAGS}
    return Request(**given | {"size": _pixels(defined.size)}, results=results)


def _pixels(written: str) -> int:
    side = integer(SMALLEST_SIDE, LARGEST_SIZE)
    with _about(f"--size={written}"):
        pixels = side.parse(written)
        side.check(pixels)
        return pixels


def help_text() -> str:
    """Returns the usage, what the figures mean, and the flags."""
    width = min(100, shutil.get_terminal_size().columns)
    entries = []
    for name, (takes, default, explanation) in FLAGS.items():
        text = explanation + f" [{default}]" * bool(default)
        wrapped = textwrap.fill(text, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
        entries.append(f"  --{name}={takes}\n{wrapped}\n")
    return USAGE + HELP + "".join(entries)


def _evaluate(request: Request) -> None:
    originals = _check(request)
    rows = list(_judged(request, originals))
    if request.json:
        said = request._asdict() | {"results": rows}
        del said["json"]
        with _about(f"--json={request.json}"):
            _json_file(request).write_text(json.dumps(said, indent=2) + "\n", encoding="utf8")


def _check(request: Request) -> dict[str, "Picture"]:
    """Checks pictures and names before TensorFlow is imported; returns the content and the style, those that there are.

    Results are read here and once more in their turn, so that no more than one of them is in memory.
    """
    from keras_nst.core.pyramid import Size, compared_size

    if not (request.content or request.style):
        raise InputError("--content=: Expected a content or a style picture. Received: neither")
    if request.json:
        with _about(f"--json={request.json}"):
            _check_place(_json_file(request))
    sources = {"content": request.content, "style": request.style}
    originals = {name: _read(source, f"--{name}={source}") for name, source in sources.items() if source}
    content = Size(*originals["content"].pixels.shape[:2]) if "content" in originals else None
    for result in request.results:
        size = Size(*_read(result, result).pixels.shape[:2])
        with _about(result):
            compared_size(size, content, request.size)
    return originals


def _judged(request: Request, originals: dict[str, "Picture"]) -> Iterator[Mapping[str, str | float | None]]:
    """Prints the table row by row, and yields the rows."""
    judge = _judge(request, originals)
    from keras_nst.core.quality import Figures
    from keras_nst.core.transfer import OUT_OF_MEMORY
    from keras_nst.core.words import figures_in_words

    width = max(len("result"), *map(len, request.results))
    columns = {name: name.rjust(len("0.000")) for name in Figures._fields}
    _tell("  ".join(["result".ljust(width), "compared at", *columns.values(), "in words"]))
    for result in request.results:
        picture = _read(result, result).pixels[None]
        try:
            figures = judge(picture)
        except OUT_OF_MEMORY:
            raise InputError(f"--size={request.size}: Not enough memory. Expected a smaller size.") from None
        size = str(judge.size(picture))
        cells = [_cell(value).rjust(len(columns[name])) for name, value in figures._asdict().items()]
        words = figures_in_words(figures)
        _tell("  ".join([result.ljust(width), size.rjust(len("compared at")), *cells, words or "-"]))
        yield {"result": result, "compared_at": size} | figures._asdict() | {"in_words": words}


def _judge(request: Request, originals: dict[str, "Picture"]) -> "Judge":
    """Imports TensorFlow and returns who judges results."""
    from keras_nst.system.devices import start_tensorflow
    from keras_nst.system.memory import free_memory, resident_memory
    from keras_nst.system.weights import weights_path

    with _about(f"--weights={request.weights}"):
        weights = None if request.weights == "random" else weights_path("vgg19", request.weights)
        start_tensorflow(free_memory() + resident_memory())
        from keras_nst.core.features import extractor
        from keras_nst.core.quality import LAYERS, Judge

        features = extractor("vgg19", LAYERS, weights=weights)
    content, style = (originals[name].pixels[None] if name in originals else None for name in ("content", "style"))
    return Judge(content, style, features, request.size)


def _read(source: str, subject: str) -> "Picture":
    from keras_nst.inputs import read_source  # numpy and Pillow come with it: not before the flags are right

    with _about(subject):
        if re.search("[\r\n\udc80-\udcff]", source):
            raise ValueError("Expected a name in Unicode without line breaks.")
        return read_source(source)


def _json_file(request: Request) -> Path:
    return Path(request.json).expanduser()


def _check_place(path: Path) -> None:
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError("Expected the name of a file in a folder that may be written to.")


@contextlib.contextmanager
def _about(subject: str) -> Iterator[None]:
    """Puts in front of complaints what they are about."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise InputError(f"{subject}: {getattr(error, 'strerror', None) or error}") from None


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be listening any more
        print(line, flush=True)


def _complain(error: object, code: int) -> int:
    with contextlib.suppress(OSError):
        print(f"keras_nst: {' '.join(str(error).split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
