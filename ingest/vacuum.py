"""Which windows have no film: the brightest of a grid, all of one level and size, and featureless.

Nothing lets more through than an empty square, and nothing covers part of it; film is darker by
what it and its ice absorb, which differs from square to square, and shows holes, grain and ice. Of
these signs none is enough: good film is of one level too, faint film hardly shows anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.window import Window

MAX_TEXTURE = 0.006
"""Structure over level, noise taken off: seen 0 to 0.005 in 19 of 20 empty squares, more than 0.01
in most with film."""

BAND = 0.93
"""Windows brighter than this share of vacuum are as bright: the beam's profile takes so much."""

OUTLIERS = 0.1
"""Share of featureless windows that may be brighter than vacuum."""

MIN_PLAIN = 1 / 3
"""Share of windows as bright as vacuum that must be featureless: remains of film lie in many."""

MAX_SPREAD = 0.12
"""Of the areas of empty windows: their middle half over their median. Seen 0.03 to 0.09; of faint
film 0.1 to 0.3."""

MIN_AREA = 0.95
"""Of the area of a grid's largest windows: ice narrows windows with film."""

REMAINS_BELOW, MOST_FILM = 0.95, 0.3
"""Where so much of a window is so bright, its film is gone but for remains: of film as thin as 0.86
of vacuum, noise lifts a seventh as high."""

LEAST_REST = 0.01
"""Of all windows' area: without film to be seen anywhere, there is nothing to tell apart."""


@dataclass(frozen=True)
class Vacuum:
    """Vacuum's grey level, and the one above which there is no film."""

    level: float
    empty_above: float

    def shows_in(self, window: Window) -> bool:
        """Whether a window is empty, or has remains of film along its bars only."""
        as_bright = float((window.film_levels > REMAINS_BELOW * self.level).mean())
        return window.level > self.empty_above or as_bright > MOST_FILM


def find_vacuum(windows: Sequence[Window]) -> Vacuum | None:
    """The level of empty windows; None where all may have film, or none has any."""
    whole = [window for window in windows if window.complete]
    plain = [w for w in whole if w.texture is not None and w.texture < MAX_TEXTURE]
    if not plain:
        return None
    by_level = sorted(window.level for window in plain)
    above = BAND * by_level[-1 - int(OUTLIERS * len(by_level))]
    empty = [window for window in plain if window.level > above]
    as_bright = sum(window.level > above for window in whole)
    if len(empty) < MIN_PLAIN * as_bright or not _fill_their_openings(empty, whole):
        return None
    rest = sum(_area(window) for window in windows if window.level <= above)
    if rest < LEAST_REST * sum(_area(window) for window in windows):
        return None
    return Vacuum(float(np.median([window.level for window in empty])), above)


def _fill_their_openings(empty: Sequence[Window], whole: Sequence[Window]) -> bool:
    """Whether windows are all of one size, and no smaller than any."""
    low, median, high = np.percentile([_area(window) for window in empty], (25, 50, 75))
    largest = np.percentile([_area(window) for window in whole], 90)
    return bool(high - low < MAX_SPREAD * median and median > MIN_AREA * largest)


def _area(window: Window) -> float:
    return window.width_um * window.height_um
