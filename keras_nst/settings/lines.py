"""Messages for the user: their callback, and text made safe for one line."""

from collections.abc import Callable

Tell = Callable[[str], None]


def one_line(text: str, longest: int = 2000) -> str:
    """Returns text without its middle if it is too long, and without anything that moves a terminal's cursor.

    Unprintable characters become escapes: line breaks, control characters, marks that turn the reading direction.
    """
    if len(text) > longest:
        text = f"{text[: longest // 2]}...{text[-(longest // 2) :]}"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def reason(error: BaseException) -> str:
    """Returns the reason of an exception, as part of a line."""
    text = " ".join(str(getattr(error, "strerror", None) or error).split()).rstrip(".")
    return one_line(text[:150]) or ("not enough memory" if isinstance(error, MemoryError) else type(error).__name__)
