"""scripts/docs: the documentation as a site."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import ROOT

# What a browser fetches by itself; the address of what a reader may follow is no part of it.
FETCHED = {"script": "src", "link": "href", "img": "src", "source": "src", "iframe": "src", "video": "src"}


class Fetched(HTMLParser):
    """The addresses that a page has fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attributes if name == FETCHED.get(tag)]


def built(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Builds as scripts/docs does."""
    (command,) = re.findall(r"-m sphinx (.*) -c docs \. build/docs", (ROOT / "scripts" / "docs").read_text())
    arguments = [sys.executable, "-m", "sphinx", *command.split(), "-c", str(ROOT / "docs"), str(source), str(target)]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_every_page_is_reached_from_the_index(site: Path) -> None:
    index = (site / "docs" / "index.html").read_text(encoding="utf8")
    docs = ROOT / "docs"
    pages = [str(page.with_suffix(".html").relative_to(docs)) for page in docs.rglob("*.md") if page.stem != "index"]
    assert len(pages) >= 8
    for page in [*pages, "../README.html", "../CONTRIBUTING.html", "../CHANGELOG.html"]:
        assert f'href="{page}"' in index, page
        assert (site / "docs" / page).exists()


@pytest.mark.slow
def test_a_page_tells_its_language(site: Path) -> None:
    for name, language in {"index": "en", "index.zh-CN": "zh-CN", "guides/studio.zh-CN": "zh-CN"}.items():
        assert f'lang="{language}"' in (site / "docs" / f"{name}.html").read_text(encoding="utf8")


@pytest.mark.slow
def test_nothing_comes_from_elsewhere(site: Path) -> None:
    """Neither for pages nor for their style sheets."""
    pages, sheets = list(site.rglob("*.html")), list(site.rglob("*.css"))
    assert len(pages) > 10 and sheets
    for page in pages:
        reader = Fetched()
        reader.feed(page.read_text(encoding="utf8"))
        assert reader.addresses
        assert [address for address in reader.addresses if re.match(r"(\w+:)?//", address)] == [], page.name
    for sheet in sheets:
        assert not re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", sheet.read_text(encoding="utf8")), sheet.name


@pytest.mark.slow
@pytest.mark.parametrize(
    "link", ["[gone](gone.md)", "[gone](#gone)", "[gone](../keras_nst/gone.py)", "![gone](gone.png)"]
)
def test_a_link_that_leads_nowhere_is_an_error(link: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Title\n\n{link}\n", encoding="utf8")
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode == 1 and "gone" in done.stderr
