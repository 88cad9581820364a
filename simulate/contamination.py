"""Dirt on the film: specks, chains, clumps along the bars, flakes, pale crystals and veils."""

from dataclasses import dataclass
from math import cos, pi, sin, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.fields import FloatImage
from simulate.mesh import Opening
from simulate.veils import SUBPIXEL_BITS, draw_cover, draw_frost, draw_wrinkles

STEPS_PER_DEPTH = 40
"""Optical depth is painted in 8-bit steps of 1/40; the darkest paint transmits 0.2 %."""

_ROUND_UM = 3.0
_HEXAGON = 6


@dataclass(frozen=True)
class Dirt:
    """What lies on one square: expected counts, and optical depths of what is spread out."""

    specks: float
    speck_um: float
    pale: float
    grime: float
    groups: float
    clumps: float
    flakes: float
    crystals: float
    frost: float
    frost_cover: float
    wrinkles: float
    cover: float


@dataclass(frozen=True)
class Blob:
    """One piece of dirt: place, size, optical depth."""

    x_um: float
    y_um: float
    radius_um: float
    depth: float


@dataclass
class Canvas:
    """A raster on which dirt is painted; for placing it the opening's half sides, and its bars."""

    paint: NDArray[np.uint8]
    pixel_um: float
    half_um: tuple[float, float]
    bars: int

    def to_px(self, points_um: NDArray[np.float64]) -> NDArray[np.int32]:
        """Fixed-point raster positions of points (..., 2) in um."""
        middle = (self.paint.shape[0] - 1) / 2
        fixed = np.rint((points_um / self.pixel_um + middle) * (1 << SUBPIXEL_BITS))
        return np.asarray(fixed, dtype=np.int32)


def soil(rng: np.random.Generator, dirt: Dirt, opening: Opening) -> FloatImage:
    """Optical depth of all dirt on one square, float32 (n, n)."""
    n = opening.x.shape[0]
    canvas = Canvas(
        np.zeros((n, n), np.uint8), opening.pixel_um, opening.half_um, 2 * len(opening.across)
    )
    paint_blobs(rng, canvas, _crystals(rng, canvas, dirt) + _grime(rng, canvas, dirt))
    canvas.paint = _soften(rng, canvas)
    small = _specks(rng, canvas, dirt) + _groups(rng, canvas, dirt) + _clumps(rng, canvas, dirt)
    paint_blobs(rng, canvas, small)
    paint_blobs(rng, canvas, _flakes(rng, canvas, dirt))
    depth = canvas.paint.astype(np.float32) * np.float32(1 / STEPS_PER_DEPTH)
    if dirt.frost > 0:
        depth = np.maximum(depth, draw_frost(rng, dirt.frost, dirt.frost_cover, opening))
    if dirt.wrinkles > 0:
        depth = depth + draw_wrinkles(rng, dirt.wrinkles, opening)
    if dirt.cover > 0:
        depth = np.maximum(depth, draw_cover(rng, dirt.cover, opening))
    return np.asarray(depth, dtype=np.float32)


def paint_blobs(rng: np.random.Generator, canvas: Canvas, blobs: "list[Blob]") -> None:
    """Paint ragged blobs, the palest first, so that a dark speck is not lost under a pale one."""
    if not blobs:
        return
    blobs = sorted(blobs, key=lambda blob: blob.depth)
    center = np.array([(blob.x_um, blob.y_um) for blob in blobs])
    radius = np.array([blob.radius_um for blob in blobs])
    corners = 20 if radius.max() > _ROUND_UM else 9
    angles = np.arange(corners) * (2 * pi / corners) + rng.uniform(0, 1, (len(blobs), 1))
    rough = 1 + 0.28 * rng.standard_normal((len(blobs), corners)) * rng.uniform(
        0.2, 1.2, (len(blobs), 1)
    )
    rough += 0.3 * np.cos(2 * angles + rng.uniform(0, 6, (len(blobs), 1)))
    radii = radius[:, None] * np.clip(rough, 0.25, 2.2)
    points = center[:, None, :] + radii[:, :, None] * np.stack(
        [np.cos(angles), np.sin(angles)], axis=2
    )
    fixed = canvas.to_px(points)
    for ring, blob in zip(fixed, blobs, strict=True):
        value = int(min(max(blob.depth, 0) * STEPS_PER_DEPTH, 255))
        cv2.fillPoly(canvas.paint, [ring], [value], cv2.LINE_AA, SUBPIXEL_BITS)


def _anywhere(rng: np.random.Generator, canvas: Canvas) -> tuple[float, float]:
    hx, hy = canvas.half_um
    return float(rng.uniform(-hx, hx)), float(rng.uniform(-hy, hy))


def _at_edge(rng: np.random.Generator, canvas: Canvas, depth_um: float) -> tuple[float, float]:
    """A place along one of the bars; more often inside the opening than on the metal."""
    hx, hy = canvas.half_um
    inward = abs(float(rng.normal(0, depth_um))) - 0.4
    along = float(rng.uniform(-1, 1))
    side = int(rng.integers(canvas.bars))
    if canvas.bars == _HEXAGON:
        turn, away, beside = side * pi / 3, hx - inward, along * hx / sqrt(3)
        return away * cos(turn) - beside * sin(turn), away * sin(turn) + beside * cos(turn)
    if side < 2:
        return (hx - inward) * (1 if side else -1), along * hy
    return along * hx, (hy - inward) * (1 if side == 3 else -1)


def _soften(rng: np.random.Generator, canvas: Canvas) -> NDArray[np.uint8]:
    """What is pale has soft edges as often as firm ones."""
    sigma = float(rng.choice([0.1, 0.35, 0.8])) / canvas.pixel_um
    return np.asarray(cv2.GaussianBlur(canvas.paint, (0, 0), max(sigma, 0.3)), dtype=np.uint8)


