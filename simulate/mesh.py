"""The metal mesh: its lattice of windows, square or hexagonal, and the opening of one of them."""

from dataclasses import dataclass
from enum import StrEnum
from math import cos, hypot, pi, radians, sin, sqrt

import numpy as np

from simulate.fields import FloatImage


class MeshKind(StrEnum):
    """Mesh by bars per inch; `hex`: windows are hexagons, as in a honeycomb."""

    MESH_200 = "200"
    MESH_300 = "300"
    MESH_400 = "400"
    HEX_200 = "hex200"
    HEX_300 = "hex300"
    HEX_400 = "hex400"

    @property
    def is_hexagonal(self) -> bool:
        """Whether each window has six neighbours."""
        return self.value.startswith("hex")


PITCH_UM = {
    MeshKind.MESH_200: 127.0,
    MeshKind.MESH_300: 84.6,
    MeshKind.MESH_400: 63.0,
    MeshKind.HEX_200: 127.0,
    MeshKind.HEX_300: 84.6,
    MeshKind.HEX_400: 63.0,
}
WINDOW_UM = {
    MeshKind.MESH_200: (80.0, 105.0),
    MeshKind.MESH_300: (50.0, 62.0),
    MeshKind.MESH_400: (34.0, 46.0),
    MeshKind.HEX_200: (84.0, 108.0),
    MeshKind.HEX_300: (54.0, 71.0),
    MeshKind.HEX_400: (38.0, 52.0),
}
"""Smallest and largest opening between opposite bars, um."""

_HIGH = 2 / sqrt(3)
"""A hexagon from corner to corner, when it is 1 from side to side."""

_ROUND = 0.35
"""What part of a corner's radius softens the meeting of two sides of a hexagon."""


@dataclass(frozen=True)
class Mesh:
    """A lattice of openings inside a round rim, in grid coordinates (um from the centre).

    Square, or hexagonal: then each row lies half a pitch beside the last.
    """

    pitch_um: float
    window_um: float
    corner_um: float
    rotation_deg: float
    offset_um: tuple[float, float]
    rim_um: float
    bend_um: float
    is_hexagonal: bool = False

    @classmethod
    def draw(cls, rng: np.random.Generator, kind: MeshKind) -> "Mesh":
        """Draw a mesh of one kind: each maker's and each lot's bars differ."""
        pitch = PITCH_UM[kind] * float(rng.uniform(0.99, 1.01))
        return cls(
            pitch_um=pitch,
            window_um=float(rng.uniform(*WINDOW_UM[kind])),
            corner_um=float(rng.uniform(1.5, 8.0)) * (1.3 if kind is MeshKind.MESH_200 else 1.0),
            rotation_deg=float(rng.uniform(-45, 45)),
            offset_um=(
                float(rng.uniform(-0.5, 0.5)) * pitch,
                float(rng.uniform(-0.5, 0.5)) * pitch,
            ),
            rim_um=float(rng.uniform(1000, 1250)),
            bend_um=float(rng.exponential(0.4)),
            is_hexagonal=kind.is_hexagonal,
        )

    @property
    def reach_um(self) -> float:
        """Half the height of a window that is a little larger than most."""
        return self.window_um * 0.53 * (_HIGH if self.is_hexagonal else 1.0)

    def center_um(self, column: int, row: int) -> tuple[float, float]:
        """Centre of a square in grid coordinates."""
        c, s = cos(radians(self.rotation_deg)), sin(radians(self.rotation_deg))
        x, y = column * self.pitch_um, row * self.pitch_um
        if self.is_hexagonal:
            x, y = x + y / 2, y / _HIGH
        return c * x - s * y + self.offset_um[0], s * x + c * y + self.offset_um[1]

    def index_at(self, x_um: float, y_um: float) -> tuple[float, float]:
        """Fractional (column, row) of a grid position."""
        c, s = cos(radians(self.rotation_deg)), sin(radians(self.rotation_deg))
        x, y = x_um - self.offset_um[0], y_um - self.offset_um[1]
        column, row = (c * x + s * y) / self.pitch_um, (-s * x + c * y) / self.pitch_um
        if self.is_hexagonal:
            row *= _HIGH
            column -= row / 2
        return column, row

    def squares(self) -> list[tuple[int, int]]:
        """All (column, row) whose centre lies inside the rim, row by row."""
        reach = int(self.rim_um / self.pitch_um * (_HIGH if self.is_hexagonal else 1.0)) + 2
        return [
            (column, row)
            for row in range(-reach, reach + 1)
            for column in range(-reach, reach + 1)
            if hypot(*self.center_um(column, row)) < self.rim_um
        ]


