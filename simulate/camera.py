"""Microscope and camera: from transmission to counts."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.fields import FloatImage

_NORMAL_ABOVE = 8.0
"""Above this many electrons a pixel shot noise is drawn as normal noise: alike, and fast."""


@dataclass(frozen=True)
class Optics:
    """How one image comes out.

    `electrons` per pixel through vacuum; `scatter` share of light that bars and walls throw over
    several um; `blur_um` spread (sigma) by defocus and MTF; `fringe` strength of the bright
    Fresnel rim at steep edges; `leak` share that goes through bars; `shading` per um, fall-off of
    the beam over the image.
    """

    electrons: float
    blur_um: float
    scatter: float
    scatter_um: float
    fringe: float
    leak: float
    shading: tuple[float, float]


@dataclass(frozen=True)
class Detector:
    """Counts per electron, fixed-pattern gain error, and a dark level per pixel."""

    counts: float
    gain_sd: float
    stripe_sd: float
    dark: float
    hot_row: float


def illuminate(transmission: FloatImage, optics: Optics, pixel_um: float) -> FloatImage:
    """Mean electrons per pixel, float32 (height, width), before noise."""
    height, width = transmission.shape
    sigma = optics.blur_um / pixel_um
    image = transmission
    if optics.fringe > 0:
        soft = cv2.GaussianBlur(image, (0, 0), max(3 * sigma, 2.0))
        image = image + np.float32(optics.fringe) * (image - soft)
    if sigma > 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.float32)
    if optics.scatter > 0:
        small = cv2.resize(
            image, (max(width // 8, 4), max(height // 8, 4)), interpolation=cv2.INTER_AREA
        )
        halo = cv2.GaussianBlur(small, (0, 0), max(optics.scatter_um / pixel_um / 8, 0.5))
        image = image + np.float32(optics.scatter) * cv2.resize(
            halo, (width, height), interpolation=cv2.INTER_LINEAR
        )
    image = np.maximum(image, 0) + np.float32(optics.leak)
    if optics.shading != (0.0, 0.0):
        x = (np.arange(width, dtype=np.float32) - width / 2) * np.float32(
            pixel_um * optics.shading[0]
        )
        y = (np.arange(height, dtype=np.float32) - height / 2) * np.float32(
            pixel_um * optics.shading[1]
        )
        image = image * (1 + x + y[:, None])
    return np.asarray(image * np.float32(optics.electrons), dtype=np.float32)


def detect(
    rng: np.random.Generator,
    electrons: FloatImage,
    detector: Detector,
    pattern: np.random.Generator | None = None,
) -> FloatImage:
    """Counts as the camera reads them, with noise and gain; float32 (height, width).

    The camera's fixed stripes and hot line come from `pattern`, or without one from `rng`.
    """
    fixed = rng if pattern is None else pattern
    height, width = electrons.shape
    stripe = np.float32(detector.stripe_sd)
    gain = 1 + stripe * fixed.standard_normal(width, dtype=np.float32)
    rows = 1 + stripe * fixed.standard_normal((height, 1), dtype=np.float32)
    counted = count(rng, electrons + np.float32(detector.dark) * gain)
    if detector.hot_row > 0:
        top = int(fixed.integers(0, max(height - 3, 1)))
        counted[top : top + int(fixed.integers(1, 4))] += np.float32(detector.hot_row)
    if detector.gain_sd > 0:
        counted *= 1 + np.float32(detector.gain_sd) * rng.standard_normal(
            counted.shape, dtype=np.float32
        )
    return np.asarray(counted * gain * rows * np.float32(detector.counts), dtype=np.float32)


def count(rng: np.random.Generator, electrons: FloatImage) -> FloatImage:
    """Draw whole electrons; float32 (height, width), never negative."""
    level = np.maximum(electrons, 0)
    drawn = np.rint(level + np.sqrt(level) * rng.standard_normal(level.shape, dtype=np.float32))
    few = level < _NORMAL_ABOVE
    drawn[few] = rng.poisson(level[few])
    return np.asarray(np.maximum(drawn, 0), dtype=np.float32)


def stretch_limits(
    image: FloatImage | NDArray[np.uint16], low: float, high: float
) -> tuple[float, float]:
    """The two percentiles between which EPU stretches a preview."""
    sample = image[::4, ::4] if image.size > 250_000 else image
    lo, hi = np.percentile(sample, [low, high])
    return float(lo), max(float(hi), float(lo) + 1e-6)
