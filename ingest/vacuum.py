"""Which windows have no film: where many are empty, the brightest large mode is vacuum, not film.

Vacuum is one level all over a grid, and nothing lets more through. Film is darker by what it and
its ice absorb, which differs from square to square. So empty windows are a narrow peak with next to
nothing right below it; the thinnest ice of a grid without them shades off into thicker ice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.window import Window

WIDTH = 0.015
"""Of the density's kernel, in log grey value: the beam's profile spreads vacuum so much."""

NEAR = 0.03
STEP = 0.004
DEPTH = 0.8
"""How far below the brightest window, in log grey value, the density is looked at."""

MAX_VALLEY = 0.15
"""Density between the two populations, of the lower of their peaks: 0.05 with 30 to 60 % of squares
empty, above 0.35 without any."""

RATIO = (1.05, 1.8)
"""Vacuum over film, thin carbon to gold."""

LEAST_SHARE, LEAST_WINDOWS = 0.08, 4
"""By area, of either population: fewer are parted by chance."""

LEAST_SIDE = 0.75
"""Of an empty window's: film is parted from vacuum by what it absorbs; what is smaller drowned."""


@dataclass(frozen=True)
class Vacuum:
    """Vacuum's grey level, and the one above which a window's median says that it is empty."""

    level: float
    empty_above: float


@dataclass(frozen=True)
class _Levels:
    """Log grey values of windows, their areas in shares, and the areas' density."""

    log: NDArray[np.float64]
    share: NDArray[np.float64]
    at: NDArray[np.float64]
    density: NDArray[np.float64]

    def near(self, place: int) -> NDArray[np.bool_]:
        """Which windows make up a peak."""
        return np.asarray(np.abs(self.log - self.at[place]) < NEAR, bool)

    def peaks(self) -> list[int]:
        """Local maxima, darkest first."""
        inner = self.density[1:-1]
        top = (inner >= self.density[:-2]) & (inner > self.density[2:])
        return [int(i) + 1 for i in np.nonzero(top)[0]]


def find_vacuum(windows: Sequence[Window]) -> Vacuum | None:
    """The level of empty windows, where there are many; None where all may have film."""
    if len(windows) < 2 * LEAST_WINDOWS:
        return None
    levels = _levels(windows)
    peaks = levels.peaks()
    large = [p for p in peaks if _is_large(levels, levels.near(p))]
    if not large:
        return None
    valleys = [v for p in peaks if (v := _valley(levels, p, large[-1])) is not None]
    if not valleys:
        return None
    level, above = levels.at[[large[-1], min(valleys)[1]]]
    return Vacuum(float(np.exp(level)), float(np.exp(above)))


def _levels(windows: Sequence[Window]) -> _Levels:
    log = np.log([max(window.level, 1e-3) for window in windows])
    area = np.array([w.width_um * w.height_um * w.coverage for w in windows])
    at = np.arange(log.max() - DEPTH, log.max() + 4 * WIDTH, STEP)
    kernels = np.exp(-0.5 * ((at[:, None] - log[None]) / WIDTH) ** 2)
    share = area / area.sum()
    return _Levels(log, share, at, kernels @ share)


def _valley(levels: _Levels, film: int, vacuum: int) -> tuple[float, int] | None:
    """How deep the density falls between two peaks, and where; None where they are not parted."""
    if not RATIO[0] < np.exp(levels.at[vacuum] - levels.at[film]) < RATIO[1]:
        return None
    between = levels.density[film:vacuum]
    lowest = film + int(between.argmin())
    depth = float(between.min() / min(levels.density[film], levels.density[vacuum]))
    side = np.sqrt(levels.share / np.median(levels.share[levels.near(vacuum)]))
    below = (levels.log < levels.at[lowest]) & (side > LEAST_SIDE)
    below &= levels.log > levels.at[vacuum] - np.log(RATIO[1])
    return (depth, lowest) if depth < MAX_VALLEY and _is_large(levels, below) else None


def _is_large(levels: _Levels, chosen: NDArray[np.bool_]) -> bool:
    enough = levels.share[chosen].sum() >= LEAST_SHARE
    return bool(enough and chosen.sum() >= LEAST_WINDOWS)
