"""Compare two images of one place: correlation at every shift, and how sharp its maximum is."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.work_tile import WORK_PIXEL_UM

MIN_CONTRAST = 0.05
"""Spread of a root-coded strip over its brightest pixels: less is bars or dark film."""

BEST_SD_UM, WORST_SD_UM = 0.15, 3.0
SHARP, CLEAN_MISFIT = 0.01, 0.01
"""Loss of correlation one work pixel off, and lack of correlation, of a maximum known that well."""

Shift = tuple[float, float]


def masked_correlation(
    image: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Correlation coefficient at every shift, over the part the two have in common.

    Args:
        image: (h, w).
        other: (k, l).

    Returns:
        Coefficients and common pixel counts, both (h + k - 1, w + l - 1); element (k - 1, l - 1) is
        no shift, and a feature at p in `other` is at p + shift in `image`.
    """
    shape = (image.shape[0] + other.shape[0] - 1, image.shape[1] + other.shape[1] - 1)
    padded = (cv2.getOptimalDFTSize(shape[0]), cv2.getOptimalDFTSize(shape[1]))
    flipped = other[::-1, ::-1]
    one = [np.fft.rfft2(a, padded) for a in (image, image**2, np.ones_like(image))]
    two = [np.fft.rfft2(a, padded) for a in (flipped, flipped**2, np.ones_like(flipped))]

    def total(a: int, b: int) -> NDArray[np.float64]:
        return np.fft.irfft2(one[a] * two[b], padded)[: shape[0], : shape[1]]

    count = np.maximum(np.rint(total(2, 2)), 1)
    sum_one, sum_two = total(0, 2), total(2, 0)
    covariance = total(0, 0) - sum_one * sum_two / count
    spread_one = np.maximum(total(1, 2) - sum_one**2 / count, 0)
    spread_two = np.maximum(total(2, 1) - sum_two**2 / count, 0)
    spread = np.sqrt(spread_one * spread_two)
    floor = 1e-3 * float(spread.max())
    coefficient = np.where(spread > floor, covariance / np.maximum(spread, floor), 0)
    return coefficient.astype(np.float32), count.astype(np.float32)


def has_contrast(strip: NDArray[np.float32]) -> bool:
    """Whether windows reach into a strip: dark tiles show only the camera's stripes."""
    if min(strip.shape) < 8:
        return False
    low, high = np.percentile(strip[::3, ::3], [20, 99])
    return bool(high > 2 * low and float(strip.std()) > MIN_CONTRAST * float(high))


def find_subpixel(image: NDArray[np.float32], row: int, column: int) -> Shift:
    """How far a maximum lies from its pixel, x and y, by parabolas: at most half a pixel."""

    def vertex(before: float, here: float, after: float) -> float:
        curve = before - 2 * here + after
        return float(np.clip(0.5 * (before - after) / curve, -0.5, 0.5)) if curve < 0 else 0.0

    if not (0 < row < image.shape[0] - 1 and 0 < column < image.shape[1] - 1):
        return 0.0, 0.0
    here = float(image[row, column])
    return (
        vertex(float(image[row, column - 1]), here, float(image[row, column + 1])),
        vertex(float(image[row - 1, column]), here, float(image[row + 1, column])),
    )


def find_information(
    scores: NDArray[np.float32], row: int, column: int, pixel_um: float
) -> tuple[float, float, float]:
    """How well a maximum is known: a lone straight edge tells nothing along itself."""
    rows, columns = (
        np.clip([n - 1, n, n + 1], 0, limit - 1)
        for n, limit in zip((row, column), scores.shape, strict=True)
    )
    patch = scores[np.ix_(rows, columns)].astype(float)
    xx = 2 * patch[1, 1] - patch[1, 0] - patch[1, 2]
    yy = 2 * patch[1, 1] - patch[0, 1] - patch[2, 1]
    xy = (patch[0, 2] + patch[2, 0] - patch[0, 0] - patch[2, 2]) / 4
    bends, axes = np.linalg.eigh(np.array([[xx, xy], [xy, yy]]))
    loss = np.maximum(bends, 1e-6) / 2 * (WORK_PIXEL_UM / pixel_um) ** 2
    misfit = max(1 - float(patch[1, 1]), 1e-3)
    sd = np.maximum(BEST_SD_UM * np.sqrt(SHARP / loss * misfit / CLEAN_MISFIT), BEST_SD_UM)
    weight = axes @ np.diag(1 / np.minimum(sd, WORST_SD_UM) ** 2) @ axes.T
    return float(weight[0, 0]), float(weight[0, 1]), float(weight[1, 1])
