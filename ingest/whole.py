"""An overlap fitted as a whole: its windows may be drowned, blurred, hardly above the noise.

Piece by piece such windows correlate too little. Together, smoothed and against the bars, they tell
as well as bright ones: what one tile shows of them is fitted to what the other does, by least
squares for shift, turn, gain and offset, whose normal equations also say how well that is known.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.correlation import BEST_SD_UM, Shift
from ingest.overlap import Match, Strip, coarse_shift
from ingest.work_tile import WORK_PIXEL_UM, WorkTile

SMOOTH_PX = 3.0
NOISE_PX = 4 * np.pi * SMOOTH_PX**2
"""Pixels over which smoothed noise is alike."""

DARK = 5.0
LIGHT = 15.0
"""What is less above the bars, in their own spread, is taken for bars; and what must be seen."""

MARGIN_PX = 9
"""Around windows, to be compared too."""

EDGE_PX = 2
LEAST_SIDE_PX, LEAST_PX = 8, 200
WORST_SD_UM = 30.0
WORST_PX = WORST_SD_UM / WORK_PIXEL_UM
PRIOR_SD = np.array([WORST_PX, WORST_PX, 0.01, 0.15, 0.2])
"""Of shift (pixels), turn, gain and offset (root grey values) of a tile against its neighbour."""

MAX_STEP, MAX_AWAY_PX = 4.0, 8.0
"""Of the fit in one round, and in all from the coarse shift."""

ROUNDS = 8
LEAST_EXPLAINED = 0.85
"""Share of the light in one tile's windows that the other's must explain."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Windows:
    """A strip's windows, smoothed.

    Args:
        light: (h, w) float32 root grey values above the bars.
        shown: (h, w) bool, where windows are, and near them.
        spread: of the bars.
    """

    light: NDArray[np.float32]
    shown: NDArray[np.bool_]
    spread: float

    @property
    def seen(self) -> bool:
        """Whether anything stands clear of the bars."""
        return float(self.light.max()) > LIGHT * self.spread


@dataclass(frozen=True)
class _Fit:
    """How one strip shows what another does.

    Args:
        state: (5,) pixel of the one that shows the other's first, turn (rad), gain, offset.
        normal: (5, 5) of the fit.
        explained: share of the light.
    """

    state: Array
    normal: Array
    explained: float


def match_whole(one: WorkTile, other: WorkTile, strips: tuple[Strip, Strip]) -> Match | None:
    """The place that an overlap's windows tell best; None where they do not tell.

    Args:
        one: a tile.
        other: its neighbour.
        strips: of each tile, what the other can show.
    """
    if min(strips[0].pixels.shape + strips[1].pixels.shape) < LEAST_SIDE_PX:
        return None
    here, there = (_windows(strip) for strip in strips)
    if not (here.seen and there.seen):
        return None
    coarse = coarse_shift(_without_bars(here, strips[0]), _without_bars(there, strips[1]))
    if coarse is None:
        return None
    start = (
        (strips[1].left_um + coarse[0][0] - strips[0].left_um) / WORK_PIXEL_UM,
        (strips[1].top_um + coarse[0][1] - strips[0].top_um) / WORK_PIXEL_UM,
    )
    fit = _fit(here, there, start)
    if fit is None or fit.explained < LEAST_EXPLAINED:
        return None
    return _match(fit, (one, other), strips)


def _windows(strip: Strip) -> _Windows:
    smooth = np.asarray(cv2.GaussianBlur(strip.pixels, (0, 0), SMOOTH_PX), np.float32)
    low, bar = np.percentile(smooth[::2, ::2], [5, 25])
    light, spread = smooth - np.float32(bar), float(bar - low)
    shown = cv2.dilate((light > DARK * spread).view(np.uint8), np.ones((MARGIN_PX, MARGIN_PX)))
    return _Windows(light, shown > 0, spread)


def _without_bars(windows: _Windows, strip: Strip) -> Strip:
    light = np.maximum(windows.light - np.float32(DARK * windows.spread), 0)
    return Strip(light, strip.left_um, strip.top_um)


