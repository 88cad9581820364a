"""The atlas in memory: tiles at half a micrometre per pixel, patches cut across their borders."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.place import Placed, TileOptics

WORK_PIXEL_UM = 0.5
"""Pixel of the in-memory tiles."""


@dataclass(frozen=True)
class WorkTile:
    """A placed tile reduced for detection.

    Args:
        pixels: (h, w) float32 grey values, one pixel per `WORK_PIXEL_UM`.
        x_um: centre in the mosaic frame.
        y_um: centre in the mosaic frame.
    """

    pixels: NDArray[np.float32]
    x_um: float
    y_um: float

    @property
    def left_um(self) -> float:
        """Position of the centre of column 0."""
        return self.x_um - float(self.pixels.shape[1] - 1) / 2 * WORK_PIXEL_UM

    @property
    def top_um(self) -> float:
        """Position of the centre of row 0."""
        return self.y_um - float(self.pixels.shape[0] - 1) / 2 * WORK_PIXEL_UM

    @property
    def half_size_um(self) -> tuple[float, float]:
        """Half width and half height."""
        height, width = self.pixels.shape
        return width / 2 * WORK_PIXEL_UM, height / 2 * WORK_PIXEL_UM

    def holds(self, x_um: float, y_um: float, radius_um: float) -> bool:
        """Whether the tile covers all of a disc."""
        half_width, half_height = self.half_size_um
        inside = min(half_width - abs(x_um - self.x_um), half_height - abs(y_um - self.y_um))
        return inside > radius_um


@dataclass(frozen=True)
class Patch:
    """An upright cut-out: (n, n) float32 grey values, and which pixels a tile covers."""

    pixels: NDArray[np.float32]
    covered: NDArray[np.bool_]


@dataclass(frozen=True)
class Overview:
    """The whole mosaic at a coarse scale, for finding the mesh and candidates.

    Args:
        pixels: (h, w) float32 grey values.
        covered: (h, w) bool.
        pixel_um: scale.
        left_um: mosaic position of column 0.
        top_um: mosaic position of row 0.
    """

    pixels: NDArray[np.float32]
    covered: NDArray[np.bool_]
    pixel_um: float
    left_um: float
    top_um: float


def reduce_tile(pixels: NDArray[np.generic], optics: TileOptics) -> NDArray[np.float32]:
    """Scale a tile's (h, w) grey values to `WORK_PIXEL_UM`, averaging areas."""
    width_um, height_um = optics.size_um
    size = (max(1, round(width_um / WORK_PIXEL_UM)), max(1, round(height_um / WORK_PIXEL_UM)))
    shrinks = size[0] <= pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    source: NDArray[np.integer | np.floating]
    if pixels.dtype in {np.dtype(np.uint16), np.dtype(np.uint8)}:
        source = np.asarray(pixels, pixels.dtype)
    else:
        source = np.nan_to_num(pixels.astype(np.float32), posinf=0, neginf=0)
    small = np.asarray(cv2.resize(source, size, interpolation=how), np.float32)
    return np.maximum(small, np.float32(0))


