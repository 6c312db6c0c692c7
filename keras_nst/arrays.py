"""Neural style transfer for programs: arrays in, an array out."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_nst.config import Config, fields, read_setting
from keras_nst.core.events import Listener
from keras_nst.core.pyramid import Size
from keras_nst.engine import find_weights, fit_into_memory, load_features, on_device, paced, render, start
from keras_nst.inputs import check_sources, cropped, size_of_result, stretched
from keras_nst.kinds import nearest
from keras_nst.scene import guided, numbered
from keras_nst.system.forgetting import gradients_forgotten
from keras_nst.terms import SEPARATOR

# Settings that mean files, not arrays.
FILES = (
    *("content", "style", "content_mask", "style_mask"),
    *("workdir", "output", "overwrite", "bit_depth", "preview", "snapshot_steps"),
)
ARRAY = "array"  # stands for the name of a file where there is none


def stylize(
    content: np.ndarray | None,
    style: np.ndarray | Sequence[np.ndarray] | None,
    *,
    first: np.ndarray | None = None,
    content_mask: np.ndarray | None = None,
    style_mask: np.ndarray | Sequence[np.ndarray] | None = None,
    style_weights: Sequence[float] = (),
    listeners: Sequence[Listener] = (),
    **settings: Any,
) -> np.ndarray:
    """Returns the content picture in the manner of the style picture, (h, w, 3), RGB in [0, 1].

    Args:
        content, style: (h, w, 3), RGB, uint8 or float in [0, 1]; None where its weight is 0. Styles are blended.
        first: the picture to start from, if neither content nor noise.
        content_mask, style_mask: pictures whose colors name regions; one mask for each style.
        style_weights: of the styles; all alike if there are none.
        listeners: called with a `Progress` after each chunk of steps.
        **settings: fields of `Config`; `size` as for the command.
    """
    begun = time.monotonic()
    styles, masks = _several(style), _several(style_mask)
    given = {"content": content, "init": first, "content_mask": content_mask}
    given |= dict(zip(numbered("style", len(styles)), styles, strict=True))
    given |= dict(zip(numbered("style_mask", len(masks)), masks, strict=True))
    inputs = {name: _as_floats(picture) for name, picture in given.items() if picture is not None}
    weights_given = style_weights or [1.0] * len(styles)
    if len(weights_given) != len(styles):
        raise ValueError(f"Expected a weight for each of {len(styles)} styles. Received: {len(weights_given)}")
    names: dict[str, Any] = {
        "style": SEPARATOR.join(f"{ARRAY}:{weight:g}" for weight in weights_given),
        "content_mask": ARRAY if content_mask is not None else "",
        "style_mask": SEPARATOR.join([ARRAY] * len(masks)),
    }
    config = Config(**{name: _setting(name, value) for name, value in settings.items()}, **names).resolved()
    check_sources(config, inputs)
    shape = inputs["content" if "content" in inputs else "style"].shape
    size = size_of_result(config, Size(*shape[:2]))
    for name in [name for name in inputs if "mask" in name]:
        inputs[name] = stretched(inputs[name], Size(*inputs[name.replace("_mask", "")].shape[:2]))
    inputs = {name: cropped(picture, size, name) for name, picture in inputs.items()}
    guidance = guided(inputs, {}, config)
    weights, device = find_weights(config), start(config)
    from keras_nst.core.transfer import plan

    config = fit_into_memory(size, on_device(config, device), device, lambda line: None)
    pace = paced(plan(size, config), config, begun, threading.Event())
    features = load_features(config, weights)
    with gradients_forgotten():
        result = render(inputs, guidance, size, config, device, features, pace, listeners)
    if result.diverged:
        raise ValueError(f"Expected settings whose loss stays a number. Received: none after step {result.steps}")
    return np.array(result.picture[0])


def _setting(name: str, value: Any) -> Any:
    """Returns a setting from a value of Python's, a list or a text as a flag has it."""
    if name not in fields():
        raise TypeError(f"Expected settings among {', '.join(fields())}.{nearest(name, fields())} Received: {name}")
    if name in FILES:
        raise ValueError(f"Expected settings for arrays. Received: {name}, which is for files")
    written = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return read_setting(name, "auto" if value is None else written)


def _several(pictures: np.ndarray | Sequence[np.ndarray] | None) -> list[np.ndarray]:
    """Returns one picture or several as a list."""
    if pictures is None:
        return []
    return [pictures] if isinstance(pictures, np.ndarray) else list(pictures)


def _as_floats(picture: np.ndarray) -> np.ndarray:
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[-1] != 3:
        raise ValueError(f"Expected a picture of shape (height, width, 3). Received: {array.shape}")
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    if not (np.isfinite(array).all() and 0 <= array.min() and array.max() <= 1):
        raise ValueError(f"Expected floats in [0, 1], or integers. Received: {array.min()} to {array.max()}")
    return array.astype(np.float32)
