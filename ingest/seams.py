"""What neighbouring tiles show of the same place: their overlap registered, piece by piece.

EPU lays tiles without registration; its seams on a real Krios are off by 49 (left/right) and 26
tile pixels rms (format page, section 6), and tiles are turned against each other by the stage's
pivot. A coarse search over the whole overlap is followed by a fine one in each of its pieces.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.correlation import (
    Shift,
    find_information,
    find_subpixel,
    has_contrast,
    masked_correlation,
)
from ingest.mosaic import Mosaic
from ingest.work_tile import WORK_PIXEL_UM, WorkTile

SEARCH_UM = 14.0
"""Largest shift looked for: 100 tile pixels of a K3 at 135x; the largest seen was 84."""

COARSE_PIXEL_UM = 2.0
FINE_REACH_PX = 5
"""Fine search around the coarse shift, work pixels: half a strip's turn, and the coarse error."""

PIECE_UM = 100.0
THINNEST_PX = 10
"""A common strip thinner than this, the fine search taken off, tells no more than the coarse."""

MIN_COARSE_CORRELATION = 0.85
MIN_CORRELATION = 0.75
MIN_OVERLAP_SHARE = 0.25
"""Of the larger strip: shifts that leave less in common are not believed."""

CONFIDENT_SD_UM = 0.5


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
    information: tuple[float, float, float]

    @property
    def confident(self) -> bool:
        """Whether it is well known along both axes."""
        xx, xy, yy = self.information
        weakest = (xx + yy) / 2 - float(np.hypot((xx - yy) / 2, xy))
        return weakest >= 1 / CONFIDENT_SD_UM**2


SeamCache = MutableMapping[tuple[str, str], tuple[Match, ...]]


@dataclass(frozen=True)
class _Strip:
    """Part of a tile near its neighbour: root grey values, and the place of its corner."""

    pixels: NDArray[np.float32]
    left_um: float
    top_um: float


def find_seams(mosaic: Mosaic, known: SeamCache) -> dict[tuple[str, str], tuple[Match, ...]]:
    """Register every two tiles that share a side; those whose overlap does not tell are left out.

    Args:
        mosaic: tiles at their lattice sites.
        known: what was found before for the same pixels, added to; empty where uncertain.
    """
    names = list(mosaic.tiles)
    found: dict[tuple[str, str], tuple[Match, ...]] = {}
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if not share_side(mosaic.tiles[one], mosaic.tiles[other]):
                continue
            if (one, other) not in known:
                known[one, other] = register(mosaic.tiles[one], mosaic.tiles[other])
            if known[one, other]:
                found[one, other] = known[one, other]
    return found


def share_side(one: WorkTile, other: WorkTile) -> bool:
    """Whether two tiles share a side, not only a corner."""
    width, height = (a + b for a, b in zip(one.half_size_um, other.half_size_um, strict=True))
    across = (width - abs(one.x_um - other.x_um)) / width
    down = (height - abs(one.y_um - other.y_um)) / height
    return min(across, down) > 0 and max(across, down) > 0.5


def register(one: WorkTile, other: WorkTile) -> tuple[Match, ...]:
    """Places that both tiles show; none where their overlap does not tell."""
    strips = _strip(one, other), _strip(other, one)
    if any(not has_contrast(strip.pixels) for strip in strips):
        return ()
    coarse = _coarse_shift(*strips)
    if coarse is None:
        return ()
    shift, information = coarse
    pieces = _pieces(one, other, shift)
    fine = [found for piece in pieces if (found := _fine(one, other, piece, shift)) is not None]
    if fine:
        return tuple(fine)
    middle = (one.x_um + other.x_um + shift[0]) / 2, (one.y_um + other.y_um + shift[1]) / 2
    return (_match(one, other, middle, shift, information),)


def _coarse_shift(one: _Strip, other: _Strip) -> tuple[Shift, tuple[float, float, float]] | None:
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


