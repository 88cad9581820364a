"""The overlap of two tiles: the strips that can show it, a coarse search, and what is found."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.correlation import Shift, find_information, find_subpixel, masked_correlation
from ingest.work_tile import WORK_PIXEL_UM, WorkTile

SEARCH_UM = 14.0
"""Largest shift looked for: 100 tile pixels of a K3 at 135x; the largest seen was 84."""

COARSE_PIXEL_UM = 2.0
MIN_COARSE_CORRELATION = 0.85
MIN_OVERLAP_SHARE = 0.25
"""Of the larger strip: shifts that leave less in common are not believed."""

CONFIDENT_SD_UM = 0.5

Information = tuple[float, float, float]


@dataclass(frozen=True)
class Match:
    """One place as two tiles show it.

    Args:
        one_um: from the centre of the first tile.
        other_um: from the centre of the second.
        information: (xx, xy, yy), how well that is known along each axis, per square micrometre.
    """

    one_um: Shift
    other_um: Shift
    information: Information

    @property
    def confident(self) -> bool:
        """Whether it is well known along both axes."""
        return are_known([self], CONFIDENT_SD_UM)


def are_known(matches: Sequence[Match], sd_um: float) -> bool:
    """Whether matches of two tiles together are known so well, also along their worse axis."""
    xx, xy, yy = (sum(numbers) for numbers in zip(*(m.information for m in matches), strict=True))
    return bool((xx + yy) / 2 - np.hypot((xx - yy) / 2, xy) >= 1 / sd_um**2)


@dataclass(frozen=True)
class Strip:
    """Part of a tile near its neighbour: root grey values, and the place of its corner."""

    pixels: NDArray[np.float32]
    left_um: float
    top_um: float


def cut_strip(tile: WorkTile, neighbour: WorkTile) -> Strip:
    """The part of a tile that its neighbour shows wherever it lies within the search."""
    half_width, half_height = neighbour.half_size_um
    rows, columns = tile.pixels.shape

    def span(near: float, half: float, start: float, length: int) -> slice:
        first = int((near - half - SEARCH_UM - start) / WORK_PIXEL_UM)
        last = int((near + half + SEARCH_UM - start) / WORK_PIXEL_UM) + 1
        step = round(COARSE_PIXEL_UM / WORK_PIXEL_UM)
        first, last = max(0, first), min(length, last)
        return slice(first, first + max(last - first, 0) // step * step)

    x = span(neighbour.x_um, half_width, tile.left_um, columns)
    y = span(neighbour.y_um, half_height, tile.top_um, rows)
    return Strip(
        np.sqrt(tile.pixels[y, x]),
        tile.left_um + x.start * WORK_PIXEL_UM,
        tile.top_um + y.start * WORK_PIXEL_UM,
    )


def coarse_shift(one: Strip, other: Strip) -> tuple[Shift, Information] | None:
    """Shift of `other` from its site as seen from `one`, and how well it is known."""
    factor = WORK_PIXEL_UM / COARSE_PIXEL_UM
    small = [
        np.asarray(
            cv2.resize(strip.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA),
            np.float32,
        )
        for strip in (one, other)
    ]
    correlation, overlap = masked_correlation(small[0], small[1])
    height, width = small[1].shape
    offset_x = (other.left_um - one.left_um) / COARSE_PIXEL_UM
    offset_y = (other.top_um - one.top_um) / COARSE_PIXEL_UM
    y, x = np.mgrid[: correlation.shape[0], : correlation.shape[1]]
    shift_x, shift_y = x - (width - 1) - offset_x, y - (height - 1) - offset_y
    reach = SEARCH_UM / COARSE_PIXEL_UM
    allowed = (np.abs(shift_x) <= reach) & (np.abs(shift_y) <= reach)
    allowed &= overlap >= MIN_OVERLAP_SHARE * overlap.max()
    scores = np.where(allowed, correlation, -1)
    row, column = (int(n) for n in np.unravel_index(int(scores.argmax()), scores.shape))
    if scores[row, column] < MIN_COARSE_CORRELATION:
        return None
    dx, dy = find_subpixel(correlation, row, column)
    shift = (
        float(shift_x[row, column] + dx) * COARSE_PIXEL_UM,
        float(shift_y[row, column] + dy) * COARSE_PIXEL_UM,
    )
    return shift, find_information(correlation, row, column, COARSE_PIXEL_UM)
