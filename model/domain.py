"""What is not a picture of a grid square, told by its pixels alone."""

import cv2
import numpy as np
from numpy.typing import NDArray

_REDUCE = 8
_BLACK = 0.002
_FLAT = 0.02
_LIT = 0.5
_BARS_LEAST = 0.02
_BRIGHTEST = 3.0


def why_not_a_square(film: NDArray[np.float32]) -> str | None:
    """Say why a crop cannot be scored, or None when it may show a square.

    A drowned square that still shows a trace of its window is scored; nothing at all is not.

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
    if float(np.percentile(small, 99)) > _BRIGHTEST:
        return "far brighter than this grid's film: its film level cannot be right"
    if float((small > _LIT).mean()) > 1.0 - _BARS_LEAST:
        return "no grid bars in view: vacuum, or a picture at another magnification"
    return None
