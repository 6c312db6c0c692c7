"""Writes keras_nst/library/keywords.py, the settings as keywords of a program: python scripts/write_keywords.py"""

import textwrap
from pathlib import Path

from keras_nst.settings.config import Config
from keras_nst.settings.declared import fields
from keras_nst.settings.text import OF_FILES

FILE = Path(__file__).parent.parent / "keras_nst" / "library" / "keywords.py"
ARGUMENTS = ("content", "style", "content_mask", "style_mask")  # which have places of their own
HEAD = '''"""The settings as keywords, for editors and type checkers; scripts/write_keywords.py writes this."""

from collections.abc import Sequence
from types import EllipsisType
from typing import Literal, TypedDict


class Keywords(TypedDict, total=False):
    """The settings of a picture, as flags have them; each has the default that --help tells."""
'''


def written() -> str:
    """Returns the file's text."""
    names = [name for name in fields(Config) if name not in (*OF_FILES, *ARGUMENTS)]
    return HEAD + "".join(map(entry, names))


def entry(name: str) -> str:
    """Returns the lines of one setting."""
    declared = fields(Config)[name].metadata
    said = textwrap.fill(f'"""{declared["help"]}"""', 116)
    return f"\n    {name}: {declared['kind'].typed}\n" + textwrap.indent(said, "    ") + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf8")
