"""The grid's film level: grey value of intact film with thin ice, unit of the network's input."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.vacuum import find_vacuum
from ingest.window import Window

BIN = 0.02
"""Width of a histogram bin in log grey value."""

MIN_PEAK = 0.35
"""A mode counts as film when it holds this share of the largest mode's weight."""

STEP = 1.01
"""Film levels are rounded to steps of 1 %, so that equal atlases give equal scores."""

BRIGHTEST = 3
LEAST_OF_BRIGHTEST = 1 / 3
"""What lets through less than a third of what the brightest windows do is thick ice, however much
there is of it: film absorbs at most four ninths of what comes through an empty hole."""

VACUUM_RANGE = (1.08, 2.0)
"""Empty holes over film: seen 1.18 on holey carbon at 300 kV."""


@dataclass(frozen=True)
class FilmLevels:
    """Grey levels of a grid: film, and vacuum where it is seen."""

    film: float
    vacuum: float | None

    @property
    def full_scale(self) -> float:
        """Grey level of 255 in crops and display images: a power of two, at least four films."""
        return float(2.0 ** np.ceil(np.log2(4 * self.film)))


def estimate_film(windows: Sequence[Window]) -> FilmLevels | None:
    """Film level as the brightest large mode of what windows let through; None without windows.

    Windows count by their area, so small drowned ones weigh little, and those far darker than the
    brightest not at all; empty ones are told by `ingest.vacuum` and left out; a mode of a few that
    are not told is smaller than film's and is reported as vacuum.
    """
    if not windows:
        return None
    empty = find_vacuum(windows)
    if empty is None:
        return _film_of(windows)
    film = [window for window in windows if not empty.shows_in(window)]
    return FilmLevels(_film_of(film).film, rounded(empty.level)) if film else _film_of(windows)


def _film_of(windows: Sequence[Window]) -> FilmLevels:
    brightest = sorted(window.level for window in windows)[-BRIGHTEST:][0]
    windows = [w for w in windows if w.level >= LEAST_OF_BRIGHTEST * brightest]
    levels = np.concatenate([np.maximum(w.film_levels, 1e-3) for w in windows])
    weights = np.concatenate(
        [np.full(len(w.film_levels), w.width_um * w.height_um) for w in windows]
    )
    # The same bins whatever the darkest window: the next tile must not move the level by a step.
    start = BIN * (math.floor(float(np.log(levels.min())) / BIN) - 5)
    bins = np.floor((np.log(levels) - start) / BIN).astype(int)
    counts = np.bincount(bins, weights=weights, minlength=int(bins.max()) + 6)
    histogram = _smooth(counts.astype(np.float64))
    modes = _modes(histogram)
    film_mode = max(mode for mode in modes if histogram[mode] >= MIN_PEAK * histogram.max())
    film = _level(histogram, film_mode, start)
    vacuum = [
        level
        for mode in modes
        if mode > film_mode
        and VACUUM_RANGE[0] <= (level := _level(histogram, mode, start)) / film <= VACUUM_RANGE[1]
    ]
    return FilmLevels(rounded(film), rounded(vacuum[-1]) if vacuum else None)


def rounded(level: float) -> float:
    """The nearest 1 % step."""
    return float(STEP ** np.rint(np.log(level) / np.log(STEP)))


def _smooth(histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    return np.convolve(histogram, kernel / kernel.sum(), mode="same")


def _modes(histogram: NDArray[np.float64]) -> list[int]:
    inner = histogram[1:-1]
    top = (inner >= histogram[:-2]) & (inner > histogram[2:]) & (inner > 0.004 * histogram.max())
    return [int(i) + 1 for i in np.nonzero(top)[0]] or [int(histogram.argmax())]


def _level(histogram: NDArray[np.float64], mode: int, start: float) -> float:
    """Centre of mass of a mode, as a grey value."""
    near = np.arange(max(0, mode - 3), min(len(histogram), mode + 4))
    centre = float((near * histogram[near]).sum() / histogram[near].sum())
    return float(np.exp(start + (centre + 0.5) * BIN))
