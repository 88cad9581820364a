"""Read an image's pixels, whatever format EPU was set to write."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.epu.errors import NotAnImage, SaturatedImage
from ingest.epu.jpeg import read_jpeg_pixels
from ingest.epu.mrc import read_mrc_pixels
from ingest.epu.tiff import read_tiff_pixels

LEAST_LIMIT = 256
"""No camera's limit is lower: where counts are few, many pixels share one, and eight bits are a
preview's, stretched until some of it is white."""

LIT = 0.25
"""Film lets through more than this share of what comes through an empty hole."""

MOST_AT_LIMIT = 0.5
"""Holes and torn windows may be at the limit, film not."""

LEAST_AT_LIMIT = 0.05
"""Share of an image that a window takes up; pixels that are always bright are far fewer."""

EVERY = 4
"""Along each axis one pixel in so many is looked at."""

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
    """Refuse an image in which most lit pixels share one level and hardly any is brighter.

    Counts scatter: not even empty holes share one level unless it is the highest that there is.

    Raises:
        SaturatedImage: as said.
    """
    if pixels.dtype.itemsize == 1:
        return
    seen = pixels[::EVERY, ::EVERY]
    ranked = np.sort(seen, axis=None)
    limit = ranked[int((1 - LEAST_AT_LIMIT) * ranked.size)]
    if limit < LEAST_LIMIT or ranked[0] == limit:
        return
    at_limit, lit = np.count_nonzero(seen == limit), np.count_nonzero(seen > LIT * limit)
    brighter = np.count_nonzero(seen > limit)
    if at_limit > MOST_AT_LIMIT * lit and brighter < LEAST_AT_LIMIT * at_limit:
        raise SaturatedImage(
            path,
            expected="film below the camera's limit",
            found=f"{at_limit / lit:.0%} of what is lit at {limit:g}",
        )
