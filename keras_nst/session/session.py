"""The session that makes pictures: opened once, for one picture or for many."""

import contextlib
import math
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from keras_nst.core.judging.words import Figures
from keras_nst.core.plan.events import Listener, Standing
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Scale, Size, final_size, plan
from keras_nst.pictures.decoding import laid_on
from keras_nst.pictures.palette import with_colors_of
from keras_nst.session import machine, team
from keras_nst.session.method import method_of
from keras_nst.session.scene import Scene, colored, toning
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.lines import Tell
from keras_nst.settings.values import parse_color
from keras_nst.system.beside import Beside
from keras_nst.system.pace import Pace, Stop

if TYPE_CHECKING:
    import keras

    from keras_nst.core.descent.scales import Audience
    from keras_nst.core.descent.transfer import Painted
    from keras_nst.core.network.network import AtOnce, Network
    from keras_nst.core.seeing.sight import Pictures

KEEP = 1e9  # bytes of the cache, for a session of many pictures
KEPT = ("content", "luminance", "palette")  # values of --color that make the result's colors from the content's


class Session:
    """TensorFlow with its device and networks, and a cache that later pictures reuse.

    Args:
        config: only the machine's settings are used: device, weights, memory, determinism.
        keep: bytes of the cache, which holds measured styles and compiled steps; 0 for one picture.
    """

    def __init__(self, config: Config, keep: float = 0.0):
        self.keep = keep
        self.weights: dict[tuple[str, str], Path | None] = {}
        self.weights_of(config)  # before TensorFlow is imported, which takes seconds
        self.device = machine.start(config)
        self.crew = team.crew_of(config, self.device)
        self.networks: dict[tuple[Any, ...], Network] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.networks.clear()

    def resolve(self, config: Config, size: Size, tell: Tell = lambda line: None) -> Resolved:
        """Returns the settings of a picture of this size with every `auto` resolved."""
        return machine.resolve(team.shared_out(config, size, self.crew, tell), size, self.device, tell)

    def most_at_once(self, config: Resolved, size: Size) -> int:
        """Returns for how many pictures of this size, optimized in one batch, there is memory."""
        return machine.most_at_once(config, size, self.device)

    def network(self, config: Resolved) -> "Network":
        """Returns the network for these settings."""
        from keras_nst.core.network.features import reaches
        from keras_nst.core.network.network import Network

        weights = self.weights_of(config)
        changed = weights.stat().st_mtime_ns if weights else 0  # tells a replaced file from the earlier one
        seen = config.network, weights, changed, config.seed, *choices_of(config).values()
        key = layers_of(config), config.init == "instant", *seen
        if key not in self.networks:
            alike = [network.features for (_, _, *of), network in self.networks.items() if tuple(of) == seen]
            known = next((features for features in alike if reaches(features, layers_of(config))), weights)
            if not self.keep:
                self.networks.clear()
            features = load_features(config, known)
            self.networks[key] = Network(features, self.keep, self.crew, self._at_once(config, features))
        return self.networks[key]

    def glimpse(self, scene: Scene, config: Resolved, side: int) -> np.ndarray | None:
        """Returns a sketch (h, w, 3) painted in one pass, its longer side at most `side` pixels; None if impossible.

        It is shown while the requested picture is made.
        """
        trained = config.network == "vgg19" and config.weights != "random"
        if not (trained and scene.content and scene.styles) or config.seamless:
            return None
        small = final_size(min(side, max(scene.size)), scene.size)
        config = config.resolved(init="instant")
        with self.where():
            paint = self.network(config).at_once
            painted = paint(pictures_of(scene, config), small, method_of(config)) if paint else None
        return None if painted is None else Recoloring(scene, config)(np.asarray(painted))[0]

    def _at_once(self, config: Resolved, features: "keras.Model") -> "AtOnce | None":
        """Returns the network that paints sketches in one pass, if the settings request it."""
        if config.init != "instant":
            return None
        from keras_nst.core.network.network import Network
        from keras_nst.networks.instant import LAYERS, Instant, stages

        seen = self._looking(config, features, [layer.name for layer in LAYERS])
        return Instant(Network(seen, self.keep), stages(config.precision))

    def _looking(self, config: Resolved, features: "keras.Model", layers: Iterable[str]) -> "keras.Model":
        """Returns the network as it was trained, with other layers; it shares the weights as far as possible."""
        from keras_nst.core.network.features import extractor, reaches

        weights = features if reaches(features, layers) else self.weights_of(config) or config.seed
        return extractor(config.network, layers, weights=weights, precision=config.precision)

    def weights_of(self, config: Config) -> Path | None:
        """Returns the file of the network's weights, cached; None for random weights."""
        asked = config.network, config.weights
        if asked not in self.weights:
            self.weights[asked] = machine.find_weights(config)
        return self.weights[asked]

    def paint(
        self,
        scene: Scene,
        config: Resolved,
        *,
        pace: Pace,
        listeners: Sequence[Listener] = (),
        tell: Tell = lambda line: None,
        resumed: Standing | None = None,
    ) -> "Painted":
        """Makes one picture, or resumes it."""
        return self.paint_together([PictureRequest(scene, config, pace, listeners, tell, resumed)])[0]

    def paint_together(self, asked: "Sequence[PictureRequest]") -> "list[Painted]":
        """Makes pictures of one size, style and settings as one batch; the first one's pace holds for all.

        Raises:
            Apart: the pictures cannot share a batch and have to be made one by one.
        """
        from keras_nst.core.descent.several import result_of, stacked
        from keras_nst.core.descent.transfer import transfer
        from keras_nst.system.programs import gradients_forgotten

        (scene, config, *_), resumed = asked[0], asked[0].resumed
        with self.where(), gradients_forgotten(), contextlib.closing(Beside(self.where)) as beside:
            team.check_alike(config, scene, self.crew)
            audience = self._audience(asked, beside)
            pictures = stacked([pictures_of(each.scene, each.config) for each in asked])
            method = resumed.method if resumed else asked[0].method or method_of(config)
            result = transfer(pictures, scene.size, method, self.network(config), audience, resumed)
        own = [result_of(index, result) for index in range(len(asked))]
        shown = [Recoloring(each.scene, each.config)(of.picture) for each, of in zip(asked, own, strict=True)]
        return [of._replace(picture=picture) for of, picture in zip(own, shown, strict=True)]

    def calibrated(self, scene: Scene, config: Resolved) -> Method:
        """Returns the method of a picture, with the weights found for --style_strength."""
        from keras_nst.core.seeing.strength import calibrated

        with self.where():
            return calibrated(pictures_of(scene, config), scene.size, self.network(config), method_of(config))

    def _audience(self, asked: "Sequence[PictureRequest]", beside: Beside) -> "Audience":
        """Returns the pace and the listeners of a batch; each picture keeps its own listeners."""
        from keras_nst.core.descent.scales import Audience
        from keras_nst.core.descent.several import told_of

        first = asked[0]
        prepares = machine.prepares_ahead(first.config, first.scene.size, self.device, len(asked))
        ahead = beside if prepares else None
        listeners = [
            told_of(index, Recoloring(each.scene, each.config).to(listen))
            for index, each in enumerate(asked)
            for listen in each.listeners
        ]
        return Audience(team.agreed(first.pace, self.crew), listeners, first.tell, ahead)

    def where(self) -> contextlib.AbstractContextManager[None]:
        """Returns a context in which TensorFlow computes on the session's device."""
        import tensorflow as tf

        return tf.device(self.device.name)

    def figures(self, scene: Scene, config: Resolved, picture: np.ndarray) -> Figures:
        """Returns the quality figures of a picture (1, h, w, 3), measured on layers that were not optimized."""
        from keras_nst.core.judging.quality import LAYERS, figures

        judge = self._looking(config, self.network(config).features, LAYERS)
        style = scene.styles[0].picture.pixels[None] if scene.styles else None
        return figures(scene.content and scene.content.pixels[None], style, picture, judge)