def _speck_depth(rng: np.random.Generator, dirt: Dirt) -> float:
    if rng.random() < dirt.pale:
        return float(rng.uniform(0.06, 0.45))
    return float(min(rng.gamma(2.0, 0.9) + 0.15, 6.0))


def _specks(rng: np.random.Generator, canvas: Canvas, dirt: Dirt) -> list[Blob]:
    blobs: list[Blob] = []
    for _ in range(min(int(rng.poisson(dirt.specks)), 400)):
        place = _anywhere(rng, canvas) if rng.random() < 0.7 else _at_edge(rng, canvas, 4.0)
        radius = dirt.speck_um * float(np.exp(rng.normal(0, 0.45)))
        blobs.append(Blob(*place, radius, _speck_depth(rng, dirt)))
    return blobs


def _groups(rng: np.random.Generator, canvas: Canvas, dirt: Dirt) -> list[Blob]:
    """Loose swarms and chains of specks."""
    blobs: list[Blob] = []
    for _ in range(min(int(rng.poisson(dirt.groups)), 8)):
        x, y = _anywhere(rng, canvas)
        spread = float(rng.uniform(1.5, 9.0))
        heading, chain = float(rng.uniform(0, 2 * pi)), rng.random() < 0.25
        for _ in range(int(rng.integers(4, 26))):
            radius = dirt.speck_um * float(np.exp(rng.normal(0.1, 0.4)))
            if chain:
                heading += float(rng.normal(0, 0.6))
                x, y = x + 2.2 * radius * cos(heading), y + 2.2 * radius * sin(heading)
                place = (x, y)
            else:
                place = (x + float(rng.normal(0, spread)), y + float(rng.normal(0, spread)))
            blobs.append(Blob(*place, radius, _speck_depth(rng, dirt)))
    return blobs


def _clumps(rng: np.random.Generator, canvas: Canvas, dirt: Dirt) -> list[Blob]:
    """Crystals heaped at the bars: opaque with bright gaps, or a solid dark bite."""
    blobs: list[Blob] = []
    for _ in range(min(int(rng.poisson(dirt.clumps)), 14)):
        x, y = _at_edge(rng, canvas, 1.5)
        size = float(np.exp(rng.normal(0.55, 0.6)))
        grain = float(rng.uniform(0.4, 0.95))
        count = int(min(rng.uniform(2.5, 8) * size / grain, 90))
        dark = rng.random() < 0.75
        for _ in range(count):
            place = (x + float(rng.normal(0, size)), y + float(rng.normal(0, size)))
            depth = float(rng.uniform(1.2, 6)) if dark else float(rng.uniform(0.4, 1.8))
            blobs.append(Blob(*place, grain * float(np.exp(rng.normal(0, 0.35))), depth))
    return blobs


def _flakes(rng: np.random.Generator, canvas: Canvas, dirt: Dirt) -> list[Blob]:
    """Large flakes: polygons of sublimed ice, or ragged lumps with a halo of crumbs."""
    blobs: list[Blob] = []
    for _ in range(min(int(rng.poisson(dirt.flakes)), 6)):
        place = _anywhere(rng, canvas) if rng.random() < 0.6 else _at_edge(rng, canvas, 3.0)
        radius = float(np.exp(rng.normal(0.75, 0.55)))
        depth = float(rng.uniform(2.5, 6.3)) if rng.random() < 0.8 else float(rng.uniform(0.5, 2.0))
        blobs.append(Blob(*place, radius, depth))
        for _ in range(int(rng.integers(0, 14))):
            crumb = (
                place[0] + float(rng.normal(0, radius)),
                place[1] + float(rng.normal(0, radius)),
            )
            blobs.append(Blob(*crumb, radius * float(rng.uniform(0.15, 0.5)), depth))
    return blobs


def _crystals(rng: np.random.Generator, canvas: Canvas, dirt: Dirt) -> list[Blob]:
    """Pale patches: thin crystals and droplets that dim the film, some as rings."""
    blobs: list[Blob] = []
    for _ in range(min(int(rng.poisson(dirt.crystals)), 60)):
        place = _anywhere(rng, canvas) if rng.random() < 0.35 else _at_edge(rng, canvas, 5.0)
        radius = float(np.exp(rng.normal(0.2, 0.5)))
        depth = float(rng.uniform(0.08, 0.5))
        blobs.append(Blob(*place, radius, depth))
        if rng.random() < 0.3:
            blobs.append(Blob(*place, radius * 0.6, depth * 0.4))
    return blobs


def _grime(rng: np.random.Generator, canvas: Canvas, dirt: Dirt) -> list[Blob]:
    """Soft grey dirt that gathers along the bars: drifts of pale overlapping patches."""
    blobs: list[Blob] = []
    for _ in range(min(int(rng.poisson(dirt.grime)), 16)):
        x, y = _at_edge(rng, canvas, float(rng.uniform(1.0, 5.0)))
        depth, size = float(rng.uniform(0.06, 0.5)), float(np.exp(rng.normal(-0.1, 0.4)))
        along = rng.normal(0, 1, size=2) * np.array([2.5, 1.0])[:: int(rng.choice([1, -1]))]
        for _ in range(int(rng.integers(2, 12))):
            place = (
                x + float(rng.normal(0, size + abs(along[0]))),
                y + float(rng.normal(0, size + abs(along[1]))),
            )
            radius = size * float(np.exp(rng.normal(0, 0.4)))
            blobs.append(Blob(*place, radius, depth * float(rng.uniform(0.6, 1.2))))
    return blobs
