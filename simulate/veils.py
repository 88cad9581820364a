"""Dirt that is spread out over a square: frost, wrinkles, an opaque cover."""

from math import cos, pi, sin

import cv2
import numpy as np

from simulate.fields import FloatImage, smooth_field
from simulate.mesh import Opening

SUBPIXEL_BITS = 4
"""Polygons are painted to 1/16 pixel."""


def draw_frost(
    rng: np.random.Generator, strength: float, cover: float, opening: Opening
) -> FloatImage:
    """Optical depth of mottled crystals over a region or along the bars."""
    n, pixel = opening.x.shape[0], opening.pixel_um
    fine = smooth_field(rng, n, max(float(np.exp(rng.uniform(-0.7, 0.8))) / pixel, 2.0))
    broad = smooth_field(rng, n, float(rng.uniform(6, 20)) / pixel)
    rim = np.clip(1 + opening.distance_um / np.float32(rng.uniform(4, 12)), 0, 1)
    lift = broad * np.float32(0.6) + rim * np.float32(rng.uniform(0, 2.5)) + np.float32(cover)
    grains = np.clip(fine + lift - np.float32(1.4), 0, 1.5)
    return np.asarray(grains * np.float32(strength), dtype=np.float32)


def draw_wrinkles(rng: np.random.Generator, depth: float, opening: Opening) -> FloatImage:
    """Folds of the film that run across the square."""
    n, pixel = opening.x.shape[0], opening.pixel_um
    canvas = np.zeros((n, n), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        angle, reach = float(rng.uniform(0, pi)), n * 0.8
        x, y = rng.uniform(0.15 * n, 0.85 * n, size=2)
        t = np.linspace(-reach, reach, 14)
        drift = np.cumsum(rng.normal(0, n * 0.012, size=14))
        line = np.stack(
            [x + t * cos(angle) - drift * sin(angle), y + t * sin(angle) + drift * cos(angle)],
            axis=1,
        )
        width = max(1, round(float(rng.uniform(0.3, 1.0)) / pixel))
        points = np.rint(line * (1 << SUBPIXEL_BITS)).astype(np.int32)
        cv2.polylines(canvas, [points], False, [255], width, cv2.LINE_AA, SUBPIXEL_BITS)
    return np.asarray(canvas.astype(np.float32) * np.float32(depth / 255), dtype=np.float32)


def draw_cover(rng: np.random.Generator, share: float, opening: Opening) -> FloatImage:
    """Optical depth of something opaque over part of a square: from one side, or a bite of it."""
    if rng.random() < 0.5:
        return _draw_bite(rng, share, opening)
    return _draw_side(rng, share, opening)


def _draw_bite(rng: np.random.Generator, share: float, opening: Opening) -> FloatImage:
    """A lump or a folded sheet that reaches in from a bar, round or with straight sides."""
    n, pixel = opening.x.shape[0], opening.pixel_um
    angle, reach = float(rng.uniform(0, 2 * pi)), 1.6 * float(np.sqrt(share))
    away = float(rng.uniform(0.6, 1.1))
    x = opening.x - np.float32(away * cos(angle))
    y = opening.y - np.float32(away * sin(angle))
    if rng.random() < 0.5:
        distance = np.hypot(x, y)
    else:
        sides = rng.uniform(0, 2 * pi, size=int(rng.integers(3, 7)))
        distance = np.maximum.reduce(
            [x * np.float32(cos(a)) + y * np.float32(sin(a)) for a in sides]
        )
    broad = float(rng.choice([0.0, 0.1, 0.3])) * smooth_field(rng, n, 8 / pixel)
    ragged = float(rng.choice([0.0, 0.03, 0.08])) * smooth_field(rng, n, max(1.2 / pixel, 2.0))
    soft = np.float32(rng.choice([0.01, 0.02, 0.06]))
    depth = np.float32(rng.choice([1.0, 2.0, 6.0], p=[0.1, 0.2, 0.7]))
    inside = (distance + broad + ragged - np.float32(reach)) / soft
    return np.asarray(depth / (1 + np.exp(np.clip(inside, -30, 30))), dtype=np.float32)


def _draw_side(rng: np.random.Generator, share: float, opening: Opening) -> FloatImage:
    n, pixel = opening.x.shape[0], opening.pixel_um
    angle = float(rng.uniform(0, 2 * pi))
    along = np.float32(cos(angle)) * opening.x + np.float32(sin(angle)) * opening.y
    jagged = float(rng.choice([0.0, 0.02, 0.06])) * smooth_field(
        rng, n, float(rng.uniform(1, 3)) / pixel
    )
    bulge = float(rng.choice([0.0, 0.1, 0.25])) * smooth_field(
        rng, n, float(rng.uniform(10, 25)) / pixel
    )
    edge = np.float32(1.1 - 2.2 * share)
    soft = np.float32(rng.choice([0.01, 0.03, 0.15]))
    return np.asarray(
        6 / (1 + np.exp(np.clip((edge - along + jagged + bulge) / soft, -30, 30))), dtype=np.float32
    )
