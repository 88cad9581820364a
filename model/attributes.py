"""Brightness and squareness as the paper computes them (section 3), from pixels alone."""

import cv2
import numpy as np
from numpy.typing import NDArray

NON_ZERO = 0.05
"""Pixels above this share of the film level count as non-zero: bars scatter a little light."""

BARS_SHARE, BARS_CELLS = 0.05, 40
"""The darkest twentieth of a crop, cut into 40 x 40 cells, is taken for bars."""

MOST_STRAY = 0.15
"""Stray light that bars may show; what is brighter is film, where no bar is in view."""

LEAST_AREA = 0.002
"""Share of a crop below which what is lit counts as nothing."""

_REDUCE = 4
_CANNY = (30, 80)
_MIDDLE = (0.2, 0.8)
_LIT_SHARE = 0.5


def brightness(film: NDArray[np.float32]) -> float:
    """Mean of the non-zero pixels, scaled to 0-4: 4 = as bright as the grid's film, 0 = dark.

    Args:
        film: (height, width), film units.
    """
    lit = film[film > NON_ZERO + stray_light(film)]
    if lit.size < LEAST_AREA * film.size:
        return 0.0
    return float(np.clip(4.0 * lit.mean(dtype=np.float64), 0.0, 4.0))


def stray_light(film: NDArray[np.float32]) -> float:
    """What even bars show, film units: light that comes on top of every pixel.

    Where no tile is (exactly 0) nothing is said of it.

    Args:
        film: (height, width), film units.
    """
    cells = cv2.resize(film, (BARS_CELLS, BARS_CELLS), interpolation=cv2.INTER_AREA)
    covered = cells[cells > 0]
    if not covered.size:
        return 0.0
    return float(min(np.quantile(covered, BARS_SHARE, method="lower"), MOST_STRAY))


def squareness(film: NDArray[np.float32]) -> float:
    """Non-zero area inside the square's edges over that of their least square, scaled to 0-4.

    A whole square gives 4, a disc 3.14 (pi / 4 of its square), nothing 0.

    Args:
        film: (height, width), film units.
    """
    small = _reduce(film) - np.float32(stray_light(film))
    lit = _lit(small)
    points = cv2.findNonZero(_square_edges(small, lit))
    if points is None:
        return 0.0
    region = np.zeros(small.shape, np.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull(points), 1)
    inside = cv2.findNonZero(region * lit)
    if inside is None:
        return 0.0
    side = _least_square_side(np.asarray(inside, np.int32))
    return float(np.clip(4.0 * len(inside) / side**2, 0.0, 4.0))


def _least_square_side(points: NDArray[np.int32]) -> float:
    """Side of the smallest square, turned as it likes, around pixels (n, 1, 2)."""
    outline = cv2.convexHull(points)[:, 0].astype(np.float64)  # (m, 2)
    turns = np.deg2rad(np.arange(90.0))
    along = np.cos(turns)[:, None] * outline[:, 0] + np.sin(turns)[:, None] * outline[:, 1]
    across = np.cos(turns)[:, None] * outline[:, 1] - np.sin(turns)[:, None] * outline[:, 0]
    sides = np.maximum(np.ptp(along, axis=1), np.ptp(across, axis=1))
    return float(sides.min()) + 1.0  # from pixel centres to pixel edges


def _square_edges(small: NDArray[np.float32], lit: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Canny edges of what is lit near the middle, without neighbours and scratches on the bars.

    Args:
        small: (height, width), film units, a quarter of the crop's size.
        lit: (height, width), the non-zero pixels.
    """
    level = float(np.clip(small.max(), 1e-6, 1.0))
    grey = np.rint(255.0 * np.sqrt(np.clip(small / level, 0.0, 1.0))).astype(np.uint8)
    edges = cv2.Canny(cv2.GaussianBlur(grey, (0, 0), 1.0), *_CANNY, L2gradient=True)
    joined = cv2.dilate(edges, np.ones((3, 3), np.uint8))
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(joined)
    central = [i for i in range(1, len(boxes)) if _is_central(boxes[i], small.shape)]
    beside = cv2.dilate(lit.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)
    kept = [i for i in central if beside[(parts == i) & (edges > 0)].mean() > _LIT_SHARE]
    return np.asarray(np.isin(parts, kept) & (edges > 0) & beside, np.uint8)


def _reduce(film: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over 4x4 pixels: shot noise must not make edges."""
    height, width = film.shape
    size = (max(width // _REDUCE, 1), max(height // _REDUCE, 1))
    return np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), np.float32)


def _lit(small: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Non-zero pixels; in a drowned square those above half its own level: it has an area too."""
    brightest = float(small.max())
    if brightest < NON_ZERO / 2:
        return np.zeros(small.shape, np.bool_)
    return np.asarray(small > min(NON_ZERO, brightest / 2), np.bool_)


def _is_central(box: NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    """Whether a part is large enough and reaches the middle of the crop, unlike a neighbour.

    Args:
        box: (5,): left, top, width, height, area; pixels.
        shape: height and width of the image.
    """
    x, y, width, height, _ = (int(v) for v in box)
    if width * height < LEAST_AREA * shape[0] * shape[1]:
        return False
    low, high = _MIDDLE
    reaches_x = x + width > low * shape[1] and x < high * shape[1]
    reaches_y = y + height > low * shape[0] and y < high * shape[0]
    return reaches_x and reaches_y
