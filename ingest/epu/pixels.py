"""Read an image's pixels, whatever format EPU was set to write."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.epu.errors import NotAnImage, SaturatedImage
from ingest.epu.jpeg import read_jpeg_pixels
from ingest.epu.mrc import read_mrc_pixels
from ingest.epu.tiff import read_tiff_pixels

LEAST_LIMIT = 255
"""No camera's limit is lower: where counts are few, many pixels share one."""

LIT = 0.25
"""Film lets through more than this share of what comes through an empty hole."""

MOST_AT_LIMIT = 0.5
"""Holes and torn windows may be at it, film not."""

_READERS = {
    ".mrc": read_mrc_pixels,
    ".tif": read_tiff_pixels,
    ".tiff": read_tiff_pixels,
    ".jpg": read_jpeg_pixels,
    ".jpeg": read_jpeg_pixels,
}


def read_pixels(path: Path) -> NDArray[np.generic]:
    """Read a grey image, (height, width), row 0 on top, uint8, int8, uint16, int16 or float32.

    The bytes are counted against the file's own header before any are used.

    A `TruncatedFile` is shorter than it promises, an `OversizedFile` promises an absurd size; most
    of what is lit in a `SaturatedImage` is at its camera's limit.

    Raises:
        NotAnImage: It is no grey image of a known format, or has values that are no numbers.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise NotAnImage(
            path, expected=f"one of {' '.join(_READERS)}", found=path.suffix or "no suffix"
        )
    pixels = reader(path)
    _check_exposure(path, pixels)
    return pixels


def _check_exposure(path: Path, pixels: NDArray[np.generic]) -> None:
    """Refuse an image whose brightest level is that of most of its lit pixels.

    Counts scatter: not even empty holes share one level unless it is the highest that there is. An
    8-bit preview is stretched until some of it is white, and is not judged.

    Raises:
        SaturatedImage: as said.
    """
    if pixels.dtype.itemsize == 1 or not pixels.size:
        return
    top = float(pixels.max())
    if top < LEAST_LIMIT or float(pixels.min()) == top:
        return
    at_limit, lit = np.count_nonzero(pixels == top), np.count_nonzero(np.greater(pixels, LIT * top))
    if at_limit > MOST_AT_LIMIT * lit:
        raise SaturatedImage(
            path,
            expected="film below the camera's limit",
            found=f"{at_limit / lit:.0%} of what is lit at {top:g}, its brightest level",
        )
