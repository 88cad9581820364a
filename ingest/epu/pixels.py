"""Read an image's pixels, whatever format EPU was set to write."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.epu.errors import NotAnImage
from ingest.epu.jpeg import read_jpeg_pixels
from ingest.epu.mrc import read_mrc_pixels
from ingest.epu.tiff import read_tiff_pixels

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

    A `TruncatedFile` is shorter than it promises, an `OversizedFile` promises an absurd size.

    Raises:
        NotAnImage: It is no grey image of a known format, or has values that are no numbers.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise NotAnImage(
            path, expected=f"one of {' '.join(_READERS)}", found=path.suffix or "no suffix"
        )
    return reader(path)
