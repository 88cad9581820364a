"""The support film: holey carbon or gold foils, lacey and continuous film."""

from dataclasses import dataclass
from enum import StrEnum
from math import cos, radians, sin

import numpy as np

from simulate.fields import FloatImage, smooth_field
from simulate.mesh import Opening


class FoilKind(StrEnum):
    """Hole pattern: diameter / gap in um, and whether it is a hexagonal lattice."""

    R2_1 = "r2/1"
    R2_2 = "r2/2"
    R12_13 = "r1.2/1.3"
    R06_1 = "r0.6/1"
    R35_1 = "r3.5/1"
    HEX_12_13 = "hex1.2/1.3"
    LACEY = "lacey"
    CONTINUOUS = "continuous"


HOLES_UM = {
    FoilKind.R2_1: (2.0, 3.0),
    FoilKind.R2_2: (2.0, 4.0),
    FoilKind.R12_13: (1.2, 2.5),
    FoilKind.R06_1: (0.6, 1.6),
    FoilKind.R35_1: (3.5, 4.5),
    FoilKind.HEX_12_13: (1.2, 2.5),
}
"""Hole diameter and pitch, um."""


@dataclass(frozen=True)
class Foil:
    """One grid's film. `depth` is its optical depth: transmission is exp(-depth)."""

    kind: FoilKind
    depth: float
    diameter_um: float
    pitch_um: float
    angle_deg: float
    visibility: float

    @classmethod
    def draw(cls, rng: np.random.Generator, kind: FoilKind, *, gold: bool) -> "Foil":
        """Draw a foil of one kind; gold is darker than carbon."""
        diameter, pitch = HOLES_UM.get(kind, (0.0, 1.0))
        depth = float(rng.uniform(0.45, 1.3) if gold else rng.uniform(0.08, 0.34))
        return cls(
            kind=kind,
            depth=depth,
            diameter_um=diameter * float(rng.uniform(0.92, 1.12)),
            pitch_um=pitch * float(rng.uniform(0.97, 1.03)),
            angle_deg=float(rng.uniform(-45, 45)),
            visibility=float(rng.uniform(0.35, 1.0)),
        )

    @property
    def open_share(self) -> float:
        """Share of the film's area that is holes."""
        if self.kind is FoilKind.LACEY:
            return 0.6
        cell = self.pitch_um**2 * (0.866 if self.kind is FoilKind.HEX_12_13 else 1.0)
        return float(np.pi * self.diameter_um**2 / 4 / cell)


def hole_cover(rng: np.random.Generator, foil: Foil, opening: Opening) -> FloatImage:
    """Share of each pixel that is hole, float32 (n, n), for one square.

    The pattern's phase differs from square to square, its direction a little.
    """
    n = opening.x_um.shape[0]
    if foil.kind is FoilKind.CONTINUOUS:
        return np.zeros((n, n), np.float32)
    if foil.kind is FoilKind.LACEY:
        return _lacey(rng, opening)
    angle = radians(foil.angle_deg + float(rng.normal(0, 1.0)))
    phase = rng.uniform(0, foil.pitch_um, size=2).astype(np.float32)
    c, s = np.float32(cos(angle)), np.float32(sin(angle))
    x = c * opening.x_um + s * opening.y_um + phase[0]
    y = -s * opening.x_um + c * opening.y_um + phase[1]
    pitch = np.float32(foil.pitch_um)
    if foil.kind is FoilKind.HEX_12_13:
        distance = np.minimum(
            _to_lattice(x, y, pitch),
            _to_lattice(x + pitch / 2, y + pitch * np.float32(0.866), pitch),
        )
    else:
        distance = np.hypot(_fold(x, pitch), _fold(y, pitch))
    soft = np.float32(opening.pixel_um)
    cover = np.clip(0.5 + (np.float32(foil.diameter_um / 2) - distance) / soft, 0, 1)
    return np.asarray(cover, dtype=np.float32)


def _fold(x: FloatImage, pitch: np.float32) -> FloatImage:
    return np.asarray(x - pitch * np.rint(x / pitch), dtype=np.float32)


def _to_lattice(x: FloatImage, y: FloatImage, pitch: np.float32) -> FloatImage:
    away = np.hypot(_fold(x, pitch), _fold(y, pitch * np.float32(1.732)))
    return np.asarray(away, dtype=np.float32)


def _lacey(rng: np.random.Generator, opening: Opening) -> FloatImage:
    """Threads where a smooth field crosses zero: an irregular net of holes of all sizes."""
    n, pixel = opening.x_um.shape[0], opening.pixel_um
    field = smooth_field(rng, n, float(rng.uniform(1.8, 3.5)) / pixel)
    field = field + 0.5 * smooth_field(rng, n, float(rng.uniform(6, 12)) / pixel)
    width = np.float32(rng.uniform(0.18, 0.4))
    return np.asarray(np.clip((np.abs(field) - width) * np.float32(6), 0, 1), dtype=np.float32)
