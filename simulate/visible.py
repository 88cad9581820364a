"""What of a square's dirt can be seen in an image of it: a rater judges no more than that."""

from dataclasses import dataclass, replace
from math import hypot, pi

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.camera import Optics
from simulate.fields import FloatImage
from simulate.rubric import Condition, Severities, judge
from simulate.square import DIRT_BIT, MARKED, Square

_EYE_UM = 0.25
"""Spread (sigma) of the least thing that an eye, or a network at 640 nm, makes out."""

_UNSEEN, _PLAIN = 0.03, 0.10
"""Darkening beyond the noise and beyond what is around from which on dirt is noticed, is plain."""

_HAZE, _DARK = 0.15, 0.35
"""The same for what is no darker than its surroundings: up to here it looks like thicker ice."""

_AROUND_UM = 2.5

_BOX_SIGMA = 0.29
"""Of a pixel's width."""


@dataclass(frozen=True)
class Sight:
    """A square's truth as far as one view of it shows it.

    `dirty_share` of the window under dirt, 0-1, wherever in it; of the rubric's `condition` that
    near the window's edge counts less; `mask` as in `Square`.
    """

    condition: Condition
    severities: Severities
    mask: NDArray[np.uint8]
    dirty_share: float


def see(square: Square, optics: Optics, camera_pixel_um: float, pixel_um: float) -> Sight:
    """Drop the dirt that blur or noise hides; where the rest ends stays as it is.

    Args:
        square: with all of its dirt.
        optics: how it is seen.
        camera_pixel_um: pixel that the electrons fall on.
        pixel_um: pixel of the image that is left: the camera's, or its preview's.
    """
    shown = square.dirt * _shown(square, optics, camera_pixel_um, pixel_um)
    counted = float((square.dirt * square.counts).sum(dtype=np.float64))
    one_px = square.condition.dirty / counted if counted > 0 else 0.0
    dirty = one_px * float((shown * square.counts).sum(dtype=np.float64))
    condition = replace(square.condition, dirty=dirty)
    mask = np.where(shown > MARKED, square.mask, square.mask & ~np.uint8(DIRT_BIT))
    share = one_px * float(shown.sum(dtype=np.float64))
    return Sight(condition, judge(condition), np.asarray(mask, np.uint8), share)


def _shown(square: Square, optics: Optics, camera_pixel_um: float, pixel_um: float) -> FloatImage:
    """How plainly each place is darkened, 0-1, (n, n)."""
    sigma_um = hypot(optics.blur_um, _BOX_SIGMA * pixel_um, _EYE_UM)
    stray = np.float32(optics.leak + optics.scatter)

    def blurred(image: FloatImage) -> FloatImage:
        soft = cv2.GaussianBlur(image, (0, 0), sigma_um / square.pixel_um)
        return np.asarray(soft + stray, np.float32)

    clean = np.maximum(blurred(square.clean), np.float32(1e-6))
    darkening = 1 - blurred(square.transmission) / clean
    pixels = 4 * pi * (max(_EYE_UM, _BOX_SIGMA * pixel_um) / camera_pixel_um) ** 2
    noise = 1 / np.sqrt(clean * np.float32(optics.electrons * pixels))
    around = cv2.GaussianBlur(darkening, (0, 0), _AROUND_UM / square.pixel_um)
    by_edge = (darkening - around - noise - np.float32(_UNSEEN)) / np.float32(_PLAIN - _UNSEEN)
    by_depth = (darkening - noise - np.float32(_HAZE)) / np.float32(_DARK - _HAZE)
    return np.asarray(np.clip(np.maximum(by_edge, by_depth), 0, 1), np.float32)
