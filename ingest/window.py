"""Measure one window: the transmitting part of a grid square between its bars."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.patch import Patch, Patches
from ingest.texture import measure_texture
from ingest.work_tile import WORK_PIXEL_UM

EDGE_SHARE = 0.25
"""Grey level of a window's edge between bar and bright: low, so that dim film by vacuum counts."""

MIN_SIDE_UM = 6.0
"""Smaller bright spots are pinholes, not windows."""

MIN_CONTRAST_SIGMA = 6.0

MIN_SEPARATION = 5.0
"""Window over bars, in the bars' spread. Noise cut in two gives 2.7; real glows without an edge
3 to 4, the dimmest real windows 6."""

MIN_COVERAGE = 0.15
"""A patch that tiles cover less cannot tell bars from window."""

SPARSE = 3
"""Grey levels are read from every third pixel each way, 1.5 um."""

BAR_AND_WINDOW = np.array([0.02, 0.08, 0.99])
"""Shares of a patch's pixels that are darker than its darkest, its bars and its window's bright."""

MEDIAN = np.array([0.5])
FILM_SAMPLE = np.linspace(0.025, 0.975, 20)

MAX_SIDE_SHARE = 0.96
"""Of the pitch: where no bar is seen around it, what shines is no window."""

MAX_DRIFT = 0.5
"""Of the pitch: a window further from where it was looked for is another site's."""


COMPLETE = 0.999
"""Share of a window's box from which on nothing of it is missing."""


@dataclass(frozen=True)
class Search:
    """What a window is looked for with.

    Args:
        pitch_um: of the mesh.
        rotation_deg: of the mesh.
        min_contrast: grey level that a window must stand above its bars.
    """

    pitch_um: float
    rotation_deg: float
    min_contrast: float


@dataclass(frozen=True)
class Window:
    """A window in the mosaic frame, micrometres.

    Args:
        x_um: centre.
        y_um: centre.
        width_um: extent along its rotated x axis.
        height_um: extent along its rotated y axis.
        rotation_deg: of its x axis against the mosaic's, -45 to 45.
        coverage: share of it that tiles cover; where they end, it is taken to be as wide as high.
        level: median grey level inside.
        film_levels: sample of grey levels inside, for the grid's film level.
        texture: structure in its middle over its level; None where it is too small to tell.
    """

    x_um: float
    y_um: float
    width_um: float
    height_um: float
    rotation_deg: float
    coverage: float
    level: float
    film_levels: NDArray[np.float32]
    texture: float | None = None

    @property
    def complete(self) -> bool:
        """Whether tiles cover all of it."""
        return self.coverage >= COMPLETE


@dataclass(frozen=True)
class Box:
    """Bounds in pixels of a patch."""

    left: float
    top: float
    right: float
    bottom: float


def measure_window(patches: Patches, near_um: tuple[float, float], search: Search) -> Window | None:
    """Find the window nearest a position and measure it; None where no light comes through."""
    centre = near_um
    for _ in range(3):
        if np.hypot(centre[0] - near_um[0], centre[1] - near_um[1]) > MAX_DRIFT * search.pitch_um:
            return None
        patch = patches.cut(centre, search.pitch_um, search.rotation_deg)
        found = _segment(patch, search)
        if found is None:
            return None
        box, mask = found
        before = centre
        centre = move_by_box(centre, box, patch.pixels.shape[0], search.rotation_deg)
        if np.hypot(centre[0] - before[0], centre[1] - before[1]) < WORK_PIXEL_UM:
            break
    if np.hypot(centre[0] - near_um[0], centre[1] - near_um[1]) > MAX_DRIFT * search.pitch_um:
        return None
    return make_window(patch, box, mask, centre, search.rotation_deg)


def _segment(patch: Patch, search: Search) -> tuple[Box, NDArray[np.bool_]] | None:
    """Bounding box (pixels) and mask of the transmitting part around the patch's middle."""
    levels = patch.pixels[::SPARSE, ::SPARSE][patch.covered[::SPARSE, ::SPARSE]]
    if levels.size * SPARSE**2 < MIN_COVERAGE * patch.pixels.size:
        return None
    dark, bar, bright = _ranked(levels, BAR_AND_WINDOW)
    noise = max(float(bar - dark), 1e-3 * float(bright), 1e-6)
    if bright - bar < max(MIN_CONTRAST_SIGMA * noise, search.min_contrast):
        return None
    smooth = np.asarray(cv2.GaussianBlur(patch.pixels, (0, 0), 1.0), np.float32)
    mask = (smooth > bar + EDGE_SHARE * (bright - bar)) & patch.covered
    if not _stands_out(smooth, mask, patch.covered):
        return None
    mask = _central(mask)
    box = bound_mask(mask)
    if box is None:
        return None
    smallest = MIN_SIDE_UM / WORK_PIXEL_UM
    largest = MAX_SIDE_SHARE * patch.pixels.shape[0]
    sides = sorted((box.right - box.left, box.bottom - box.top))
    if sides[0] < smallest or sides[1] > largest:
        return None
    return box, mask


