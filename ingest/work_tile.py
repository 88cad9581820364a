"""Tiles reduced to half a micrometre per pixel: what squares are found in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.place import TileOptics

WORK_PIXEL_UM = 0.5
"""Pixel of the in-memory tiles."""

LEAST_COUNTS = 50
"""Mean of a tile from which on whole numbers are fine enough for its averages."""

ALIGNED = 8
"""Bytes: images in a file begin at multiples of this, as numbers of any kind want it."""

Grey = NDArray[np.float32] | NDArray[np.uint16]
"""A tile's grey values: whole numbers where the camera's are and not few, in half the memory."""


@dataclass(frozen=True)
class WorkTile:
    """A placed tile reduced for detection.

    Args:
        pixels: (h, w) grey values, one pixel per `WORK_PIXEL_UM`.
        x_um: centre in the mosaic frame.
        y_um: centre in the mosaic frame.
    """

    pixels: Grey
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


def reduce_tile(pixels: NDArray[np.generic], optics: TileOptics) -> Grey:
    """Scale a tile's (h, w) grey values to `WORK_PIXEL_UM`, averaging areas."""
    width_um, height_um = optics.size_um
    size = (max(1, round(width_um / WORK_PIXEL_UM)), max(1, round(height_um / WORK_PIXEL_UM)))
    shrinks = size[0] <= pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    counts = pixels.dtype in {np.dtype(np.uint16), np.dtype(np.uint8)}
    if counts and pixels[::8, ::8].astype(np.float32).mean() >= LEAST_COUNTS:
        whole = np.asarray(pixels, pixels.dtype)
        return np.asarray(cv2.resize(whole, size, interpolation=how), np.uint16)
    source = np.nan_to_num(pixels.astype(np.float32), posinf=0, neginf=0)
    small = np.asarray(cv2.resize(source, size, interpolation=how), np.float32)
    return np.maximum(small, np.float32(0))


def set_aside(images: Mapping[str, Grey], folder: Path | None = None) -> dict[str, Grey]:
    """The same images, read-only, in one file without a name: memory that the system can take back.

    Args:
        images: by name.
        folder: of the file; None: the system's for temporary ones.

    An `OSError` says that there is no room for the file.
    """
    if not images:
        return {}
    places = {}
    with TemporaryFile(dir=folder) as file:
        for name, image in images.items():
            places[name] = file.tell()
            file.write(np.ascontiguousarray(image).tobytes())
            file.write(bytes(-file.tell() % ALIGNED))
        file.flush()
        whole = np.memmap(file, np.uint8, "r")
    return {
        name: whole[start : start + images[name].nbytes]
        .view(images[name].dtype)
        .reshape(images[name].shape)
        for name, start in places.items()
    }
