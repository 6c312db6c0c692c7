"""The films that python -m keras_nst.video paints on this machine: how far each is, and its frames."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.filming.folder import FRAMES, RECORD, Folder
from keras_nst.settings.lines import one_line
from keras_nst.web.gallery import Missing


class Film(NamedTuple):
    """A film that is painted, or has been."""

    id: str
    folder: Folder
    frames: int  # of the whole film

    def painted(self) -> list[int]:
        """Returns the numbers of the frames that are painted."""
        named = (path.stem for path in (self.folder.path / FRAMES).glob("*.png"))
        return sorted(int(name) for name in named if name.isdecimal())

    def told(self) -> dict[str, Any]:
        """Returns what the page is told."""
        painted = self.painted()
        return {"id": self.id, "frames": self.frames, "painted": len(painted), "last": painted[-1] if painted else None}


class Films:
    """The films of a folder."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def told(self) -> list[dict[str, Any]]:
        """Returns what the page is told of them, the latest first."""
        return [film.told() for film in sorted(self._all(), key=begun, reverse=True)]

    def frame(self, id: str, number: int) -> Path:
        """Returns a painted frame: the one of this number, or the nearest before it.

        Raises:
            Missing: there is none.
        """
        film = next((film for film in self._all() if film.id == id), None)
        painted = [] if film is None else [each for each in film.painted() if each <= number]
        if film is None or not painted:
            raise Missing(f"Expected a film with painted frames. Received: {one_line(id, 80)}")
        return film.folder.frame(painted[-1])

    def _all(self) -> Iterator[Film]:
        """Yields all; what links lead out of the folder to is not of it."""
        for record in self.folder.glob(f"*/{RECORD}"):
            folder = Folder(record.parent)
            marks = folder.told(record).get("marks")
            if record.parent.resolve() == record.parent and isinstance(marks, list) and marks:
                yield Film(record.parent.name, folder, len(marks))


def begun(film: Film) -> float:
    """Returns when a film was begun, or gone on with."""
    try:
        return (film.folder.path / RECORD).stat().st_mtime
    except OSError:  # deleted by somebody at this moment
        return 0.0
