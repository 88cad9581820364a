"""The one way from a stored crop to the network's input, for training and for scoring."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIZE_PX = 640
"""Side of a square's crop, pixels (paper, section 3)."""

CROP_UM = 102.4
"""Side of a square's crop, um: on a coarser mesh a window may fill it from edge to edge."""

_LEAST_SCALE = 1e-6

FILM_CLIP = 4.0
"""Brightest value kept, in film levels: no specimen is four times brighter than its film."""


PITCH_RANGE_UM = (10.0, 1000.0)
"""Finest and coarsest mesh that could be one."""


class CropError(ValueError):
    """A crop that cannot be an image of a square: the message says expected and found."""


@dataclass(frozen=True, eq=False)
class Crop:
    """A square as it travels: upright, 160 nm per pixel, square-root coded.

    Attributes:
        pixels: uint8 (640, 640), `g = full_scale * (v / 255)^2`; 0 where no tile covers it.
        full_scale: grey level of 255, camera counts.
        film_level: grey level of the grid's intact thin film, camera counts: the network's unit.
        vacuum_level: grey level of empty holes, camera counts, when the atlas shows any.
        mesh_pitch_um: distance of the grid's squares, um, where it is known: a small window is a
            whole one of a fine mesh, or what thick ice leaves of a coarse one's.
    """

    pixels: NDArray[np.uint8]
    full_scale: float
    film_level: float
    vacuum_level: float | None = None
    mesh_pitch_um: float | None = None


def check_crop(crop: Crop, size_px: int = CROP_SIZE_PX) -> None:
    """Refuse what cannot be scored: wrong shape or type, levels that are no positive numbers.

    Raises:
        CropError: with expected and found.
    """
    pixels = crop.pixels
    if pixels.dtype != np.uint8:
        raise CropError(f"crop pixels: expected uint8 (square-root coded), found {pixels.dtype}")
    if pixels.shape != (size_px, size_px):
        raise CropError(f"crop pixels: expected ({size_px}, {size_px}), found {pixels.shape}")
    for name, level in (("full_scale", crop.full_scale), ("film_level", crop.film_level)):
        if not (np.isfinite(level) and level > 0):
            raise CropError(f"crop {name}: expected a positive number, found {level}")
    if crop.vacuum_level is not None and not np.isfinite(crop.vacuum_level):
        raise CropError(f"crop vacuum_level: expected a number or None, found {crop.vacuum_level}")
    if not _LEAST_SCALE < crop.full_scale / crop.film_level < 1 / _LEAST_SCALE:
        raise CropError(
            f"crop film_level: expected one like full_scale {crop.full_scale:g}, found"
            f" {crop.film_level:g}"
        )
    pitch, (finest, coarsest) = crop.mesh_pitch_um, PITCH_RANGE_UM
    if pitch is not None and not finest <= pitch <= coarsest:
        raise CropError(
            f"crop mesh_pitch_um: expected {finest:g} to {coarsest:g} or None, found {pitch:g}"
        )


def encode(image: NDArray[np.floating], full_scale: float) -> NDArray[np.uint8]:
    """Code grey levels in 8 bits with a square root, so that the step stays below the shot noise.

    Args:
        image: (height, width), camera counts.
        full_scale: grey level of 255, camera counts.

    Raises:
        CropError: if the image holds NaN or infinite values.
    """
    if not np.isfinite(image).all():
        raise CropError("image: expected finite grey levels, found NaN or infinity")
    root = np.sqrt(np.clip(image / full_scale, 0.0, 1.0))
    return np.asarray(np.rint(255.0 * root), np.uint8)


def film_units(crop: Crop) -> NDArray[np.float32]:
    """Transmission relative to the grid's film, (640, 640): film = 1, bars = 0, vacuum about 1.1.

    A crop that `check_crop` refuses is a `CropError`.
    """
    check_crop(crop, crop.pixels.shape[0] if crop.pixels.ndim == 2 else CROP_SIZE_PX)
    scale = crop.full_scale / crop.film_level / 255.0**2
    table = np.arange(256, dtype=np.float32) ** 2 * np.float32(scale)
    return np.asarray(cv2.LUT(crop.pixels, table), np.float32)


def compress(film: NDArray[np.float32]) -> NDArray[np.float32]:
    """Film units to the network's input: square root, 0 to 2, so that thick ice keeps contrast."""
    return np.sqrt(np.clip(film, 0.0, FILM_CLIP))


def reduce_pixels(pixels: NDArray[np.float32], reduction: int) -> NDArray[np.float32]:
    """Mean over cells of `reduction` x `reduction` pixels; (height, width)."""
    if reduction == 1:
        return pixels
    height, width = pixels.shape
    size = (width // reduction, height // reduction)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)


def network_input(
    crop: Crop, size_px: int = CROP_SIZE_PX, reduction: int = 1
) -> NDArray[np.float32]:
    """The network's view of a crop: square root of film units, 0 to 2, (size, size) / reduction.

    The crop's own coding is a square root already, so this is one table look-up. A crop that
    `check_crop` refuses is a `CropError`.
    """
    check_crop(crop, size_px)
    step = np.sqrt(crop.full_scale / crop.film_level) / 255.0
    table = np.minimum(np.arange(256) * step, np.sqrt(FILM_CLIP)).astype(np.float32)
    return reduce_pixels(np.asarray(cv2.LUT(crop.pixels, table), np.float32), reduction)
