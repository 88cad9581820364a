"""The rubric: from what a simulated square is to the scores a careful rater would give it (0-4)."""

from dataclasses import dataclass
from math import hypot

import numpy as np

CRACK_SHARES = (0.0, 0.0003, 0.004, 0.02, 0.05, 0.10, 0.22, 0.40, 0.55)
CRACK_SCORES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
DIRT_SHARES = (0.0, 0.0008, 0.006, 0.015, 0.03, 0.05, 0.09, 0.15, 0.25)
DIRT_SCORES = (0.0, 0.25, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
WINDOW_SHARES = (0.05, 0.10, 0.14, 0.20, 0.28, 0.38, 0.50, 0.60, 0.72, 0.93)
WINDOW_SCORES = (4.0, 3.8, 3.5, 3.05, 2.55, 1.95, 1.45, 0.95, 0.45, 0.0)
CLEARNESS = (0.0, 0.15, 0.5, 0.85)
CLEARNESS_SCORES = (0.7, 0.55, 0.3, 0.0)
DIMMING = (0.15, 0.35, 0.6, 0.85, 0.95)
DIMMING_SCORES = (0.0, 1.0, 2.2, 3.4, 4.0)

ICE_LOSS = (
    (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0),
    (0.0, 0.2, 0.7, 1.4, 2.1, 2.8, 3.4, 3.8, 4.0),
)
DIRT_LOSS = ((0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0), (0.0, 0.25, 0.6, 1.0, 1.5, 2.1, 2.7, 3.4))
CRACK_LOSS = ((0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0), (0.0, 0.6, 1.0, 1.5, 2.0, 2.7, 3.5, 4.0))


@dataclass(frozen=True)
class Condition:
    """Shares measured on a square's truth, all 0-1.

    `missing` of the window without film; `dirty` of the window under dark artefacts, which near its
    edge count less; `window` of the opening that transmits; `clearness` how visible holes are on
    average in the window; `dimming` what the window's typical ice takes from the film's brightness.
    """

    missing: float
    dirty: float
    window: float
    clearness: float
    dimming: float


@dataclass(frozen=True)
class Severities:
    """Scores 0-4: three severities, and overall quality where 4 is best."""

    cracking: float
    contamination: float
    thick_ice: float
    overall: float


def judge(condition: Condition) -> Severities:
    """Score a square, smoothly between the rubric's anchors."""
    cracking = float(np.interp(condition.missing, CRACK_SHARES, CRACK_SCORES))
    contamination = float(np.interp(condition.dirty, DIRT_SHARES, DIRT_SCORES))
    by_window = float(np.interp(condition.window, WINDOW_SHARES, WINDOW_SCORES))
    by_holes = float(np.interp(condition.clearness, CLEARNESS, CLEARNESS_SCORES))
    by_dimming = float(np.interp(condition.dimming, DIMMING, DIMMING_SCORES))
    thick_ice = max(by_window, 0.6 * by_window + by_holes, by_dimming)
    return Severities(cracking, contamination, thick_ice, grade(cracking, contamination, thick_ice))


def grade(cracking: float, contamination: float, thick_ice: float) -> float:
    """Overall quality from three severities: the worst decides, others add the less.

    What each takes off is added as the sides of a box to its diagonal. Of 120 real squares that two
    people judged this gives their overall from their severities without a shift, to 0.16 on
    average; products of what each leaves are 0.11 low.
    """
    losses = (
        np.interp(cracking, *CRACK_LOSS),
        np.interp(contamination, *DIRT_LOSS),
        np.interp(thick_ice, *ICE_LOSS),
    )
    return max(0.0, 4.0 - hypot(*losses))
