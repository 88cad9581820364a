"""How much structure a window shows beyond noise: film has holes, grain and ice, a hole has none.

Noise of neighbouring pixels has nothing to do with each other, whatever the dose; what film shows a
micrometre apart does. So products of pixels that far apart tell film from vacuum where their levels
alone do not.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.work_tile import WORK_PIXEL_UM

SIDE_PX = 64
LEAST_SIDE_PX = 24
MIDDLE = 0.7
"""Share of a window's sides that is looked at: its corners are round, and remains lie at bars."""

COARSE_UM = 6.5
"""What is wider is left out: ice's slow rise towards the bars, and the beam's profile."""

APART_UM = (1.0, 1.5, 2.0, 2.5, 3.0)

LOST = 1.35
"""Of noise's power per pixel: what taking the mean away takes from its products so far apart."""

CHANCE = 0.5
"""Of noise's power: what it has in common by chance, over the side of what was looked at."""


def measure_texture(
    pixels: NDArray[np.float32], centre_px: tuple[float, float], sides_px: tuple[float, float]
) -> float | None:
    """Amplitude of structure in a window's middle over its grey level; None where it is too small.

    Args:
        pixels: (h, w) grey values.
        centre_px: x and y of the window's middle.
        sides_px: the window's extent along x and y.
    """
    side = 2 * (min(SIDE_PX, int(MIDDLE * min(sides_px))) // 2)
    left, top = (round(centre) - side // 2 for centre in centre_px)
    if side < LEAST_SIDE_PX or min(left, top) < 0:
        return None
    part = pixels[top : top + side, left : left + side]
    level = float(part.mean()) if part.size else 0.0
    if part.shape != (side, side) or level <= 0:
        return None
    wide = round(COARSE_UM / WORK_PIXEL_UM)
    fine = part - cv2.blur(part, (wide, wide))
    spectrum = np.abs(np.fft.rfft2(fine)) ** 2
    products = np.fft.irfft2(spectrum, fine.shape) / fine.size
    noise = float(products[np.ix_((-1, 0, 1), (-1, 0, 1))].sum())
    common = _rings(side) @ products.ravel() + LOST * noise / wide**2
    clear = float(np.abs(common).max()) - CHANCE * noise / side
    return float(np.sqrt(max(clear, 0.0))) / level


@cache
def _rings(side: int) -> NDArray[np.float64]:
    """(distances, side * side): each row takes the mean of all shifts of one length."""
    shift = np.minimum(np.arange(side), side - np.arange(side)) * WORK_PIXEL_UM
    length = np.hypot(shift[:, None], shift[None]).ravel()
    rings = np.array([np.abs(length - apart) < WORK_PIXEL_UM / 2 for apart in APART_UM], float)
    return np.asarray(rings / rings.sum(axis=1, keepdims=True), np.float64)
