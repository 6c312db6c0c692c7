"""Train what turns features of VGG19 back into pictures (keras_nst/networks/decoder.py): once, for all styles.

    KERAS_BACKEND=jax python scripts/train_decoder.py FOLDER --weights=vgg19_notop.h5 --seconds=300

FOLDER holds photographs that may be used so, as JPEG; the last three are never trained on, and tell how good it has
become. Most of what it learns from is painted by this script: strokes, dots, triangles in colors of their own.
Keras may have TensorFlow or JAX beneath it; a GPU takes minutes where two cores take a night.

Each stage learns to give back the features of the block before (of true features), and all in a row the picture: of
features as they are, and of features that were given another picture's means and deviations, where the picture's own
features are to be those given and their statistics the other's.
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from PIL import Image, ImageDraw

from keras_nst.networks import decoder

MEANS_BGR = (103.939, 116.779, 123.68)
HELD_OUT = 3  # photographs
PIXELS, FEATURES, CONTENT, STYLE = 4.0, 1.0, 1.0, 0.5  # weights of the losses
ALONE = 0.25  # share of crops whose features stay what they are
FAINTEST, FLATTEST = 1e-4, 0.02  # variances that are taken for no smaller
SIDES = (1.0, 0.75, 0.55, 0.4)  # sizes that photographs are cropped at


def main(argv: Sequence[str] | None = None) -> None:
    """Trains, and writes the weights, the losses' curve and a sheet of held-out pictures."""
    options = parser().parse_args(argv)
    policy = f"mixed_{options.precision}" if options.precision == "bfloat16" else options.precision
    keras.mixed_precision.set_global_policy(policy)
    keras.utils.set_random_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    first, *more = map(pictures_of, options.folders)
    seen, kept = first[:-HELD_OUT] + [picture for folder in more for picture in folder], first[-HELD_OUT:]
    learner = Learner(encoder(options.weights), decoder.stages(policy), options.seed)
    learner.compile(keras.optimizers.Adam(options.learning_rate, global_clipnorm=1.0))
    diary = Diary(learner, kept, options)
    crops = Crops([*seen, *painted(options.paintings, options.seed)], options)
    learner.fit(crops, epochs=options.epochs, verbose=0, callbacks=[diary])
    diary.finish()


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(description="Train the decoder.")
    add = parser.add_argument
    add("folders", type=Path, nargs="+", metavar="FOLDER", help="photographs; the last of the first folder are kept")
    add("--out", type=Path, default=Path("decoder"), help="where the weights go [%(default)s]")
    add("--weights", type=Path, required=True, help="VGG19's weights without its top")
    add("--seconds", type=float, default=3600.0, help="how long [%(default)s]")
    add("--epochs", type=int, default=100000, help="at most; each is --steps steps [%(default)s]")
    add("--steps", type=int, default=100, help="between two looks at the clock [%(default)s]")
    add("--size", type=int, default=256, help="of the crops [%(default)s]")
    add("--batch_size", type=int, default=16, help="[%(default)s]")
    add("--learning_rate", type=float, default=6e-4, help="the first; it sinks to 0 as a cosine [%(default)s]")
    add("--paintings", type=int, default=48, help="pictures painted here [%(default)s]")
    add("--precision", default="float32", help="float32 or bfloat16 [%(default)s]")
    add("--seed", type=int, default=0, help="[%(default)s]")
    add("--start", type=Path, help="weights to go on from")
    return parser


# --- What it learns ---


def encoder(weights: Path) -> keras.Model:
    """Returns the network from pictures, RGB in [0, 1], to its features, divided by their usual size."""
    vgg = keras.applications.VGG19(include_top=False, weights=None, input_shape=(None, None, 3))
    vgg.load_weights(weights)
    picture = keras.Input((None, None, 3))
    centered = keras.layers.Rescaling(255.0, offset=[-mean for mean in MEANS_BGR], dtype="float32")(
        ops.flip(picture, axis=-1)
    )
    whole = keras.Model(vgg.input, [vgg.get_layer(name).output for name in decoder.LAYERS])
    scaled = [of / scale for of, (_, scale) in zip(whole(centered), decoder.LAYERS.values(), strict=True)]
    model = keras.Model(picture, dict(zip(decoder.LAYERS, scaled, strict=True)))
    model.trainable = False
    return model


