"""The settings as keywords, for editors and type checkers; scripts/write_keywords.py writes this."""

from collections.abc import Sequence
from types import EllipsisType
from typing import Literal, TypedDict


class Keywords(TypedDict, total=False):
    """The settings of a picture, as flags have them; each has the default that --help tells."""

    style_scale: float | Sequence[float]
    """The factor for the size of each style picture: below 1 for finer strokes, above 1 for coarser ones."""

    size: int | str
    """The size of the result: its longer side in pixels; WxH, with the content cropped to that shape; a print such as
    60x40cm, 36in or A3, at --dpi; or the content's own size (original)."""

    dpi: float | Literal["auto"] | None
    """Dots per inch, written into the file; auto: 300 if --size is that of a print, else none."""

    max_megapixels: float
    """Refuse pictures of more megapixels than this: they may be made to exhaust memory."""

    background: str
    """The color behind a transparent content, for formats without transparency, such as JPEG; default: none, and the
    result keeps the content's transparency."""

    color: Literal["style", "content", "luminance", "palette", "match"]
    """The colors of the result. style: the style's. content: the content's, restored at the end. luminance: the
    content's, kept throughout; only lightness is optimized. palette: the content's, moved into the style's range.
    match: the style pictures get the content's colors first."""

    mask_reach: Literal["simple", "inside", "all"]
    """Which positions of a layer belong to a region. simple: those in it. inside: those that see nothing else. all: all
    that see it."""

    keep: bool
    """Leave the darkest region of --content_mask as it is in the content."""

    normalization: Literal["balanced", "gatys", "keras", "tensorflow", "d2l"]
    """How the loss terms are scaled: free of size and units (balanced), or exactly as a source publishes them."""

    content_weight: float | Literal["auto"] | None
    """alpha, the weight of the content; auto: the normalization's."""

    style_weight: float | Literal["auto"] | None
    """beta, the weight of the style; auto: the normalization's."""

    style_strength: float | Literal["auto"] | None
    """One number in place of both weights: 0 is the content, 1 is texture, and values in between mean much the same for
    any pictures and sizes; auto: the weights apply."""

    style_loss: str | Sequence[str] | Literal["auto"] | None
    """Which distance between features is the style loss; auto: w2 with --normalization=balanced, which alone accepts
    any of them; gram with the published recipes. swd and neighbor need --evaluator=whole."""

    content_loss: Literal["squared", "normalized"]
    """How content features are compared, with balanced. normalized: each channel gets mean 0 and variance 1 first, so
    that contrast and color come from the style alone."""

    variation: Literal["chroma", "squared", "absolute"] | Literal["auto"] | None
    """Which differences of neighboring pixels count as variation, with balanced. chroma: squared, of color without
    lightness, which leaves strokes intact. squared: of all colors, which gives a woven texture. absolute: not squared,
    which keeps edges sharper. auto: chroma, or as published."""

    variation_weight: float | Literal["auto"] | None
    """The weight of the variation: higher values leave less colored grain; auto: the normalization's."""

    roughness_weight: float | Literal["auto"] | None
    """The weight of the roughness of lightness, with balanced: higher values give softer strokes; auto: the
    normalization's."""

    coarse_content: float | Literal["auto"] | None
    """With balanced: the content's weight at the first of several sizes, as a share of its weight at the others. Less
    brings out the style's large shapes, mostly in flat parts of the content. auto: 0.5; 1 as published, and with your
    own --style_layers."""

    content_layers: str | Sequence[str]
    """The layers whose features are the content."""

    style_layers: str | Sequence[str] | Literal["auto"] | None
    """Layers whose features' statistics are the style; auto:
    block1_conv1:81,block2_conv1:27,block3_conv1:9,block4_conv1:3,block5_conv1:1, or conv1 of each block alike as
    published. With balanced, one of yours without a weight has a quarter of the weight of one a block before it."""

    style_fit: Literal["aspect", "squash"] | Literal["auto"] | None
    """The shape in which the style picture is seen: its own, with as many pixels as the result (aspect), or the
    result's shape (squash)."""

    style_pixels: Literal["enlarged", "own", "between"]
    """For a style picture smaller than the result, at the sizes above its own. enlarged: strokes grow with the picture
    and become soft. own: it keeps its own pixels, and strokes stay small and sharp. between: the mean of both."""

    network: Literal["vgg19", "vgg16"]
    """The network whose features are compared."""

    pooling: Literal["max", "average", "average_unscaled"]
    """The network's pooling. max: its own. average: rescaled to keep the magnitude of activations. average_unscaled:
    plain, as in Gatys et al."""

    padding: Literal["zero", "replicate", "reflect"] | Literal["auto"] | None
    """What the network sees beyond the picture's border: black (zero), or the picture's own pixels, which leaves no
    frame; auto: replicate with balanced, zero as published."""

    rim: int | Literal["auto"] | None
    """With --normalization=balanced: leave this many of the outermost rows and columns of pixels out of the style at
    block1's layers, in the picture and in the style picture. With 0, these pixels may become vivid at low strengths.
    auto: 2, but 0 with another --normalization, your own --padding or --seamless."""

    seamless: bool
    """Make opposite borders meet, so that the result tiles; for textures."""

    weights: str
    """The network's weights: imagenet, random (needs no file), or a file."""

    steps: int | str | Sequence[int | EllipsisType]
    """Steps at each scale, coarse to fine. The number before ... is repeated for all scales in between; without ...,
    the last number holds for all further scales."""

    scales: int | Literal["auto"] | None
    """The number of sizes, each the square root of 2 times the one before; auto: from about 128 pixels, doubling from
    about 256; 1: the final size only."""

    max_seconds: float
    """The time limit, from the start of the program to the saved picture; 0: none."""

    settle: float
    """End a scale once its averaged loss falls by less than this share in about 15 steps; 0: take all steps."""

    optimizer: Literal["adam", "sgd", "lbfgs"]
    """The optimizer. With each of them a step is one evaluation of the network. lbfgs has no learning rate:
    --learning_rate and --decay... do not apply to it."""

    history: int
    """lbfgs: the number of steps it remembers."""

    average: float | Literal["auto"] | None
    """adam and sgd: the result is the average of about the last 1 / (1 - VALUE) pictures, which has less noise; 0: the
    last picture; auto: 0.8 with balanced, 0 as published."""

    learning_rate: float | Literal["auto"] | None
    """The first learning rate, for pixels in [0, 1]; auto: 0.03 for adam, 100 for sgd."""

    decay_rate: float
    """The factor of the learning rate after every --decay_steps."""

    decay_steps: int | Literal["auto"] | None
    """Steps per decay, counted from the start of each scale; auto: a third of a scale's steps."""

    decay_staircase: bool
    """Decay the learning rate in stairs."""

    beta_1: float
    """Adam's memory of gradients."""

    beta_2: float
    """Adam's memory of squared gradients."""

    epsilon: float
    """Adam's epsilon, added to the root of its moment."""

    max_step: float
    """sgd: the largest change of the pixels in a step (root mean square) at the first learning rate."""

    init: str
    """The picture that the optimizer starts from. blend: the content mixed with noise. instant: the sketch of
    --instant. auto: the content, or noise without content."""

    instant: bool
    """Paint a sketch in one pass by a network; replaces --init, --steps and --scales. --style_strength applies, by
    default 0.8."""

    noise: float
    """The share of noise in --init=blend."""

    seed: int
    """The seed of noise and of random weights."""

    device: Literal["auto", "cpu", "gpu", "tpu"]
    """The device; auto: a TPU or GPU if TensorFlow finds one, else the CPU."""

    precision: Literal["auto", "float32", "bfloat16"]
    """The precision of the convolutions; auto: bfloat16 if the processor supports it."""

    convolution: Literal["auto", "direct", "winograd"]
    """How to convolve. winograd: with fewer multiplications, in float32. auto: winograd on a CPU, at each scale where
    it saves more time than it takes to compile."""

    xla: Literal["auto", "on", "off"]
    """Compile the steps by XLA; auto: on a GPU or TPU."""

    keep_programs: bool
    """Keep programs that XLA compiles for the CPU in ~/.cache/keras_nst (or $XDG_CACHE_HOME) for the next run."""

    memory_limit_gb: float
    """The memory limit of the process in GB; 0: most of the free memory."""

    evaluator: Literal["auto", "whole", "tiles"]
    """Evaluate the picture as a whole or tile by tile, with the same result; auto: what memory allows."""

    tile_size: int | Literal["auto"] | None
    """The side of a tile in pixels, without its halo; auto: what memory allows."""

    tile_passes: int
    """Passes over the tiles in each step. 2: the same picture as seen whole. 1: nearly the same, in about 0.8 of the
    time; not with lbfgs or several GPUs."""

    strategy: Literal["auto", "none", "mirrored", "multi_worker"]
    """Which devices share the tiles of a large picture. none: one device. mirrored: all devices of this machine.
    multi_worker: the machines named in TF_CONFIG, each started with the same command. auto: all GPUs of this
    machine."""

    deterministic: bool
    """Make results on a GPU bit-identical, which is slower; on a CPU they always are."""

    figures: bool
    """Print quality figures (metrics) at the end, as keras-nst evaluate does."""
