"""The metal mesh: its lattice of squares, and the opening between the bars of one square."""

from dataclasses import dataclass
from enum import StrEnum
from math import cos, hypot, radians, sin

import numpy as np

from simulate.fields import FloatImage


class MeshKind(StrEnum):
    """Mesh by bars per inch."""

    MESH_200 = "200"
    MESH_300 = "300"
    MESH_400 = "400"


PITCH_UM = {MeshKind.MESH_200: 127.0, MeshKind.MESH_300: 84.6, MeshKind.MESH_400: 63.0}
WINDOW_UM = {
    MeshKind.MESH_200: (80.0, 105.0),
    MeshKind.MESH_300: (50.0, 62.0),
    MeshKind.MESH_400: (34.0, 46.0),
}
"""Smallest and largest opening between the bars, um."""


@dataclass(frozen=True)
class Mesh:
    """A square lattice of openings inside a round rim, in grid coordinates (um from the centre)."""

    pitch_um: float
    window_um: float
    corner_um: float
    rotation_deg: float
    offset_um: tuple[float, float]
    rim_um: float
    bend_um: float

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
        )

    def center_um(self, column: int, row: int) -> tuple[float, float]:
        """Centre of a square in grid coordinates."""
        c, s = cos(radians(self.rotation_deg)), sin(radians(self.rotation_deg))
        x, y = column * self.pitch_um, row * self.pitch_um
        return c * x - s * y + self.offset_um[0], s * x + c * y + self.offset_um[1]

    def index_at(self, x_um: float, y_um: float) -> tuple[float, float]:
        """Fractional (column, row) of a grid position."""
        c, s = cos(radians(self.rotation_deg)), sin(radians(self.rotation_deg))
        x, y = x_um - self.offset_um[0], y_um - self.offset_um[1]
        return (c * x + s * y) / self.pitch_um, (-s * x + c * y) / self.pitch_um

    def squares(self) -> list[tuple[int, int]]:
        """All (column, row) whose centre lies inside the rim, row by row."""
        reach = int(self.rim_um / self.pitch_um) + 2
        return [
            (column, row)
            for row in range(-reach, reach + 1)
            for column in range(-reach, reach + 1)
            if hypot(*self.center_um(column, row)) < self.rim_um
        ]


@dataclass(frozen=True)
class Opening:
    """The hole in the metal of one square on a raster in the square's own upright frame.

    `x_um`, `y_um` are positions, `x`, `y` the same as shares of the half opening, `distance_um`
    the signed distance from the metal's edge (negative inside), `inside` its anti-aliased cover
    0-1; all float32 (n, n).
    """

    pixel_um: float
    half_um: tuple[float, float]
    x_um: FloatImage
    y_um: FloatImage
    x: FloatImage
    y: FloatImage
    distance_um: FloatImage
    inside: FloatImage


def raster_size(pitch_um: float, pixel_um: float) -> int:
    """Pixels along the side of a raster that covers one mesh cell."""
    return int(np.ceil(pitch_um / pixel_um)) + 2


def open_square(rng: np.random.Generator, mesh: Mesh, pixel_um: float) -> Opening:
    """Draw the opening of one square: sides bend, lean and shift a little, corners are rounded."""
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
    inside = np.clip(0.5 - distance / np.float32(pixel_um), 0, 1).astype(np.float32)
    x, y = (wx / hx).astype(np.float32), (wy / hy).astype(np.float32)
    return Opening(pixel_um, (hx, hy), x_um, y_um, x, y, distance, inside)
