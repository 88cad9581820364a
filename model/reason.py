"""One plain sentence that says why a square has its score."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_LIT = 0.3
_MARKED = 0.5


@dataclass(frozen=True)
class Findings:
    """What a sentence is made of; shares are of the square's window, 0 to 1."""

    brightness: float
    squareness: float
    cracking: float
    contamination: float
    overall: float
    missing_share: float | None = None
    dirty_share: float | None = None


def window_share(
    attention: NDArray[np.float32], other: NDArray[np.float32], film: NDArray[np.float32]
) -> float:
    """Share of the square's window that a map marks.

    Args:
        attention: (h, w), the map, 0 to 1.
        other: (h, w), the other map: what it marks belongs to the window too.
        film: (height, width), film units.
    """
    shape = (attention.shape[1], attention.shape[0])
    small = cv2.resize(film, shape, interpolation=cv2.INTER_AREA)
    level = min(max(float(np.percentile(small, 98)), 1e-6), 1.0)
    marked = attention > _MARKED
    window = marked | (other > _MARKED) | (small > _LIT * level)
    return float(marked.sum() / max(int(window.sum()), 1))


def describe(found: Findings) -> str:
    """Name the worst defects first, or say that there is none."""
    defects = sorted(_defects(found), reverse=True)
    if defects:
        return "; ".join(text for _, text in defects[:2])
    ice = "thin ice" if found.brightness >= 2.7 else "fairly thin ice"
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
    if found.brightness < 2.3:
        defects.append((3.6 - found.brightness, _ice(found.brightness)))
    if found.squareness < 2.8:
        defects.append((4.0 - found.squareness, "part of the window is dark or missing"))
    return defects


def _cracking(found: Findings) -> str:
    share = _percent(found.missing_share)
    if found.cracking < 2.0:
        return "cracked: a hairline or a small tear"
    return f"torn: about {share} of the film is missing" if share else "torn film"


def _contamination(found: Findings) -> str:
    share = _percent(found.dirty_share)
    word = "heavily contaminated" if found.contamination >= 3.0 else "contaminated"
    return f"{word}: about {share} of the window under dark artefacts" if share else word


def _ice(brightness: float) -> str:
    if brightness < 1.2:
        return "drowned: window almost dark"
    return "thick ice: window dark and round"


def _percent(share: float | None) -> str | None:
    """Round as one would say it, or None when too small to name."""
    if share is None or share < 0.01:
        return None
    percent = 100.0 * share
    return f"{round(percent)} %" if percent < 10 else f"{5 * round(percent / 5)} %"
