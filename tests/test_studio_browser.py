"""The studio in a real browser, whose network leads to this machine alone: by mouse, by keyboard, by touch."""

import base64
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_picture
from PIL import Image
from studios import QUICK, Served, close_door, door_to, served, write_film, write_run

from keras_nst.command.run_folder import read_record
from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.pictures.metadata import read_settings
from keras_nst.studio.painter import Watching

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium: apt-get install chromium, or the like, brings it"
)

STATIC = Path(__file__).parent.parent / "keras_nst" / "studio" / "static"
WORDS = json.loads((STATIC / "words.json").read_text(encoding="utf8"))
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for which no name but this machine's leads anywhere."""
    cut = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", cut])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that paints."""
    with served(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that does not paint."""
    with served(tmp_path_factory.mktemp("still"), paints=False) as found:
        yield found


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    """Opens a studio's page; at the end, nothing has gone wrong on it, and it has asked for nothing elsewhere."""
    wrong: list[str] = []
    contexts = []

    def opened(of: Served, **options: Any) -> Any:
        settings = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "reduced_motion": "reduce"}
        context = browser.new_context(**settings | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
        here = (f"http://127.0.0.1:{of.port}/", "blob:", "data:")
        page.on("request", lambda asked: None if asked.url.startswith(here) else wrong.append(f"asked: {asked.url}"))
        page.goto(of.address)
        page.wait_for_selector("#content img")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def choose(page: Any, settings: dict[str, str]) -> None:
    """Chooses settings in the list of all of them, or by their sliders."""
    if not page.evaluate("document.querySelector('details').open"):
        page.click("summary")
    for name, value in settings.items():
        field = page.locator(f"#set-{name}")
        if field.get_attribute("type") == "range":
            field.evaluate("(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value)
        elif field.evaluate("input => input.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
            field.blur()


# As quick as the sliders can be.
SKETCH = {name: value for name, value in QUICK.items() if name not in ("size", "steps")} | {"size": "128", "steps": "5"}


def choose_samples(page: Any, content: str = "Harbor", *styles: str) -> None:
    page.click(f"#content .samples button[title={content}]")
    page.wait_for_selector("#content .card")
    for number, style in enumerate(styles or ("Night",), start=1):
        page.click(f"#more-styles .samples button[title={style}]")
        page.wait_for_selector(f"#styles li:nth-child({number})")


# Longer than it takes to press a button.
LONG = SKETCH | {"steps": "300", "size": "256", "scales": "1"}


def until(page: Any, true: str) -> None:
    """Waits until something is true of the page, which itself lets nobody evaluate texts."""
    page.wait_for_function(f"() => {true}")


def latest(studio: Served) -> str:
    return studio.studio.queue.jobs[-1].id


def paint(page: Any, studio: Served) -> str:
    """Presses the button and returns the run."""
    known = {job.id for job in studio.studio.queue.jobs}
    page.click("#start")
    return studio.wait(lambda: next((job.id for job in studio.studio.queue.jobs if job.id not in known), None))


def wait_for_picture(page: Any, run: str) -> None:
    """Waits until the page shows a finished run, all of it."""
    page.wait_for_function(
        "run => { const image = document.getElementById('picture'); return image.checkVisibility()"
        " && image.src.includes(run) && image.complete && image.naturalWidth > 0; }",
        arg=run,
    )


def pixels(page: Any, id: str) -> np.ndarray:
    """Returns what an image of the page shows."""
    url = page.evaluate(
        "id => { const image = document.getElementById(id); const canvas = document.createElement('canvas');"
        " [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];"
        " canvas.getContext('2d').drawImage(image, 0, 0); return canvas.toDataURL(); }",
        id,
    )
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def folder_of(studio: Served, run: str) -> Path:
    return studio.studio.gallery.folder / run


def step_of(page: Any) -> int:
    found = page.evaluate("document.getElementById('standing').textContent.match(/step (\\d+)/)?.[1] ?? 0")
    return int(found)


# --- Whole paths ---


def test_by_mouse(studio: Served, open_page: Open, tmp_path: Path) -> None:
    """A file and a sample; seen on its way, finished, compared, taken home, larger, deleted."""
    page = open_page(studio)
    page.set_input_files("#choose-content", write_picture(tmp_path / "photo.png", 90, 128))
    page.wait_for_selector("#content .card")
    page.click("#more-styles .samples button[title=Night]")
    page.wait_for_selector("#styles .card")
    choose(page, SKETCH)
    run = paint(page, studio)
    page.wait_for_selector("#preview[src^='blob:']", state="attached")
    wait_for_picture(page, run)
    made, shown = in_file(folder_of(studio, run) / "picture.png"), pixels(page, "picture")
    assert made.shape == (90, 128, 3) and np.abs(shown - made.astype(int)).max() <= 1  # of a file of 16 bits
    compare_by_hand(page)
    with page.expect_download() as downloading:
        page.click("#tiff16")
    settings = read_settings(downloading.value.path())
    assert settings["steps"] == "5" and settings["bit_depth"] == "16"
    page.fill("#larger-size", "192")
    page.click("#larger")
    larger = studio.wait(lambda: next((job.id for job in studio.studio.queue.jobs if job.id != run), None))
    wait_for_picture(page, larger)
    assert page.text_content("#told").startswith("192 × ")
    delete_at_the_second_try(page, folder_of(studio, larger))


def in_file(path: Path) -> np.ndarray:
    """Returns the pixels of a file, of 8 bits."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def compare_by_hand(page: Any) -> None:
    page.select_option("#against", label="Its photograph")
    box = page.locator("#picture").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 40, steps=3)
    page.mouse.up()
    assert page.input_value("#split") == "25"
    hidden = page.evaluate("getComputedStyle(document.getElementById('other')).clipPath")
    assert "25%" in hidden and page.is_visible("#edge")


def delete_at_the_second_try(page: Any, folder: Path) -> None:
    page.click("#delete")
    page.click("#sure [value=no]")
    assert folder.exists()
    page.click("#delete")
    page.click("#sure [value=yes]")
    page.wait_for_selector(f"#gallery [data-key='{folder.name}']", state="detached")
    assert not folder.exists()


def tab_to(page: Any, selector: str) -> None:
    """Presses Tab until something of this selector has the focus, which is always to be seen."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate(
                "() => { for (let at = document.activeElement; at; at = at.parentElement) {"
                " if (getComputedStyle(at).outlineStyle !== 'none' && getComputedStyle(at).outlineWidth !== '0px')"
                " return true; const next = at.nextElementSibling;"
                " if (next && getComputedStyle(next).outlineStyle !== 'none') return true; } return false; }"
            ), selector
            return
    raise AssertionError(f"no way to {selector}")


def test_by_keyboard_alone(studio: Served, open_page: Open) -> None:
    """From the samples over regions to a picture; looked at, and deleted."""
    page = open_page(studio)
    tab_to(page, "#content .samples button[title=Harbor]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#content .card")
    tab_to(page, "#more-styles .samples button[title=Night]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#styles li:nth-child(1)")
    assert page.evaluate("document.activeElement.matches('#styles .regions')")  # where the keyboard goes on
    tab_to(page, "#more-styles .samples button[title=Ink]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#styles li:nth-child(2)")
    page.focus("#start")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    choose(page, {name: value for name, value in SKETCH.items() if name not in ("size", "steps")})
    page.focus("#preset")
    tab_to(page, "#set-size")
    page.keyboard.press("Home")
    tab_to(page, "#set-steps")
    page.keyboard.press("Home")
    assert page.text_content("#value-size") == "128" and page.text_content("#value-steps") == "5"
    a_region_by_keyboard(page)
    tab_to(page, "#start")
    page.keyboard.press("Enter")
    studio.wait(lambda: studio.studio.queue.jobs)
    run = latest(studio)
    wait_for_picture(page, run)
    asked = studio.get(f"/api/runs/{run}").told["asked"]
    with Image.open(studio.studio.uploads.path(asked["content_mask"])) as mask:
        colors = np.asarray(mask.convert("RGB"))
    assert (colors[:, : mask.width // 4] == (29, 63, 209)).all() and not colors[:, mask.width // 4 + 1 :].any()
    assert [style["picture"] for style in asked["styles"]] == ["sample:night", "sample:ink"]
    delete_by_keyboard(page, run)


def a_region_by_keyboard(page: Any) -> None:
    """Makes the left quarter of the photograph a region."""
    page.focus("#content .regions")
    page.keyboard.press("Enter")
    page.wait_for_selector("#mask[open]")
    tab_to(page, "#rect-w")
    page.keyboard.type("25")
    tab_to(page, "#rect-fill")
    page.keyboard.press("Enter")
    tab_to(page, "#mask-done")
    page.keyboard.press("Enter")
    page.wait_for_selector("#mask", state="hidden")
    until(page, "document.querySelector('#content .regions').textContent === 'Regions ✓'")


def delete_by_keyboard(page: Any, run: str) -> None:
    tab_to(page, f"#gallery [data-key='{run}']")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'easel'")
    tab_to(page, "#delete")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sure[open]")
    assert page.evaluate("document.activeElement.value") == "no"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#gallery [data-key='{run}']", state="detached")


def test_stop_go_on_and_change(studio: Served, open_page: Open) -> None:
    page = open_page(studio)
    choose_samples(page)
    choose(page, LONG)
    run = paint(page, studio)
    until(page, "document.querySelector('#curve polyline') && document.getElementById('left').textContent")
    page.click("#stop")
    wait_for_picture(page, run)
    assert "stopped early" in page.text_content("#told") and page.is_hidden("#more-row")
    page.click("#go-on")
    until(page, "/step (\\d+)/.test(document.getElementById('standing').textContent)")
    before = step_of(page)
    assert before > 1
    choose_strength = "input => { input.value = 0.9; input.dispatchEvent(new Event('input')); }"
    page.locator("#change-strength").evaluate(choose_strength)
    page.fill("#change-steps", "5")
    page.click("#change")
    studio.wait(lambda: studio.studio.queue.jobs and latest(studio) != run)
    new = latest(studio)
    wait_for_picture(page, new)
    record = read_record(folder_of(studio, new))
    assert record is not None
    assert record.given["style_strength"] == "0.9" and "uploads" in record.given["init"]
    assert not studio.get(f"/api/runs/{run}").told["finished"]
    page.click("#branch")  # with the steps as they were asked for, not those that were left
    until(page, "document.getElementById('value-steps').textContent === '5'")


def test_where_the_sketch_stands(still: Served, open_page: Open) -> None:
    """In pixels of the picture, before there is any loss."""
    page = open_page(still)
    run = still.ask()
    studio = still.studio
    studio.queue.take()
    watching = Watching(run, 1.0, 0, studio.hub.show)
    sizes = [Scale(1, Size(85, 128), 30, before=0), Scale(2, Size(171, 256), 10, before=30)]
    watching.begin(np.zeros((171, 256, 3), np.float32), sizes)
    until(page, "document.getElementById('standing').textContent.startsWith('128')")
    assert page.text_content("#standing") == "128 × 85 · size 1 of 2 · step 0 of 40 · loss –"
    studio.queue.remove(run)
    page.wait_for_selector("#queue-empty:visible")


def test_settings_back_into_the_form(studio: Served, open_page: Open) -> None:
    run = studio.ask(style_strength="0.35", color="content", seed="11")
    studio.done(run)
    page = open_page(studio)
    wait_for_picture(page, run)
    page.click("#branch")
    page.wait_for_selector("#styles .card")
    assert page.text_content("#value-style_strength") == "35 %"
    assert page.is_checked("#buttons input[value=content]") and page.input_value("#set-seed") == "11"
    again = paint(page, studio)
    studio.done(again)
    first, second = (read_record(folder_of(studio, each)) for each in (run, again))
    assert first and second and first.given | {"workdir": ""} == second.given | {"workdir": ""}
    wait_for_picture(page, again)
    assert np.array_equal(pixels(page, "picture"), in_file(folder_of(studio, run) / "picture.png"))


def test_a_closed_tab_ends_nothing(studio: Served, open_page: Open) -> None:
    page = open_page(studio)
    choose_samples(page)
    choose(page, LONG)
    run, waiting = paint(page, studio), paint(page, studio)
    page.wait_for_selector("#queue .painting progress")
    page.close()
    page = open_page(studio)
    until(page, "document.querySelector('#queue .painting progress')?.value > 0")
    assert [each.get_attribute("data-id") for each in page.query_selector_all("#queue li")] == [run, waiting]
    page.click("#queue .waiting button:visible")
    page.click("#queue .painting button:has-text('Stop')")
    page.wait_for_selector("#queue-empty:visible")
    assert studio.get(f"/api/runs/{run}").status == 200 and studio.get(f"/api/runs/{waiting}").status == 404


def test_a_reload_keeps_the_form(still: Served, browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uploads that are gone; the form of another studio begins anew."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(still.address)
    page.set_input_files("#choose-content", write_picture(tmp_path / "photo.png", seed=77))
    page.wait_for_selector("#content .card")
    page.click("#more-styles .samples button[title=Night]")
    page.wait_for_selector("#styles .card")
    page.select_option("#preset", "photo")
    choose(page, {"style_strength": "0.25", "seed": "11"})

    def reloaded() -> tuple[list[str], str, str, str]:
        page.reload()
        page.wait_for_selector("#connection:not(:empty)")  # the last that it does
        chosen = (
            page.input_value("#preset"),
            page.text_content("#value-style_strength"),
            page.input_value("#set-seed"),
        )
        return page.locator("#form .card .name").all_inner_texts(), *chosen

    assert reloaded() == (["photo.png", "Night"], "photo", "25 %", "11")
    for left in still.studio.uploads.folder.glob("*.json"):
        left.unlink()
    assert reloaded() == (["Night"], "photo", "25 %", "11")
    monkeypatch.setattr(still.studio, "id", "another")
    assert reloaded() == ([], "starry", "by the preset", "0")
    context.close()


def test_names_and_what_to_compare_with(browser: Any, open_page: Open, tmp_path: Path) -> None:
    """Each picture once, by the name that its owner knows."""
    with served(tmp_path, paints=False) as studio:
        named = studio.studio.uploads.source(studio.upload(write_picture(tmp_path / "photo.png")))
        styles = f"sample:night + {named} + sample:night:2 + sample:ink"
        for run in ("20260102-030405-a", "20260102-030406-b"):
            write_run(tmp_path / run, content=named, style=styles)
        os.utime(tmp_path / run / "run.json", (2**31, 2**31))
        page = open_page(studio)
        wait_for_picture(page, run)
        offered = page.locator("#against option").all_inner_texts()
        assert offered[:4] == ["Nothing", "Its photograph", "Its style: Night", "Its style: Ink"]
        assert len(offered) == 5 and "3:04:05" in offered[4] and offered[4].endswith("32 × 24")
        assert page.text_content("#told").endswith("photo.png · Night · Ink")
        assert page.locator("#gallery .name").all_inner_texts() == ["photo.png · Night · Ink"] * 2
        with page.expect_download() as downloading:
            page.click("#jpeg")
        assert downloading.value.suggested_filename == "photo-night.jpg"
        page.close()


# --- Regions ---


def mask_of(studio: Served, page: Any) -> np.ndarray:
    """Returns the mask that was uploaded by pressing Done."""
    with page.expect_response(lambda answer: answer.url.endswith("/api/pictures")) as answering:
        page.click("#mask-done")
    with Image.open(studio.studio.uploads.path(answering.value.json()["picture"])) as image:
        return np.asarray(image.convert("RGB"))


def test_regions_by_brush(still: Served, open_page: Open) -> None:
    page = open_page(still)
    choose_samples(page)
    page.click("#content .regions")
    page.click("#mask-colors label:nth-of-type(3)")
    box = page.locator("#mask-canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.click("#rect-fill")  # the left half, which is undone
    page.click("#mask-undo")
    mask = mask_of(still, page)
    height, width = mask.shape[:2]
    red = (mask == (214, 50, 42)).all(2)
    assert red[height // 2, width // 10 : width * 9 // 10].all() and not red[: height // 4].any()
    assert {tuple(color) for color in mask.reshape(-1, 3)} == {(0, 0, 0), (214, 50, 42)}  # without shades at edges
    page.click("#content .regions")  # it is there again
    assert page.evaluate("document.querySelector('#mask-canvas').getContext('2d').getImageData(0, 0, 1, 1).data[3]")
    assert np.array_equal(mask_of(still, page), mask)
    page.click("#content .regions")
    page.click("#mask-none")
    assert page.text_content("#content .regions") == "Paint regions"


def test_regions_by_touch_on_a_phone(still: Served, open_page: Open) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    page = open_page(still, **phone)
    choose_samples(page, "Harbor", "Night", "Ink")
    page.tap("summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.tap("summary")
    page.tap("#content .regions")
    box = page.locator("#mask-canvas").bounding_box()
    assert box["width"] > 200 and box["x"] >= 0 and box["x"] + box["width"] <= 360
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mask = mask_of(still, page)
    assert tuple(mask[mask.shape[0] // 2, mask.shape[1] // 2]) == (29, 63, 209) and not mask[0].any()


# --- Pictures from elsewhere ---

FILE = (
    "const file = new File([Uint8Array.from(atob(data), (each) => each.charCodeAt(0))], name, {type: 'image/png'});"
    "const files = new DataTransfer(); files.items.add(file);"
)


def test_dropped_and_pasted(still: Served, open_page: Open, tmp_path: Path) -> None:
    """Also with a name that would be a script if it were not text."""
    name = "<img src=x onerror=alert(1)>.png"
    data = base64.b64encode(write_picture(tmp_path / "photo.png").read_bytes()).decode()
    page = open_page(still)
    drop = "new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true})"
    page.evaluate(
        f"([data, name]) => {{ {FILE} document.getElementById('content-part').dispatchEvent({drop}); }}", [data, name]
    )
    page.wait_for_selector("#content .card")
    assert page.text_content("#content .name") == name and page.query_selector("#content .name img") is None
    paste = "new ClipboardEvent('paste', {clipboardData: files, bubbles: true, cancelable: true})"
    page.evaluate(f"([data, name]) => {{ {FILE} document.dispatchEvent({paste}); }}", [data, "pasted.png"])
    page.wait_for_selector("#styles .card")
    assert page.text_content("#styles .name") == "pasted.png"
    left = page.evaluate(f"([data, name]) => {{ {FILE} return document.body.dispatchEvent({drop}); }}", [data, "x.png"])
    assert left is False  # a file that misses its place does not take the page away


def test_what_is_no_picture_gets_one_line(still: Served, browser: Any, tmp_path: Path) -> None:
    """The browser itself notes the refusal in its console, so the page is opened without watching that."""
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(still.address)
    page.wait_for_selector("#content img")
    page.set_input_files("#choose-content", broken)
    until(page, "document.getElementById('error').textContent")
    told = page.text_content("#error")
    assert "\n" not in told and "PNG" in told and page.is_visible("#choose-content ~ strong")
    page.click("#start")
    assert page.text_content("#error") == WORDS["en"]["need_content"]
    context.close()


# --- What all pages have ---


@pytest.mark.parametrize(("locale", "language", "tag"), [("zh-CN", "zh", "zh-Hans"), ("de-DE", "en", "en")])
def test_the_language_is_the_browsers(still: Served, open_page: Open, locale: str, language: str, tag: str) -> None:
    page = open_page(still, locale=locale)
    assert page.get_attribute("html", "lang") == tag and page.title() == WORDS[language]["title"]
    assert page.text_content("#start") == WORDS[language]["start"]
    choose_samples(page, WORDS[language]["sample_harbor"], WORDS[language]["sample_night"])
    page.click("#form details summary")
    helped = page.text_content("#hint-beta_1")
    assert helped == (WORDS["zh"]["help_beta_1"] if language == "zh" else "Adam's memory of gradients.")
    foreign = {word for word in WORDS["en" if language == "zh" else "zh"].values() if len(word) > 3}
    foreign -= set(WORDS[language].values())
    shown = page.evaluate(
        "[...document.querySelectorAll('body *')].filter((each) => !each.children.length && each.lang !== 'en'"
        " && each.checkVisibility()).flatMap((each) => [each.textContent.trim(), each.getAttribute('aria-label')])"
    )
    assert len(shown) > 40 and not foreign & set(shown)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(still: Served, open_page: Open, scheme: str) -> None:
    """By the contrast that WCAG 2 asks for: 4.5 to 1."""
    page = open_page(still, color_scheme=scheme)
    choose_samples(page)
    found = page.evaluate(
        """() => {
          const channels = (color) => (color.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
          const opaque = (color) => { const all = channels(color); return all.length < 4 || all[3] > 0; };
          const paper = (each) => getComputedStyle(each).backgroundColor;
          const behind = (each) => (opaque(paper(each)) || !each.parentElement ? each : behind(each.parentElement));
          return [...document.querySelectorAll('body *')].filter((each) => each.checkVisibility()
            && [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
            .map((each) => [each.textContent.trim(), channels(getComputedStyle(each).color).slice(0, 3),
              channels(paper(behind(each))).slice(0, 3)]);
        }"""
    )
    assert len(found) > 30

    def light(color: list[float]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.divide(color, 255)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    dark = scheme == "dark"
    for text, ink, paper in found:
        lower, higher = sorted([light(ink), light(paper)])
        assert (higher + 0.05) / (lower + 0.05) >= 4.5, text
    page_color = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (light(page_color) < 0.2) == dark


def test_every_control_has_a_name(still: Served, open_page: Open) -> None:
    page = open_page(still)
    choose_samples(page, "Harbor", "Night", "Ink")
    page.click("summary")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, a, canvas, progress, svg[role], summary')]
          .filter((each) => !(each.getAttribute('aria-label') || each.textContent.trim()
            || each.querySelector('img[alt]')?.alt
            || [...(each.labels ?? [])].some((label) => label.textContent.trim())))
          .filter((each) => each.id !== 'curve').map((each) => each.outerHTML)"""
    )
    assert nameless == []


def test_no_script_but_the_pages_own(still: Served, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(still.address)
    page.wait_for_selector("#content img")
    assert page.url == f"http://127.0.0.1:{still.port}/"  # without the token
    assert page.evaluate("document.cookie") == ""
    ran = page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.ran = true';"
        " document.body.append(script); return Boolean(window.ran); }"
    )
    assert ran is False
    fetched = "address => fetch(address, {mode: 'no-cors'}).then(() => 'fetched', (error) => error.name)"
    assert page.evaluate(fetched, "http://127.0.0.1:9/") == "TypeError"
    context.close()


def test_what_has_failed_is_told(still: Served, open_page: Open) -> None:
    page = open_page(still)
    run = still.ask()
    page.wait_for_selector(f"#queue [data-id='{run}']")
    still.studio.queue.fail(run, "Expected <b>a picture</b>.")
    page.wait_for_selector("#queue .failed")
    assert page.text_content("#queue .error") == "Expected <b>a picture</b>."
    page.click("#queue .failed button:visible")
    page.wait_for_selector("#queue-empty:visible")


def test_a_studio_that_was_closed_is_told(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    with served(tmp_path, paints=False) as closing:
        page.goto(closing.address)
        page.wait_for_selector("#content img")
    until(page, "document.getElementById('connection').textContent.includes('closed')")
    context.close()


def test_ctrl_c_closes_an_idle_studio_at_once(browser: Any, tmp_path: Path) -> None:
    """Also while its page is open."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.set_default_timeout(120_000)
    with door_to(tmp_path) as (door, address):
        page.goto(address)
        page.wait_for_selector("#content img")
        page.wait_for_timeout(1000)  # it is connected before it knows of the preparations
        until(page, "document.getElementById('connection').textContent === 'Connected'")
        close_door(door, 5)
    context.close()


def test_a_film_is_followed_and_looked_through(browser: Any, open_page: Open, tmp_path: Path) -> None:
    """Its last frame is seen as soon as it is painted, unless somebody looks at another."""
    write_film(tmp_path / "films" / "walk", 6, [0, 1])
    with served(tmp_path / "runs", paints=False, films=str(tmp_path / "films")) as studio:
        page = open_page(studio)
        page.wait_for_selector("#films img")
        assert page.locator("#films strong").inner_text() == "walk" and page.is_visible("#films-part")
        shown = "document.querySelector('#films img')"
        until(page, f"{shown}.getAttribute('src').endsWith('/walk/frames/1') && {shown}.naturalWidth === 32")
        assert page.locator("#films .number").inner_text() == "2 of 6 frames"
        write_film(tmp_path / "films" / "walk", 6, [2, 3])
        until(page, f"{shown}.getAttribute('src').endsWith('/frames/3')")
        page.locator("#films input").focus()
        page.keyboard.press("Home")
        until(page, f"{shown}.getAttribute('src').endsWith('/frames/0')")
        write_film(tmp_path / "films" / "walk", 6, [4, 5])
        until(page, "document.querySelector('#films .number').textContent.startsWith('6 of 6')")
        assert page.locator("#films img").get_attribute("src").endswith("/frames/0")
        assert page.locator("#films progress").is_hidden()
        shutil.rmtree(tmp_path / "films" / "walk")
        page.wait_for_selector("#films-part", state="hidden")


def test_without_films_there_is_no_word_of_them(still: Served, open_page: Open) -> None:
    assert open_page(still).is_hidden("#films-part")
