"""Pixels that leave ingest: upright crops of squares, thumbnails and display images.

All are root-coded 8 bit:
`v = round(255 * sqrt(g / full_scale))`: one step is finer than the shot noise at every level.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.patch import inside_image
from ingest.records import CROP_PIXEL_NM, CROP_SIZE_PX

THUMBNAIL_PX = 160
JPEG_QUALITY = 85
SMALLEST_DISPLAY_PX = 200
MIN_SHRINK = 1.3

_SIDE_UM = np.linspace(-0.5, 0.5, 41) * CROP_SIZE_PX * CROP_PIXEL_NM * 1e-3
CROP_POINTS_UM = np.stack(np.meshgrid(_SIDE_UM, _SIDE_UM), axis=-1).reshape(-1, 2)
"""(n, 2) points all over a crop from its middle, its corners and sides among them."""


@dataclass(frozen=True)
class TilePart:
    """A tile that shows part of a square: the square's centre from its own, and its turn."""

    name: str
    x_um: float
    y_um: float
    turn_deg: float = 0.0

    def shows(
        self,
        points_um: NDArray[np.float64],
        half_size_um: tuple[float, float],
        rotation_deg: float,
    ) -> NDArray[np.bool_]:
        """(n,) bool: which of a crop's (n, 2) points lie on the tile, of so many micrometres."""
        turn = np.radians(rotation_deg + self.turn_deg)
        x, y = points_um.T
        along = self.x_um + np.cos(turn) * x - np.sin(turn) * y
        across = self.y_um + np.sin(turn) * x + np.cos(turn) * y
        inside = (np.abs(along) <= half_size_um[0]) & (np.abs(across) <= half_size_um[1])
        return np.asarray(inside, bool)


@dataclass(frozen=True)
class CropPlan:
    """All that decides a crop's pixels: equal plans over equal tiles give equal crops."""

    parts: tuple[TilePart, ...]
    rotation_deg: float
    full_scale: float


@dataclass(frozen=True)
class TileImage:
    """A tile as its file has it: (h, w) grey values, and the size of a pixel."""

    pixels: NDArray[np.generic]
    pixel_um: float


def cut_crop(plan: CropPlan, open_tile: Callable[[str], TileImage]) -> NDArray[np.uint8]:
    """Cut a square's (640, 640) uint8 crop at 160 nm from its tiles; 0 where no tile is."""
    grey = np.zeros((CROP_SIZE_PX, CROP_SIZE_PX), np.float32)
    covered = np.zeros(grey.shape, bool)
    for part in plan.parts:
        tile = open_tile(part.name)
        to_tile = _crop_to_tile(tile, part, plan.rotation_deg + part.turn_deg)
        if _inside_all(to_tile, tile.pixels.shape) and not covered.any():
            return encode_grey(_resample(tile, to_tile), plan.full_scale)
        new = inside_image(to_tile, CROP_SIZE_PX, tile.pixels.shape) & ~covered
        if new.any():
            grey[new] = _resample(tile, to_tile)[new]
            covered |= new
        if covered.all():
            break
    return encode_grey(grey, plan.full_scale)


def encode_grey(grey: NDArray[np.generic], full_scale: float) -> NDArray[np.uint8]:
    """Root-code grey values (any shape) to uint8."""
    root = np.maximum(grey.astype(np.float32), np.float32(0))
    np.sqrt(root, out=root)
    coded = cv2.convertScaleAbs(root, alpha=255 / float(np.sqrt(full_scale)))
    return np.asarray(coded, np.uint8).reshape(grey.shape)


