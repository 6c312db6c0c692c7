"""Lines for people, and who is told them."""

from collections.abc import Callable

Tell = Callable[[str], None]


def one_line(text: str, longest: int = 2000) -> str:
    """Returns text whose middle is left out if it is longer, and in which nothing moves a terminal's cursor.

    What is not printable becomes its escape: line breaks, control characters, marks that turn the reading direction.
    """
    if len(text) > longest:
        text = f"{text[: longest // 2]}...{text[-(longest // 2) :]}"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
