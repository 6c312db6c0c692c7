"""Text from anywhere, as one line."""

import pytest

from keras_nst.settings.lines import one_line


@pytest.mark.parametrize("text", ["", "a  town, 50%.jpg", "Küche 猫 🐈", "C:\\new"])
def test_what_prints_stays(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x1b[2J\x07\0", "\\x1b[2J\\x07\\x00"),
        ("gpj.\u202etxt", "gpj.\\u202etxt"),
        ("\udcff\u2028", "\\udcff\\u2028"),
    ],
)
def test_what_does_not_print_is_escaped(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_the_middle_of_long_text_is_left_out() -> None:
    assert one_line("a" * 500 + "b" * 500, longest=11) == "aaaaa...bbbbb"
    assert one_line("a" * 11, longest=11) == "a" * 11