def _pieces(one: WorkTile, other: WorkTile, shift: Shift) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom, pixels of `one`, of the parts of the overlap to be looked at."""
    rows, columns = one.pixels.shape
    high, wide = other.pixels.shape
    left = round((other.left_um + shift[0] - one.left_um) / WORK_PIXEL_UM)
    top = round((other.top_um + shift[1] - one.top_um) / WORK_PIXEL_UM)
    reach = FINE_REACH_PX
    x0, x1 = max(0, left + reach), min(columns, left + wide - reach)
    y0, y1 = max(0, top + reach), min(rows, top + high - reach)
    if min(x1 - x0, y1 - y0) < THINNEST_PX:
        return []
    across, down = (max(1, round(n * WORK_PIXEL_UM / PIECE_UM)) for n in (x1 - x0, y1 - y0))
    x = np.linspace(x0, x1, across + 1).astype(int).tolist()
    y = np.linspace(y0, y1, down + 1).astype(int).tolist()
    return [(x[i], y[j], x[i + 1], y[j + 1]) for j in range(down) for i in range(across)]


def _fine(
    one: WorkTile, other: WorkTile, piece: tuple[int, int, int, int], shift: Shift
) -> Match | None:
    """Where `other` shows a piece of `one`; None where it does not tell."""
    x0, y0, x1, y1 = piece
    template = np.sqrt(one.pixels[y0:y1, x0:x1])
    if not has_contrast(template):
        return None
    left = round((one.left_um - other.left_um - shift[0]) / WORK_PIXEL_UM) + x0 - FINE_REACH_PX
    top = round((one.top_um - other.top_um - shift[1]) / WORK_PIXEL_UM) + y0 - FINE_REACH_PX
    if left < 0 or top < 0:
        return None
    size = x1 - x0 + 2 * FINE_REACH_PX, y1 - y0 + 2 * FINE_REACH_PX
    seen = np.sqrt(other.pixels[top : top + size[1], left : left + size[0]])
    if seen.shape != (size[1], size[0]):
        return None
    scores = np.asarray(cv2.matchTemplate(seen, template, cv2.TM_CCOEFF_NORMED), np.float32)
    row, column = (int(n) for n in np.unravel_index(int(scores.argmax()), scores.shape))
    at_edge = not (0 < row < 2 * FINE_REACH_PX and 0 < column < 2 * FINE_REACH_PX)
    if at_edge or scores[row, column] < MIN_CORRELATION:
        return None
    dx, dy = find_subpixel(scores, row, column)
    middle_x = one.left_um + (x0 + x1 - 1) / 2 * WORK_PIXEL_UM
    middle_y = one.top_um + (y0 + y1 - 1) / 2 * WORK_PIXEL_UM
    seen_x = other.left_um + (left + column + dx + (x1 - x0 - 1) / 2) * WORK_PIXEL_UM
    seen_y = other.top_um + (top + row + dy + (y1 - y0 - 1) / 2) * WORK_PIXEL_UM
    fine = middle_x - seen_x, middle_y - seen_y
    information = find_information(scores, row, column, WORK_PIXEL_UM)
    return _match(one, other, (middle_x, middle_y), fine, information)


def _match(
    one: WorkTile,
    other: WorkTile,
    at_um: Shift,
    shift: Shift,
    information: tuple[float, float, float],
) -> Match:
    return Match(
        (at_um[0] - one.x_um, at_um[1] - one.y_um),
        (at_um[0] - shift[0] - other.x_um, at_um[1] - shift[1] - other.y_um),
        information,
    )


def _strip(tile: WorkTile, neighbour: WorkTile) -> _Strip:
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
    return _Strip(
        np.sqrt(tile.pixels[y, x]),
        tile.left_um + x.start * WORK_PIXEL_UM,
        tile.top_um + y.start * WORK_PIXEL_UM,
    )
