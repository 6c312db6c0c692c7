"""How scripts/docs makes a site of docs/, the README and its neighbors that needs nothing from elsewhere."""

import re

from sphinx.application import Sphinx

project = "keras_nst"
author = "The founders of keras_nst"
copyright = "Apache License 2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# The whole project is the source, so that links lead from README to docs/ and to the code as they do on GitHub.
include_patterns = ["*.md", "docs/*.md", "docs/*/*.md"]
root_doc = "docs/index"
myst_heading_anchors = 3
smartquotes = False  # which makes one dash of the two before a flag
html_theme = "furo"
html_title = "keras_nst"
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"


def setup(app: Sphinx) -> None:
    """Has each page's text read by `for_the_site`, and its language told by `in_its_language`."""
    app.connect("source-read", for_the_site)
    app.connect("html-page-context", in_its_language)


def for_the_site(app: Sphinx, page: str, text: list[str]) -> None:
    """Gives the index its table of contents; links to a folder lead to the file that tells what is in it."""
    text[0] = re.sub(r"\]\((keras_nst/[\w/]+/)\)", r"](\1__init__.py)", text[0])
    if page == root_doc:
        text[0] += "".join(contents(text[0]))


def in_its_language(app: Sphinx, page: str, template: str, context: dict[str, object], tree: object) -> None:
    """Says which pages are in Chinese, for the browser's choice of a font."""
    if page.endswith(".zh-CN"):
        context["language"] = "zh-CN"


def contents(index: str) -> list[str]:
    """Returns a table of contents for each heading of the index, of the pages that are linked below it."""
    parts = re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", index, re.MULTILINE)
    return [f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{linked(below)}\n```\n" for caption, below in parts]


def linked(below: str) -> str:
    """Returns the titles and names of the pages in a list of links."""
    return "\n".join(
        f"{title} <{page}>" for title, page in re.findall(r"^- \[(.*?)\]\((\S+)\.md\)", below, re.MULTILINE)
    )
