"""What the page's form is made of: the settings as they are declared, and the configs that come along as presets."""

import re
from functools import cache
from typing import Any

from keras_nst.settings import flags
from keras_nst.settings.config import Config
from keras_nst.settings.declared import fields
from keras_nst.settings.flags import config_folder
from keras_nst.web.asked import CLOSED
from keras_nst.web.pictures import samples

# The settings that are sliders: lowest, highest and step. All others are found below them, as fields.
SLIDERS = {
    "style_strength": (0.0, 1.0, 0.01),
    "size": (128, 2048, 32),
    "style_scale": (0.25, 4.0, 0.05),
    "steps": (5, 300, 1),
    "max_seconds": (0, 900, 10),
}
SHOWN = {"style_strength": "0.6"}  # where the slider stands as long as the setting is left to the preset
BUTTONS = ("color",)  # choices that are seen side by side


@cache
def form() -> dict[str, Any]:
    """Returns all that the page asks of its user."""
    names = [name for name in dict.fromkeys([*SLIDERS, *fields(Config)]) if name not in (*CLOSED, "bit_depth")]
    pictures = [f"sample:{name}" for name in samples()]
    return {"settings": [declared(name) for name in names], "presets": presets(), "samples": pictures}


def declared(name: str) -> dict[str, Any]:
    """Returns what the page needs to know of a setting."""
    about = fields(Config)[name].metadata
    known = {"name": name, "group": about["group"], "help": about["help"], "value": Config().shown(name)}
    how = {"slider": SLIDERS.get(name), "shown": SHOWN.get(name), "buttons": name in BUTTONS}
    return known | how | {"choices": choices(name)}


def choices(name: str) -> list[str]:
    """Returns the words that a setting may be; none where it may be something else as well, but for a path."""
    words = fields(Config)[name].metadata["kind"].takes.removesuffix("|PATH").split("|")
    return words if len(words) > 1 and all(re.fullmatch("[a-z0-9_]+", word) for word in words) else []


def presets() -> list[dict[str, Any]]:
    """Returns the configs that come along, those of published recipes last, without those of pictures elsewhere."""
    texts = {path.stem: path.read_text(encoding="utf8") for path in sorted(config_folder().glob("*.cfg"))}
    found = [preset(name, text) for name, text in texts.items() if "://" not in re.sub("(?m)^#.*", "", text)]
    return sorted(found, key=lambda preset: "normalization" in preset["settings"])


def preset(name: str, text: str) -> dict[str, Any]:
    """Returns a preset from the text of its config: what it makes, its settings, its pictures."""
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
