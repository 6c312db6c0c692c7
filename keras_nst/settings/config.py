"""Every setting of the program, declared once: default, help and limits.

The command-line flags, `--help`, `settings.cfg` and the settings embedded in pictures are all derived from `Config`.
No TensorFlow here, so that `--help` and wrong input are answered at once.
"""

import dataclasses
from types import EllipsisType
from typing import Any

from keras_nst.settings.checks import check
from keras_nst.settings.declared import Settings, setting
from keras_nst.settings.kinds import automatic, choice, integer, number, several, switch, text
from keras_nst.settings.networks import CONVOLUTIONS, Layer
from keras_nst.settings.recipes import LEARNING_RATES, OPTIMIZERS, RECIPES, STYLE_LAYERS
from keras_nst.settings.values import (
    STYLE_LOSSES,
    StyleSource,
    layers,
    parse_color,
    parse_span,
    parse_styles,
    picture_size,
    steps_by_scale,
    style_losses,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """The settings of one run, as they are asked for. None stands for "auto": see `resolved`."""

    content: str = setting(
        "",
        text("PICTURE"),
        "Pictures",
        "The picture whose content is kept: a path, an http(s) URL, sample:harbor or sample:portrait.",
    )
    style: str = setting(
        "",
        text("PICTURE[:WEIGHT][@BLOCKS]", parse_styles),
        "Pictures",
        "The picture whose style is taken: a path, an http(s) URL, sample:night or sample:ink. Given several times, "
        "the styles are blended by their weights; a.jpg@1-2 gives its style to the first two blocks of the network "
        "only (strokes), b.jpg@3-5 to the others (structure).",
    )
    style_scale: tuple[float, ...] = setting(
        (1.0,),
        several(number(0.05, 20.0), "NUMBER,..."),
        "Pictures",
        "What the size of each style picture is multiplied by: below 1 for finer strokes, above for coarser ones.",
    )
    size: str = setting(
        "512",
        picture_size(),
        "Pictures",
        "The longer side of the result; or both sides (the content is cropped to their shape); or the content's own.",
    )
    max_megapixels: float = setting(
        200.0,
        number(above=True),
        "Pictures",
        "Refuse a picture of more million pixels, which may be a trap for memory.",
    )
    output: str = setting("", text("PATH"), "Pictures", "The result's own path; default: picture.png in the workdir.")
    bit_depth: int = setting(
        8,
        integer(8, 16),
        "Pictures",
        "Bits per channel of the result: 8, or 16 in PNG and TIFF.",
    )
    background: str = setting(
        "",
        text("white|black|#RRGGBB", lambda written: written and parse_color(written)),
        "Pictures",
        "The color behind a transparent content, for results without transparency, as in JPEG; default: none, and "
        "the result has the content's transparency.",
    )
    overwrite: bool = setting(False, switch(), "Pictures", "Whether an existing --output may be replaced.")
    color: str = setting(
        "style",
        choice("style", "content", "luminance", "match"),
        "Pictures",
        "Whose colors the result has: the style's; the content's, put back at the end (content) or kept all along "
        "while only lightness is moved (luminance); or the style's pictures get the content's colors before (match).",
    )
    content_mask: str = setting(
        "",
        text("PICTURE"),
        "Regions",
        "A picture whose flat colors name regions of the content; edges may be soft. Each region gets the style of the "
        "region of the same color in --style_mask; without one, the styles in their order, from dark to light.",
    )
    style_mask: str = setting(
        "",
        text("PICTURE"),
        "Regions",
        "The regions of the style picture; given several times, of each style picture in turn.",
    )
    mask_reach: str = setting(
        "simple",
        choice("simple", "inside", "all"),
        "Regions",
        "Which positions of a layer belong to a region: those there; those that see nothing else; all that see it.",
    )
    keep: bool = setting(
        False,
        switch(),
        "Regions",
        "Whether the darkest region of --content_mask stays the content as it is.",
    )
    workdir: str = setting(
        "",
        text("FOLDER"),
        "Pictures",
        "Where the run is kept: picture, settings.cfg, curves, snapshots; default: runs/DATE-TIME-CONTENT-STYLE.",
    )

    normalization: str = setting(
        "balanced",
        choice(*RECIPES),
        "Objective",
        "How the loss terms are scaled: free of size and units (balanced), or exactly as a source publishes them.",
    )
    content_weight: float | None = setting(
        None, automatic(number()), "Objective", "alpha, the weight of the content; auto: the normalization's."
    )
    style_weight: float | None = setting(
        None, automatic(number()), "Objective", "beta, the weight of the style; auto: the normalization's."
    )
    style_strength: float | None = setting(
        None,
        automatic(number(0.0, 1.0)),
        "Objective",
        "In place of both weights: 0 is the content, 1 is texture, and between them means the same for any pictures "
        "and sizes; auto: the weights hold.",
    )
    style_loss: tuple[tuple[str, float], ...] | None = setting(
        None,
        automatic(style_losses()),
        "Objective",
        "What of the features is style; auto: w2 with balanced, which alone may have any of them, and gram as "
        "published. swd and neighbor need the picture seen whole.",
    )
    content_loss: str = setting(
        "squared",
        choice("squared", "normalized"),
        "Objective",
        "Of the features of picture and content, with balanced: normalized gives each channel the mean 0 and the "
        "variance 1 first, so that contrast and color are the style's alone.",
    )
    variation: str = setting(
        "squared",
        choice("squared", "absolute"),
        "Objective",
        "Of the differences of neighbors, with balanced: absolute keeps edges sharper.",
    )
    variation_weight: float | None = setting(
        None,
        automatic(number()),
        "Objective",
        "The weight of the total variation; auto: the normalization's.",
    )
    content_layers: tuple[Layer, ...] = setting(
        (Layer("block4_conv2"),), layers(), "Objective", "Layers whose features are the content."
    )
    style_layers: tuple[Layer, ...] = setting(
        STYLE_LAYERS,
        layers(),
        "Objective",
        "Layers whose features' statistics are the style. With balanced, one without a weight has a quarter of "
        "the weight of one a block before it.",
    )
    style_fit: str | None = setting(
        None,
        automatic(choice("aspect", "squash")),
        "Objective",
        "The style picture's shape: its own with as many pixels as the result, or squashed to the result's shape.",
    )
    network: str = setting("vgg19", choice(*CONVOLUTIONS), "Objective", "The network whose features are compared.")
    pooling: str = setting(
        "max",
        choice("max", "average", "average_unscaled"),
        "Objective",
        "The network's pooling: its own; average, rescaled to keep the activations' magnitude; or Gatys' plain one.",
    )
    padding: str | None = setting(
        None,
        automatic(choice("zero", "replicate", "reflect")),
        "Objective",
        "What the network sees beyond the picture's border: black, or the picture's own pixels, which leaves no frame; "
        "auto: replicate with balanced, zero as published.",
    )
    seamless: bool = setting(
        False, switch(), "Objective", "Whether the borders meet, so that the result tiles: for textures."
    )
    weights: str = setting(
        "imagenet", text("imagenet|random|PATH"), "Objective", "The network's weights; random needs no file."
    )

    steps: tuple[int | EllipsisType, ...] = setting(
        (150, 12, ..., 64),
        steps_by_scale(),
        "Search",
        "Steps at each scale, coarse to fine; the number before ... holds for all between, or else the last for all "
        "further scales.",
    )
    scales: int | None = setting(
        None,
        automatic(integer(1, 32)),
        "Search",
        "How many sizes, growing by the square root of 2; auto: from about 128 pixels, and doubling from about 256; "
        "1: the final size only.",
    )
    max_seconds: float = setting(
        0.0, number(), "Search", "End after this time, from the start of the program to the saved picture; 0: no limit."
    )
    settle: float = setting(
        0.0,
        number(0.0, 1.0),
        "Search",
        "End a scale once its averaged loss falls by less than this share in about 15 steps; 0: take all steps.",
    )
    optimizer: str = setting(
        "adam",
        choice(*OPTIMIZERS),
        "Search",
        "What moves the picture. A step is an evaluation of the network with each; lbfgs has no rate, so that "
        "--learning_rate and --decay... do not apply to it.",
    )
    history: int = setting(10, integer(1, 100), "Search", "lbfgs: how many steps it remembers.")
    average: float | None = setting(
        None,
        automatic(number(0.0, 0.999)),
        "Search",
        "adam and sgd: the result is the average of the last 1 / (1 - this) pictures, with less noise; 0: the last; "
        "auto: 0.88 with balanced, 0 as published.",
    )
    learning_rate: float | None = setting(
        None,
        automatic(number(above=True)),
        "Search",
        "The first learning rate, for pixels in [0, 1]; auto: "
        + ", ".join(f"{rate:g} for {name}" for name, rate in LEARNING_RATES.items())
        + ".",
    )
    decay_rate: float = setting(
        0.9,
        number(0, 1, above=True),
        "Search",
        "What the learning rate is multiplied by in each --decay_steps.",
    )
    decay_steps: int | None = setting(
        None,
        automatic(integer(1)),
        "Search",
        "Steps per decay, counted anew at each scale; auto: a third of a scale.",
    )
    decay_staircase: bool = setting(False, switch(), "Search", "Whether the learning rate decays in stairs.")
    beta_1: float = setting(0.9, number(0, 0.999999), "Search", "Adam's memory of gradients.")
    beta_2: float = setting(0.99, number(0, 0.999999), "Search", "Adam's memory of squared gradients.")
    epsilon: float = setting(1e-8, number(above=True), "Search", "Adam's epsilon, added to the root of its moment.")
    max_step: float = setting(
        0.01,
        number(above=True),
        "Search",
        "sgd: no step moves the pixels by more than this, root mean square, at the first learning rate.",
    )

    init: str = setting(
        "auto",
        text("auto|content|noise|style|blend|instant|PATH"),
        "Start",
        "The first picture; blend: the content mixed with noise; instant: as --instant paints it; auto: the content, "
        "or noise where there is none.",
    )
    instant: bool = setting(
        False,
        switch(),
        "Start",
        "Whether a network paints a sketch of the picture at once, in place of --init, --steps and --scales. It goes "
        "by --style_strength, which is then 0.8 unless told.",
    )
    noise: float = setting(0.6, number(0, 1), "Start", "The share of noise in --init=blend.")
    seed: int = setting(0, integer(0, 2**31 - 1), "Start", "The seed of noise and of random weights.")

    device: str = setting(
        "auto",
        choice("auto", "cpu", "gpu", "tpu"),
        "Machine",
        "What computes; auto: a TPU or GPU that TensorFlow finds, else the CPU.",
    )
    precision: str = setting(
        "auto",
        choice("auto", "float32", "bfloat16"),
        "Machine",
        "The convolutions' arithmetic; auto: bfloat16 where the machine has it in hardware.",
    )
    convolution: str = setting(
        "auto",
        choice("auto", "direct", "winograd"),
        "Machine",
        "How to convolve; winograd: with fewer multiplications, in float32; auto: so on a CPU, at each scale whose "
        "steps outweigh the time to compile it.",
    )
    xla: str = setting(
        "auto", choice("auto", "on", "off"), "Machine", "Whether XLA compiles the steps; auto: on a GPU or TPU."
    )
    keep_programs: bool = setting(
        True,
        switch(),
        "Machine",
        "Whether programs that XLA compiles for the CPU are kept in ~/.cache/keras_nst (or $XDG_CACHE_HOME), where the "
        "next run finds them.",
    )
    memory_limit_gb: float = setting(
        0.0, number(), "Machine", "The most memory the process is to take, in GB; 0: most of what is free."
    )
    evaluator: str = setting(
        "auto",
        choice("auto", "whole", "tiles"),
        "Machine",
        "Whether the network sees the picture at once or tile by tile, with the same result; auto: what memory allows.",
    )
    tile_size: int | None = setting(
        None,
        automatic(integer(32)),
        "Machine",
        "The side of a tile in pixels, without its halo; auto: what memory allows.",
    )
    strategy: str = setting(
        "auto",
        choice("auto", "none", "mirrored", "multi_worker"),
        "Machine",
        "Who shares the tiles of a large picture: one device (none), all of this machine (mirrored), or the machines "
        "named in TF_CONFIG, each of which is given the same command (multi_worker); auto: all GPUs of this machine.",
    )
    deterministic: bool = setting(
        False, switch(), "Machine", "Whether a GPU is to give the same bits each time, which takes longer; a CPU does."
    )
    figures: bool = setting(
        True, switch(), "Machine", "Whether to tell at the end how good the picture is, as keras_nst.evaluate does."
    )
    preview: bool = setting(
        True,
        switch(),
        "Machine",
        "Whether preview.jpg in the workdir shows the picture from the first scale on, until it is finished.",
    )
    report: bool = setting(
        True,
        switch(),
        "Machine",
        "Whether report.html in the workdir tells of the run, on one page: picture, curves, figures, settings.",
    )
    tensorboard: bool = setting(
        False,
        switch(),
        "Machine",
        "Whether to start TensorBoard, for this machine alone, and tell its address; it ends with the run, on a "
        "terminal with Ctrl-C after it.",
    )
    profile_steps: str = setting(
        "",
        text("FIRST-LAST", parse_span),
        "Machine",
        "Record how these steps spend their time, for TensorBoard's profiler (which is the package xprof).",
    )
    snapshot_steps: int = setting(
        50, integer(), "Machine", "Keep an intermediate picture every so many steps; 0: none."
    )
    keep_snapshots: int = setting(0, integer(), "Machine", "Keep only so many of them, the latest; 0: all.")
    checkpoint_secs: float = setting(
        60.0, number(), "Machine", "Seconds between checkpoints, from which an interrupted run goes on."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.instant:
            for name, value in AT_ONCE.items():
                object.__setattr__(self, name, value)
        check(self)

    def style_shares(self, kind: str) -> dict[str, float]:
        """Returns the shares of those style losses that take "moments" or whole feature "maps"."""
        chosen = RECIPES[self.normalization].style_loss if self.style_loss is None else self.style_loss
        total = sum(weight for _, weight in chosen)
        return {name: weight / total for name, weight in chosen if STYLE_LOSSES[name] == kind}

    def needs_maps(self) -> bool:
        """Returns whether a style loss takes whole feature maps."""
        return bool(self.style_shares("maps"))

    def needs_whole(self) -> bool:
        """Returns whether the picture has to be seen as a whole."""
        return self.seamless or self.needs_maps()

    def style_sources(self) -> tuple[StyleSource, ...]:
        """Returns the style pictures as they are named."""
        return parse_styles(self.style)

    def weight(self, term: str) -> float:
        """Returns the weight of the term "content", "style" or "variation", or the normalization's."""
        own = getattr(self, f"{term}_weight")
        return getattr(RECIPES[self.normalization], f"{term}_weight") if own is None else own

    def asks_for(self, term: str) -> bool:
        """Returns whether the term "content" or "style" has a part in the objective."""
        if self.style_strength is not None:
            return self.style_strength < 1.0 if term == "content" else self.style_strength > 0.0
        return bool(self.weight(term))

    def layers_used(self, term: str) -> tuple[Layer, ...]:
        """Returns the layers of the term "content" or "style": none where it has no part."""
        return getattr(self, f"{term}_layers") if self.asks_for(term) else ()

    def completed(self) -> "Config":
        """Returns the settings with what is left to the normalization and the optimizer written out."""
        brought = RECIPES[self.normalization]._asdict() | {"learning_rate": LEARNING_RATES.get(self.optimizer)}
        if self.style_strength is not None:  # then they follow from the pictures
            del brought["content_weight"], brought["style_weight"]
        if self.seamless:
            brought["padding"] = "zero"
        if self.optimizer == "lbfgs":
            brought["average"] = 0.0
        return dataclasses.replace(self, **{name: brought[name] for name in brought if getattr(self, name) is None})

    def resolved(self, **choices: Any) -> "Resolved":
        """Returns the settings with nothing left open; what `choices` do not say of the machine is the plainest."""
        plain = {name: value for name, value in PLAINEST.items() if getattr(self, name) == "auto"}
        return Resolved(**vars(self.completed()) | plain | choices)


# What --instant stands for: the first picture is the result.
AT_ONCE: dict[str, Any] = {"init": "instant", "steps": (0,), "scales": 1}

# What there is on every machine.
PLAINEST = {"device": "cpu", "precision": "float32", "xla": "off", "evaluator": "whole"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resolved(Config):
    """Settings with nothing left open, but for --style_strength, whose weights follow from the pictures.

    --convolution=auto may stay, which chooses anew at each scale.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        open_ones = [name for name in PLAINEST if getattr(self, name) == "auto"]
        needed = ("padding", "average", "style_fit", "style_loss", "variation_weight")
        open_ones += [name for name in needed if getattr(self, name) is None]
        if open_ones:
            raise ValueError(f"Expected settings with nothing left open. Received: auto for {', '.join(open_ones)}")
