"""What is not a picture of a grid square, told by its pixels alone."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocess import FILM_CLIP

_REDUCE = 8
_BLACK = 0.002
_FLAT = 0.02
_LIT = 0.5
_BARS_LEAST = 0.02
_FALL = 0.7
_SIDES_LEAST = 3
_MIDDLE = (0.25, 0.75)
_GRAIN_CELLS = 1.0
_ALIKE = 0.3
_WINDOWS_MOST = 9


def why_not_a_square(film: NDArray[np.float32]) -> str | None:
    """Say why a crop cannot be scored, or None when it may show a square.

    A drowned square that still shows a trace of its window is scored; nothing at all is not. A
    window ends at bars: whatever is bright from edge to edge is a picture of something else.

    Args:
        film: (height, width), film units.
    """
    size = (film.shape[1] // _REDUCE, film.shape[0] // _REDUCE)
    small = np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), np.float32)
    brightest, darkest = float(small.max()), float(small.min())
    if brightest < _BLACK:
        return "black: nothing transmits here"
    if brightest - darkest < _FLAT * brightest:
        return "constant: no square is visible"
    lit = small > _LIT
    if lit.any() and float(np.percentile(small[lit], 75)) > FILM_CLIP:
        return "far brighter than this grid's film: its film level cannot be right"
    if float(lit.mean()) > 1.0 - _BARS_LEAST:
        return "no grid bars in view: vacuum, or a picture at another magnification"
    smooth = np.asarray(cv2.GaussianBlur(small, (0, 0), _GRAIN_CELLS), np.float32)
    if _bounded_sides(smooth) < _SIDES_LEAST or _count_windows(smooth) > _WINDOWS_MOST:
        return "no window between bars: a picture of something else, or at another magnification"
    return None


def _bounded_sides(smooth: NDArray[np.float32]) -> int:
    """On how many of four sides the brightest part of the middle ends in something darker."""
    sides = 0
    for image in (smooth, smooth.T):
        low, high = (round(f * image.shape[0]) for f in _MIDDLE)
        profile = image[low:high].mean(0)
        peak = low + int(profile[low:high].argmax())
        ends = (profile[: peak + 1].min(), profile[peak:].min())
        sides += sum(bool(end < _FALL * profile[peak]) for end in ends)
    return sides


def _count_windows(smooth: NDArray[np.float32]) -> int:
    """How many bright parts there are of about the size of the largest."""
    bright = (smooth > 0.5 * smooth.max()).astype(np.uint8)
    areas = cv2.connectedComponentsWithStats(bright)[2][1:, cv2.CC_STAT_AREA]
    return int((areas > _ALIKE * areas.max()).sum()) if len(areas) else 0