def _fit(one: _Windows, other: _Windows, start: Shift) -> _Fit | None:
    """Fit by Gauss and Newton, from the pixel of `one` that shows the first of `other`."""
    expected = np.array([*start, 0.0, 1.0, 0.0])
    prior = np.diag(PRIOR_SD**-2.0)
    least_power = max(one.spread**2 + other.spread**2, 1e-6)
    state = expected
    for _ in range(ROUNDS):
        light, slopes = _compared(one, other, state)
        if len(light) < LEAST_PX:
            return None
        left = light - slopes[:, 3:] @ state[3:]
        noise = NOISE_PX * max(float(np.mean(left**2)), least_power)
        normal = slopes.T @ slopes / noise + prior
        step = np.linalg.solve(normal, slopes.T @ left / noise + prior @ (expected - state))
        state = state + np.clip(step, -MAX_STEP, MAX_STEP)
    if np.abs(state - expected)[:2].max() > MAX_AWAY_PX:
        return None
    power = float(light @ light)
    explained = 1 - float(left @ left) / power if power > 0 else 0.0
    return _Fit(state, normal, explained)


def _compared(one: _Windows, other: _Windows, state: Array) -> tuple[Array, Array]:
    """Light of `one` (n,) where `other` shows it too, and what moves it (n, 5) as fitted."""
    rows, columns = one.light.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    right, down = x - (columns - 1) / 2, y - (rows - 1) / 2
    at = (
        np.asarray(x - state[0] - state[2] * down, np.float32),
        np.asarray(y - state[1] + state[2] * right, np.float32),
    )
    seen = cv2.remap(other.light, *at, cv2.INTER_LINEAR)
    shown = one.shown | (cv2.remap(other.shown.view(np.uint8), *at, cv2.INTER_NEAREST) > 0)
    shown &= _inside((x, y), one.light.shape) & _inside(at, other.light.shape)
    slope_y, slope_x = (state[3] * slope[shown].astype(float) for slope in np.gradient(seen))
    turned = slope_y * right[shown] - slope_x * down[shown]
    moves = [-slope_x, -slope_y, turned, seen[shown], np.ones_like(turned)]
    return one.light[shown].astype(float), np.stack(moves, axis=1)


def _inside(
    at: tuple[NDArray[np.float32], NDArray[np.float32]], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Which pixels lie inside an image of that shape, its very edge left out."""
    within = [
        (n >= EDGE_PX) & (n <= size - 1 - EDGE_PX) for n, size in zip(at, shape[::-1], strict=True)
    ]
    return np.asarray(within[0] & within[1], bool)


def _match(fit: _Fit, tiles: tuple[WorkTile, WorkTile], strips: tuple[Strip, Strip]) -> Match:
    """The match about the point whose place does not hang on the turn, which others know better."""
    known = np.linalg.inv(np.linalg.inv(fit.normal)[:3, :3])
    down, left = np.linalg.solve(known[:2, :2], known[:2, 2])
    x, y, turn = fit.state[:3].tolist()
    rows, columns = strips[0].pixels.shape
    at = (columns - 1) / 2 - left, (rows - 1) / 2 + down
    seen = at[0] - x - turn * down, at[1] - y - turn * left
    weights, axes = np.linalg.eigh(known[:2, :2] / WORK_PIXEL_UM**2)
    weight = axes @ np.diag(np.clip(weights, WORST_SD_UM**-2, BEST_SD_UM**-2)) @ axes.T
    return Match(
        _from_centre(tiles[0], strips[0], at),
        _from_centre(tiles[1], strips[1], seen),
        (float(weight[0, 0]), float(weight[0, 1]), float(weight[1, 1])),
    )


def _from_centre(tile: WorkTile, strip: Strip, at_px: Shift) -> Shift:
    return (
        strip.left_um + at_px[0] * WORK_PIXEL_UM - tile.x_um,
        strip.top_um + at_px[1] * WORK_PIXEL_UM - tile.y_um,
    )