class Learner(keras.Model):
    """The decoder between two looks of the encoder."""

    def __init__(self, encoder: keras.Model, stages: dict[str, keras.Model], seed: int):
        super().__init__()
        self.encoder, self.seeds = encoder, keras.random.SeedGenerator(seed)
        self.stages = list(stages.values())
        self.names = list(stages)
        self.told = {name: keras.metrics.Mean(name) for name in ("stages", "pixels", "content", "style")}

    def call(self, pictures: Any) -> Any:
        """Returns pictures as they come back from their deepest features."""
        return self.painted(self.encoder(ops.cast(pictures, "float32") / 255.0)[decoder.DEEPEST])

    def painted(self, deepest: Any, styles: "dict[str, Any] | None" = None, strength: Any = 1.0) -> Any:
        """Returns pictures of features, which take on the styles' means and deviations at each block on the way."""
        values = deepest
        for name, stage in zip(self.names, self.stages, strict=True):
            if styles is not None:
                values = values + strength * (restyled(values, styles[name]) - values)
            values = stage(values)
        return ops.cast(values, "float32")

    def compute_loss(self, x: Any, *others: Any, **settings: Any) -> Any:
        """Returns the loss of a batch; each picture's style is the one before it."""
        del others, settings
        x = ops.cast(x, "float32") / 255.0
        true = {name: ops.cast(of, "float32") for name, of in self.encoder(x).items()}
        styles = {name: ops.roll(of, 1, axis=0) for name, of in true.items()}
        strength = self._strength(ops.shape(x)[0])
        alone = ops.cast(strength == 0.0, "float32")
        aim = true[decoder.DEEPEST]
        came = self.painted(aim, styles, strength)
        aim = aim + strength * (restyled(aim, styles[decoder.DEEPEST]) - aim)
        seen = {name: ops.cast(of, "float32") for name, of in self.encoder(came).items()}
        parts = {
            "stages": self._of_stages(true, x),
            "pixels": ops.mean(
                alone
                * (PIXELS * distance(came, x) + FEATURES * sum(distance(seen[name], of) for name, of in true.items()))
            ),
            "content": CONTENT * ops.mean(distance(seen[decoder.DEEPEST], aim)),
            "style": STYLE * ops.mean(strength * sum(apart(seen[name], of) for name, of in styles.items())),
        }
        for name, value in parts.items():
            self.told[name].update_state(value)
        return sum(parts.values())

    def _strength(self, count: Any) -> Any:
        """Returns how far each picture goes towards its style: (n, 1, 1, 1), some of them 0."""
        chance = keras.random.uniform((count, 1, 1, 1), seed=self.seeds)
        return ops.maximum(chance - ALONE, 0.0) / (1.0 - ALONE)

    def _of_stages(self, true: dict[str, Any], pictures: Any) -> Any:
        aims = [*[true[name] for name in self.names[1:]], pictures]
        return sum(
            ops.mean(distance(ops.cast(stage(true[name]), "float32"), aim))
            for name, stage, aim in zip(self.names, self.stages, aims, strict=True)
        )


def restyled(values: Any, style: Any) -> Any:
    """Returns features with the means and deviations of the style's, channel by channel."""
    values = ops.cast(values, "float32")
    mean, deviation = moments(values)
    other, its = moments(style)
    return (values - mean) / deviation * its + other


def moments(values: Any) -> tuple[Any, Any]:
    """Returns means and deviations: (n, 1, 1, c)."""
    mean = ops.mean(values, axis=(1, 2), keepdims=True)
    return mean, ops.sqrt(ops.mean(ops.square(values - mean), axis=(1, 2), keepdims=True) + FAINTEST)


def distance(values: Any, aim: Any) -> Any:
    """Returns |values - aim|^2 / |aim - its mean|^2 of each picture: (n, 1, 1, 1)."""
    axes = (1, 2, 3)
    flat = ops.mean(aim, axis=(1, 2), keepdims=True)
    size = ops.mean(ops.square(aim - flat), axis=axes, keepdims=True) + FLATTEST
    return ops.mean(ops.square(values - aim), axis=axes, keepdims=True) / size


def apart(values: Any, style: Any) -> Any:
    """Returns how far Gram matrices and means are apart, relatively: (n, 1, 1, 1)."""
    found = []
    for of in (gram, lambda given: ops.mean(given, axis=(1, 2))[:, None]):
        one, other = of(values), of(style)
        size = ops.sum(ops.square(other), axis=(1, 2)) + 1.0
        found.append(ops.sqrt(ops.sum(ops.square(one - other), axis=(1, 2)) / size + FAINTEST))
    return sum(found)[:, None, None, None]


def gram(values: Any) -> Any:
    """Returns the Gram matrix per position: (n, c, c)."""
    positions = ops.reshape(values, (ops.shape(values)[0], -1, values.shape[-1]))
    return ops.einsum("npc,npd->ncd", positions, positions) / ops.cast(ops.shape(positions)[1], "float32")


# --- What it learns from ---


class Crops(keras.utils.PyDataset):
    """Random crops of pictures at several sizes, also mirrored and turned."""

    def __init__(self, pictures: Sequence[np.ndarray], options: argparse.Namespace):
        super().__init__(workers=8, max_queue_size=32)
        self.options = options
        self.pictures = [small for picture in pictures for small in smaller(picture, options.size)]

    def __len__(self) -> int:
        return self.options.steps

    def __getitem__(self, index: int) -> tuple[np.ndarray]:
        """Returns a batch."""
        draw = np.random.default_rng()
        return (np.stack([self._crop(draw) for _ in range(self.options.batch_size)]),)

    def _crop(self, draw: np.random.Generator) -> np.ndarray:
        picture, size = self.pictures[draw.integers(len(self.pictures))], self.options.size
        top, left = (draw.integers(side - size + 1) for side in picture.shape[:2])
        crop = np.rot90(picture[top : top + size, left : left + size], draw.integers(4))
        return crop[:, :: draw.choice([-1, 1])]


