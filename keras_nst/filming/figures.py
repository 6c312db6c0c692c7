"""How steady a film is."""

import numpy as np

from keras_nst.filming.motion import Motion, moved


def warping_error(now: np.ndarray, then: np.ndarray, motion: Motion) -> float:
    """Returns the mean squared difference between two frames of what is seen in both, moved to the same place.

    As Lai et al. 2018: sum seen (now - moved(then))^2 / (3 sum seen), of pictures in [0, 1], by the motion of the film
    that was painted. A film that stays as it is has 0, and so has one of a single color.
    """
    seen = motion.seen.sum(dtype=np.float64)
    if not seen:
        return 0.0
    squares = np.square(now - moved(then, motion.back), dtype=np.float64).sum(axis=-1)
    return float((motion.seen * squares).sum() / (3.0 * seen))


def flicker(now: np.ndarray, then: np.ndarray, frame_now: np.ndarray, frame_then: np.ndarray) -> float:
    """Returns how differently two painted frames differ from how the film's own do: the mean squared difference.

    It knows no motion, so it also sees what is covered and uncovered.
    """
    return float(np.square((now - then) - (frame_now - frame_then), dtype=np.float64).mean())
