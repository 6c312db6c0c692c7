"""The page's form, made from the declared settings and from the bundled configs as presets."""

import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self

from keras_nst.command.run_folder import Record
from keras_nst.session.scene import numbered
from keras_nst.settings import flags
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, SettingError, fields
from keras_nst.settings.flags import config_folder
from keras_nst.settings.kinds import nearest
from keras_nst.settings.lines import one_line
from keras_nst.settings.text import OF_ONE_RUN
from keras_nst.settings.values import FIRST_PICTURES, joined, parse_styles, parted, shortest
from keras_nst.studio.pictures import Uploads, samples

PICTURES = ("content", "style", "content_mask", "style_mask")  # settings that are pictures in the form
# Settings that the browser must not choose.
CLOSED = (*PICTURES, *OF_ONE_RUN, "weights", "device", "strategy", "memory_limit_gb", "keep_programs", "max_megapixels")
MOST_STYLES = 16
LONGEST_VALUE = 500  # letters of a value
BIT_DEPTH = "16"  # of the results, from which 8 bits can be made at any time


class StylePart(NamedTuple):
    """A style picture and its weight."""

    picture: str
    weight: float = 1.0
    mask: str = ""


class Form(NamedTuple):
    """The request for one picture."""

    settings: dict[str, str] = {}  # as text, as in flag files
    content: str = ""
    styles: tuple[StylePart, ...] = ()
    content_mask: str = ""
    first: str = ""  # the run whose picture this one starts from
    goes_on: bool = False  # continue from that run's current step; else at sizes larger than its own

    @classmethod
    def read(cls, told: Any) -> Self:
        """Reads a request from the browser or from the queue's file.

        Raises:
            InputError: it is not a request.
        """
        if not isinstance(told, dict) or not isinstance(told.get("styles", []), list):
            raise InputError("Expected a JSON object with content, styles and settings")
        styles = [_style(style) for style in told.get("styles", [])]
        if len(styles) > MOST_STYLES:
            raise InputError(f"Expected at most {MOST_STYLES} styles. Received: {len(styles)}")
        texts = {name: _text(told.get(name, "")) for name in ("content", "content_mask", "first")}
        return cls(allowed(told.get("settings", {})), styles=tuple(styles), goes_on=bool(told.get("goes_on")), **texts)

    def told(self) -> dict[str, Any]:
        """Returns the request in the form that `read` takes."""
        return self._asdict() | {"styles": [style._asdict() for style in self.styles]}


def allowed(settings: Any) -> dict[str, str]:
    """Returns settings, if the browser may choose all of them.

    Raises:
        InputError: it may not choose one of them.
    """
    if not isinstance(settings, dict):
        raise InputError("Expected settings as a JSON object of names and values")
    known = [name for name in fields(Config) if name not in CLOSED]
    for name in settings:
        if name not in known:
            raise InputError(f"Expected a setting of a picture.{nearest(name, known)} Received: {one_line(name, 80)}")
    chosen = {name: _text(value) for name, value in settings.items()}
    if chosen.get("init", "auto") not in FIRST_PICTURES:
        raise SettingError("init", one_line(chosen["init"], 80), f"Expected one of {', '.join(FIRST_PICTURES)}.")
    return chosen


def settings_of(asked: Form, uploads: Uploads) -> dict[str, str]:
    """Returns the settings of a request, as text, as in flag files.

    Raises:
        InputError: there is no such picture.
    """
    pictures = {name: getattr(asked, name) for name in ("content", "content_mask")}
    sources = {name: uploads.source(named) for name, named in pictures.items() if named}
    sources["style"] = joined(f"{uploads.source(of.picture)}:{shortest(of.weight)}" for of in asked.styles)
    sources["style_mask"] = joined(uploads.source(of.mask) for of in asked.styles if of.mask)
    return {"bit_depth": BIT_DEPTH} | asked.settings | sources


def asked_of(record: Record, uploads: Uploads) -> Form:
    """Returns the request of a run, with its pictures by their names in the browser, if they still exist."""
    given = {name: value for name, value in record.given.items() if name in fields(Config)}
    styles = parse_styles(given.get("style", ""))
    sources = {name: given.get(name, "") for name in ("content", "content_mask")}
    sources |= numbered("style", [style.source for style in styles])
    sources |= numbered("style_mask", parted(given.get("style_mask", "")))
    named = {name: _named(source, record.inputs.get(name, ""), uploads) for name, source in sources.items()}
    parts = [
        StylePart(picture, style.weight, named.get(name.replace("style", "style_mask"), ""))
        for name, style in numbered("style", styles).items()
        if (picture := named[name])
    ]
    return Form(_changed(given), named["content"], tuple(parts), named["content_mask"])


