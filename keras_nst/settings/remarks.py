"""What users are to know of settings that do less, or more, than they may expect: a line each."""

from keras_nst.settings.config import Config

_RATE = ("learning_rate", "decay_rate", "decay_steps", "decay_staircase", "average")
# The settings that are an optimizer's own: the others have no use for them.
OWN = {
    "adam": (*_RATE, "beta_1", "beta_2", "epsilon"),
    "lbfgs": ("history",),
    "sgd": (*_RATE, "max_step"),
}


def remarks(given: Config) -> list[str]:
    """Returns a line for each such setting; `given` has what was left open still open."""
    lines = []
    if unused := _unused(given):
        lines.append(f"--optimizer={given.optimizer} ignores {', '.join(unused)}.")
    if given.seamless and given.content and given.asks_for("content"):
        what = "its opposite borders are seen as neighbors, and go over into each other"
        lines.append(f"--seamless=true: The content is painted to tile: {what}. --content_weight=0 makes a texture.")
    return lines


def _unused(given: Config) -> list[str]:
    """Returns the settings that were given for an optimizer other than the one that was chosen, as flags."""
    others = dict.fromkeys(name for own in OWN.values() for name in own if name not in OWN[given.optimizer])
    defaults = Config()
    changed = [name for name in others if getattr(given, name) not in (None, getattr(defaults, name))]
    return [f"--{name}={given.shown(name)}" for name in changed if (name, given.average) != ("average", 0.0)]
