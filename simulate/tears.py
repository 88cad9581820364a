"""Torn film: hairline cracks, flaps that curl, holes with folded remains, squares without film."""

from dataclasses import dataclass
from enum import StrEnum
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.fields import FloatImage, smooth_field
from simulate.mesh import Opening
from simulate.veils import SUBPIXEL_BITS

Points = NDArray[np.float64]


class TearKind(StrEnum):
    """How the film of a square is broken."""

    NONE = "none"
    HAIRLINE = "hairline"
    FLAP = "flap"
    HOLE = "hole"
    RIPPED = "ripped"
    GONE = "gone"


@dataclass(frozen=True)
class Tear:
    """The film that is missing, and film that lies double or curled.

    `missing` 0-1, `layers` extra thicknesses of film (folds), `dark` optical depth of rolled-up
    film; (n, n).
    """

    missing: FloatImage
    layers: FloatImage
    dark: FloatImage


@dataclass
class _Sheets:
    """Three 8-bit layers on which a tear is drawn."""

    missing: NDArray[np.uint8]
    folds: NDArray[np.uint8]
    dark: NDArray[np.uint8]
    pixel_um: float
    half_um: tuple[float, float]

    def px(self, points_um: Points) -> NDArray[np.int32]:
        middle = (self.missing.shape[0] - 1) / 2
        fixed = np.rint((points_um / self.pixel_um + middle) * (1 << SUBPIXEL_BITS))
        return np.asarray(fixed, dtype=np.int32)


def tear_film(rng: np.random.Generator, kind: TearKind, opening: Opening) -> Tear:
    """Break the film of one square; rasters are float32 (n, n)."""
    n = opening.x.shape[0]
    layers = [np.zeros((n, n), np.uint8) for _ in range(3)]
    sheets = _Sheets(layers[0], layers[1], layers[2], opening.pixel_um, opening.half_um)
    if kind is TearKind.GONE:
        return _gone(rng, opening)
    _draw(rng, kind, sheets)
    unit = np.float32(1 / 255)
    return Tear(
        sheets.missing * unit, sheets.folds * np.float32(1 / 60), sheets.dark * np.float32(1 / 50)
    )


def _draw(rng: np.random.Generator, kind: TearKind, sheets: _Sheets) -> None:
    """Draw one to three of a kind on the sheets; NONE draws nothing."""
    if kind is TearKind.HAIRLINE:
        for _ in range(int(rng.integers(1, 4))):
            _draw_hairline(rng, sheets)
    elif kind is TearKind.FLAP:
        for _ in range(int(rng.integers(1, 3))):
            _draw_flap(rng, sheets)
    elif kind is TearKind.HOLE:
        _draw_hole(rng, sheets, float(rng.uniform(0.12, 0.5)))
    elif kind is TearKind.RIPPED:
        for _ in range(int(rng.integers(1, 4))):
            _draw_hole(rng, sheets, float(rng.uniform(0.5, 1.1)))


def _path(rng: np.random.Generator, sheets: _Sheets, length_um: float, wander: float) -> Points:
    """A line of about 1 um steps that wanders, starting anywhere in the square or at a bar."""
    hx, hy = sheets.half_um
    x, y = float(rng.uniform(-hx, hx)), float(rng.uniform(-hy, hy))
    if rng.random() < 0.5:
        x = float(np.sign(x)) * hx
    steps = max(int(length_um / 1.5), 3)
    heading = np.arctan2(-y, -x) + rng.normal(0, 0.8) + np.cumsum(rng.normal(0, wander, steps))
    steps_um = 1.5 * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return np.concatenate([[[x, y]], np.array([x, y]) + np.cumsum(steps_um, axis=0)])


