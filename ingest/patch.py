"""Upright patches of a mosaic, put together across the borders of its tiles."""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.mosaic import Mosaic, Seam
from ingest.work_tile import WORK_PIXEL_UM, Grey, WorkTile

PositionUm = tuple[float, float]


@dataclass(frozen=True)
class Patch:
    """An upright cut-out: (n, n) float32 grey values, and which pixels a tile covers."""

    pixels: NDArray[np.float32]
    covered: NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """A tile that shows some of a patch, and how it shows what the first of them does."""

    tile: WorkTile
    seam: Seam


@dataclass
class Patches:
    """Cuts patches from a mosaic, and tells what they were cut from."""

    mosaic: Mosaic
    cuts: list[tuple[PositionUm, float, list[Part]]] = field(default_factory=list)

    def cut(self, centre_um: PositionUm, side_um: float, rotation_deg: float) -> Patch:
        """Cut an upright square patch at `WORK_PIXEL_UM`; what shows its centre best on top."""
        parts = find_parts(self.mosaic, centre_um, side_um)
        self.cuts.append((centre_um, side_um, parts))
        return _assemble(parts, centre_um, round(side_um / WORK_PIXEL_UM), rotation_deg)


def find_parts(mosaic: Mosaic, centre_um: PositionUm, side_um: float) -> list[Part]:
    """The tiles that show a patch, however it is turned: up to the first that shows all of it."""
    reach_um = round(side_um / WORK_PIXEL_UM) * WORK_PIXEL_UM * 0.7072
    names = mosaic.showing(*centre_um, reach_um)
    parts = []
    for name in names:
        tile, seam = mosaic.tiles[name], mosaic.seam(names[0], name)
        parts.append(Part(tile, seam))
        if tile.holds(*seam.shown_at(*centre_um), reach_um):
            break
    return parts


def _assemble(parts: list[Part], centre_um: PositionUm, size: int, rotation_deg: float) -> Patch:
    if len(parts) == 1 and parts[0].tile.holds(*centre_um, size * WORK_PIXEL_UM * 0.7072):
        turn = patch_transform(parts[0].tile, centre_um, rotation_deg, size)
        return Patch(warp(parts[0].tile.pixels, turn, size), np.ones((size, size), bool))
    pixels = np.zeros((size, size), np.float32)
    covered = np.zeros((size, size), bool)
    for part in parts:
        seen, tile = part.seam.shown_at(*centre_um), part.tile
        turn = patch_transform(tile, seen, rotation_deg + part.seam.turn_deg, size)
        new = inside_image(turn, size, tile.pixels.shape) & ~covered
        if new.any():
            pixels[new] = warp(tile.pixels, turn, size)[new]
            covered |= new
        if covered.all():
            break
    return Patch(pixels, covered)


def patch_transform(
    tile: WorkTile, centre_um: PositionUm, rotation_deg: float, size: int
) -> NDArray[np.float64]:
    """(2, 3) affine from patch pixels to the tile's work pixels."""
    cos, sin = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    half = (size - 1) / 2
    x = (centre_um[0] - tile.left_um) / WORK_PIXEL_UM - (cos - sin) * half
    y = (centre_um[1] - tile.top_um) / WORK_PIXEL_UM - (sin + cos) * half
    return np.array([[cos, -sin, x], [sin, cos, y]])


def warp(image: Grey, patch_to_image: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Resample (size, size) float32 pixels of an image; 0 where it does not reach."""
    last = size - 1
    corners = patch_to_image @ np.array([[0, last, 0, last], [0, 0, last, last], [1, 1, 1, 1]])
    limit = np.array(image.shape[::-1]) - 1
    left, top = np.clip(np.floor(corners.min(axis=1)).astype(int) - 2, 0, limit).tolist()
    right, bottom = np.clip(np.ceil(corners.max(axis=1)).astype(int) + 3, 1, limit + 1).tolist()
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)].astype(np.float32)
    to_part = patch_to_image - np.array([[0, 0, left], [0, 0, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(part, to_part, (size, size), flags=flags), np.float32)


def inside_image(
    patch_to_image: NDArray[np.float64], size: int, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """(size, size) bool: patch pixels whose source lies inside an image of `shape`."""
    grid = np.arange(size, dtype=np.float32)
    (a, b, x0), (c, d, y0) = patch_to_image.astype(np.float32)
    x = a * grid[None, :] + b * grid[:, None] + x0
    y = c * grid[None, :] + d * grid[:, None] + y0
    inside: NDArray[np.bool_] = (x >= 0) & (x <= shape[1] - 1) & (y >= 0) & (y <= shape[0] - 1)
    return inside
