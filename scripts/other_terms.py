"""Terms in place of our own, to be studied: other distances to the content, variation of lightness and color apart."""

from collections.abc import Callable

import tensorflow as tf

from keras_nst.core.objective.moments import widened
from keras_nst.core.objective.terms import ContentAim, Originals, Seen, Term, Value
from keras_nst.core.objective.variation import squared_variation, squared_variation_per_pixel
from keras_nst.core.plan.method import Objective
from keras_nst.core.plan.pyramid import Size

Distance = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # features of pictures and of the content -> (n,)

FAINT = 1e-6
MOST_POSITIONS = 1024  # compared with each other
# Lightness, and two colors that stand upright on it and on each other.
AXES = tf.math.l2_normalize(tf.constant([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]]), axis=1)


def content_by(distance: Distance) -> Term:
    """Returns the content's term with another distance; of pictures seen as a whole."""

    def aim(originals: Originals, objective: Objective) -> ContentAim:
        features = originals.content([layer.name for layer in objective.content_layers])
        return ContentAim({name: widened(of) for name, of in features.items()}, {})

    def part(seen: Seen, aim: ContentAim, objective: Objective) -> dict[str, tf.Tensor]:
        return {name: distance(widened(seen.features[name]), of) for name, of in aim.features.items()}

    def value(total: dict[str, tf.Tensor], aim: ContentAim, size: Size, objective: Objective) -> Value:
        return Value(tf.add_n(list(total.values())) / len(total), total)

    return Term(aim, part, value)


def absolute(features: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
    """mean |F - P| in units of P's root mean square, rounded off at 0."""
    scale = tf.reduce_mean(tf.square(content))
    return tf.reduce_mean(tf.sqrt(tf.square(features - content) + 1e-4 * scale), axis=[1, 2, 3]) / tf.sqrt(scale)


def normalized(features: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
    """mean (F - P)^2, both with mean 0 and variance 1 in each channel."""
    return tf.reduce_mean(tf.square(_standard(features) - _standard(content)), axis=[1, 2, 3])


def cosine(features: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
    """The mean of 1 - cos(F, P) over the positions."""
    return 1.0 - tf.reduce_mean(tf.reduce_sum(_unit(features) * _unit(content), axis=-1), axis=[1, 2])


def self_similarity(features: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
    """How much the positions' cosine distances from each other differ, each row with sum 1 (STROTSS)."""
    return tf.reduce_mean(tf.reduce_sum(abs(_distances(features) - _distances(content)), axis=-1), axis=1)


def variation_of(lightness: float, color: float) -> Term:
    """Returns the squared variation with these weights of lightness and of color; 1 and 1 is our own."""
    turned = tf.sqrt(tf.constant([lightness, color, color]))[:, None] * AXES

    def part(seen: Seen, aim: tf.Tensor, objective: Objective) -> tf.Tensor:
        height, width = seen.pixels.whole
        apart = tf.einsum("nhwc,dc->nhwd", seen.pixels.values, turned)
        return squared_variation(seen.pixels._replace(values=apart)) / (float(height * width) * aim)

    def value(total: tf.Tensor, aim: tf.Tensor, size: Size, objective: Objective) -> Value:
        return Value(total, {})

    return Term(lambda originals, objective: squared_variation_per_pixel(originals.smooth), part, value)


def _standard(features: tf.Tensor) -> tf.Tensor:
    mean, variance = tf.nn.moments(features, [1, 2], keepdims=True)
    return (features - mean) / tf.sqrt(variance + 1e-3 * tf.reduce_mean(variance))


def _unit(features: tf.Tensor) -> tf.Tensor:
    return features / tf.sqrt(tf.reduce_sum(tf.square(features), axis=-1, keepdims=True) + FAINT)


def _distances(features: tf.Tensor) -> tf.Tensor:
    """Returns the cosine distances between positions, (n, p, p), each row with sum 1."""
    count, height, width, channels = features.shape
    positions = _unit(tf.reshape(features, [count, height * width, channels]))
    positions = positions[:, :: -(-height * width // MOST_POSITIONS)]
    distances = 1.0 - tf.matmul(positions, positions, transpose_b=True)
    return distances / (tf.reduce_sum(distances, axis=-1, keepdims=True) + FAINT)


TERMS = {
    "content absolute": ("content", content_by(absolute)),
    "content normalized": ("content", content_by(normalized)),
    "content cosine": ("content", content_by(cosine)),
    "content self-similarity": ("content", content_by(self_similarity)),
    "variation of color 4": ("variation", variation_of(1.0, 4.0)),
    "variation of color only": ("variation", variation_of(0.0, 1.5)),
    "variation of lightness only": ("variation", variation_of(3.0, 0.0)),
}
