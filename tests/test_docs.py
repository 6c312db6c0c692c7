"""The pages of docs/ stay true: their examples run, the functions they name are there."""

import ast
import doctest
import itertools
import json
import os
import re
import shutil
from pathlib import Path

import paint_docs
import paint_questions
import pytest
import write_flags
from conftest import ROOT
from test_readme import SMALL, arguments_of, commands, given, name_of

from keras_nst import __all__ as public
from keras_nst.command.command import written_out
from keras_nst.command.commands import COMMANDS, named
from keras_nst.command.commands import main as keras_nst
from keras_nst.settings import flags

PAGES = sorted((ROOT / "docs").rglob("*.md"))
IN_CHINESE = sorted([*(ROOT / "docs").rglob("*.zh-CN.md"), *ROOT.glob("*.zh-CN.md")])
CHINESE_INDEX = ROOT / "docs" / "index.zh-CN.md"
TRANSLATIONS = [page for page in IN_CHINESE if page != CHINESE_INDEX]  # the index is a page of its own
WITH_EXAMPLES = [page for page in PAGES if "```pycon" in page.read_text(encoding="utf8") and page not in IN_CHINESE]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_the_examples_run(page: Path) -> None:
    """One session for each page, from top to bottom."""
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", page.read_text(encoding="utf8"), re.DOTALL))
    session = doctest.DocTestParser().get_doctest(examples, {"__name__": "session"}, page.name, str(page), 0)
    said: list[str] = []
    done = doctest.DocTestRunner(verbose=False).run(session, out=said.append)
    assert done.attempted > 3 and not done.failed, "".join(said)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_functions_it_names_are_there(page: Path) -> None:
    """Of a link from a name to a file, the file has that name at its top."""
    links = re.findall(r"\[`(\w+)`\]\(((?:\.\./)+[\w/]+\.py)\)", page.read_text(encoding="utf8"))
    assert links or page.name != "lecture.md"
    for name, file in links:
        tree = ast.parse((page.parent / file).read_text(encoding="utf8"))
        targets = [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
        assert name in targets + [getattr(node, "name", "") for node in tree.body], f"{name} in {file}"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.zh-CN.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To files, and to headings of this page or another."""
    text = page.read_text(encoding="utf8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, heading = link.partition("#")
        if file.startswith("http"):
            continue
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not heading or heading in anchors(target.read_text(encoding="utf8")), link


def anchors(text: str) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_commands_can_be_read(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All flags of all commands are there, and have values they may have."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "FOLDER").mkdir(parents=True)
    (tmp_path / "runs" / "FOLDER" / "settings.cfg").touch()
    for command in commands(page.read_text(encoding="utf8")):
        name, arguments = name_of(command), arguments_of(command)
        if name in COMMANDS and "--help" not in arguments:
            known = named(name)
            read = flags.read(written_out(arguments, known.short), known.settings, known.own_flags)
            known.settings.written(**read.settings)
        elif command.startswith("python scripts/"):
            assert (ROOT / arguments[1]).exists(), command


COOKBOOK = commands((ROOT / "docs" / "guides" / "recipes.md").read_text(encoding="utf8"))


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COOKBOOK if "--engine=ray" not in command])
def test_the_cookbook_s_commands_run(command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small pictures of the names they have, random weights and few steps."""
    monkeypatch.chdir(named_files)
    (named_files / "photos").mkdir()
    shutil.copy("photo.jpg", "photos")
    assert given(command, *SMALL) == 0
    assert len(list(named_files.glob("**/run.log"))) == 1
    output = re.search(r"--output=(\S+)", command)
    assert not output or (named_files / output[1]).stat().st_size > 100


@pytest.mark.slow
def test_the_tutorial_of_a_night(named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command after the other, as they stand, with small pictures; each leaves what the page says."""
    monkeypatch.chdir(named_files)
    for folder, names in {"photos": {"first": "photo", "second": "a"}, "paintings": {"night": "painting"}}.items():
        (named_files / folder).mkdir()
        for name, source in names.items():
            shutil.copy(f"{source}.jpg", f"{folder}/{name}.jpg")
    for command in commands((ROOT / "docs" / "tutorials" / "overnight.md").read_text(encoding="utf8")):
        assert given(command, *([] if name_of(command) == "report" else SMALL)) == 0, command
    assert len(list((named_files / "choose" / "pictures").iterdir())) == 3
    made = {"first--night.png", "second--night.png"}
    assert {path.name for path in (named_files / "album" / "pictures").iterdir()} == made
    for folder, name in itertools.product(("choose", "album"), ("report.html", "sheet.jpg", "summary.csv")):
        assert (named_files / folder / name).exists(), f"{folder}/{name}"


# --- The flag reference ---


def test_the_flags_are_those_of_the_settings() -> None:
    told = write_flags.FILE.read_text(encoding="utf8")
    assert told == write_flags.written(), "Expected docs/reference/flags.md as python scripts/write_flags.py writes it."


@pytest.mark.parametrize("name", COMMANDS)
def test_the_flags_are_those_of_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A batch's are those of a picture, told only once, and its own."""
    assert keras_nst([name, "--help"]) == 0
    told = capsys.readouterr().out
    offered = set(re.findall(r"^  --(\w+)", told, re.MULTILINE))
    assert set(re.findall(r"--(\w+)", told.partition("\nMost used:")[2].partition("\n\n")[0])) < offered
    sections = re.split(r"^## keras-nst (.*)$", write_flags.FILE.read_text(encoding="utf8"), flags=re.MULTILINE)
    own, of_a_picture = (
        set(re.findall(r"^\| `--(\w+)`", sections[sections.index(door) + 1], re.MULTILINE)) for door in (name, "run")
    )
    assert own <= offered <= own | of_a_picture


# --- Questions ---


def test_the_answers_are_those_of_the_runs() -> None:
    """Their figures are those measured, their commands and pictures those of the script that measured them."""
    page = (ROOT / "docs" / "explanation" / "questions.md").read_text(encoding="utf8")
    for table in paint_questions.tables():
        assert f"\n{table}\n" in page
    figures = json.loads((paint_questions.FOLDER / "figures.json").read_text(encoding="utf8"))
    assert f"took {figures['anew']['second_to_first']:g} of the time" in page
    asked = [command for command in commands(page) if name_of(command) == "run"]
    assert len(asked) >= 7
    assert set(asked) <= {f"keras-nst run {flags}" for flags in paint_questions.RUNS.values()}
    pictures = {path.stem for path in paint_questions.FOLDER.glob("*.jpg")}
    assert (
        pictures == {*paint_questions.RUNS, "left", "right", "styled"} == set(re.findall(r"questions/(\w+)\.jpg", page))
    )


def test_the_gallery_tells_of_every_config() -> None:
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf8")
    assert set(re.findall(r"\.\./configs/(\w+)\.cfg\)", page)) == {path.stem for path in (ROOT / "configs").iterdir()}
    shown = set(re.findall(r"\]\(([\w/]+)\.jpg\)", page))
    assert shown <= set(paint_docs.PICTURES) and {f"gallery/{name}" for name in paint_docs.GALLERY} <= shown


# --- Translations ---


@pytest.mark.parametrize("page", TRANSLATIONS, ids=lambda page: page.name)
def test_a_translation_has_all_that_its_original_has(page: Path) -> None:
    """The same commands, code, headings, tables, links and numbers; each page leads to the other."""
    original = original_of(page)
    texts = [of.read_text(encoding="utf8") for of in (original, page)]
    for what in (commands, fenced, indented, headings, tables, links, code_named, flags_named, numbers):
        expected, told = map(what, texts)
        assert expected == told, what.__name__
    assert f"]({page.name})" in texts[0].split("##")[0] and f"]({original.name})" in texts[1].split("##")[0]


@pytest.mark.parametrize("page", IN_CHINESE, ids=lambda page: page.name)
def test_a_chinese_page_leads_to_chinese_pages(page: Path) -> None:
    """Where there are any; to its own original besides."""
    for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf8")):
        translated = (page.parent / link).with_suffix(".zh-CN.md")
        assert not translated.exists() or translated == page, link


def test_the_chinese_index_lists_every_page() -> None:
    """Those of the index, in Chinese or in English, and the index all those in Chinese."""
    index = original_of(CHINESE_INDEX).read_text(encoding="utf8")
    told = CHINESE_INDEX.read_text(encoding="utf8")
    assert f"]({CHINESE_INDEX.name})" in index.split("##")[0] and "](index.md)" in told.split("##")[0]
    assert set(links(told)) == set(links(index)) | {"index.md"}
    in_chinese = {os.path.relpath(page, ROOT / "docs") for page in IN_CHINESE}
    assert {link for link in re.findall(r"\]\((\S+\.zh-CN\.md)\)", index) if link in in_chinese} == in_chinese


def original_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".zh-CN", ""))