def pictures_of(folder: Path) -> list[np.ndarray]:
    """Returns the pictures in a folder."""
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.jpg"))]


def smaller(picture: np.ndarray, least: int) -> list[np.ndarray]:
    """Returns a picture at several sizes, none smaller than a crop."""
    height, width = picture.shape[:2]
    shapes = {(round(width * side), round(height * side)) for side in SIDES}
    shown = Image.fromarray(picture)
    return [np.asarray(shown.resize(shape, Image.Resampling.LANCZOS)) for shape in shapes if min(shape) >= least]


def painted(count: int, seed: int, size: int = 512) -> list[np.ndarray]:
    """Returns pictures of strokes, dots or stripes, each in a few colors of its own."""
    return [_painting(np.random.default_rng([seed, number]), size) for number in range(count)]


def _painting(draw: np.random.Generator, size: int) -> np.ndarray:
    colors = [tuple(int(value) for value in color) for color in draw.integers(0, 256, (draw.integers(3, 8), 3))]
    picture = Image.new("RGB", (2 * size, 2 * size), colors[0])
    brush, length = ImageDraw.Draw(picture), draw.uniform(20, 240)
    wide, bend, kind = draw.uniform(3, 40), draw.uniform(0, 2), draw.integers(3)
    for _ in range(int(8 * size * size / (wide * length) * draw.uniform(0.3, 1.5))):
        x, y = draw.uniform(0, 2 * size, 2)
        color = colors[draw.integers(len(colors))]
        if kind == 0:
            angle = bend * math.sin(x / 150) * math.cos(y / 190) * 3
            across, down = length * math.cos(angle) / 2, length * math.sin(angle) / 2
            brush.line([x - across, y - down, x + across, y + down], fill=color, width=max(1, round(wide)))
        elif kind == 1:
            brush.ellipse([x - wide, y - wide, x + wide, y + wide], fill=color, outline=colors[-1], width=2)
        else:
            corners = draw.uniform(-length / 2, length / 2, (3, 2)) + (x, y)
            brush.polygon([tuple(corner) for corner in corners], fill=color)
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS))


# --- What is kept ---


class Diary(keras.callbacks.Callback):
    """Keeps the curve and the weights, lowers the learning rate, ends in time."""

    def __init__(self, learner: Learner, kept: Sequence[np.ndarray], options: argparse.Namespace):
        super().__init__()
        self.learner, self.options, self.began = learner, options, time.monotonic()
        side = options.size
        self.shown = np.stack([_middle(picture, 2 * side)[::2, ::2] for picture in kept]).astype(np.uint8)
        self.curve: list[dict[str, float]] = []
        if options.start:
            decoder.load(dict(zip(learner.names, learner.stages, strict=True)), options.start)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Sets the learning rate by the share of the time that is gone."""
        gone = min(1.0, (time.monotonic() - self.began) / self.options.seconds)
        warm = min(1.0, (epoch + 1) / 5)
        self.model.optimizer.learning_rate = warm * self.options.learning_rate * (0.5 + 0.5 * math.cos(math.pi * gone))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Notes the losses."""
        if epoch == 0:
            self.began = time.monotonic()  # compiling is not its time
        seconds = time.monotonic() - self.began
        self.curve.append({"step": (epoch + 1) * self.options.steps, "seconds": seconds, **(logs or {})})
        print(json.dumps({name: round(float(value), 4) for name, value in self.curve[-1].items()}), flush=True)
        (self.options.out / "curve.json").write_text(json.dumps(self.curve, default=float))
        if epoch % 10 == 9:
            self._save()
        if seconds > self.options.seconds:
            self.model.stop_training = True

    def finish(self) -> None:
        """Writes the weights and the sheet: held-out pictures, as they come back, and with each other's style."""
        self._save()
        shown = self.shown.astype(np.float32) / 255
        true = self.learner.encoder(shown)
        styles = {name: ops.roll(ops.cast(of, "float32"), 1, axis=0) for name, of in true.items()}
        back = self.learner(self.shown)
        error = ops.mean(distance(back, ops.convert_to_tensor(shown)))
        print(f"Held out: {float(error):.4f} of the pictures' variance is lost", flush=True)
        rows = [shown, back, self.learner.painted(true[decoder.DEEPEST], styles)]
        rows = [np.concatenate(np.clip(ops.convert_to_numpy(row), 0, 1), axis=1) for row in rows]
        Image.fromarray(np.round(255 * np.concatenate(rows)).astype(np.uint8)).save(self.options.out / "sheet.png")

    def _save(self) -> None:
        stages = zip(self.learner.names, self.learner.stages, strict=True)
        decoder.save(dict(stages), self.options.out / "decoder.npz")


def _middle(picture: np.ndarray, side: int) -> np.ndarray:
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]


if __name__ == "__main__":
    main()
