"""Quality figures of results: python -m keras_nst.evaluate --content=... --style=... RESULT..."""

import dataclasses
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keras_nst.command import command
from keras_nst.command.command import Command, tell
from keras_nst.core.judging.words import MEANINGS, Figures
from keras_nst.settings import flags
from keras_nst.settings.declared import SettingError, Settings, UsageError, about_file, setting
from keras_nst.settings.kinds import integer, text
from keras_nst.settings.networks import SMALLEST_SIDE

if TYPE_CHECKING:
    from keras_nst.core.judging.quality import Judge
    from keras_nst.pictures.files import Picture

LARGEST_SIZE = 4096  # pixels a side


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation(Settings):
    """The settings of a comparison: the originals, the size and the weights."""

    content: str = setting(
        "",
        text("PICTURE"),
        "Comparison",
        "The content picture: a path, an http(s) URL, or sample:harbor.",
    )
    style: str = setting(
        "",
        text("PICTURE"),
        "Comparison",
        "The style picture, in the same forms. You may leave out one of the two.",
    )
    size: int = setting(
        512,
        integer(SMALLEST_SIDE, LARGEST_SIZE),
        "Comparison",
        "The longer side at which pictures are compared. Nothing is enlarged: if the result or the content is "
        "smaller, they are compared at the smaller size, which the row shows. Weave, lattice and crispness are "
        "measured at the result's own size.",
    )
    weights: str = setting(
        "imagenet",
        text("imagenet|random|PATH"),
        "Comparison",
        "The weights of VGG19; random needs no file, but its figures mean little.",
    )
    json: str = setting(
        "", text("FILE"), "Comparison", "Also write the figures to this file; an existing one is replaced."
    )


_ROWS = "".join(f"  {name:<24} {meaning}\n" for name, meaning in MEANINGS.items())
HELP = f"""Prints one row per result, with these figures (docs/reference/figures.md):
{_ROWS}and a summary of them in words.
"""


COMMAND = Command(
    "evaluate",
    Evaluation,
    ("--content=PICTURE --style=PICTURE [--flag=value ...] RESULT...",),
    "Measures how good pictures are, in figures and in words.",
    more_help=HELP,
    home="keras_nst.evaluate",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command.main(COMMAND, argv)


def work(argv: Sequence[str]) -> int:
    """Prints the figures of the results that the command line names."""
    given = flags.read(argv, Evaluation, {})
    results = given.rest
    if not results:
        raise UsageError("Expected at least one result, as in --content=a.jpg --style=b.jpg result.png")
    request = Evaluation.written(**given.settings)
    originals = _check(request, results)
    rows = list(_judged(request, results, originals))
    if request.json:
        said = {name: value for name, value in vars(request).items() if name != "json"} | {"results": rows}
        with request.about("json"):
            _json_file(request).write_text(json.dumps(said, indent=2) + "\n", encoding="utf8")
    return 0


def _check(request: Evaluation, results: list[str]) -> dict[str, "Picture"]:
    """Checks pictures and names before TensorFlow is imported; returns the content and the style, whichever are given.

    Results are read here and again when they are judged, so that only one of them is in memory at a time.
    """
    from keras_nst.core.plan.pyramid import Size, compared_size

    if not (request.content or request.style):
        raise SettingError("content", "", "Expected --content or --style, or both. Received: neither")
    if request.json:
        with request.about("json"):
            _check_place(_json_file(request))
    sources = {"content": request.content, "style": request.style}
    originals = {name: _read(source, f"--{name}={source}") for name, source in sources.items() if source}
    content = Size(*originals["content"].pixels.shape[:2]) if "content" in originals else None
    for result in results:
        size = Size(*_read(result, result).pixels.shape[:2])
        with about_file(result):
            compared_size(size, content, request.size)
    return originals


def _judged(
    request: Evaluation, results: list[str], originals: dict[str, "Picture"]
) -> Iterator[Mapping[str, str | float | None]]:
    """Prints the table row by row, and yields the rows."""
    judge = _judge(request, originals)
    from keras_nst.core.descent.scales import OUT_OF_MEMORY
    from keras_nst.core.judging.words import figures_in_words

    width = max(len("result"), *map(len, results))
    columns = {name: name.rjust(len("0.000")) for name in Figures._fields}
    tell("  ".join(["result".ljust(width), "compared at", *columns.values(), "in words"]))
    for result in results:
        picture = _read(result, result).pixels[None]
        try:
            figures = judge(picture)
        except OUT_OF_MEMORY:
            raise SettingError("size", request.size, "Not enough memory. Expected a smaller --size.") from None
        size = str(judge.size(picture))
        cells = [_cell(value).rjust(len(columns[name])) for name, value in figures._asdict().items()]
        words = figures_in_words(figures)
        tell("  ".join([result.ljust(width), size.rjust(len("compared at")), *cells, words or "-"]))
        yield {"result": result, "compared_at": size} | figures._asdict() | {"in_words": words}


def _judge(request: Evaluation, originals: dict[str, "Picture"]) -> "Judge":
    """Imports TensorFlow and returns the judge of the results."""
    from keras_nst.system.devices import start_tensorflow
    from keras_nst.system.memory import free_memory, resident_memory
    from keras_nst.system.weights import weights_path

    with request.about("weights"):
        weights = 0 if request.weights == "random" else weights_path("vgg19", request.weights)
        start_tensorflow(free_memory() + resident_memory())
        from keras_nst.core.judging.quality import LAYERS, Judge
        from keras_nst.core.network.features import extractor

        features = extractor("vgg19", LAYERS, weights=weights)
    content, style = (originals[name].pixels[None] if name in originals else None for name in ("content", "style"))
    return Judge(content, style, features, request.size)


def _read(source: str, subject: str) -> "Picture":
    from keras_nst.pictures.sources import read_source  # imports numpy and Pillow, so only after the flags are checked

    with about_file(subject):
        if re.search("[\r\n\udc80-\udcff]", source):
            raise ValueError("Expected a name in Unicode without line breaks.")
        return read_source(source)


def _json_file(request: Evaluation) -> Path:
    return Path(request.json).expanduser()


def _check_place(path: Path) -> None:
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError("Expected the name of a file in a writable folder.")


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())