class PictureRequest(NamedTuple):
    """A requested picture, and what its run calls back."""

    scene: Scene
    config: Resolved
    pace: Pace
    listeners: Sequence[Listener] = ()
    tell: Tell = lambda line: None
    resumed: Standing | None = None
    method: Method | None = None  # None: that of the settings


class Recoloring:
    """Gives pictures the colors that --color promises."""

    def __init__(self, scene: Scene, config: Config):
        self.content = scene.content.pixels if scene.content and config.color in KEPT else None
        self.tone = toning(scene, config.color)

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Returns pictures (n, h, w, 3) with their final colors."""
        if self.content is None:
            return pictures
        from keras_nst.core.network.resizing import resize

        colors = resize(self.content[None], Size(*pictures.shape[1:3])).numpy()[0]  # a scale's size may differ
        return np.stack([with_colors_of(picture, colors, self.tone) for picture in pictures])

    def to(self, listen: Listener) -> Listener:
        """Returns a listener that receives the recolored pictures."""
        return lambda progress: listen(progress._replace(picture=lambda: self(progress.picture())))


def with_transparency(pixels: np.ndarray, scene: Scene, config: Config) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns a result (h, w, 3) and the content's alpha (h, w); with --background, laid on it and without alpha."""
    alpha = scene.content.alpha if scene.content else None
    if alpha is None:
        return pixels, None
    from keras_nst.core.network.resizing import resize

    alpha = resize(alpha[None, :, :, None], Size(*pixels.shape[:2])).numpy()[0, :, :, 0]
    return (laid_on(parse_color(config.background), pixels, alpha), None) if config.background else (pixels, alpha)