def fenced(text: str) -> list[str]:
    return re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[int]:
    """Returns their levels."""
    return [
        len(marks) for marks in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    ]


def tables(text: str) -> list[int]:
    """Returns the number of cells of each row, and 0 between tables."""
    rows = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines()]
    return [count for count, before in zip(rows, [0, *rows], strict=False) if count or before]


def links(text: str) -> list[str]:
    """Returns the files that are linked, in whichever language."""
    return sorted(re.findall(r"\]\(([^)#\s]+)", text.replace(".zh-CN", "")))


def indented(text: str) -> list[str]:
    """Returns lines of code, and formulas without the words beside them."""
    lines = re.findall(r"^    (\S.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return [re.split(" {6,}", line)[0] for line in lines]


def code_named(text: str) -> list[str]:
    return sorted(re.findall(r"(?<!`)`([^`\n]+)`", text))


def flags_named(text: str) -> list[str]:
    return sorted(re.findall(r"--\w+(?:=[\w.,:@/-]+)?", text))


def numbers(text: str) -> list[list[str]]:
    """Returns those of each paragraph, row and item."""
    return [sorted(re.findall(r"\d+(?:[.,]\d+)*", part)) for part in re.split(r"\n\n|\n(?=\||- |\d\. )", text)]


def test_the_library_s_page_has_every_public_name() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf8")
    assert sorted(re.findall(r"auto(?:function|class):: (\w+)", page)) == public
