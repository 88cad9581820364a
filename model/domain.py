"""What is not a picture of a grid square, told by its pixels and by the mesh that it lies on."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocess import CROP_UM, FILM_CLIP

_REDUCE = 4
_BLACK = 0.002
_DARK = 0.15
_OWN = 0.7
"""Share of the mesh's pitch about a site's middle where no neighbour's light falls."""

_FLAT = 0.02
_LIT = 0.5
_BARS_LEAST = 0.02
_THICK = 0.2
_FILLED = 0.4
_FALL = 0.7
_SIDES_LEAST = 3
_MIDDLE = (0.25, 0.75)
_GRAIN_CELLS = 2.0
_ALIKE = 0.3
_WINDOWS_MOST = 9


def why_not_a_square(film: NDArray[np.float32], mesh_pitch_um: float | None = None) -> str | None:
    """Say why a crop cannot be scored, or None when it may show a square.

    A window ends at bars: whatever is bright from edge to edge is a picture of something else.
    Where a mesh was found the crop is one of its sites: there a dark one is a drowned square,
    whatever its neighbours show, and a window wider than the crop may show no bar.

    Args:
        film: (height, width), film units.
        mesh_pitch_um: distance of the squares on the atlas that the crop is cut from, None where
            no mesh was found.
    """
    size = (film.shape[1] // _REDUCE, film.shape[0] // _REDUCE)
    small = np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), np.float32)
    smooth = np.asarray(cv2.GaussianBlur(small, (0, 0), _GRAIN_CELLS), np.float32)
    brightest, darkest = float(small.max()), float(small.min())
    lit = small > _LIT
    if brightest < _BLACK:
        return "black: nothing transmits here"
    if brightest - darkest < _FLAT * brightest:
        return "constant: no square is visible"
    if lit.any() and float(np.percentile(small[lit], 75)) > FILM_CLIP:
        return "far brighter than this grid's film: its film level cannot be right"
    if mesh_pitch_um is not None and _may_be_a_site(smooth, mesh_pitch_um):
        return None
    if _bounded_sides(small) >= _SIDES_LEAST:
        few = mesh_pitch_um is not None or _count_windows(smooth) <= _WINDOWS_MOST
        return None if few else "more windows than a grid has: a picture at another magnification"
    if float(lit.mean()) > 1.0 - _BARS_LEAST:
        return "no grid bars in view: vacuum, or a picture at another magnification"
    if float(smooth.max()) < _DARK:
        return "almost black: no window can be made out"
    return "no window between bars: a picture of something else, or at another magnification"


def _may_be_a_site(smooth: NDArray[np.float32], mesh_pitch_um: float) -> bool:
    """Whether a mesh's site may look so, though no bars bound it."""
    filled = mesh_pitch_um > CROP_UM and float((smooth > _THICK).mean()) > _FILLED
    return filled or float(_own_part(smooth, mesh_pitch_um).max()) < _DARK


def _own_part(smooth: NDArray[np.float32], mesh_pitch_um: float) -> NDArray[np.float32]:
    """The middle of a crop, as far as a site's own window may reach."""
    beyond = max(1 - _OWN * mesh_pitch_um / CROP_UM, 0.0) / 2
    height, width = smooth.shape
    top, left = round(height * beyond), round(width * beyond)
    return smooth[top : height - top, left : width - left]


def _bounded_sides(small: NDArray[np.float32]) -> int:
    """On how many of four sides the brightest part of the middle ends in something darker."""
    sides = 0
    for image in (small, small.T):
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
