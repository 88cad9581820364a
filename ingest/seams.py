"""How far neighbouring tiles are off their lattice sites: masked correlation of their overlap.

EPU lays tiles without registration; its seams on a real Krios are off by 49 (left/right) and 26
tile pixels rms (format page, section 6). A square cut by a seam is put together with the shift
found here.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.mosaic import WORK_PIXEL_UM, Mosaic, WorkTile

SEARCH_UM = 14.0
"""Largest shift looked for: 100 tile pixels of a K3 at 135x; the largest seen was 84."""

MIN_CORRELATION = 0.75
MIN_OVERLAP_SHARE = 0.25
"""Of the larger strip: shifts that leave less in common are not believed."""

MIN_CONTRAST = 0.05
"""Spread of a root-coded strip over its brightest pixels: less is bars or dark film."""

Shift = tuple[float, float]
SeamCache = MutableMapping[tuple[str, str], Shift | None]


@dataclass(frozen=True)
class _Strip:
    """Part of a tile near its neighbour: root grey values, and the place of its corner."""

    pixels: NDArray[np.float32]
    left_um: float
    top_um: float


def find_seams(mosaic: Mosaic, known: SeamCache) -> dict[tuple[str, str], Shift]:
    """Shift of each tile as seen from each neighbour, micrometres; uncertain pairs are left out.

    Args:
        mosaic: tiles at their lattice sites.
        known: shifts found before for the same pixels, added to; None where a pair is uncertain.
    """
    names = list(mosaic.tiles)
    direct: dict[tuple[str, str], Shift] = {}
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if not _overlap(mosaic.tiles[one], mosaic.tiles[other]):
                continue
            if (one, other) not in known:
                known[one, other] = register(mosaic.tiles[one], mosaic.tiles[other])
            shift = known[one, other]
            if shift is not None:
                direct[one, other] = shift
                direct[other, one] = (-shift[0], -shift[1])
    return direct | _around_corners(direct)


def register(one: WorkTile, other: WorkTile) -> Shift | None:
    """Shift of `other` from its site as seen from `one`; None where the overlap does not tell."""
    strips = _strip(one, other), _strip(other, one)
    if any(not _has_contrast(strip.pixels) for strip in strips):
        return None
    correlation, overlap = masked_correlation(strips[0].pixels, strips[1].pixels)
    height, width = strips[1].pixels.shape
    offset_x = (strips[1].left_um - strips[0].left_um) / WORK_PIXEL_UM
    offset_y = (strips[1].top_um - strips[0].top_um) / WORK_PIXEL_UM
    y, x = np.mgrid[: correlation.shape[0], : correlation.shape[1]]
    shift_x, shift_y = x - (width - 1) - offset_x, y - (height - 1) - offset_y
    reach = SEARCH_UM / WORK_PIXEL_UM
    allowed = (np.abs(shift_x) <= reach) & (np.abs(shift_y) <= reach)
    allowed &= overlap >= MIN_OVERLAP_SHARE * overlap.max()
    scores = np.where(allowed, correlation, -1)
    row, column = np.unravel_index(int(scores.argmax()), scores.shape)
    if scores[row, column] < MIN_CORRELATION:
        return None
    dx, dy = _subpixel(correlation, int(row), int(column))
    return (
        float(shift_x[row, column] + dx) * WORK_PIXEL_UM,
        float(shift_y[row, column] + dy) * WORK_PIXEL_UM,
    )


def masked_correlation(
    image: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Correlation coefficient at every shift, over the part the two have in common.

    Args:
        image: (h, w).
        other: (k, l).

    Returns:
        Coefficients and common pixel counts, both (h + k - 1, w + l - 1); element (k - 1, l - 1) is
        no shift, and a feature at p in `other` is at p + shift in `image`.
    """
    shape = (image.shape[0] + other.shape[0] - 1, image.shape[1] + other.shape[1] - 1)
    padded = (cv2.getOptimalDFTSize(shape[0]), cv2.getOptimalDFTSize(shape[1]))
    flipped = other[::-1, ::-1]
    one = [np.fft.rfft2(a, padded) for a in (image, image**2, np.ones_like(image))]
    two = [np.fft.rfft2(a, padded) for a in (flipped, flipped**2, np.ones_like(flipped))]

    def total(a: int, b: int) -> NDArray[np.float64]:
        return np.fft.irfft2(one[a] * two[b], padded)[: shape[0], : shape[1]]

    count = np.maximum(np.rint(total(2, 2)), 1)
    sum_one, sum_two = total(0, 2), total(2, 0)
    covariance = total(0, 0) - sum_one * sum_two / count
    spread_one = np.maximum(total(1, 2) - sum_one**2 / count, 0)
    spread_two = np.maximum(total(2, 1) - sum_two**2 / count, 0)
    spread = np.sqrt(spread_one * spread_two)
    floor = 1e-3 * float(spread.max())
    coefficient = np.where(spread > floor, covariance / np.maximum(spread, floor), 0)
    return coefficient.astype(np.float32), count.astype(np.float32)