def scales_of(config: Config, size: Size) -> list[Scale]:
    """Returns the scales of a picture of this size."""
    return plan(size, config.steps, config.scales)


def paced(config: Config, size: Size, begun: float | None = None, stop: Stop | None = None) -> Pace:
    """Returns the pace that divides the time of --max_seconds among the scales; the run began at `begun`, or now."""
    scales = scales_of(config, size)
    work = {scale.number: (scale.size.height * scale.size.width, scale.steps) for scale in scales}
    begun = time.monotonic() if begun is None else begun
    return Pace(stop or threading.Event(), begun + config.max_seconds if config.max_seconds else math.inf, work)


def enlarging(reached: Size, size: Size, config: Config) -> str:
    """Returns the message about a picture for which time allowed only a smaller size."""
    sides = "x".join(map(str, reversed(reached))) if "x" in config.size else max(reached)
    short = f"--max_seconds allowed only {reached}; the picture is enlarged from that to {size}."
    return f"{short} A longer --max_seconds, or --size={sides}, gives a sharper one."


def pictures_of(scene: Scene, config: Config) -> "Pictures":
    """Returns the inputs in the form that the algorithm takes."""
    from keras_nst.core.seeing.sight import Pictures, Style

    guidance = scene.guidance
    content, colors = colored(scene, guidance, config.color)
    styles = tuple(
        Style(pixels[None], style.part.weight, style.scale, style.part.blocks, regions)
        for pixels, style, regions in zip(colors, scene.styles, guidance.styles, strict=True)
    )
    first = scene.first and scene.first.pixels[None]
    return Pictures(None if content is None else content[None], styles, first, guidance.content, guidance.free)


def load_features(config: Resolved, weights: "keras.Model | Path | None") -> "keras.Model":
    """Returns the network for these settings, as a function from pictures to features.

    Its weights come from a file, from a loaded network of the same kind, or are random.
    """
    from keras_nst.core.network.features import extractor

    with config.about("weights"):
        known = config.seed if weights is None else weights
        return extractor(config.network, layers_of(config), weights=known, **choices_of(config))


def layers_of(config: Config) -> tuple[str, ...]:
    """Returns the names of the layers that the settings use."""
    return tuple(layer.name for term in ("content", "style") for layer in config.layers_used(term))


def choices_of(config: Config) -> dict[str, Any]:
    """Returns the other options that a network depends on."""
    padding = "wrap" if config.seamless else config.padding
    return {"pooling": config.pooling, "precision": config.precision, "padding": padding}
