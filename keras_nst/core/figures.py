"""The figures of a finished picture, and what they mean."""

from typing import NamedTuple


class Figures(NamedTuple):
    """How good a result is. None where the content or the style it takes is not known."""

    content: float | None = None  # 0: the content's features in every place; 1: unrelated ones; at most 2
    structure: float | None = None  # 0: places are alike that are alike in the content; not bounded
    gram: float | None = None  # 0: the style's Gram matrices; 1: as far from them as the content; below 2
    w2: float | None = None  # the same by the 2-Wasserstein distance of distributions, as if they were normal
    sliced: float | None = None  # the same by their quantiles in many directions
    color: float | None = None  # the same of the colors alone
    sharpness: float | None = None  # 0: no detail; 1: as much as the content; below 2
    sharpness_to_style: float | None = None  # 1: as much as the style
    grain: float | None = None  # detail in color alone: 0: none; 1: as much as the style; not bounded
    grain_to_content: float | None = None  # 1: as much as the content
    borders: float | None = None  # 0: the frame stands out no more than the content's own; below 1


_TO_STYLE = "0: the style; 1: as far from it as the content; below 2; by "

MEANINGS = {
    "content": "0: the content's features; about 1: unrelated ones; at most 2",
    "structure": "0: places are alike that are alike in the content; more: less so",
    "gram": _TO_STYLE + "Gram matrices",
    "w2": _TO_STYLE + "the 2-Wasserstein distance",
    "sliced": _TO_STYLE + "quantiles in many directions",
    "color": _TO_STYLE + "the colors alone",
    "sharpness": "0: no detail; 1: as much as the content; below 2",
    "sharpness_to_style": "likewise, to the style",
    "grain": "0: no fine detail in color alone; 1: as much as the style; 2: twice as much",
    "grain_to_content": "likewise, to the content",
    "borders": "0: the frame stands out no more than the content's; below 1",
}
