"""The whole mosaic at a coarse scale."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.mosaic import Mosaic
from ingest.work_tile import WorkTile


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
    depth = np.zeros(shape, np.uint16)
    for tile in tiles:
        _paste(tile, pixels, depth, (left * pixel_um, top * pixel_um, pixel_um))
    return Overview(pixels, depth > 0, pixel_um, (left + 0.5) * pixel_um, (top + 0.5) * pixel_um)


def _paste(
    tile: WorkTile,
    pixels: NDArray[np.float32],
    depth: NDArray[np.uint16],
    frame: tuple[float, float, float],
) -> None:
    left, top, pixel_um = frame
    half_width, half_height = tile.half_size_um
    # Halves always up: round() would send them to even pixels, which move with the frame.
    x0 = math.floor((tile.x_um - half_width - left) / pixel_um + 0.5)
    y0 = math.floor((tile.y_um - half_height - top) / pixel_um + 0.5)
    width, height = round(2 * half_width / pixel_um), round(2 * half_height / pixel_um)
    grey = tile.pixels.astype(np.float32)
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
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


def _depth(height: int, width: int) -> NDArray[np.uint16]:
    y = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None] + 1
    x = np.minimum(np.arange(width), np.arange(width)[::-1])[None, :] + 1
    return np.asarray(np.minimum(x, y), np.uint16)
