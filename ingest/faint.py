"""Measure what a known site of the mesh lets through: slivers beside its middle, faint glows.

A window that fills its opening is measured by `ingest.window`. Where that sees none, the mesh still
says where the opening lies: whatever there stands clear of the bars around it is a window too.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.patch import Patch, Patches
from ingest.window import (
    EDGE_SHARE,
    MIN_COVERAGE,
    MIN_SIDE_UM,
    Box,
    Search,
    Window,
    bound_mask,
    make_window,
    move_by_box,
)
from ingest.work_tile import WORK_PIXEL_UM

BLUR_UM = 3.0
"""Glows are tens of micrometres wide, the bars' own patches a few."""

FRAME = 0.08
"""Of the pitch, on each side of a cell: bars only, whatever the mesh."""

MIN_SEEN = 5.0
"""Brightest place over bars, in the bars' spread after blurring: Rose's limit of what is seen. A
cell of bars alone has one of 3, seldom 4."""

EDGE_SEEN = 3.0
"""The faintest edge of a window, in the same unit."""

FRAME_SHARES = (16, 50, 97.5)
TAIL_DEVIATIONS = 1.96
"""Bars' spread by their darker half, or by their bright end: there a camera's bright line shows."""

MIN_FRAME_PX = 50
MIN_SHARE = 0.75
"""Of the blur's weight that must lie on tiles."""


def measure_site(patches: Patches, site_um: tuple[float, float], search: Search) -> Window | None:
    """Measure what the cell about a site of the mesh lets through; None where only bars are seen.

    Args:
        patches: of the mosaic.
        site_um: where the mesh has a site, good to a few micrometres.
        search: pitch and rotation of the mesh.
    """
    patch = patches.cut(site_um, search.pitch_um, search.rotation_deg)
    if float(patch.covered.mean()) < MIN_COVERAGE:
        return None
    mask = _seen(patch)
    box = bound_mask(mask) if mask is not None else None
    if mask is None or box is None or _smaller_side_um(box) < MIN_SIDE_UM:
        return None
    centre = move_by_box(site_um, box, patch.pixels.shape[0], search.rotation_deg)
    return make_window(patch, box, mask, centre, search.rotation_deg)


def _seen(patch: Patch) -> NDArray[np.bool_] | None:
    """Mask of what stands clear of the cell's own bars; None where nothing does."""
    smooth, known = _blurred(patch)
    frame = _frame(smooth.shape[0])
    bars = smooth[frame & known]
    if bars.size < MIN_FRAME_PX:
        return None
    low, bar, high = np.percentile(bars, FRAME_SHARES).tolist()
    spread = max(bar - low, (high - bar) / TAIL_DEVIATIONS)
    above = np.where(known, smooth - bar, 0)
    own = _own_parts(above > EDGE_SEEN * spread, frame)
    brightest = float(above[own].max(initial=0.0))
    if brightest <= MIN_SEEN * spread:
        return None
    return np.asarray(own & (above > EDGE_SHARE * brightest), bool)


def _blurred(patch: Patch) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Blurred over what is covered, and where enough is: at a tile's edge noise is left."""
    deviation = BLUR_UM / WORK_PIXEL_UM
    smooth = np.asarray(cv2.GaussianBlur(patch.pixels, (0, 0), deviation), np.float32)
    if patch.covered.all():
        return smooth, patch.covered
    share = np.asarray(cv2.GaussianBlur(patch.covered.astype(np.float32), (0, 0), deviation))
    known = patch.covered & (share > MIN_SHARE)
    return np.where(known, smooth / np.maximum(share, MIN_SHARE), 0).astype(np.float32), known


def _own_parts(mask: NDArray[np.bool_], frame: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parts that lie inside the cell: neighbours' windows reach in over the frame."""
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    on_frame = np.bincount(labels[frame], minlength=count)
    total = np.bincount(labels.ravel(), minlength=count)
    keep = on_frame < FRAME * total
    keep[0] = False
    return np.asarray(keep[labels], bool)


def _frame(size: int) -> NDArray[np.bool_]:
    wide = max(1, round(FRAME * size))
    frame = np.ones((size, size), bool)
    frame[wide:-wide, wide:-wide] = False
    return frame


def _smaller_side_um(box: Box) -> float:
    return min(box.right - box.left, box.bottom - box.top) * WORK_PIXEL_UM
