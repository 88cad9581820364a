"""What neighbouring tiles show of the same place: their overlap registered, piece by piece.

EPU lays tiles without registration; its seams on a real Krios are off by 49 (left/right) and 26
tile pixels rms (format page, section 6), and tiles are turned against each other by the stage's
pivot. A coarse search over the whole overlap is followed by a fine one in each of its pieces; where
that leaves it vague, whatever shines in it is fitted as a whole (`ingest.whole`).
"""

from collections.abc import MutableMapping

import cv2
import numpy as np

from ingest.correlation import Shift, find_information, find_subpixel, has_contrast
from ingest.mosaic import Mosaic
from ingest.overlap import Information, Match, Strip, are_known, coarse_shift, cut_strip
from ingest.whole import match_whole
from ingest.work_tile import WORK_PIXEL_UM, WorkTile

FINE_REACH_PX = 5
"""Fine search around the coarse shift, work pixels: half a strip's turn, and the coarse error."""

PIECE_UM = 100.0
THINNEST_PX = 10
"""A common strip thinner than this, the fine search taken off, tells no more than the coarse."""

MIN_CORRELATION = 0.75
SHARP_SD_UM = 0.25
"""An overlap whose pieces together tell less is taken as a whole."""

SeamCache = MutableMapping[tuple[str, str], tuple[Match, ...]]


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
    strips = cut_strip(one, other), cut_strip(other, one)
    found = _by_pieces(one, other, strips)
    if found and are_known(found, SHARP_SD_UM):
        return found
    whole = match_whole(one, other, strips)
    return found if whole is None else (whole,)


def _by_pieces(one: WorkTile, other: WorkTile, strips: tuple[Strip, Strip]) -> tuple[Match, ...]:
    """Each piece of the overlap that tells; the whole of it where none does."""
    if any(not has_contrast(strip.pixels) for strip in strips):
        return ()
    coarse = coarse_shift(*strips)
    if coarse is None:
        return ()
    shift, information = coarse
    pieces = _pieces(one, other, shift)
    fine = [found for piece in pieces if (found := _fine(one, other, piece, shift)) is not None]
    if fine:
        return tuple(fine)
    middle = (one.x_um + other.x_um + shift[0]) / 2, (one.y_um + other.y_um + shift[1]) / 2
    return (_match(one, other, middle, shift, information),)


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
    information: Information,
) -> Match:
    return Match(
        (at_um[0] - one.x_um, at_um[1] - one.y_um),
        (at_um[0] - shift[0] - other.x_um, at_um[1] - shift[1] - other.y_um),
        information,
    )