def _draw_hairline(rng: np.random.Generator, sheets: _Sheets) -> None:
    """A thin bright crack, widest in the middle, with a dark fold along one side."""
    path = _path(rng, sheets, float(rng.uniform(5, 45)), float(rng.uniform(0.05, 0.35)))
    normal = np.stack([-np.gradient(path[:, 1]), np.gradient(path[:, 0])], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    profile = np.sin(np.linspace(0.05, pi - 0.05, len(path)))[:, None] * float(
        rng.uniform(0.15, 0.7)
    )
    fold = path + normal * (profile + float(rng.uniform(0.2, 0.5)))
    ring = np.concatenate([path + normal * profile, fold[::-1] + normal[::-1] * profile[::-1]])
    cv2.fillPoly(
        sheets.dark, [sheets.px(ring)], [int(rng.uniform(10, 60))], cv2.LINE_AA, SUBPIXEL_BITS
    )
    crack = np.concatenate([path + normal * profile, (path - normal * profile)[::-1]])
    cv2.fillPoly(sheets.missing, [sheets.px(crack)], [255], cv2.LINE_AA, SUBPIXEL_BITS)


def _draw_flap(rng: np.random.Generator, sheets: _Sheets) -> None:
    """A crescent where a tongue of film has curled back: bright gap, dark doubled tongue."""
    hx, hy = sheets.half_um
    x, y = float(rng.uniform(-1, 1)) * hx, float(rng.uniform(-1, 1)) * hy
    radius, turn = float(rng.uniform(2.5, 14)), float(rng.uniform(0, 2 * pi))
    sweep = np.linspace(-1, 1, 15) * float(rng.uniform(0.6, 1.5))
    gap = np.cos(np.linspace(-pi / 2, pi / 2, 15)) * radius * float(rng.uniform(0.1, 0.5))
    rough = 1 + 0.04 * rng.standard_normal(15)
    outer, inner = radius * rough, radius * rough - gap

    def arc(radii: NDArray[np.float64]) -> Points:
        return np.stack(
            [x + radii * np.cos(sweep + turn), y + radii * np.sin(sweep + turn)], axis=1
        )

    roll = inner - gap * float(rng.uniform(0.15, 0.9))
    tongue = np.concatenate([arc(inner), arc(roll)[::-1]])
    fold = int(60 * float(rng.uniform(0.5, 2.0)))
    cv2.fillPoly(sheets.folds, [sheets.px(tongue)], [fold], cv2.LINE_AA, SUBPIXEL_BITS)
    crescent = np.concatenate([arc(outer), arc(inner)[::-1]])
    cv2.fillPoly(sheets.missing, [sheets.px(crescent)], [255], cv2.LINE_AA, SUBPIXEL_BITS)
    if rng.random() < 0.5:
        edge = [sheets.px(arc(outer + 0.25))]
        cv2.polylines(
            sheets.dark, edge, False, [int(rng.uniform(10, 70))], 1, cv2.LINE_AA, SUBPIXEL_BITS
        )


def _draw_hole(rng: np.random.Generator, sheets: _Sheets, reach: float) -> None:
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


def _fold_over(rng: np.random.Generator, sheets: _Sheets, corners: Points, center: Points) -> None:
    """Lay a piece of the torn film outside one side: the hole's mirror image, often smaller."""
    i = int(rng.integers(len(corners)))
    a, b = corners[i], corners[(i + 1) % len(corners)]
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
    inner = center - a
    mirrored = a + 2 * along * float(inner @ along) - inner
    tip = (a + b) / 2 + (mirrored - (a + b) / 2) * float(rng.uniform(0.3, 1.0))
    shift = rng.normal(0, 1.5, size=2)
    piece = _ragged(rng, np.array([a, b, tip + shift]), 0.2)
    value = int(60 * rng.choice([1.0, 1.0, 2.0, 3.0]) * rng.uniform(0.7, 1.3))
    cv2.fillPoly(sheets.folds, [sheets.px(piece)], [min(value, 255)], cv2.LINE_AA, SUBPIXEL_BITS)


def _gone(rng: np.random.Generator, opening: Opening) -> Tear:
    """No film but for remains along some of the bars."""
    n, pixel = opening.x.shape[0], opening.pixel_um
    field = smooth_field(rng, n, float(rng.uniform(6, 20)) / pixel)
    jag = smooth_field(rng, n, float(rng.uniform(1.2, 3)) / pixel) * np.float32(rng.uniform(0, 0.8))
    width = float(rng.choice([-3.0, 0.5, 3.0, 6.0])) + float(rng.normal(0, 1))
    angle = float(rng.uniform(0, 2 * pi))
    side = np.float32(cos(angle)) * opening.x + np.float32(sin(angle)) * opening.y
    edge = (
        opening.distance_um
        + np.float32(width)
        + (field + jag) * np.float32(2.5)
        + side * np.float32(3.0)
    )
    missing = np.clip(0.5 - edge / np.float32(2 * pixel), 0, 1)
    near = np.exp(-np.square(edge / np.float32(rng.uniform(0.5, 2.0))))
    curled = near * np.clip(field, 0, 2) * np.float32(rng.choice([0.0, 0.6, 2.0]))
    layers = np.clip(jag, 0, 1) * np.float32(rng.choice([0.0, 2.0])) * (1 - missing)
    return Tear(missing.astype(np.float32), layers.astype(np.float32), curled.astype(np.float32))
