"""Messages about settings that do less, or more, than the user may expect."""

from keras_nst.settings.config import Config
from keras_nst.settings.paper import Print
from keras_nst.settings.values import parse_size

STAMP = 128  # pixels: nobody is likely to ask for so small a picture as WIDTHxHEIGHT

_RATE = ("learning_rate", "decay_rate", "decay_steps", "decay_staircase", "average")
# The settings of each optimizer; the other optimizers ignore them.
OWN = {
    "adam": (*_RATE, "beta_1", "beta_2", "epsilon"),
    "lbfgs": ("history",),
    "sgd": (*_RATE, "max_step"),
}


def remarks(given: Config) -> list[str]:
    """Returns a message for each such setting; `given` are the settings with `auto` kept."""
    lines = []
    if unused := _unused(given):
        lines.append(f"--optimizer={given.optimizer} ignores {', '.join(unused)}.")
    if given.seamless and given.content and given.asks_for("content"):
        what = "its opposite borders are treated as neighbors and blend into each other"
        lines.append(f"--seamless=true: The content is painted as a tile: {what}. --content_weight=0 makes a texture.")
    size = parse_size(given.size)
    if isinstance(size, tuple) and not isinstance(size, Print) and max(size) < STAMP:
        lines.append(f"--size={given.size} is in pixels. For centimeters: --size={given.size}cm.")
    return lines


def _unused(given: Config) -> list[str]:
    """Returns, as flags, the given settings of optimizers other than the chosen one."""
    others = dict.fromkeys(name for own in OWN.values() for name in own if name not in OWN[given.optimizer])
    defaults = Config()
    changed = [name for name in others if getattr(given, name) not in (None, getattr(defaults, name))]
    return [f"--{name}={given.shown(name)}" for name in changed if (name, given.average) != ("average", 0.0)]