def _stands_out(
    smooth: NDArray[np.float32], mask: NDArray[np.bool_], covered: NDArray[np.bool_]
) -> bool:
    """Whether a mask is brighter than the rest by more than the rest's own noise can be."""
    sparse = (slice(None, None, SPARSE),) * 2
    levels, inside = smooth[sparse], mask[sparse]
    rest = levels[covered[sparse] & ~inside]
    if not inside.any() or not rest.size:
        return False
    return bool(levels[inside].mean() - rest.mean() > MIN_SEPARATION * rest.std())


def _central(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the parts that reach into the middle of the patch: the rest are neighbours."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    size = mask.shape[0]
    middle = slice(round(0.3 * size), round(0.7 * size))
    inside = np.bincount(labels[middle, middle].ravel(), minlength=count)
    total = stats[:, cv2.CC_STAT_AREA]
    keep = (inside > 0.1 * total) & (total > 8)
    keep[0] = False
    return np.asarray(keep[labels], bool)


def bound_mask(mask: NDArray[np.bool_]) -> Box | None:
    """Box of the mask, not counting whiskers thinner than a tenth of its widest line."""
    columns, rows = mask.sum(axis=0), mask.sum(axis=1)
    if not columns.any():
        return None
    x = np.nonzero(columns > 0.12 * columns.max())[0]
    y = np.nonzero(rows > 0.12 * rows.max())[0]
    return Box(float(x[0]), float(y[0]), float(x[-1] + 1), float(y[-1] + 1))


def move_by_box(
    centre: tuple[float, float], box: Box, size: int, rotation_deg: float
) -> tuple[float, float]:
    """Mosaic position of a box's centre in a patch of `size` pixels about `centre`."""
    along = ((box.left + box.right) / 2 - size / 2) * WORK_PIXEL_UM
    across = ((box.top + box.bottom) / 2 - size / 2) * WORK_PIXEL_UM
    cos, sin = np.cos(np.radians(rotation_deg)), np.sin(np.radians(rotation_deg))
    return centre[0] + cos * along - sin * across, centre[1] + sin * along + cos * across


def make_window(
    patch: Patch,
    box: Box,
    mask: NDArray[np.bool_],
    centre: tuple[float, float],
    rotation_deg: float,
) -> Window:
    """The window of a mask: what lies in its box, and the grey values under it."""
    margin = round(2.0 / WORK_PIXEL_UM)
    size = patch.pixels.shape[0]
    rows = slice(max(0, int(box.top) - margin), min(size, int(box.bottom) + margin))
    columns = slice(max(0, int(box.left) - margin), min(size, int(box.right) + margin))
    inner = cv2.erode(mask.view(np.uint8), np.ones((9, 9), np.uint8))
    levels = patch.pixels[inner > 0]
    if levels.size < 20:
        levels = patch.pixels[mask]
    middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    sides = box.right - box.left, box.bottom - box.top
    return Window(
        x_um=centre[0],
        y_um=centre[1],
        width_um=sides[0] * WORK_PIXEL_UM,
        height_um=sides[1] * WORK_PIXEL_UM,
        rotation_deg=rotation_deg,
        coverage=_coverage(patch.covered[rows, columns], box),
        level=float(_ranked(levels, MEDIAN)[0]),
        film_levels=_ranked(levels, FILM_SAMPLE),
        texture=measure_texture(patch.pixels, middle, sides),
    )


def _ranked(levels: NDArray[np.float32], shares: NDArray[np.float64]) -> NDArray[np.float32]:
    """Grey levels below which those shares of all lie: the nearest one there is."""
    ranks = np.rint(shares * (levels.size - 1)).astype(int)
    return np.asarray(np.sort(levels)[ranks], np.float32)


def _coverage(covered: NDArray[np.bool_], box: Box) -> float:
    """Share of a window and its margin that tiles cover."""
    share = float(covered.mean())
    if share >= COMPLETE:
        return 1.0
    sides = box.right - box.left, box.bottom - box.top
    return share * min(sides) / max(sides)
