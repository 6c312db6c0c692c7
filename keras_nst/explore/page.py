"""The page of an exploration: every sheet with its explanation, in one file."""

from pathlib import Path

from keras_nst.explore.lessons import LESSONS, Lesson
from keras_nst.explore.prepare import PAGE, Request
from keras_nst.report.gallery import Shown, figure
from keras_nst.report.markup import definitions, image_of_file, link, name, page, section, text
from keras_nst.settings.networks import in_plain_words
from keras_nst.system.files import written_whole

MOST = 8_000_000  # bytes, of all sheets
LARGE = 1800  # pixels


def write_page(asked: Request) -> Path:
    """Writes the page about the existing sheets, and returns its path.

    Raises:
        OSError: it cannot be written.
    """
    path = asked.folder / PAGE
    with written_whole(path) as file:
        file.write(described(asked).encode("utf8", errors="replace"))
    return path


def described(asked: Request) -> str:
    """Returns the page."""
    sheets = {each: sheets_of(lesson, asked) for each, lesson in LESSONS.items()}
    count = sum(map(len, sheets.values()))
    parts = [header(asked)]
    parts += [
        section(lesson.title, *told(lesson), *(shown(lesson, path, asked, MOST // count) for path in sheets[each]))
        for each, lesson in LESSONS.items()
        if sheets[each]
    ]
    return page("What layers see", "\n".join(parts))


def sheets_of(lesson: Lesson, asked: Request) -> list[Path]:
    """Returns the lesson's existing sheets."""
    paths = [asked.folder / f"{sheet}.png" for sheet in lesson.sheets(asked.settings)]
    return [path for path in paths if path.is_file()]


def header(asked: Request) -> str:
    """Returns the heading: the names of the pictures, and the network."""
    settings = asked.settings
    known = {
        "content": name(settings.content),
        "style": settings.style and name(settings.style),
        "network": text(f"{settings.network.upper()}, {settings.weights} weights"),
        "layers": text("; ".join(f"{in_plain_words(layer)}: {layer}" for layer in settings.layers)),
        "pictures": text(f"{settings.size} pixels, {settings.steps} steps each; seed {settings.seed}"),
    }
    return f"<header><h1>What layers see</h1></header>\n{definitions(known)}"


def told(lesson: Lesson) -> list[str]:
    """Returns the explanation and the formula."""
    paragraphs = [f"<p>{text(words)}</p>" for words in lesson.words]
    return [*paragraphs, f"<p><code>{text(lesson.formula)}</code></p>"]


def shown(lesson: Lesson, path: Path, asked: Request, most: int) -> str:
    """Returns a sheet, and a link to its file."""
    sheet, _, layer = path.stem.partition("-")
    caption = f"{sheet}: {in_plain_words(layer)}" if layer else sheet
    about = f"{lesson.title}: {caption}"
    whole = f"<p>Full size: {link(path, asked.folder, path.name)}</p>"
    return figure(Shown(caption, about, image_of_file(path)), most, LARGE) + whole
