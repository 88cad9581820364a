"""The part of a square that a program can find: the box around what transmits."""

from dataclasses import dataclass

import numpy as np

from simulate.square import Square

EDGE_SHARE = 0.25
"""A window's edge as ingest sees it: where a quarter of its brightest level is reached."""

FAINTEST = 0.004
"""Windows that transmit less are lost in the bars' stray light."""

SMALLEST_UM = 6.0
WHISKER_SHARE = 0.12


@dataclass(frozen=True)
class Window:
    """Centre (x, y) in raster pixels of the square, and width and height in um."""

    center_px: tuple[float, float]
    size_um: tuple[float, float]


def find_window(square: Square) -> Window | None:
    """The window of a square, or None where so little transmits that nobody would find it."""
    level = float(np.percentile(square.transmission[::2, ::2], 99))
    if level < FAINTEST:
        return None
    bright = square.transmission > EDGE_SHARE * level
    columns, rows = bright.sum(axis=0), bright.sum(axis=1)
    x = np.nonzero(columns > WHISKER_SHARE * columns.max())[0]
    y = np.nonzero(rows > WHISKER_SHARE * rows.max())[0]
    width, height = (float(v[-1] - v[0] + 1) * square.pixel_um for v in (x, y))
    if min(width, height) < SMALLEST_UM:
        return None
    center = (float(x[0]) + float(x[-1])) / 2, (float(y[0]) + float(y[-1])) / 2
    return Window(center, (width, height))