class Mosaic:
    """The placed tiles of an atlas.

    Neighbouring tiles overlap, and EPU's lattice is off by up to 12 um at a seam: `seams` says how
    far a tile must move to fit its neighbour, and patches across a seam are put together with it.
    Positions stay those of the tile that owns them.
    """

    def __init__(
        self,
        tiles: Mapping[str, WorkTile],
        seams: Mapping[tuple[str, str], tuple[float, float]] | None = None,
    ) -> None:
        self.tiles = dict(tiles)
        self.seams = dict(seams or {})
        self._half_sizes = {name: tile.half_size_um for name, tile in self.tiles.items()}
        self._centres = np.array([(t.x_um, t.y_um) for t in self.tiles.values()]).reshape(-1, 2)
        self._halves = np.array(list(self._half_sizes.values())).reshape(-1, 2)

    def __len__(self) -> int:
        """Count its tiles."""
        return len(self.tiles)

    def showing(self, x_um: float, y_um: float, reach_um: float = 0.0) -> list[str]:
        """Names of the tiles within reach of a position, the one showing it deepest first."""
        found = []
        for name, tile in self.tiles.items():
            half_width, half_height = self._half_sizes[name]
            depth = min(half_width - abs(x_um - tile.x_um), half_height - abs(y_um - tile.y_um))
            if depth > -reach_um:
                found.append((depth, name))
        found.sort(key=lambda item: -item[0])
        return [name for _, name in found]

    def covers(self, points_um: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) bool: which of (n, 2) positions a tile shows."""
        away = np.abs(points_um[:, None] - self._centres[None])
        return np.asarray((away < self._halves[None]).all(axis=2).any(axis=1), bool)

    def seam(self, owner: str, other: str) -> tuple[float, float]:
        """How far `other` lies from its lattice site as seen from `owner`, micrometres."""
        return self.seams.get((owner, other), (0.0, 0.0))


def build_mosaic(
    reduced: Mapping[str, NDArray[np.float32]], placed: Mapping[str, Placed]
) -> Mosaic:
    """Mosaic of the tiles that have both pixels and a place, in order of their lattice sites."""
    names = sorted(placed, key=lambda name: (placed[name].row, placed[name].column))
    return Mosaic(
        {
            name: WorkTile(reduced[name], placed[name].x_um, placed[name].y_um)
            for name in names
            if name in reduced
        }
    )


def build_overview(mosaic: Mosaic, pixel_um: float) -> Overview:
    """Assemble all tiles; where two overlap, the one whose centre is nearer shows."""
    tiles = list(mosaic.tiles.values())
    # Edges on whole pixels of the mosaic frame: what is there stays so when tiles are added.
    left = math.floor(min(tile.x_um - tile.half_size_um[0] for tile in tiles) / pixel_um)
    top = math.floor(min(tile.y_um - tile.half_size_um[1] for tile in tiles) / pixel_um)
    right = math.ceil(max(tile.x_um + tile.half_size_um[0] for tile in tiles) / pixel_um)
    bottom = math.ceil(max(tile.y_um + tile.half_size_um[1] for tile in tiles) / pixel_um)
    shape = (bottom - top, right - left)
    pixels = np.zeros(shape, np.float32)
    depth = np.zeros(shape, np.float32)
    for tile in tiles:
        _paste(tile, pixels, depth, (left * pixel_um, top * pixel_um, pixel_um))
    return Overview(pixels, depth > 0, pixel_um, (left + 0.5) * pixel_um, (top + 0.5) * pixel_um)


def cut_patch(
    mosaic: Mosaic, centre_um: tuple[float, float], side_um: float, rotation_deg: float
) -> Patch:
    """Cut an upright square patch at `WORK_PIXEL_UM`; the tile showing its centre best on top."""
    size = round(side_um / WORK_PIXEL_UM)
    reach_um = size * WORK_PIXEL_UM * 0.7072
    names = mosaic.showing(*centre_um, reach_um)
    if names and mosaic.tiles[names[0]].holds(*centre_um, reach_um):
        turn = patch_transform(mosaic.tiles[names[0]], centre_um, rotation_deg, size)
        pixels = warp(mosaic.tiles[names[0]].pixels, turn, size)
        return Patch(pixels, np.ones((size, size), bool))
    return _assemble_patch(mosaic, names, centre_um, rotation_deg, size)


def _assemble_patch(
    mosaic: Mosaic,
    names: list[str],
    centre_um: tuple[float, float],
    rotation_deg: float,
    size: int,
) -> Patch:
    pixels = np.zeros((size, size), np.float32)
    covered = np.zeros((size, size), bool)
    for name in names:
        shift = mosaic.seam(names[0], name)
        seen = (centre_um[0] - shift[0], centre_um[1] - shift[1])
        tile = mosaic.tiles[name]
        turn = patch_transform(tile, seen, rotation_deg, size)
        inside = inside_image(turn, size, tile.pixels.shape)
        new = inside & ~covered
        pixels[new] = warp(tile.pixels, turn, size)[new]
        covered |= inside
        if covered.all():
            break
    return Patch(pixels, covered)


def patch_transform(
    tile: WorkTile, centre_um: tuple[float, float], rotation_deg: float, size: int
) -> NDArray[np.float64]:
    """(2, 3) affine from patch pixels to the tile's work pixels."""
    cos, sin = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    half = (size - 1) / 2
    x = (centre_um[0] - tile.left_um) / WORK_PIXEL_UM - (cos - sin) * half
    y = (centre_um[1] - tile.top_um) / WORK_PIXEL_UM - (sin + cos) * half
    return np.array([[cos, -sin, x], [sin, cos, y]])


def warp(
    image: NDArray[np.float32], patch_to_image: NDArray[np.float64], size: int
) -> NDArray[np.float32]:
    """Resample (size, size) float32 pixels of an image."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(image, patch_to_image, (size, size), flags=flags)
    return np.asarray(warped, np.float32)


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


def _paste(
    tile: WorkTile,
    pixels: NDArray[np.float32],
    depth: NDArray[np.float32],
    frame: tuple[float, float, float],
) -> None:
    left, top, pixel_um = frame
    half_width, half_height = tile.half_size_um
    # Halves always up: round() would send them to even pixels, which move with the frame.
    x0 = math.floor((tile.x_um - half_width - left) / pixel_um + 0.5)
    y0 = math.floor((tile.y_um - half_height - top) / pixel_um + 0.5)
    width, height = round(2 * half_width / pixel_um), round(2 * half_height / pixel_um)
    small = cv2.resize(tile.pixels, (width, height), interpolation=cv2.INTER_AREA)
    rows, columns = _clip(y0, height, pixels.shape[0]), _clip(x0, width, pixels.shape[1])
    small = small[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0]
    here = _depth(height, width)[
        rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0
    ]
    nearer = here > depth[rows, columns]
    pixels[rows, columns][nearer] = small[nearer]
    depth[rows, columns][nearer] = here[nearer]


def _clip(start: int, length: int, limit: int) -> slice:
    return slice(max(0, start), min(limit, start + length))


def _depth(height: int, width: int) -> NDArray[np.float32]:
    y = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None] + 1
    x = np.minimum(np.arange(width), np.arange(width)[::-1])[None, :] + 1
    return np.asarray(np.minimum(x, y), np.float32)
