"""Large tears: holes with folded film, squares ripped along lines, squares without film."""

from math import cos, pi, sin

import cv2
import numpy as np

from simulate.fields import FloatImage, smooth_field
from simulate.mesh import Opening
from simulate.sheets import FOLD, Points, Sheets, Tear
from simulate.veils import SUBPIXEL_BITS


def draw_hole(rng: np.random.Generator, sheets: Sheets, reach: float) -> None:
    """A hole with straight torn sides, and its film folded over one of them."""
    half = float(np.mean(sheets.half_um))
    center = rng.uniform(-0.9, 0.9, size=2) * np.array(sheets.half_um)
    count = int(rng.integers(3, 8))
    angles = np.sort(rng.uniform(0, 2 * pi, count))
    radii = half * reach * rng.uniform(0.3, 1.25, count)
    corners = center + np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    ring = _ragged(rng, corners, float(rng.choice([0.1, 0.25, 0.6])))
    cv2.fillPoly(sheets.missing, [sheets.px(ring)], [255], cv2.LINE_AA, SUBPIXEL_BITS)
    for _ in range(int(rng.integers(0, 3))):
        _fold_over(rng, sheets, corners, center)
    if rng.random() < 0.6:
        start = int(rng.integers(len(ring)))
        rim = np.roll(ring, -start, axis=0)[: len(ring) // 2]
        width = max(1, round(float(rng.uniform(0.2, 1.0)) / sheets.pixel_um))
        value = int(rng.uniform(15, 150))
        cv2.polylines(
            sheets.dark, [sheets.px(rim)], False, [value], width, cv2.LINE_AA, SUBPIXEL_BITS
        )


def _ragged(rng: np.random.Generator, corners: Points, rough_um: float) -> Points:
    """A closed line through the corners with small steps off the straight."""
    pieces = [
        start + (end - start) * np.linspace(0, 1, 9)[:-1, None] + rng.normal(0, rough_um, (8, 2))
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    return np.concatenate(pieces)


def _fold_over(rng: np.random.Generator, sheets: Sheets, corners: Points, center: Points) -> None:
    """Lay a piece of the torn film outside one side: the hole's mirror image, often smaller."""
    i = int(rng.integers(len(corners)))
    a, b = corners[i], corners[(i + 1) % len(corners)]
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
    inner = center - a
    mirrored = a + 2 * along * float(inner @ along) - inner
    tip = (a + b) / 2 + (mirrored - (a + b) / 2) * float(rng.uniform(0.3, 1.0))
    shift = rng.normal(0, 1.5, size=2)
    piece = _ragged(rng, np.array([a, b, tip + shift]), 0.2)
    value = int(FOLD * rng.choice([1.0, 1.0, 2.0, 3.0]) * rng.uniform(0.7, 1.3))
    cv2.fillPoly(sheets.folds, [sheets.px(piece)], [min(value, 255)], cv2.LINE_AA, SUBPIXEL_BITS)


def rip(rng: np.random.Generator, opening: Opening, share: float) -> Tear:
    """Film torn away along one to three lines from bar to bar, with what is left of it.

    Args:
        rng: Source of randomness.
        opening: The square.
        share: Share of the opening that loses its film.
    """
    n, pixel = opening.x.shape[0], opening.pixel_um
    lines = [_line(rng, opening) for _ in range(int(rng.integers(1, 4)))]
    field = np.minimum.reduce(lines) if rng.random() < 0.6 else np.maximum.reduce(lines)
    bend, fine = float(rng.choice([0.0, 1.0, 3.0])), float(rng.choice([0.0, 0.15, 0.5]))
    field = field + bend * smooth_field(rng, n, float(rng.uniform(6, 20)) / pixel)
    field = field + fine * smooth_field(rng, n, max(float(rng.uniform(0.6, 2)) / pixel, 2.0))
    level = np.quantile(field[opening.inside > 0.5], 1 - share)
    edge = (field - np.float32(level)).astype(np.float32)
    missing = np.clip(0.5 + edge / np.float32(pixel), 0, 1)
    return _with_remains(rng, missing.astype(np.float32), -edge, pixel)


def _line(rng: np.random.Generator, opening: Opening) -> FloatImage:
    """Distance (um) from a straight line through the square."""
    angle = float(rng.uniform(0, 2 * pi))
    offset = float(rng.normal(0, 0.35)) * opening.half_um[0]
    across = np.float32(cos(angle)) * opening.x_um + np.float32(sin(angle)) * opening.y_um
    return np.asarray(across - np.float32(offset), dtype=np.float32)


def _with_remains(
    rng: np.random.Generator, missing: FloatImage, behind_um: FloatImage, pixel_um: float
) -> Tear:
    """Add folds and rolls to the film that is left, `behind_um` from the tear's edge."""
    n = missing.shape[0]
    kept = 1 - missing
    layers, dark = np.zeros_like(missing), np.zeros_like(missing)
    kind = rng.random()
    if kind < 0.4:  # a strip folded back on the film, wide here and narrow there
        width = np.float32(rng.uniform(1, 9)) * smooth_field(rng, n, 15 / pixel_um)
        layers = np.clip((width - behind_um) / np.float32(pixel_um), 0, 1) * kept
        layers = layers * np.float32(rng.choice([1.0, 2.0, 3.0]))
    elif kind < 0.65:  # the film hangs in rolls: dark bands with bright gaps between
        rolls = smooth_field(rng, n, float(rng.uniform(3, 9)) / pixel_um)
        reach = np.exp(-np.maximum(behind_um, 0) / np.float32(rng.uniform(4, 25)))
        dark = np.clip(rolls, 0, 2) * reach * np.float32(rng.uniform(0.5, 4)) * kept
    if rng.random() < 0.4:
        thin = np.exp(-np.square(behind_um / np.float32(rng.uniform(0.25, 0.8))))
        part = np.clip(smooth_field(rng, n, 10 / pixel_um) + 0.5, 0, 1)
        dark = dark + thin * part * np.float32(rng.uniform(0.2, 2.5)) * kept
    return Tear(missing, layers.astype(np.float32), dark.astype(np.float32))


def strip(rng: np.random.Generator, opening: Opening) -> Tear:
    """No film but for remains along some of the bars, or none at all."""
    n, pixel = opening.x.shape[0], opening.pixel_um
    field = smooth_field(rng, n, float(rng.uniform(6, 20)) / pixel)
    rough = float(rng.choice([0.0, 0.2, 0.8], p=[0.5, 0.3, 0.2]))
    jag = np.float32(rough) * smooth_field(rng, n, float(rng.uniform(1.2, 3)) / pixel)
    width = float(rng.choice([-8.0, -3.0, 0.5, 3.0, 6.0])) + float(rng.normal(0, 1))
    angle = float(rng.uniform(0, 2 * pi))
    side = np.float32(cos(angle)) * opening.x + np.float32(sin(angle)) * opening.y
    uneven = (field + jag) * np.float32(2.5) + side * np.float32(rng.uniform(0, 6))
    edge = opening.distance_um + np.float32(width) + uneven
    missing = np.clip(0.5 - edge / np.float32(2 * pixel), 0, 1)
    return _with_remains(rng, missing.astype(np.float32), edge.astype(np.float32), pixel)
