"""One plain sentence that says why a square has its score."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_REDUCE = 4
_LIT = 0.3
_CRACKED = 0.5
_DIRTY = 0.3
_SHADED = 0.75
_DARK = 0.7
_ROUND = 0.93
_NEAR = 0.25
_DIM = 2.3
_USABLE = 3.0
"""Ice that leaves a square usable is no defect of it."""


@dataclass(frozen=True)
class Window:
    """What is seen of a square's own window, besides its scores.

    Attributes:
        missing: share of it that the cracking map marks.
        dirty: share of it that is dark where the contamination map looks.
        level: what its lit part typically transmits, film units.
        fill: share of its bounding box that it fills; a disc fills 0.79.
    """

    missing: float
    dirty: float
    level: float
    fill: float


@dataclass(frozen=True)
class Findings:
    """What a sentence is made of: the scores, 0-4, and the window where there are maps."""

    brightness: float
    squareness: float
    cracking: float
    contamination: float
    overall: float
    window: Window | None = None


def measure_window(
    cracks: NDArray[np.float32], dirt: NDArray[np.float32], film: NDArray[np.float32]
) -> Window | None:
    """Measure the window in the middle of a crop, bites out of its sides included.

    A map's cells are wider than specks: dirt counts where pixels there are dark too.

    Args:
        cracks: (h, w), the map of cracking, 0 to 1.
        dirt: (h, w), the map of contamination, 0 to 1.
        film: (height, width), film units.

    Returns:
        None where nothing is lit.
    """
    size = (film.shape[1] // _REDUCE, film.shape[0] // _REDUCE)
    small = np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), np.float32)
    lit = _middle_part(small > _LIT * min(float(np.percentile(small, 98)), 1.0))
    if not lit.any():
        return None
    inside = _hull(lit)
    area, level = float(inside.sum()), float(np.median(small[lit]))
    cracked, dirty = (cv2.resize(each, size) for each in (cracks, dirt))
    shaded = (dirty > _DIRTY) & (small < _SHADED * level)
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    return Window(
        missing=float((inside & (cracked > _CRACKED)).sum()) / area,
        dirty=float((inside & shaded).sum()) / area,
        level=level,
        fill=area / float(box),
    )


def _middle_part(lit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part, those far from the middle counting less."""
    count, parts, facts, centers = cv2.connectedComponentsWithStats(lit.astype(np.uint8))
    if count < 2:
        return np.zeros_like(lit)
    middle = (np.array(lit.shape[::-1]) - 1) / 2
    away = np.hypot(*(centers[1:] - middle).T) / (_NEAR * len(lit))
    weights = facts[1:, cv2.CC_STAT_AREA] * np.exp(-np.square(away))
    return np.asarray(parts == 1 + int(weights.argmax()), np.bool_)


def _hull(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    points = np.argwhere(part)[:, ::-1].astype(np.int32)
    filled = np.zeros(part.shape, np.uint8)
    cv2.fillConvexPoly(filled, np.asarray(cv2.convexHull(points), np.int32), 1)
    return filled.astype(np.bool_)


def describe(found: Findings) -> str:
    """Name the worst defects first, or say that there is none."""
    defects = sorted(_defects(found), reverse=True)
    if defects:
        return "; ".join(text for _, text in defects[:2])
    ice = "thin ice" if found.brightness >= 2.7 else "fairly thin ice"
    if found.brightness < _DIM:
        ice = "somewhat dim"
    if found.brightness < 2.7 and found.overall < 2.5:
        ice = "rather thick ice"
    if found.overall < 2.0:
        return f"no single large defect, {ice}, yet of poor overall quality"
    clean = "clean" if found.contamination < 1.25 else "nearly clean"
    whole = "intact" if found.cracking < 0.75 else "almost intact"
    return f"{whole}, {clean}, {ice}"


def _defects(found: Findings) -> list[tuple[float, str]]:
    """Defects with their severity, 0-4, in words."""
    defects = []
    if found.cracking >= 1.0:
        defects.append((found.cracking, _cracking(found)))
    if found.contamination >= 2.0:
        defects.append((found.contamination, _contamination(found)))
    if found.brightness < _DIM and found.overall < _USABLE:
        defects.append((3.6 - found.brightness, _ice(found)))
    elif found.squareness < 2.8:
        defects.append((4.0 - found.squareness, "part of the window is dark or missing"))
    return defects


def _cracking(found: Findings) -> str:
    share = _percent(found.window.missing if found.window else None)
    if found.cracking < 2.0:
        return "cracked: a hairline or a small tear"
    return f"torn: about {share} of the film is missing" if share else "torn film"


def _contamination(found: Findings) -> str:
    share = _percent(found.window.dirty if found.window else None)
    word = "heavily contaminated" if found.contamination >= 3.0 else "contaminated"
    return f"{word}: about {share} of the window under dark artefacts" if share else word


def _ice(found: Findings) -> str:
    if found.brightness < 1.2:
        return "drowned: window almost dark"
    looks = []
    if found.window and found.window.level < _DARK:
        looks.append("dark")
    if found.window and found.window.fill < _ROUND:
        looks.append("round" if looks else "small and round")
    return f"thick ice: window {' and '.join(looks)}" if looks else "thick ice"


def _percent(share: float | None) -> str | None:
    """Round as one would say it, or None when too small to name."""
    if share is None or share < 0.01:
        return None
    percent = 100.0 * share
    return f"{round(percent)} %" if percent < 10 else f"{5 * round(percent / 5)} %"