@dataclass(frozen=True)
class Opening:
    """The hole in the metal of one square on a raster in the square's own upright frame.

    `x_um`, `y_um` are positions, `x`, `y` the same as shares of the half opening, `across` the same
    between each pair of opposite bars, `distance_um` the signed distance from the metal's edge
    (negative inside), `inside` its anti-aliased cover 0-1; all float32 (n, n).
    """

    pixel_um: float
    half_um: tuple[float, float]
    x_um: FloatImage
    y_um: FloatImage
    x: FloatImage
    y: FloatImage
    across: tuple[FloatImage, ...]
    distance_um: FloatImage
    inside: FloatImage


def raster_size(pitch_um: float, pixel_um: float) -> int:
    """Pixels along the side of a raster that covers one mesh cell."""
    return int(np.ceil(pitch_um / pixel_um)) + 2


def open_square(rng: np.random.Generator, mesh: Mesh, pixel_um: float) -> Opening:
    """Draw the opening of one square: sides bend, lean and shift a little, corners are rounded."""
    if mesh.is_hexagonal:
        return _open_hexagon(rng, mesh, pixel_um)
    n = raster_size(mesh.pitch_um, pixel_um)
    axis = (np.arange(n, dtype=np.float32) - np.float32((n - 1) / 2)) * np.float32(pixel_um)
    y_um, x_um = np.meshgrid(axis, axis, indexing="ij")
    hx, hy = (float(h) for h in mesh.window_um / 2 * rng.normal(1, 0.015, size=2))
    lean = [float(v) for v in rng.normal(0, 0.008, size=4)]
    bend = rng.normal(0, mesh.bend_um, size=4).astype(np.float32)
    across_y, across_x = 1 - (y_um / hy) ** 2, 1 - (x_um / hx) ** 2
    right, low = x_um > 0, y_um > 0
    wx = (
        x_um * (1 + lean[0] * y_um / hy)
        + lean[1] * y_um
        + np.where(right, bend[0], bend[1]) * across_y
    )
    wy = (
        y_um * (1 + lean[2] * x_um / hx)
        - lean[1] * x_um
        + np.where(low, bend[2], bend[3]) * across_x
    )
    corner = mesh.corner_um * float(rng.uniform(0.8, 1.25))
    qx, qy = np.abs(wx) - (hx - corner), np.abs(wy) - (hy - corner)
    away = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0)) + np.minimum(np.maximum(qx, qy), 0)
    distance = (away - corner).astype(np.float32)
    x, y = (wx / hx).astype(np.float32), (wy / hy).astype(np.float32)
    return Opening(
        pixel_um, (hx, hy), x_um, y_um, x, y, (x, y), distance, _cover(distance, pixel_um)
    )


def _open_hexagon(rng: np.random.Generator, mesh: Mesh, pixel_um: float) -> Opening:
    """The opening of a hexagonal mesh: three pairs of bars, one of them upright."""
    n = raster_size(mesh.pitch_um, pixel_um)
    axis = (np.arange(n, dtype=np.float32) - np.float32((n - 1) / 2)) * np.float32(pixel_um)
    y_um, x_um = np.meshgrid(axis, axis, indexing="ij")
    half = mesh.window_um / 2
    across, beyond = [], []
    for turn in (0.0, pi / 3, 2 * pi / 3):
        wide = half * float(rng.normal(1, 0.015))
        bend = rng.normal(0, mesh.bend_um, size=2).astype(np.float32)
        along = np.float32(cos(turn)) * y_um - np.float32(sin(turn)) * x_um
        place = np.float32(cos(turn)) * x_um + np.float32(sin(turn)) * y_um
        place = place + np.where(place > 0, *bend) * (1 - (along / half) ** 2)
        across.append((place / np.float32(wide)).astype(np.float32))
        beyond.append(np.abs(place) - np.float32(wide))
    soft = np.float32(_ROUND * mesh.corner_um * float(rng.uniform(0.8, 1.25)))
    distance = np.asarray(soft * np.logaddexp.reduce(np.stack(beyond) / soft), np.float32)
    hx, hy = half, half * _HIGH
    x, y = x_um / np.float32(hx), y_um / np.float32(hy)
    return Opening(
        pixel_um,
        (hx, hy),
        x_um,
        y_um,
        x,
        y,
        tuple(across),
        distance,
        _cover(distance, pixel_um),
    )


def _cover(distance_um: FloatImage, pixel_um: float) -> FloatImage:
    """How much of each pixel lies inside."""
    return np.asarray(np.clip(0.5 - distance_um / np.float32(pixel_um), 0, 1), np.float32)