def names_of(record: Record, uploads: Uploads) -> list[str]:
    """Returns the names of a run's content and styles, as their owner knows them."""
    styles = [style.source for style in parse_styles(record.given.get("style", ""))]
    names = map(uploads.name_of, filter(None, [record.given.get("content", ""), *styles]))
    return list(dict.fromkeys(filter(None, names)))


def _changed(given: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings of a run that the browser may choose and that differ from the defaults."""
    defaults = Config()
    changed = {name: value for name, value in given.items() if name not in CLOSED and value != defaults.shown(name)}
    own = {"bit_depth": BIT_DEPTH} | ({} if given.get("init") in FIRST_PICTURES else {"init": changed.get("init", "")})
    return {name: value for name, value in changed.items() if own.get(name) != value}


def _named(source: str, sha256: str, uploads: Uploads) -> str:
    """Returns the browser's name of a run's picture; "" if there is no such picture."""
    if source.startswith("sample:"):
        return source
    path = Path(source)
    return uploads.adopt(path, sha256) if source and path.is_file() else ""


def _style(told: Any) -> StylePart:
    if not isinstance(told, Mapping):
        raise InputError("Expected each style as a JSON object with picture and weight")
    weight = told.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight <= sys.float_info.max:
        raise InputError(f"Expected a weight above 0. Received: {one_line(str(weight), 80)}")
    return StylePart(_text(told.get("picture", "")), float(weight), _text(told.get("mask", "")))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or not value.isprintable():
        raise InputError(f"Expected a short text on one line. Received: {one_line(str(value), 80)}")
    return value


# The settings that are sliders: lowest, highest and step. All others are fields below them.
SLIDERS = {
    "style_strength": (0.0, 1.0, 0.01),
    "size": (128, 2048, 32),
    "style_scale": (0.25, 4.0, 0.05),
    "steps": (5, 300, 1),
    "max_seconds": (0, 900, 10),
}
SHOWN = {"style_strength": "0.6"}  # position of the slider while the setting is left to the preset
BUTTONS = ("color",)  # choices that are shown side by side


@cache
def form() -> dict[str, Any]:
    """Returns the contents of the page's form."""
    names = [name for name in dict.fromkeys([*SLIDERS, *fields(Config)]) if name not in (*CLOSED, "bit_depth")]
    pictures = [f"sample:{name}" for name in samples()]
    return {"settings": [declared(name) for name in names], "presets": presets(), "samples": pictures}


def declared(name: str) -> dict[str, Any]:
    """Returns what the page needs to show a setting."""
    about = fields(Config)[name].metadata
    known = {"name": name, "group": about["group"], "help": about["help"], "value": Config().shown(name)}
    how = {"slider": SLIDERS.get(name), "shown": SHOWN.get(name), "buttons": name in BUTTONS}
    return known | how | {"choices": choices(name)}


def choices(name: str) -> list[str]:
    """Returns the words that a setting accepts; none if it accepts other values too, except for a path."""
    words = fields(Config)[name].metadata["kind"].takes.removesuffix("|PATH").split("|")
    return words if len(words) > 1 and all(re.fullmatch("[a-z0-9_]+", word) for word in words) else []


def presets() -> list[dict[str, Any]]:
    """Returns the bundled configs, published recipes last, without those that use pictures from elsewhere."""
    texts = {path.stem: path.read_text(encoding="utf8") for path in sorted(config_folder().glob("*.cfg"))}
    found = [preset(name, text) for name, text in texts.items() if "://" not in re.sub("(?m)^#.*", "", text)]
    return sorted(found, key=lambda preset: "normalization" in preset["settings"])


def preset(name: str, text: str) -> dict[str, Any]:
    """Returns a preset from the text of its config: description, settings, pictures."""
    config = Config.written(**flags.read([f"--flagfile=configs/{name}.cfg"], Config, {}).settings)
    defaults = Config()
    changed = [key for key in fields(Config) if key not in CLOSED and config.shown(key) != defaults.shown(key)]
    head = re.match(r"# (.*?)[.:;](?:\s|$)", text.replace("\n# ", " "))
    return {
        "name": name,
        "about": f"{head[1]}." if head else "",
        "settings": {key: config.shown(key) for key in changed},
        "content": config.content,
        "style": next((style.source for style in config.style_sources()), ""),
    }
