"""Neural style transfer in TensorFlow and Keras."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["Config", "LossValues", "Progress", "Session", "every", "stylize"]

_HOMES = {
    "Config": "keras_nst.settings.config",
    "LossValues": "keras_nst.core.events",
    "Progress": "keras_nst.core.events",
    "Session": "keras_nst.session.session",
    "every": "keras_nst.core.events",
    "stylize": "keras_nst.api",
}


def __getattr__(name: str) -> Any:
    """Imports public names when they are asked for, so that importing the package is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Returns the public names as well, for those who let their editor complete them."""
    return sorted({*globals(), *__all__})