def decode_grey(coded: NDArray[np.uint8], full_scale: float) -> NDArray[np.float32]:
    """Grey values of root-coded pixels."""
    return ((coded.astype(np.float32) / 255) ** 2 * full_scale).astype(np.float32)


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Lossless bytes of a crop."""
    # Matches do not pay on noise, and to choose a filter line by line costs as much as the rest.
    how = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]
    how += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG]
    return _encode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1, *how])


def encode_thumbnail(crop: NDArray[np.uint8]) -> bytes:
    """JPEG bytes of a crop, 160 pixels wide."""
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    small = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _encode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def encode_display(pixels: NDArray[np.generic], full_scale: float) -> list[bytes]:
    """JPEG bytes of a tile for the page: full size first, each next half as large."""
    table = None
    if pixels.dtype == np.uint16:
        table = encode_grey(np.arange(65536, dtype=np.float32), full_scale)
    coded = encode_grey(pixels, full_scale) if table is None else table[pixels]
    levels = []
    while True:
        levels.append(_encode(".jpg", coded, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]))
        if max(coded.shape) < 2 * SMALLEST_DISPLAY_PX:
            return levels
        half = (max(1, coded.shape[1] // 2), max(1, coded.shape[0] // 2))
        coded = np.asarray(cv2.resize(coded, half, interpolation=cv2.INTER_AREA), np.uint8)


def _encode(suffix: str, pixels: NDArray[np.uint8], options: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, pixels, options)
    if not done:
        raise ValueError(f"cannot encode a {pixels.shape} image as {suffix}")
    return bytes(data)


def _resample(tile: TileImage, to_tile: NDArray[np.float64]) -> NDArray[np.float32]:
    """(640, 640) grey values of one tile in the crop's frame, its edges repeated beyond it."""
    pixels, left, top = _cut(tile.pixels, to_tile)
    to_part = to_tile.copy()
    to_part[:, 2] -= (left, top)
    step = CROP_PIXEL_NM * 1e-3 / tile.pixel_um
    if step > MIN_SHRINK:
        pixels, to_part = _shrink(pixels, to_part, step)
    how = cv2.INTER_LINEAR if step > 0.8 else cv2.INTER_CUBIC
    size = (CROP_SIZE_PX, CROP_SIZE_PX)
    flags = how | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(pixels, to_part, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)


def _corners_in_tile(to_tile: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 4) float64 x and y of the crop's corner pixels in the tile."""
    last = CROP_SIZE_PX - 1
    corners = np.array([[0, last, 0, last], [0, 0, last, last], [1, 1, 1, 1]])
    return np.asarray(to_tile @ corners, np.float64)


def _inside_all(to_tile: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    x, y = _corners_in_tile(to_tile)
    inside = x.min() >= 0 and y.min() >= 0 and x.max() <= shape[1] - 1 and y.max() <= shape[0] - 1
    return bool(inside)


def _crop_to_tile(tile: TileImage, part: TilePart, rotation_deg: float) -> NDArray[np.float64]:
    step = CROP_PIXEL_NM * 1e-3 / tile.pixel_um
    cos, sin = np.cos(np.radians(rotation_deg)), np.sin(np.radians(rotation_deg))
    linear = np.array([[cos, -sin], [sin, cos]]) * step
    height, width = tile.pixels.shape
    centre = np.array(
        [
            part.x_um / tile.pixel_um + (width - 1) / 2,
            part.y_um / tile.pixel_um + (height - 1) / 2,
        ]
    )
    half = (CROP_SIZE_PX - 1) / 2
    return np.hstack([linear, (centre - linear @ np.array([half, half]))[:, None]])


def _cut(
    pixels: NDArray[np.generic], to_tile: NDArray[np.float64]
) -> tuple[NDArray[np.float32], int, int]:
    """The part of a tile that a crop touches, as float32, and its left and top."""
    corners = _corners_in_tile(to_tile)
    low = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 3, 0)
    high = np.ceil(corners.max(axis=1)).astype(int) + 4
    part = pixels[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
    grey = part.astype(np.float32)
    if part.dtype.kind == "f":
        grey = np.nan_to_num(grey, nan=0.0, posinf=0.0, neginf=0.0)
    return grey, int(low[0]), int(low[1])


def _shrink(
    pixels: NDArray[np.float32], to_pixels: NDArray[np.float64], step: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Average areas down to the crop's scale first, so that fine pixels do not alias."""
    size = (max(1, round(pixels.shape[1] / step)), max(1, round(pixels.shape[0] / step)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    ratio = np.array([size[0] / pixels.shape[1], size[1] / pixels.shape[0]])
    scaled = to_pixels * ratio[:, None]
    scaled[:, 2] += 0.5 * ratio - 0.5
    return small, scaled
