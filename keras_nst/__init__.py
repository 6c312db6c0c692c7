"""Neural style transfer in TensorFlow and Keras."""

from typing import TYPE_CHECKING, Any

from keras_nst.system.version import __version__ as __version__

if TYPE_CHECKING:
    from keras_nst.core.plan.events import LossValues as LossValues
    from keras_nst.core.plan.events import Progress as Progress
    from keras_nst.core.plan.events import every as every
    from keras_nst.library.api import Painter as Painter
    from keras_nst.library.api import Session as Session
    from keras_nst.library.api import stylize as stylize
    from keras_nst.library.given import Arguments as Arguments
    from keras_nst.library.pieces import content_loss as content_loss
    from keras_nst.library.pieces import extractor as extractor
    from keras_nst.library.pieces import gram_matrix as gram_matrix
    from keras_nst.library.pieces import style_loss as style_loss
    from keras_nst.library.pieces import variation_loss as variation_loss
    from keras_nst.library.steps import Result as Result
    from keras_nst.settings.config import Config as Config

_HOMES = {
    "Arguments": "keras_nst.library.given",
    "Config": "keras_nst.settings.config",
    "LossValues": "keras_nst.core.plan.events",
    "Painter": "keras_nst.library.api",
    "Progress": "keras_nst.core.plan.events",
    "Result": "keras_nst.library.steps",
    "Session": "keras_nst.library.api",
    "content_loss": "keras_nst.library.pieces",
    "every": "keras_nst.core.plan.events",
    "extractor": "keras_nst.library.pieces",
    "gram_matrix": "keras_nst.library.pieces",
    "style_loss": "keras_nst.library.pieces",
    "stylize": "keras_nst.library.api",
    "variation_loss": "keras_nst.library.pieces",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Imports a public name at its first use, so that importing the package is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Returns the public names, for completion in editors."""
    return sorted([*__all__, "__version__"])