def _overlap(one: WorkTile, other: WorkTile) -> bool:
    """Whether two tiles share a side, not only a corner."""
    width, height = (a + b for a, b in zip(one.half_size_um, other.half_size_um, strict=True))
    across = (width - abs(one.x_um - other.x_um)) / width
    down = (height - abs(one.y_um - other.y_um)) / height
    return min(across, down) > 0 and max(across, down) > 0.5


def _strip(tile: WorkTile, neighbour: WorkTile) -> _Strip:
    """The part of a tile that its neighbour shows wherever it lies within the search."""
    half_width, half_height = neighbour.half_size_um
    rows, columns = tile.pixels.shape

    def span(near: float, half: float, start: float, length: int) -> slice:
        first = int((near - half - SEARCH_UM - start) / WORK_PIXEL_UM)
        last = int((near + half + SEARCH_UM - start) / WORK_PIXEL_UM) + 1
        return slice(max(0, first), min(length, last))

    x = span(neighbour.x_um, half_width, tile.left_um, columns)
    y = span(neighbour.y_um, half_height, tile.top_um, rows)
    return _Strip(
        np.sqrt(tile.pixels[y, x]),
        tile.left_um + x.start * WORK_PIXEL_UM,
        tile.top_um + y.start * WORK_PIXEL_UM,
    )


def _has_contrast(strip: NDArray[np.float32]) -> bool:
    """Whether windows reach into a strip: dark tiles show only the camera's stripes."""
    if min(strip.shape) < 8:
        return False
    low, high = np.percentile(strip[::3, ::3], [20, 99])
    return bool(high > 2 * low and float(strip.std()) > MIN_CONTRAST * float(high))


def _subpixel(image: NDArray[np.float32], row: int, column: int) -> Shift:
    def vertex(before: float, here: float, after: float) -> float:
        curve = before - 2 * here + after
        return float(np.clip(0.5 * (before - after) / curve, -0.5, 0.5)) if curve < 0 else 0.0

    if not (0 < row < image.shape[0] - 1 and 0 < column < image.shape[1] - 1):
        return 0.0, 0.0
    here = float(image[row, column])
    return (
        vertex(float(image[row, column - 1]), here, float(image[row, column + 1])),
        vertex(float(image[row - 1, column]), here, float(image[row + 1, column])),
    )


def _around_corners(direct: dict[tuple[str, str], Shift]) -> dict[tuple[str, str], Shift]:
    """Shifts between tiles that touch at a corner: the mean over the ways through a neighbour."""
    ways: dict[tuple[str, str], list[Shift]] = {}
    after: dict[str, list[str]] = {}
    for one, other in direct:
        after.setdefault(one, []).append(other)
    for (one, middle), first in direct.items():
        for other in after[middle]:
            if other != one and (one, other) not in direct:
                second = direct[middle, other]
                ways.setdefault((one, other), []).append(
                    (first[0] + second[0], first[1] + second[1])
                )
    return {
        pair: (sum(x for x, _ in found) / len(found), sum(y for _, y in found) / len(found))
        for pair, found in ways.items()
    }
