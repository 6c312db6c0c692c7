"""The settings as keywords, for editors and type checkers; scripts/write_keywords.py writes this."""

from collections.abc import Sequence
from types import EllipsisType
from typing import Literal, TypedDict


class Keywords(TypedDict, total=False):
    """The settings of a picture, as flags have them; each has the default that --help tells."""

    style_scale: float | Sequence[float]
    """What the size of each style picture is multiplied by: below 1 for finer strokes, above for coarser ones."""

    size: int | str
    """The longer side of the result in pixels, or both sides, to whose shape the content is cropped; a print, such as
    60x40cm, 36in or A3, by --dpi; or the content's own."""

    dpi: float | Literal["auto"] | None
    """A print's dots per inch, which are written into the file; auto: 300 where --size is that of a print, else
    none."""

    max_megapixels: float
    """Refuse a picture of more million pixels, which may be a trap for memory."""

    background: str
    """The color behind a transparent content, for results without transparency, as in JPEG; default: none, and the
    result has the content's transparency."""

    color: Literal["style", "content", "luminance", "palette", "match"]
    """Whose colors the result has: the style's; the content's, put back at the end (content) or kept all along while
    only lightness is moved (luminance); the content's, moved into the style's range (palette); or the style's pictures
    get the content's colors before (match)."""

    mask_reach: Literal["simple", "inside", "all"]
    """Which positions of a layer belong to a region: those there; those that see nothing else; all that see it."""

    keep: bool
    """Leave the darkest region of --content_mask as it is in the content."""

    normalization: Literal["balanced", "gatys", "keras", "tensorflow", "d2l"]
    """How the loss terms are scaled: free of size and units (balanced), or exactly as a source publishes them."""

    content_weight: float | Literal["auto"] | None
    """alpha, the weight of the content; auto: the normalization's."""

    style_weight: float | Literal["auto"] | None
    """beta, the weight of the style; auto: the normalization's."""

    style_strength: float | Literal["auto"] | None
    """In place of both weights: 0 is the content, 1 is texture, and between them means the same for any pictures and
    sizes; auto: the weights hold."""

    style_loss: str | Sequence[str] | Literal["auto"] | None
    """What of the features is style; auto: w2 with balanced, which alone may have any of them, and gram as published.
    swd and neighbor need the picture seen whole."""

    content_loss: Literal["squared", "normalized"]
    """Of the features of picture and content, with balanced: normalized gives each channel the mean 0 and the variance
    1 first, so that contrast and color are the style's alone."""

    variation: Literal["chroma", "squared", "absolute"] | Literal["auto"] | None
    """Which differences of neighboring pixels are the variation, with balanced: chroma: of color less its lightness,
    which leaves strokes as they are; squared: of all colors, which weaves a cloth of fine detail; absolute: not
    squared, which keeps edges sharper; auto: chroma, or as published."""

    variation_weight: float | Literal["auto"] | None
    """The weight of the variation: more leaves less colored grain; auto: the normalization's."""

    roughness_weight: float | Literal["auto"] | None
    """The weight of the roughness of lightness, with balanced: more leaves softer strokes; auto: the
    normalization's."""

    coarse_content: float | Literal["auto"] | None
    """With balanced: the content's weight at the first of several sizes, as a share of what it is at the others: less
    brings the style's great forms, most of all where the content says little; auto: 0.5, or 1 as published and with
    --style_layers of your own."""

    content_layers: str | Sequence[str]
    """Layers whose features are the content."""

    style_layers: str | Sequence[str] | Literal["auto"] | None
    """Layers whose features' statistics are the style; auto:
    block1_conv1:81,block2_conv1:27,block3_conv1:9,block4_conv1:3,block5_conv1:1, or conv1 of each block alike as
    published. With balanced, one of yours without a weight has a quarter of the weight of one a block before it."""

    style_fit: Literal["aspect", "squash"] | Literal["auto"] | None
    """The style picture's shape: its own with as many pixels as the result, or squashed to the result's shape."""

    style_pixels: Literal["enlarged", "own", "between"]
    """What a style picture smaller than the result becomes at the sizes above its own: enlarged, so that strokes grow
    with the picture and become soft; its own pixels, so that strokes stay small and sharp; or the mean."""

    network: Literal["vgg19", "vgg16"]
    """The network whose features are compared."""

    pooling: Literal["max", "average", "average_unscaled"]
    """The network's pooling: its own; average, rescaled to keep the activations' magnitude; or Gatys' plain one."""

    padding: Literal["zero", "replicate", "reflect"] | Literal["auto"] | None
    """What the network sees beyond the picture's border: black, or the picture's own pixels, which leaves no frame;
    auto: replicate with balanced, zero as published."""

    seamless: bool
    """Make the borders meet, so that the result tiles: for textures."""

    weights: str
    """The network's weights; random needs no file."""

    steps: int | str | Sequence[int | EllipsisType]
    """Steps at each scale, coarse to fine; the number before ... holds for all between, or else the last for all
    further scales."""

    scales: int | Literal["auto"] | None
    """How many sizes, growing by the square root of 2; auto: from about 128 pixels, and doubling from about 256; 1: the
    final size only."""

    max_seconds: float
    """End after this time, from the start of the program to the saved picture; 0: no limit."""

    settle: float
    """End a scale once its averaged loss falls by less than this share in about 15 steps; 0: take all steps."""

    optimizer: Literal["adam", "sgd", "lbfgs"]
    """What moves the picture. A step is an evaluation of the network with each; lbfgs has no rate, so that
    --learning_rate and --decay... do not apply to it."""

    history: int
    """lbfgs: how many steps it remembers."""

    average: float | Literal["auto"] | None
    """adam and sgd: the result is the average of the last 1 / (1 - this) pictures, with less noise; 0: the last; auto:
    0.8 with balanced, 0 as published."""

    learning_rate: float | Literal["auto"] | None
    """The first learning rate, for pixels in [0, 1]; auto: 0.03 for adam, 100 for sgd."""

    decay_rate: float
    """What the learning rate is multiplied by in each --decay_steps."""

    decay_steps: int | Literal["auto"] | None
    """Steps per decay, counted anew at each scale; auto: a third of a scale."""

    decay_staircase: bool
    """Decay the learning rate in stairs."""

    beta_1: float
    """Adam's memory of gradients."""

    beta_2: float
    """Adam's memory of squared gradients."""

    epsilon: float
    """Adam's epsilon, added to the root of its moment."""

    max_step: float
    """sgd: no step moves the pixels by more than this, root mean square, at the first learning rate."""

    init: str
    """The first picture; blend: the content mixed with noise; instant: as --instant paints it; auto: the content, or
    noise where there is none."""

    instant: bool
    """Paint a sketch in one pass by a network; replaces --init, --steps and --scales. --style_strength applies, by
    default 0.8."""

    noise: float
    """The share of noise in --init=blend."""

    seed: int
    """The seed of noise and of random weights."""

    device: Literal["auto", "cpu", "gpu", "tpu"]
    """What computes; auto: a TPU or GPU that TensorFlow finds, else the CPU."""

    precision: Literal["auto", "float32", "bfloat16"]
    """The convolutions' arithmetic; auto: bfloat16 where the machine has it in hardware."""

    convolution: Literal["auto", "direct", "winograd"]
    """How to convolve; winograd: with fewer multiplications, in float32; auto: so on a CPU, at each scale whose steps
    outweigh the time to compile it."""

    xla: Literal["auto", "on", "off"]
    """Compile the steps by XLA; auto: on a GPU or TPU."""

    keep_programs: bool
    """Keep programs that XLA compiles for the CPU in ~/.cache/keras_nst (or $XDG_CACHE_HOME), where the next run finds
    them."""

    memory_limit_gb: float
    """The most memory the process is to take, in GB; 0: most of what is free."""

    evaluator: Literal["auto", "whole", "tiles"]
    """Evaluate the picture as a whole or tile by tile, with the same result; auto: what memory allows."""

    tile_size: int | Literal["auto"] | None
    """The side of a tile in pixels, without its halo; auto: what memory allows."""

    strategy: Literal["auto", "none", "mirrored", "multi_worker"]
    """Who shares the tiles of a large picture: one device (none), all of this machine (mirrored), or the machines named
    in TF_CONFIG, each of which is given the same command (multi_worker); auto: all GPUs of this machine."""

    deterministic: bool
    """Have a GPU give the same bits each time, which takes longer; a CPU does so anyway."""

    figures: bool
    """Print quality figures (metrics) at the end, as keras-nst evaluate does."""
