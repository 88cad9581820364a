"""Torn film: hairline cracks, flaps that curl, holes with folded remains, squares without film."""

from enum import StrEnum

import numpy as np

from simulate.cracks import draw_flap, draw_hairline, draw_leaf, draw_slit
from simulate.mesh import Opening
from simulate.rips import draw_hole, rip, strip
from simulate.sheets import Sheets, Tear


class TearKind(StrEnum):
    """How the film of a square is broken."""

    NONE = "none"
    HAIRLINE = "hairline"
    FLAP = "flap"
    LEAF = "leaf"
    SLIT = "slit"
    HOLE = "hole"
    RIPPED = "ripped"
    GONE = "gone"


_SMALL = {
    TearKind.HAIRLINE: (draw_hairline, 4),
    TearKind.FLAP: (draw_flap, 3),
    TearKind.LEAF: (draw_leaf, 3),
    TearKind.SLIT: (draw_slit, 2),
}
"""How each is drawn, and one more than how many there are at most."""


def tear_film(rng: np.random.Generator, kind: TearKind, opening: Opening) -> Tear:
    """Break the film of one square; rasters are float32 (n, n)."""
    if kind is TearKind.GONE:
        return strip(rng, opening)
    if kind is TearKind.RIPPED and rng.random() < 0.7:
        return rip(rng, opening, float(rng.uniform(0.08, 0.95)))
    sheets = Sheets.blank(opening.x.shape[0], opening.pixel_um, opening.half_um)
    if kind in _SMALL:
        draw, most = _SMALL[kind]
        for _ in range(int(rng.integers(1, most))):
            draw(rng, sheets)
    elif kind is TearKind.HOLE:
        draw_hole(rng, sheets, float(rng.uniform(0.12, 0.5)))
    elif kind is TearKind.RIPPED:
        for _ in range(int(rng.integers(1, 4))):
            draw_hole(rng, sheets, float(rng.uniform(0.5, 1.1)))
    return sheets.tear()
